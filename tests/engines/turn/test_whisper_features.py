"""Against the definition, computed the slow way: float64, a DFT by its formula, mel triangles one by one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.sounds import sound
from voi.engines.turn.whisper_features import log_mel, mel_filters


def hz_of_mel(mel: float) -> float:
    return mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * math.log(6.4) / 27)


def reference_filters() -> np.ndarray:
    top = 15 + math.log(8) * 27 / math.log(6.4)
    corners = [hz_of_mel(top * i / 81) for i in range(82)]
    filters = np.zeros((201, 80))
    for band in range(80):
        left, centre, right = corners[band : band + 3]
        for k in range(201):
            hz = k * 40.0
            rise, fall = (hz - left) / (centre - left), (right - hz) / (right - centre)
            filters[k, band] = max(0.0, min(rise, fall)) * 2 / (right - left)
    return filters


def reference(pcm: bytes, frames: list[int]) -> np.ndarray:
    """The chosen frames, before they are bounded to 80 dB below the peak."""
    samples = np.frombuffer(pcm, "<i2")[-128_000:] / 32768
    wave = np.concatenate([np.zeros(128_000 - len(samples)), samples])
    wave = (wave - wave.mean()) / math.sqrt(wave.var() + 1e-7)
    padded = np.concatenate([wave[200:0:-1], wave, wave[-2:-202:-1]])
    n = np.arange(400)
    hann = np.sin(np.pi * n / 400) ** 2
    dft = np.exp(-2j * np.pi * np.outer(np.arange(201), n) / 400)
    power = np.abs(np.stack([dft @ (padded[f * 160 : f * 160 + 400] * hann) for f in frames])) ** 2
    return np.log10(np.maximum(power @ reference_filters(), 1e-10)).T


def test_filters() -> None:
    assert np.abs(mel_filters() - reference_filters()).max() < 1e-6


@pytest.mark.parametrize("name", ["jfk", "spk1_snt1", "noise2"])
def test_features(name: str) -> None:
    found = log_mel(sound(name))
    assert found.shape == (80, 800)
    assert found.dtype == np.float32
    frames = [0, 1, 100, 399, 500, 640, 750, 798, 799]
    expected = (reference(sound(name), frames) + 4) / 4
    bounded = np.maximum(expected, found.max() - 2)
    assert np.abs(found[:, frames] - bounded).max() < 1e-4


def test_only_the_last_eight_seconds_count() -> None:
    pcm = sound("jfk")
    assert np.array_equal(log_mel(pcm), log_mel(pcm[-2 * 128_000 :]))


@settings(max_examples=15)
@given(st.binary(max_size=4_000).filter(lambda pcm: len(pcm) % 2 == 0))
def test_any_sound_gives_finite_features_within_two_of_the_peak(pcm: bytes) -> None:
    found = log_mel(pcm)
    assert np.isfinite(found).all()
    assert found.max() - found.min() <= 2 + 1e-6
