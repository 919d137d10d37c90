"""Log-mel features as Whisper defines them, over 8 s: the input of smart-turn v3.

Definition: openai/whisper audio.py (25 ms Hann window, 10 ms hop, 80 Slaney mel bands, log10 within 80 dB of the peak,
scaled to about -1..1), after the waveform is brought to zero mean and unit variance, as transformers'
WhisperFeatureExtractor does with `do_normalize`. Sound shorter than 8 s is preceded by zeros.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Floats = npt.NDArray[np.float32]

RATE_HZ = 16_000
N_SAMPLES = 8 * RATE_HZ  # 128000
FFT_SAMPLES = 400  # 25 ms
HOP_SAMPLES = 160  # 10 ms
N_FRAMES = N_SAMPLES // HOP_SAMPLES  # 800
N_MELS = 80
_LEAST_POWER = 1e-10
_LEAST_VARIANCE = 1e-7

# Slaney's mel scale: linear (200/3 Hz a mel) up to 1 kHz, then logarithmic, 27 mels to a factor of 6.4.
_LINEAR_HZ = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ  # 15
_LOG_STEP = np.log(6.4) / 27


@cache
def mel_filters() -> Floats:
    """[201 bins, 80 bands], triangles of equal area between neighbouring mel centres, 0 to 8 kHz."""
    top_mel = _BREAK_MEL + np.log(RATE_HZ / 2 / _BREAK_HZ) / _LOG_STEP
    mels = np.linspace(0, top_mel, N_MELS + 2)
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_MEL))
    corners = np.where(mels < _BREAK_MEL, _LINEAR_HZ * mels, above)
    bins = np.linspace(0, RATE_HZ / 2, FFT_SAMPLES // 2 + 1)[:, None]
    left, centre, right = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    filters: Floats = (triangles * (2 / (right - left))).astype(np.float32)
    return filters


@cache
def _window() -> Floats:
    """Periodic Hann."""
    window: Floats = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SAMPLES) / FFT_SAMPLES)).astype(np.float32)
    return window


def log_mel(pcm: bytes, samples: int = N_SAMPLES) -> Floats:
    """[80 bands, 800 frames] of the last 8 s of 16 kHz s16le sound, or of fewer `samples`, a frame for each 160."""
    heard = np.frombuffer(pcm[-2 * samples :], "<i2")
    wave = np.zeros(samples, np.float32)
    if len(heard):
        wave[-len(heard) :] = heard
    wave /= 32768
    wave -= wave.mean()
    wave /= np.sqrt(wave.var() + _LEAST_VARIANCE)
    padded = np.pad(wave, FFT_SAMPLES // 2, mode="reflect")
    frames = sliding_window_view(padded, FFT_SAMPLES)[::HOP_SAMPLES][: samples // HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _window())
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    log_power = np.log10(np.maximum(power @ mel_filters(), _LEAST_POWER)).T
    bounded = np.maximum(log_power, log_power.max() - 8)
    return np.ascontiguousarray((bounded + 4) / 4, np.float32)
