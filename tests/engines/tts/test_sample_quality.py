"""What is said about recordings: real speech, and the same speech spoilt in a known way."""

from pathlib import Path

import numpy as np
import pytest

from voi.audio.pcm import from_float, to_float
from voi.audio.resample import resample
from voi.audio.sample import Sample, read_sample
from voi.engines.tts.sample_quality import clipped_share, quality_of, too_little
from voi.engines.vad.silero import Silero

AUDIO = Path(__file__).parents[2] / "data" / "audio"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def vad() -> Silero:
    return Silero()


@pytest.fixture(scope="module")
def speech() -> Sample:
    return read_sample(AUDIO / "austen-0870.wav")


def scaled(sample: Sample, factor: float) -> Sample:
    return Sample(np.clip(sample.samples * np.float32(factor), -1, 1), sample.rate_hz)


def noisy(sample: Sample, snr_db: float) -> Sample:
    noise = np.random.default_rng(0).standard_normal(len(sample.samples))
    noise *= np.sqrt((sample.samples**2).mean() / 10 ** (snr_db / 10))
    return Sample((sample.samples + noise).astype(np.float32), sample.rate_hz)


def test_good_speech(speech: Sample, vad: Silero) -> None:
    quality = quality_of(speech, vad)
    assert quality.problems == quality.advice == ()
    assert quality.length_s == pytest.approx(7.1)
    assert 6 < quality.speech_s < 7
    assert too_little([quality]) == ("", "")


@pytest.mark.parametrize("name", ["noise2.wav", "noise3.wav"])
def test_noise_is_no_speech(name: str, vad: Silero) -> None:
    assert quality_of(read_sample(AUDIO / name), vad).problems == ("no speech is heard in it.",)


def test_silence(vad: Silero) -> None:
    assert "silent" in quality_of(Sample(np.zeros(4 * RATE_HZ, np.float32), RATE_HZ), vad).problems[0]


@pytest.mark.parametrize("snr_db", [20, 15, 10, 5])
def test_noise_is_measured(speech: Sample, vad: Silero, snr_db: int) -> None:
    """Noise of a known level is found within 2 dB (the recording's own noise adds a little)."""
    quality = quality_of(noisy(speech, snr_db), vad)
    assert quality.snr_db == pytest.approx(snr_db, abs=2)
    assert ["noisy" in text for text in quality.advice] == [True]
    assert ("very noisy" in quality.advice[0]) == (snr_db < 10)


def test_clipping(speech: Sample, vad: Silero) -> None:
    peak = float(np.abs(speech.samples).max())
    assert clipped_share(scaled(speech, 1 / peak).samples) == 0
    clipped = scaled(speech, 4 / peak)
    for sample in (clipped, scaled(clipped, 0.3)):  # turned down afterwards, it is as bad
        assert 0.02 < clipped_share(sample.samples) < 0.2
        assert any("clipped" in text for text in quality_of(sample, vad).advice)


def test_a_loud_tone_is_not_clipped() -> None:
    tone = 0.99 * np.sin(2 * np.pi * 200 * np.arange(RATE_HZ) / RATE_HZ)
    assert clipped_share(tone.astype(np.float32)) < 1e-4


@pytest.mark.parametrize("level_db", [-9, -6, 6, 9])
@pytest.mark.parametrize("name", ["austen-0870.wav", "jfk.wav"])
def test_loudness_alone_changes_nothing(name: str, level_db: int, vad: Silero) -> None:
    """But for clipping, and that is told as such."""
    sample = read_sample(AUDIO / name)
    usual, other = quality_of(sample, vad), quality_of(scaled(sample, 10 ** (level_db / 20)), vad)
    assert other.speech_s == pytest.approx(usual.speech_s, abs=0.2)
    assert other.snr_db == pytest.approx(usual.snr_db, abs=1.5)
    assert other.clipped_share > 1e-4 or other.advice == usual.advice


def test_a_melody_is_no_speech_and_beside_speech_it_is_noise(speech: Sample, vad: Silero) -> None:
    at = np.arange(len(speech.samples)) / RATE_HZ
    step = 2 ** (np.floor(at * 2) % 5 / 12)
    chords = sum(np.sin(2 * np.pi * hz * at * step) for hz in (220, 277, 330, 440))
    melody = (chords * np.sqrt((speech.samples**2).mean() / (chords**2).mean() / 10)).astype(np.float32)
    assert quality_of(Sample(melody, RATE_HZ), vad).problems == ("no speech is heard in it.",)
    quality = quality_of(Sample(speech.samples + melody, RATE_HZ), vad)
    assert quality.snr_db == pytest.approx(10, abs=2)
    assert any("noisy" in text for text in quality.advice)


def test_faint_and_mostly_silent(speech: Sample, vad: Silero) -> None:
    long = Sample(np.concatenate([speech.samples, np.zeros(12 * RATE_HZ, np.float32)]), RATE_HZ)
    assert any("mostly silence" in text for text in quality_of(long, vad).advice)
    assert any("faint" in text for text in quality_of(scaled(speech, 0.1), vad).advice)


def test_too_long(speech: Sample, vad: Silero) -> None:
    long = Sample(np.tile(speech.samples, 5), RATE_HZ)
    assert any("too long (36 s)" in text for text in quality_of(long, vad).advice)


def test_what_passed_a_telephone(vad: Silero) -> None:
    """Whatever its rate is afterwards. The speech of 1961 sounds so too; those of today do not."""
    for name in ("austen-0870.wav", "spk1_snt1.wav"):
        wide = read_sample(AUDIO / name)
        narrow = resample(from_float(wide.samples), RATE_HZ, 8_000)
        for rate_hz in (8_000, 16_000, 24_000):
            told = quality_of(Sample(to_float(resample(narrow, 8_000, rate_hz)), rate_hz), vad).advice
            assert [text[:38] for text in told] == ["there is hardly any sound above 5 kHz,"]
        assert quality_of(wide, vad).advice == ()
    assert "above 5 kHz" in quality_of(read_sample(AUDIO / "jfk.wav"), vad).advice[0]


def test_too_short_alone_and_enough_together(vad: Silero) -> None:
    short = [quality_of(read_sample(AUDIO / f"spk1_snt{number}.wav"), vad) for number in (1, 3)]
    assert "too short: 2.9 s" in too_little(short[:1])[0]
    assert too_little(short) == ("", "only 5.3 s of speech: with 6 s and more it is more like the person.")
