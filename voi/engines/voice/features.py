"""The voice judge's features of a short sound: its spectrum, its pitch, and the VAD's probabilities.

None of them depends on loudness. The spectrum alone would learn the microphone, so it is never used alone.
They are computed by `_features.c`, or in numpy where Voi was installed without a compiler.
Mel scale: 2595 log10(1 + f/700) (O'Shaughnessy). Pitch: the highest peak of the autocorrelation, normalised as in
Boersma (1993), by the window's own autocorrelation.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from voi.audio.compiled import compiled_module

Floats = npt.NDArray[np.float32]

RATE_HZ = 16_000
FRAME_SAMPLES = 512  # 32 ms
HOP_SAMPLES = 160  # 10 ms
BANDS = 20
LOWEST_HZ, HIGHEST_HZ = 100, 3_800
"""The band of a telephone."""
PITCH_LOW_HZ, PITCH_HIGH_HZ = 70, 400
SHORTEST, LONGEST = RATE_HZ // PITCH_HIGH_HZ, RATE_HZ // PITCH_LOW_HZ
"""Lags of a pitch in samples; the longest is not one of them."""
VOICED = 0.5
"""Normalised autocorrelation from which a frame counts as pitched."""
_QUIET = 1e-8
_FLOOR_DB = -50.0
"""Floor relative to the loudest band of the sound: lower levels are the room."""
SIZE = 2 * BANDS + 6 + 6 + 4


_KERNEL = compiled_module("voi.engines.voice._features")


def features(pcm: bytes, probabilities: Floats, *, compiled: bool = True) -> Floats:
    """Features, shape [SIZE], of `pcm` (16 kHz s16le, 64 ms or more) and the `probabilities` of its VAD windows.
    `compiled` False computes in numpy."""
    pcm += bytes(max(0, 2 * (2 * FRAME_SAMPLES) - len(pcm)))
    if _KERNEL is None or not compiled:
        return _in_numpy(pcm, probabilities)
    known = np.ascontiguousarray(probabilities, np.float32)
    tables = _hann(), _filters(), _window_correlation()[SHORTEST:LONGEST]
    return np.frombuffer(_KERNEL.features(pcm, known, *tables), np.float32)


def _in_numpy(pcm: bytes, probabilities: Floats) -> Floats:
    wave = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
    frames = sliding_window_view(wave, FRAME_SAMPLES)[::HOP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * _hann(), 2 * FRAME_SAMPLES)) ** 2
    return np.concatenate([_mel(power), _pitch(power), _vad(probabilities), _envelope(power)]).astype(np.float32)


def _mel(power: Floats) -> Floats:
    decibels = 10 * np.log10(power @ _filters() + _QUIET)
    decibels = np.maximum(decibels, decibels.max() + _FLOOR_DB)
    mean = decibels.mean(0)
    shape: Floats = np.concatenate([(mean - mean.mean()) / 10, decibels.std(0) / 5])
    return shape


def _pitch(power: Floats) -> Floats:
    """How periodic the sound is, its pitch, and how steady both are."""
    correlation = np.fft.irfft(power)[:, :FRAME_SAMPLES]
    normal = correlation[:, SHORTEST:LONGEST] / (correlation[:, :1] + _QUIET) / _window_correlation()[SHORTEST:LONGEST]
    strength = np.clip(normal.max(1), 0, 1)
    octaves = np.log2(LONGEST / (normal.argmax(1) + SHORTEST))
    pitched = strength > VOICED
    loud = power.sum(1)
    weight = loud / (loud.sum() + _QUIET)
    if not pitched.any():
        return np.array([strength.mean(), strength.max(), float(weight @ strength), 0, 0, 0])
    steps = np.abs(np.diff(octaves))[pitched[1:] & pitched[:-1]]
    jump = float(np.minimum(steps, 0.5).mean()) if len(steps) else 0.5
    return np.array(
        [strength.mean(), strength.max(), float(weight @ strength), pitched.mean(), octaves[pitched].std(), jump * 4]
    )


def _vad(probabilities: Floats) -> Floats:
    if not len(probabilities):
        return np.zeros(6, np.float32)
    p = probabilities
    return np.array([p.mean(), p.min(), (p > 0.5).mean(), (p > 0.9).mean(), p[: max(1, len(p) // 2)].mean(), p[-1]])


def _envelope(power: Floats) -> Floats:
    """Features of the loudness over time: a cough bursts and decays; speech swells and goes on."""
    decibels = 10 * np.log10(power.sum(1) + _QUIET)
    decibels = np.maximum(decibels, decibels.max() - 40)
    third = max(1, len(decibels) // 3)
    flat = np.exp(np.log(power + _QUIET).mean(1)) / (power.mean(1) + _QUIET)
    return np.array(
        [
            (decibels[:third].mean() - decibels[-third:].mean()) / 10,
            decibels.std() / 5,
            np.abs(np.diff(decibels)).mean() / 2,
            np.log10(flat.mean() + 1e-6),
        ]
    )


@cache
def _hann() -> Floats:
    return np.hanning(FRAME_SAMPLES).astype(np.float32)


@cache
def _window_correlation() -> Floats:
    power = np.abs(np.fft.rfft(_hann(), 2 * FRAME_SAMPLES)) ** 2
    correlation = np.fft.irfft(power)[:FRAME_SAMPLES]
    whole: Floats = np.maximum(correlation / correlation[0], 0.05)
    return whole


@cache
def _filters() -> Floats:
    """[513 bins, BANDS] triangles."""
    low, high = (float(2_595 * np.log10(1 + hz / 700)) for hz in (LOWEST_HZ, HIGHEST_HZ))
    corners = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2_595) - 1)
    bins = np.linspace(0, RATE_HZ / 2, FRAME_SAMPLES + 1)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    filters: Floats = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters
