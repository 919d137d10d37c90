"""When each token was said: dynamic time warping over what the alignment heads looked at.

The method of openai/whisper's timing.py, with two differences. The attention was kept while decoding, so no second pass
of the decoder is needed; in return the row of the end token is missing in the normalisation. The warping is vectorised.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

MEDIAN_FRAMES = 7


def token_frames(attention: Tensor, frames: int, first: int) -> NDArray[np.int64]:
    """The encoder frame at which each token sets in, from the scores of the alignment heads, (heads, places, 1500).

    `frames`: the window's length without padding. `first`: the place that predicts the first token; the rest follow.
    """
    return warp(-normalised(attention, frames)[first:].cpu().double().numpy())


def normalised(attention: Tensor, frames: int) -> Tensor:
    """Mean over the heads of their attention, each normalised over the tokens and smoothed: (places, frames)."""
    weights = attention[..., :frames].float().softmax(dim=-1)
    std, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    return smoothed((weights - mean) / std.clamp(min=1e-9)).mean(dim=0)


def smoothed(weights: Tensor) -> Tensor:
    """The median of `MEDIAN_FRAMES` frames around each, mirrored at the ends; shorter sound stays as it is."""
    beside = MEDIAN_FRAMES // 2
    if weights.shape[-1] <= beside:
        return weights
    padded = F.pad(weights, (beside, beside), mode="reflect")
    return padded.unfold(-1, MEDIAN_FRAMES, 1).median(dim=-1).values


def warp(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """The cheapest monotonic path through `cost`, (tokens, frames): the frame at which it enters each token's row.

    Along a row the path costs D[j] = cost[j] + min(above[j], D[j-1]), above[j] the cheaper of D before from j and j-1.
    With S the running sum of cost, D[j] - S[j] is the running minimum of above[j] - S[j-1].
    """
    tokens, frames = cost.shape
    total = np.full((tokens + 1, frames + 1), np.inf)
    total[0, 0] = 0.0
    entered = np.zeros((tokens, frames), np.int64)
    columns = np.arange(frames)
    for token in range(tokens):
        diagonal, above = total[token, :-1], total[token, 1:]
        running = np.cumsum(cost[token])
        best = np.minimum(diagonal, above) - (running - cost[token])
        total[token + 1, 1:] = np.minimum.accumulate(best) + running
        left = total[token + 1, :-1]
        # Ties go along the row, as in the reference.
        stays = ~((diagonal < above) & (diagonal < left)) & ~((above < diagonal) & (above < left))
        entered[token] = np.maximum.accumulate(np.where(stays, 0, columns))
    starts = np.zeros(tokens, np.int64)
    at = frames - 1
    for token in range(tokens - 1, -1, -1):
        at = int(entered[token, at])
        starts[token] = at
        if total[token, at] < total[token, at + 1] or np.isinf(total[token, at + 1]):
            at = max(0, at - 1)
    return starts
