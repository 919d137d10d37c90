"""The embedded neural voice itself: sound, the times of its words, and manners of speaking."""

from itertools import pairwise

import numpy as np
import pytest

from tests.engines.tts.test_espeak import pitch_hz, seconds
from voi.engines.tts.hibari import TONES
from voi.engines.tts.hibari_model import RATE_HZ, HibariModel, voiced_span
from voi.engines.tts.part_speech import Manner

TEXT = "Hello there, how can I help you today?"


@pytest.fixture(scope="module")
def model() -> HibariModel:
    pytest.importorskip("hibari")
    return HibariModel()


def test_it_speaks_at_the_level_of_other_voices_without_silence_around(model: HibariModel) -> None:
    samples = np.frombuffer(model.speak(TEXT, Manner()).pcm, "<i2") / 32_768
    assert 1.5 < len(samples) / RATE_HZ < 2.5
    assert 0.4 < np.abs(samples).max() < 1.0
    assert np.abs(samples[: RATE_HZ // 20]).max() > 0.01  # 50 ms


def test_every_word_has_its_time(model: HibariModel) -> None:
    spoken = model.speak(TEXT, Manner())
    words, total_ms = spoken.words, seconds(spoken.pcm) * 1_000
    assert [word.text for word in words] == TEXT.split()
    assert all(one.start_ms < one.end_ms <= other.start_ms for one, other in pairwise(words))
    assert words[0].start_ms < 150
    assert total_ms - 150 < words[-1].end_ms <= total_ms
    assert words[2].start_ms - words[1].end_ms > 50  # the comma
    assert not any(word.estimated for word in words)


def test_a_word_ends_where_its_sound_does(model: HibariModel) -> None:
    """The quietest 20 ms of a sentence with one pause lie in that pause."""
    spoken = model.speak("He went home, but she did not.", Manner())
    samples = np.abs(np.frombuffer(spoken.pcm, "<i2").astype(float))
    levels = [samples[at : at + 480].mean() for at in range(2_400, len(samples) - 4_800, 240)]
    quietest_ms = 110 + 10 * int(np.argmin(levels))
    home, but = spoken.words[2:4]
    assert (home.text, but.text) == ("home,", "but")
    assert home.end_ms - 60 < quietest_ms < but.start_ms + 60


@pytest.mark.parametrize("text", ["", " ", "…", "。", "日本語"])
def test_what_it_cannot_read_is_no_sound_and_no_error(model: HibariModel, text: str) -> None:
    assert len(model.speak(text, Manner()).pcm) < RATE_HZ


def test_numbers_left_in_the_text_are_read_and_nobody_knows_their_words_times(model: HibariModel) -> None:
    spoken = model.speak("Room 2024 is free.", Manner())
    assert seconds(spoken.pcm) > 1
    assert spoken.words == () or [word.text for word in spoken.words] == ["Room", "2024", "is", "free."]


def test_manners_are_audible(model: HibariModel) -> None:
    plain = model.speak(TEXT, Manner()).pcm
    quick = model.speak(TEXT, Manner(speed=1.3)).pcm
    high = model.speak(TEXT, Manner(pitch=1.2)).pcm
    quiet = model.speak(TEXT, Manner(gain_db=-6.0)).pcm
    assert seconds(quick) < 0.9 * seconds(plain)
    assert 1.1 < pitch_hz(high) / pitch_hz(plain) < 1.3
    loudness = [np.abs(np.frombuffer(pcm, "<i2").astype(float)).mean() for pcm in (plain, quiet)]
    assert 0.4 < loudness[1] / loudness[0] < 0.6


@pytest.mark.parametrize("tone", TONES)
def test_a_tone_is_as_fast_high_and_loud_as_it_says_and_never_clipped(model: HibariModel, tone: str) -> None:
    manner = TONES[tone]
    plain, toned = (model.speak(TEXT, each) for each in (Manner(), manner))
    assert seconds(plain.pcm) / seconds(toned.pcm) == pytest.approx(manner.speed, rel=0.04)
    assert pitch_hz(toned.pcm) / pitch_hz(plain.pcm) == pytest.approx(manner.pitch, rel=0.08)
    samples = [np.frombuffer(each.pcm, "<i2").astype(float) for each in (plain, toned)]
    level_db = 20 * np.log10(np.std(samples[1]) / np.std(samples[0]))
    assert level_db == pytest.approx(manner.gain_db, abs=1.5)
    assert np.abs(samples[1]).max() < 32_000
    assert np.abs(samples[1][[0, -1]]).max() < 50, "it would click where the next part begins"


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.12, 1.35, 2.0])
def test_it_is_as_fast_as_it_was_asked_to_be_and_its_words_keep_their_places(model: HibariModel, speed: float) -> None:
    plain, quick = model.speak(TEXT, Manner()), model.speak(TEXT, Manner(speed=speed))
    assert seconds(plain.pcm) / seconds(quick.pcm) == pytest.approx(speed, rel=0.05)
    for one, other in zip(plain.words, quick.words, strict=True):
        assert other.end_ms * speed == pytest.approx(one.end_ms, abs=60)


def test_an_unknown_compound_keeps_the_stress_of_its_second_half(model: HibariModel) -> None:
    assert model._reader.sounds("Dashwood") == ["dˈæʃwˌʊd"]


def test_silence_has_no_voice_in_it() -> None:
    assert voiced_span(np.zeros(100, np.float32)) == (0, 0)
