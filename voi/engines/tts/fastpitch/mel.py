"""Log mel spectra as FastPitch and BigVGAN are trained on them: Hann window, magnitudes, triangles of equal area on
Slaney's mel scale (Auditory Toolbox, 1998), natural logarithm."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

SMALLEST = 1e-5
LINEAR_HZ, LINEAR_MELS, PER_FACTOR = 1_000.0, 15.0, 27.0 / math.log(6.4)
"""Slaney's scale: linear up to 15 mels at 1 kHz, then 27 mels to a factor of 6.4."""


@dataclass(frozen=True, slots=True)
class MelForm:
    """How sound becomes a spectrum. `high_hz` None: half the rate. `window`, `hop`, `fft`: samples."""

    rate_hz: int = 22_050
    fft: int = 1_024
    window: int = 1_024
    hop: int = 256
    bands: int = 80
    low_hz: float = 0.0
    high_hz: float | None = 8_000.0

    @property
    def top_hz(self) -> float:
        return self.high_hz if self.high_hz is not None else self.rate_hz / 2

    def problem(self) -> str:
        """What cannot be; "" if nothing."""
        if not 8_000 <= self.rate_hz <= 48_000:
            return f"a sampling rate of {self.rate_hz} Hz; 8,000 to 48,000 are supported"
        if not 1 <= self.hop <= self.window <= self.fft <= 8_192:
            return "hop, window and FFT must grow in this order, up to 8,192 samples"
        if not 0 <= self.low_hz < self.top_hz <= self.rate_hz / 2:
            return f"mel bands from {self.low_hz:g} to {self.top_hz:g} Hz do not fit {self.rate_hz} Hz"
        if not 1 <= self.bands <= 512:
            return f"{self.bands} mel bands; 1 to 512 are supported"
        return ""

    def differences(self, other: "MelForm") -> list[str]:
        """The fields in which a model's spectra differ from those a vocoder was trained on."""
        pairs = {
            "sampling rate": (self.rate_hz, other.rate_hz),
            "hop": (self.hop, other.hop),
            "bands": (self.bands, other.bands),
            "FFT": (self.fft, other.fft),
            "window": (self.window, other.window),
            "lowest frequency": (self.low_hz, other.low_hz),
            "highest frequency": (self.top_hz, other.top_hz),
        }
        return [f"{name} {own:g} and {theirs:g}" for name, (own, theirs) in pairs.items() if own != theirs]


def _mels(hz: float) -> float:
    if hz < LINEAR_HZ:
        return hz * LINEAR_MELS / LINEAR_HZ
    return LINEAR_MELS + PER_FACTOR * math.log(hz / LINEAR_HZ)


@cache
def mel_filters(form: MelForm) -> Tensor:
    """(bands, fft // 2 + 1), float32."""
    mels = np.linspace(_mels(form.low_hz), _mels(form.top_hz), form.bands + 2)
    edges_hz = np.where(
        mels < LINEAR_MELS,
        mels * LINEAR_HZ / LINEAR_MELS,
        LINEAR_HZ * np.exp(np.maximum(mels - LINEAR_MELS, 0) / PER_FACTOR),
    )
    apart = edges_hz[:, None] - np.arange(form.fft // 2 + 1)[None] * form.rate_hz / form.fft
    widths = np.diff(edges_hz)[:, None]
    triangles = np.maximum(0, np.minimum(-apart[:-2] / widths[:-1], apart[2:] / widths[1:]))
    return torch.from_numpy(triangles * 2 / (edges_hz[2:] - edges_hz[:-2])[:, None]).float()


def vocoder_mel(sound: Tensor, form: MelForm) -> Tensor:
    """BigVGAN's spectra: (batch, samples) in -1..1 to (batch, bands, samples // hop). The ends are mirrored, and
    values under 1e-5 count as that."""
    edge = (form.fft - form.hop) // 2
    mirrored = functional.pad(sound[:, None], (edge, edge), mode="reflect")[:, 0]
    window = torch.hann_window(form.window, device=sound.device)
    spectrum = torch.stft(mirrored, form.fft, form.hop, form.window, window, center=False, return_complex=True)
    magnitudes = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
    return (mel_filters(form).to(sound.device) @ magnitudes).clamp(min=SMALLEST).log()


def model_mel(sound: Tensor, form: MelForm) -> Tensor:
    """FastPitch's spectra (NeMo's preprocessor without dither and pre-emphasis): (batch, samples) to (batch, bands,
    samples // hop + 1). Silence goes on beyond the ends, and 1e-5 is added to all values."""
    window = torch.hann_window(form.window, periodic=False, device=sound.device)
    spectrum = torch.stft(
        sound, form.fft, form.hop, form.window, window, center=True, pad_mode="constant", return_complex=True
    )
    return (mel_filters(form).to(sound.device) @ spectrum.abs() + SMALLEST).log()
