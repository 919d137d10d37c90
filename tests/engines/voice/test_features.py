"""The compiled measurement and the one in numpy are the same."""

from pathlib import Path

import numpy as np
import pytest

from voi.audio.resample import resample
from voi.audio.wav import read_wav
from voi.engines.voice import features as module
from voi.engines.voice.features import BANDS, LONGEST, SHORTEST, features

AUDIO = Path(__file__).parents[2] / "data" / "audio"
LAG = BANDS + 1

pytestmark = pytest.mark.skipif(module._KERNEL is None, reason="it is compiled where there is a compiler")


def sounds() -> list[bytes]:
    """Speech, noise, silence, a tone, clicks, and full scale, of lengths that end anywhere in a frame."""
    random, time_s = np.random.default_rng(1), np.arange(12_000) / 16_000
    made = [
        random.normal(size=10_240) * 3_000,
        random.normal(size=2_560) * 2,
        np.zeros(4_096),
        np.sin(2 * np.pi * 220 * time_s) * 12_000,
        np.where(np.arange(7_777) % 400 == 0, 32_767, 0),
        np.sign(np.sin(2 * np.pi * (180 * time_s + 90 * time_s**2))) * 32_768,
        random.normal(size=100) * 3_000,
    ]
    pcm = [np.clip(samples, -32_768, 32_767).astype("<i2").tobytes() for samples in made]
    for path in sorted(AUDIO.glob("*.wav"))[:3]:
        speech = resample(*read_wav(path), 16_000)
        pcm += [speech[at : at + 20_480] for at in range(0, len(speech) - 20_480, 25_000)]
    return pcm


@pytest.mark.parametrize("pcm", sounds())
def test_both_ways_measure_the_same(pcm: bytes) -> None:
    pcm += bytes(max(0, 2 * module.LEAST_SAMPLES - len(pcm)))
    ours, reference = module._measured(pcm), module._measured_in_numpy(pcm)
    assert ours.shape == reference.shape
    power = reference[:, BANDS + 2].max()
    assert ours[:, :BANDS] == pytest.approx(reference[:, :BANDS], rel=1e-3, abs=1e-6 * power + 1e-9)
    # A frame that is 60 dB softer than one beside it gets some of the rounding errors of that.
    loud = reference[:, BANDS + 2] >= 1e-6 * power
    rest = [BANDS, BANDS + 2, BANDS + 3]
    assert ours[np.ix_(loud, rest)] == pytest.approx(reference[np.ix_(loud, rest)], rel=2e-3, abs=1e-4)
    pitched = loud & (reference[:, BANDS] > 0.1)
    assert (np.abs(ours[pitched, LAG] - reference[pitched, LAG]) <= 1).mean() > 0.95 if pitched.any() else True
    assert ((ours[:, LAG] >= SHORTEST) & (ours[:, LAG] < LONGEST)).all()


@pytest.mark.parametrize("pcm", sounds())
def test_the_features_are_the_same(pcm: bytes) -> None:
    voiced = np.full(len(pcm) // 1_024, 0.8, np.float32)
    assert features(pcm, voiced) == pytest.approx(features(pcm, voiced, compiled=False), abs=0.02)


def test_tables_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="tables"):
        module._KERNEL.measure(bytes(2_048), bytes(4), bytes(4), bytes(4))


def test_a_sound_shorter_than_a_frame_has_none() -> None:
    assert len(module._measured(bytes(1_022))) == 0
