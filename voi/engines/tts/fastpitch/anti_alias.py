"""Snake activations at twice the rate, so that the overtones they add do not fold back (BigVGAN, arXiv:2206.04658).

A signal is stretched by two with a low-pass filter, activated, filtered again and halved. The two phases of the
stretched signal are kept beside each other instead of interleaved: each filter of 12 taps is then two of six, and no
product with an inserted zero is computed.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

TAPS = 12
REACH_SAMPLES = 6
"""How far an activation looks to a side: three samples when stretching, three when halving."""
SMALLEST = 1e-9


def low_pass() -> Tensor:
    """(12,), float32: a windowed sinc with its cutoff at a quarter of the doubled rate, which sums to one. The Kaiser
    window's beta follows Kaiser's formula for a transition of 0.6 of the original rate (both from the paper's code)."""
    cutoff, half_width = 0.25, 0.3
    attenuation_db = 2.285 * (TAPS // 2 - 1) * math.pi * 4 * half_width + 7.95
    beta = 0.5842 * (attenuation_db - 21) ** 0.4 + 0.07886 * (attenuation_db - 21)  # for 21 to 50 dB
    if attenuation_db > 50:
        beta = 0.1102 * (attenuation_db - 8.7)
    at = torch.arange(-(TAPS // 2), TAPS // 2) + 0.5
    taps = torch.kaiser_window(TAPS, beta=beta, periodic=False) * torch.sinc(2 * cutoff * at)
    return taps / taps.sum()


def _phases() -> tuple[Tensor, Tensor]:
    """The filters between a signal and its two phases at the doubled rate: (2, 1, 7) up, (1, 2, 7) down. Offsets run
    from -3 to 3; each phase uses six of them."""
    taps = low_pass()
    up, down = torch.zeros(2, 1, 7), torch.zeros(1, 2, 7)
    up[0, 0, :6], up[1, 0, 1:] = 2 * taps.flip(0)[::2], 2 * taps.flip(0)[1::2]
    down[0, 0, 1:], down[0, 1, :6] = taps[1::2], taps[::2]
    return up, down


class Snake(nn.Module):
    """x + sin²(alpha x) / beta, at twice the rate. `own_beta` False: beta is alpha (plain Snake, arXiv:2006.08195).
    `log_scale`: the weights are logarithms."""

    def __init__(self, channels: int, *, own_beta: bool, log_scale: bool) -> None:
        super().__init__()
        self.act = nn.Module()
        self.act.alpha = nn.Parameter(torch.zeros(channels))
        if own_beta:
            self.act.beta = nn.Parameter(torch.zeros(channels))
        self._own_beta, self._log_scale = own_beta, log_scale
        up, down = _phases()
        self.register_buffer("up", up, persistent=False)
        self.register_buffer("down", down, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, samples), the same shape."""
        batch, channels, samples = x.shape
        rows = x.reshape(batch * channels, 1, samples)
        two = functional.conv1d(functional.pad(rows, (3, 3), mode="replicate"), self.up)
        alpha, one_over_beta = self._weights()
        two = two.view(batch, channels, 2, samples)
        two = two + one_over_beta * (two * alpha).sin().square()
        two = two.view(batch * channels, 2, samples)
        # Beyond its ends the doubled signal stays at its first and last sample, which belong to different phases.
        before, after = two[:, :1, :1].expand(-1, 2, 3), two[:, 1:, -1:].expand(-1, 2, 3)
        halved = functional.conv1d(torch.cat([before, two, after], 2), self.down)
        return halved.view(batch, channels, samples)

    def _weights(self) -> tuple[Tensor, Tensor]:
        alpha = self.act.alpha[:, None, None]
        beta = self.act.beta[:, None, None] if self._own_beta else alpha
        if self._log_scale:
            alpha, beta = alpha.exp(), beta.exp()
        return alpha, 1.0 / (beta + SMALLEST)
