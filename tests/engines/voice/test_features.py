"""The compiled features and those in numpy are the same."""

from pathlib import Path

import numpy as np
import pytest

from voi.audio.resample import resample
from voi.audio.wav import read_wav
from voi.engines.voice import features as module
from voi.engines.voice.features import SIZE, features

AUDIO = Path(__file__).parents[2] / "data" / "audio"

pytestmark = pytest.mark.skipif(module._KERNEL is None, reason="it is compiled where there is a compiler")


def sounds() -> list[bytes]:
    """Noise, silence, a tone, clicks, a square wave at full scale, speech; of lengths that end anywhere in a frame."""
    random, time_s = np.random.default_rng(1), np.arange(12_000) / 16_000
    made = [
        random.normal(size=10_240) * 3_000,
        random.normal(size=2_560) * 2,
        np.zeros(4_096),
        np.sin(2 * np.pi * 220 * time_s) * 12_000,
        np.where(np.arange(7_777) % 400 == 0, 32_767, 0),
        np.sign(np.sin(2 * np.pi * (180 * time_s + 90 * time_s**2))) * 32_768,
        random.normal(size=100) * 3_000,
        np.zeros(0),
    ]
    pcm = [np.clip(samples, -32_768, 32_767).astype("<i2").tobytes() for samples in made]
    for path in sorted(AUDIO.glob("*.wav"))[:3]:
        speech = resample(*read_wav(path), 16_000)
        pcm += [speech[at : at + 20_480] for at in range(0, len(speech) - 20_480, 25_000)]
    return pcm


@pytest.mark.parametrize("pcm", sounds())
def test_both_ways_give_the_same(pcm: bytes) -> None:
    """Nearly: a frame that is far softer than one beside it gets a trace of the rounding errors of that."""
    probabilities = np.random.default_rng(len(pcm)).random(len(pcm) // 1_024).astype(np.float32)
    ours, reference = features(pcm, probabilities), features(pcm, probabilities, compiled=False)
    assert ours.shape == reference.shape == (SIZE,)
    assert ours == pytest.approx(reference, abs=2e-3)


def test_one_window_and_none() -> None:
    pcm = sounds()[0]
    for probabilities in (np.zeros(0, np.float32), np.full(1, 0.95, np.float32)):
        ours, reference = features(pcm, probabilities), features(pcm, probabilities, compiled=False)
        assert ours == pytest.approx(reference, abs=2e-3)


def test_tables_of_another_size_are_refused() -> None:
    tables = module._hann(), module._filters(), module._window_correlation()[module.SHORTEST : module.LONGEST]
    for pcm, window in ((bytes(2_048), bytes(4)), (bytes(1_022), tables[0]), (b"", tables[0])):
        with pytest.raises(ValueError, match="length"):
            module._KERNEL.features(pcm, b"", window, *tables[1:])
