"""The generator of BigVGAN and BigVGAN-v2 (arXiv:2206.04658): mel spectra to sound. Weights without weight norm."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from voi.engines.tts.fastpitch.anti_alias import REACH_SAMPLES, Snake
from voi.engines.tts.xtts.windows import context_frames

EDGE_KERNEL = 7
"""Of the first and the last convolution."""


@dataclass(frozen=True, slots=True)
class BigVganSizes:
    """What config.json says of the network. `two_convolutions`: residual blocks of the kind "1"."""

    mel_bands: int
    channels: int
    rates: tuple[int, ...]
    up_kernels: tuple[int, ...]
    kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    two_convolutions: bool = True
    own_beta: bool = True
    log_scale: bool = True
    last_bias: bool = True
    tanh: bool = True

    @property
    def samples_per_frame(self) -> int:
        product = 1
        for rate in self.rates:
            product *= rate
        return product

    @property
    def context_frames(self) -> int:
        """Frames to either side that a sample depends on: a window with so much around it is exact."""
        reach = max(
            sum(
                REACH_SAMPLES + dilation * (kernel // 2) + (REACH_SAMPLES + kernel // 2 if self.two_convolutions else 0)
                for dilation in dilations
            )
            for kernel, dilations in zip(self.kernels, self.dilations, strict=True)
        )
        last = EDGE_KERNEL + 2 * REACH_SAMPLES
        return context_frames(self.rates, self.up_kernels, (EDGE_KERNEL, last), reach)


class Block(nn.Module):
    """A residual block: for each dilation an activation and a convolution, with `two_convolutions` twice."""

    def __init__(self, sizes: BigVganSizes, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()

        def convolution(dilation: int) -> nn.Conv1d:
            return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel // 2))

        first = nn.ModuleList(map(convolution, dilations))
        self._two = sizes.two_convolutions
        if self._two:
            self.convs1, self.convs2 = first, nn.ModuleList(convolution(1) for _ in dilations)
        else:
            self.convs = first
        self.activations = nn.ModuleList(
            Snake(channels, own_beta=sizes.own_beta, log_scale=sizes.log_scale)
            for _ in range(len(dilations) * (2 if self._two else 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        if not self._two:
            for activation, convolution in zip(self.activations, self.convs, strict=True):
                x = x + convolution(activation(x))
            return x
        pairs = zip(self.activations[::2], self.convs1, self.activations[1::2], self.convs2, strict=True)
        for first, one, second, other in pairs:
            x = x + other(second(one(first(x))))
        return x


class BigVgan(nn.Module):
    """Names of weights are those of the published checkpoints once their weight norm is multiplied out."""

    def __init__(self, sizes: BigVganSizes) -> None:
        super().__init__()
        self.sizes = sizes
        width = sizes.channels
        self.conv_pre = nn.Conv1d(sizes.mel_bands, width, EDGE_KERNEL, padding=EDGE_KERNEL // 2)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(sizes.rates, sizes.up_kernels, strict=True):
            up = nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
            self.ups.append(nn.ModuleList([up]))
            width //= 2
            for block_kernel, dilations in zip(sizes.kernels, sizes.dilations, strict=True):
                self.resblocks.append(Block(sizes, width, block_kernel, dilations))
        self.activation_post = Snake(width, own_beta=sizes.own_beta, log_scale=sizes.log_scale)
        self.conv_post = nn.Conv1d(width, 1, EDGE_KERNEL, padding=EDGE_KERNEL // 2, bias=sizes.last_bias)

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, bands, frames) log mel to (batch, frames * samples_per_frame) in -1..1."""
        x, each = self.conv_pre(mel), len(self.sizes.kernels)
        for number, up in enumerate(self.ups):
            x = up[0](x)
            blocks = self.resblocks[number * each : (number + 1) * each]
            x = torch.stack([block(x) for block in blocks]).sum(0) / each if each > 1 else blocks[0](x)
        x = self.conv_post(self.activation_post(x))[:, 0]
        return x.tanh() if self.sizes.tanh else x.clamp(-1.0, 1.0)
