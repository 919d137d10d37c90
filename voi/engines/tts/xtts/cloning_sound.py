"""Prepares a sample for XTTS's encoders: resampling and mel spectra as in its training. They follow torchaudio's
definitions, which the weights were trained with: windowed-sinc resampling with a Hann window over 6 zero crossings (J.
O. Smith, ccrma.stanford.edu/~jos/resample), triangular filters on the HTK mel scale.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad

GPT_RATE_HZ = 22_050
SPEAKER_RATE_HZ = 16_000
ZERO_CROSSINGS, ROLLOFF = 6, 0.99
PREEMPHASIS = 0.97


def resample(sound: Tensor, in_hz: int, out_hz: int) -> Tensor:
    """(samples,) float32 to (ceil(samples * out_hz / in_hz),)."""
    if in_hz == out_hz:
        return sound
    common = math.gcd(in_hz, out_hz)
    step, phases = in_hz // common, out_hz // common
    cutoff = min(step, phases) * ROLLOFF
    reach = math.ceil(ZERO_CROSSINGS * step / cutoff)
    at = torch.arange(-reach, reach + step, dtype=torch.float64)[None] / step
    at = at - torch.arange(phases, dtype=torch.float64)[:, None] / phases
    at = (at * cutoff).clamp(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = torch.cos(at * math.pi / ZERO_CROSSINGS / 2) ** 2
    kernels = (torch.sinc(at) * window * (cutoff / step)).float().to(sound.device)
    padded = pad(sound, (reach, reach + step))
    spread = conv1d(padded[None, None], kernels[:, None], stride=step)[0]
    return spread.T.flatten()[: math.ceil(len(sound) * phases / step)]


def mel_filters(*, bands: int, bins: int, rate_hz: int, top_hz: float, slaney_area: bool) -> Tensor:
    """(bins, bands). Triangles of height one, or of equal area (`slaney_area`)."""
    top_mel = 2595.0 * math.log10(1.0 + top_hz / 700.0)
    edges_hz = 700.0 * (10.0 ** (torch.linspace(0.0, top_mel, bands + 2) / 2595.0) - 1.0)
    freqs_hz = torch.linspace(0, rate_hz // 2, bins)
    widths = edges_hz.diff()
    apart = edges_hz[None] - freqs_hz[:, None]
    rising, falling = -apart[:, :-2] / widths[:-1], apart[:, 2:] / widths[1:]
    filters = torch.minimum(rising, falling).clamp(min=0.0)
    return filters * (2.0 / (edges_hz[2:] - edges_hz[:-2])) if slaney_area else filters


def power_mel(sound: Tensor, *, fft: int, hop: int, window: Tensor, filters: Tensor) -> Tensor:
    """(samples,) to (bands, frames); frames are centred, the edges mirrored."""
    spectrum = torch.stft(
        sound, fft, hop, len(window), window, center=True, pad_mode="reflect", return_complex=True
    )  # fmt: skip
    return filters.T @ spectrum.abs().pow(2.0)


def gpt_mel(sound: Tensor, norms: Tensor) -> Tensor:
    """(samples,) at 22.05 kHz to (80, frames): log mel over each band's `norms` (80,)."""
    filters = mel_filters(bands=80, bins=1025, rate_hz=GPT_RATE_HZ, top_hz=8_000.0, slaney_area=True)
    window = torch.hann_window(1024, device=sound.device)
    mel = power_mel(sound, fft=2048, hop=256, window=window, filters=filters.to(sound.device))
    return mel.clamp(min=1e-5).log() / norms[:, None]


def preemphasised(sound: Tensor) -> Tensor:
    """y[t] = x[t] - 0.97 x[t - 1]; the second sample is repeated before the first."""
    before = torch.cat([sound[1:2], sound[:-1]])
    return sound - PREEMPHASIS * before
