import io

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")

import soundfile

from tests.training.sounds import encoded, quiet, tone
from tests.training.tiny_base import DATA, SPOKEN
from voi.training.sound import KEPT_SILENCE_MS, MAX_MS, MIN_MS, RATE_HZ, Unusable, read, trimmed

SPEECH = tone(2)


def reason(sound: bytes) -> str:
    with pytest.raises(Unusable) as caught:
        read(sound)
    return caught.value.kind


@pytest.mark.parametrize("name", SPOKEN)
def test_recorded_speech_is_usable(name: str) -> None:
    heard = read(DATA / f"{name}.wav")
    assert heard.samples.dtype == np.int16
    assert MIN_MS < heard.duration_ms < MAX_MS
    assert 0.5 * heard.duration_ms < heard.speech_ms <= heard.duration_ms


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3"])
def test_formats_rates_and_channels_give_the_same_sound(kind: str) -> None:
    stereo = np.stack([tone(2, 44_100), tone(2, 44_100)], axis=1)
    heard = read(encoded(stereo, 44_100, kind)).samples / 32_768
    middle = heard[len(heard) // 4 : -len(heard) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE_HZ / len(middle) == pytest.approx(220, abs=2)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.02)


def test_channels_are_mixed() -> None:
    one_sided = np.stack([quiet(2), tone(2)], axis=1)
    assert np.abs(read(encoded(one_sided)).samples).max() == pytest.approx(0.15 * 32_768, rel=0.01)


def test_samples_are_rounded_and_bounded() -> None:
    """Above full scale, as resampling may leave some, nothing wraps around."""
    samples = tone(2)
    samples[100:105] = 1.0, 1.2, -1.2, 10.7 / 32_768, -10.7 / 32_768
    assert trimmed(samples)[0][100:105].tolist() == [32_767, 32_767, -32_768, 11, -11]


def test_silence_around_is_cut() -> None:
    heard = read(encoded(np.concatenate([quiet(3), SPEECH, quiet(2)])))
    assert heard.duration_ms == pytest.approx(2_000 + 2 * KEPT_SILENCE_MS, abs=25)
    assert heard.speech_ms == pytest.approx(2_000, abs=40)


def test_length_is_judged_without_the_silence() -> None:
    assert reason(encoded(np.concatenate([quiet(2), tone(0.5), quiet(2)]))) == "too short"
    assert read(encoded(np.concatenate([quiet(5), tone(9), quiet(5)]))).duration_ms < MAX_MS
    assert reason(encoded(tone(11.7))) == "too long"
    assert read(encoded(tone(11.6))).duration_ms == MAX_MS
    assert reason(encoded(tone(61, 16_000), 16_000)) == "too long"


def test_what_teaches_nothing_is_left_out() -> None:
    assert reason(encoded(quiet(3))) == "silent"
    assert reason(encoded(tone(3, level=0.003))) == "silent"
    assert reason(encoded(np.concatenate([tone(0.5), quiet(6), tone(0.5)]))) == "mostly silence"
    assert reason(encoded(tone(3, 8_000), 8_000)) == "low rate"
    assert reason(b"RIFF and so on") == "unreadable"
    assert reason(b"") == "unreadable"


def test_samples_that_are_no_numbers_are_told_and_floats_are_bounded() -> None:
    def floats(at_300: float) -> bytes:
        samples, file = SPEECH.copy(), io.BytesIO()
        samples[::300] = at_300
        soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="FLOAT")
        return file.getvalue()

    assert reason(floats(np.nan)) == reason(floats(-np.inf)) == "unreadable"
    assert read(floats(3e38)).recorded.samples.max() == 1.0


def test_clipping_is_heard_before_resampling() -> None:
    clipped = np.clip(tone(3, 44_100, level=1.5), -1, 1)
    assert reason(encoded(clipped, 44_100)) == "clipped"
    loud = tone(3, 44_100, level=0.98)
    assert read(encoded(loud, 44_100)).duration_ms > 2_900
