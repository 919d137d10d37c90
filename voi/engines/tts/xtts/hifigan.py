"""XTTS's waveform decoder: HiFi-GAN (Kong et al. 2020, version 1 residual blocks), steered by a speaker embedding.

Its sizes are read off the weights; weight norm is multiplied out before (see `checkpoint`).
"""

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from voi.engines.tts.xtts.windows import context_frames

SLOPE = 0.1
DILATIONS = (1, 3, 5)


class Conv(nn.Conv1d):
    """A convolution in the precision of its weights; what it is added to keeps its own."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.weight.dtype))


class Residual(nn.Module):
    """Three pairs of convolutions, each added to its input. (batch, channels, samples)."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            Conv(channels, channels, kernel, dilation=d, padding=(kernel - 1) * d // 2) for d in DILATIONS
        )
        self.convs2 = nn.ModuleList(Conv(channels, channels, kernel, padding=kernel // 2) for _ in DILATIONS)

    def forward(self, x: Tensor, beyond: Tensor | None) -> Tensor:
        for first, second in zip(self.convs1, self.convs2, strict=True):
            inner = silent(first(leaky_relu(x, SLOPE)), beyond)
            x = x + silent(second(leaky_relu(inner, SLOPE)), beyond)
        return x


def silent(x: Tensor, beyond: Tensor | None) -> Tensor:
    """Zeros where `beyond` is, as a convolution sees them behind the end of its input."""
    return x if beyond is None else x.masked_fill(beyond, 0.0)


class HifiGan(nn.Module):
    """Frames (batch, input width, frames) and speaker embeddings (batch, 512, 1) to samples
    (batch, frames * samples_per_frame) in [-1, 1]. With weights in half precision, so are the convolutions; what they
    are added to stays in single precision.

    `lengths` (batch,): the sound of each row is that of its first frames alone, so that sentences shorter than a window
    have its shape; what comes behind is rubbish."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        channels, width, first_kernel = state["conv_pre.weight"].shape
        self.input_width: int = width
        self.speaker_width: int = state["cond_layer.weight"].shape[1]
        stages = [state[f"ups.{n}.weight"] for n in range(sum(key.startswith("ups.") for key in state) // 2)]
        up_kernels = [weight.shape[2] for weight in stages]
        rates = [kernel // 2 for kernel in up_kernels]  # as in the paper
        per_stage = sum(key.endswith("convs1.0.weight") for key in state) // len(stages)
        kernels = [state[f"resblocks.{n}.convs1.0.weight"].shape[2] for n in range(per_stage)]
        self.kernels = len(kernels)
        self.conv_pre = Conv(width, channels, first_kernel, padding=first_kernel // 2)
        self.cond_layer = Conv(self.speaker_width, channels, 1)
        self.ups, self.resblocks, self.conds = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(rates, up_kernels, strict=True):
            self.ups.append(nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2))
            channels //= 2
            self.resblocks.extend(Residual(channels, size) for size in kernels)
            if "conds.0.weight" in state:
                self.conds.append(Conv(self.speaker_width, channels, 1))
        last_kernel = state["conv_post.weight"].shape[2]
        self.conv_post = Conv(channels, 1, last_kernel, padding=last_kernel // 2, bias="conv_post.bias" in state)
        self.samples_per_frame = prod(rates)
        reach = max((size - 1) // 2 * (sum(DILATIONS) + len(DILATIONS)) for size in kernels)
        self.context = context_frames(rates, up_kernels, (first_kernel, last_kernel), reach)

    def forward(self, frames: Tensor, speaker: Tensor, lengths: Tensor | None = None) -> Tensor:
        ends = lengths
        x = silent((self.conv_pre(frames) + self.cond_layer(speaker)).float(), _beyond(ends, frames))
        for stage, up in enumerate(self.ups):
            x = up(leaky_relu(x, SLOPE).to(up.weight.dtype))
            if len(self.conds):
                x = x + self.conds[stage](speaker)
            ends = None if ends is None else ends * up.stride[0]
            beyond = _beyond(ends, x)
            x = silent(x.float(), beyond)
            blocks = self.resblocks[stage * self.kernels : (stage + 1) * self.kernels]
            summed = blocks[0](x, beyond)
            for block in blocks[1:]:
                summed = summed + block(x, beyond)
            x = summed / self.kernels
        return self.conv_post(leaky_relu(x)).float().tanh()[:, 0]


def _beyond(ends: Tensor | None, x: Tensor) -> Tensor | None:
    """Which samples of `x` lie at or behind each row's end, (batch, 1, samples)."""
    return None if ends is None else torch.arange(x.shape[-1], device=x.device) >= ends[:, None, None]
