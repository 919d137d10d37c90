"""When each token was said: dynamic time warping over what the alignment heads looked at.

The method of openai/whisper's timing.py, with two differences. The attention was kept while decoding, so no second pass
of the decoder is needed; in return the row of the end token is missing in the normalisation. And windows go together:
shapes are those of the longest, and what is behind a shorter one's end counts for nothing.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

MEDIAN_FRAMES = 7
Costs = NDArray[np.float64]


def costs(attention: Sequence[Tensor], frames: Sequence[int]) -> list[Costs]:
    """What it costs that a token is said at a frame, (places, frames) for each window, in one copy from the device.

    `attention`: the scores of the alignment heads, (heads, places, 1500) each; `frames`: the windows' lengths without
    padding."""
    device = attention[0].device
    places = [scores.shape[1] for scores in attention]
    longest = pad_sequence([scores[..., : max(frames)].transpose(0, 1) for scores in attention], batch_first=True)
    sizes = torch.tensor([places, list(frames)]).to(device)
    found = (-normalised(longest.transpose(1, 2), *sizes)).cpu().double().numpy()
    return [cost[:count, :length] for cost, count, length in zip(found, places, frames, strict=True)]


def normalised(attention: Tensor, places: Tensor, frames: Tensor) -> Tensor:
    """Mean over the heads of their attention, each normalised over the tokens and smoothed: (windows, places, frames).

    `attention`: (windows, heads, places, frames), of which `places` and `frames` (windows,) count."""
    _, _, most_places, most_frames = attention.shape
    frames, numbers = frames[:, None, None, None], torch.arange(most_frames, device=attention.device)
    weights = attention.float().masked_fill(numbers >= frames, -torch.inf).softmax(dim=-1)
    counts = places[:, None, None, None]
    counted = torch.arange(most_places, device=attention.device)[:, None] < counts
    mean = (weights * counted).sum(dim=-2, keepdim=True) / counts
    apart = (weights - mean) * counted
    std = (apart.square().sum(dim=-2, keepdim=True) / counts).sqrt()
    return smoothed(apart / std.clamp(min=1e-9), frames).mean(dim=1)


def smoothed(weights: Tensor, frames: Tensor) -> Tensor:
    """The median of `MEDIAN_FRAMES` frames around each, mirrored at the ends; shorter sound stays as it is. `frames`:
    how many there are, of the shape of `weights` or 1."""
    beside, most = MEDIAN_FRAMES // 2, weights.shape[-1]
    numbers = torch.arange(-beside, most + beside, device=weights.device).abs()
    last = frames - 1
    mirrored = torch.where(numbers > last, 2 * last - numbers, numbers).clamp(0, most - 1)
    padded = weights.gather(-1, mirrored.expand(*weights.shape[:-1], -1))
    return torch.where(frames > beside, median([padded[..., at : at + most] for at in range(MEDIAN_FRAMES)]), weights)


def median(of: Sequence[Tensor]) -> Tensor:
    """Of an odd number of tensors, place by place, by comparisons of two: a GPU sorts many short rows slowly. Of any
    half of them and two more, neither the least nor the greatest can be the median of all."""
    held, rest = list(of[: len(of) // 2 + 2]), list(of[len(of) // 2 + 2 :])
    while len(held) > 1:
        for at in range(1, len(held)):
            held[0], held[at] = torch.minimum(held[0], held[at]), torch.maximum(held[0], held[at])
        for at in range(1, len(held) - 1):
            held[at], held[-1] = torch.minimum(held[at], held[-1]), torch.maximum(held[at], held[-1])
        held = held[1:-1] + rest[:1]
        rest = rest[1:]
    return held[0]


def token_frames(of: Sequence[Costs]) -> list[NDArray[np.int64]]:
    """The encoder frame at which each token sets in, for each window, of a cost of (tokens, frames)."""
    longest, widest = (max(cost.shape[axis] for cost in of) for axis in (0, 1))
    together = np.zeros((longest, len(of), widest))
    for row, cost in enumerate(of):
        together[: cost.shape[0], row, : cost.shape[1]] = cost
    return warp(together, [cost.shape[0] for cost in of], [cost.shape[1] for cost in of])


def warp(cost: Costs, tokens: Sequence[int], frames: Sequence[int]) -> list[NDArray[np.int64]]:
    """The cheapest monotonic path through each window's cost, (tokens, windows, frames): the frame at which it enters
    each token's row. What lies behind a window's last token or frame changes nothing before.

    Along a row the path costs D[j] = cost[j] + min(above[j], D[j-1]), above[j] the cheaper of D before from j and j-1.
    With S the running sum of cost, D[j] - S[j] is the running minimum of above[j] - S[j-1].
    """
    most, windows, widest = cost.shape
    total = np.full((most + 1, windows, widest + 1), np.inf)
    total[0, :, 0] = 0.0
    entered = np.zeros(cost.shape, np.int64)
    columns = np.arange(widest)
    for token in range(most):
        diagonal, above = total[token, :, :-1], total[token, :, 1:]
        running = np.cumsum(cost[token], axis=-1)
        best = np.minimum(diagonal, above) - (running - cost[token])
        total[token + 1, :, 1:] = np.minimum.accumulate(best, axis=-1) + running
        left = total[token + 1, :, :-1]
        # Ties go along the row, as in the reference.
        stays = ~((diagonal < above) & (diagonal < left)) & ~((above < diagonal) & (above < left))
        entered[token] = np.maximum.accumulate(np.where(stays, 0, columns), axis=-1)
    starts = np.zeros((windows, most), np.int64)
    rows, at = np.arange(windows), np.array(frames) - 1
    for token in range(most - 1, -1, -1):
        on_path = token < np.array(tokens)
        at = np.where(on_path, entered[token, rows, at], at)
        starts[:, token] = at
        before, beside = total[token, rows, at], total[token, rows, at + 1]
        at = np.where(on_path & ((before < beside) | np.isinf(beside)), np.maximum(0, at - 1), at)
    return [row[:count] for row, count in zip(starts, tokens, strict=True)]
