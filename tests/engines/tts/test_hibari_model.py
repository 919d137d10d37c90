"""The embedded neural voice itself: sound, the times of its words, and manners of speaking."""

from itertools import pairwise

import numpy as np
import pytest

from tests.engines.tts.test_espeak import pitch_hz, seconds
from voi.engines.tts.hibari_model import RATE_HZ, HibariModel, bent, voiced_span
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


def test_the_pitch_moves_around_its_mean() -> None:
    f0 = np.asarray([0, 180, 200, 220, 0], np.float32)
    assert bent(f0, Manner(movement=2.0)).tolist() == [0, 160, 200, 240, 0]
    assert bent(f0, Manner(pitch=0.5)).tolist() == [0, 90, 100, 110, 0]
    assert bent(np.zeros(3, np.float32), Manner(pitch=2.0)).tolist() == [0, 0, 0]


def test_silence_has_no_voice_in_it() -> None:
    assert voiced_span(np.zeros(100, np.float32)) == (0, 0)
