"""Live stops: how many words were heard of what came, and how many the history has wrong."""

import numpy as np
import pytest

from bench.turns.stops import SENTENCES, Player, Stop, heard
from voi.client import OUTPUT_RATE_HZ, AudioEvent
from voi.dialogue import SpokenWord

WORDS = [SpokenWord("one", 0, 300), SpokenWord("two", 300, 600), SpokenWord("three", 600, 900)]


def wave(seed: int) -> "np.ndarray":
    return np.random.default_rng(seed).normal(size=OUTPUT_RATE_HZ) * 3_000


SPOKEN = [(wave(1), WORDS), (wave(2), WORDS)]


def came(gain: "np.ndarray | float" = 1.0) -> bytes:
    """Both sentences, with a breath between them."""
    whole = np.concatenate([SPOKEN[0][0], np.zeros(2_400), SPOKEN[1][0]]) * gain
    return whole.clip(-32_000, 32_000).astype("<i2").tobytes()


@pytest.mark.parametrize(("played_ms", "words"), [(200, 0), (450, 1), (800, 2), (1_050, 3), (1_500, 4), (2_100, 6)])
def test_a_word_is_heard_when_its_end_was_played(played_ms: int, words: int) -> None:
    assert heard(came(), played_ms, SPOKEN) == (words, words)


def test_near_the_end_of_a_word_both_are_right() -> None:
    assert heard(came(), 605, SPOKEN) == (1, 2)


def test_what_was_lowered_deep_is_not_heard() -> None:
    gain = np.ones(OUTPUT_RATE_HZ * 2 + 2_400)
    gain[OUTPUT_RATE_HZ * 45 // 100 :] = 0.1
    assert heard(came(gain), 2_000, SPOKEN) == (1, 1)
    gain[OUTPUT_RATE_HZ * 45 // 100 :] = 0.5
    assert heard(came(gain), 2_100, SPOKEN) == (6, 6), "6 dB is still heard"


def test_words_too_many_too_few_and_others_are_counted() -> None:
    words = " ".join(SENTENCES).split()
    assert Stop("client", " ".join(words[:5]), 5, 5).wrong == 0
    assert Stop("client", " ".join(words[:5]), 4, 5).wrong == 0
    assert Stop("client", " ".join(words[:5]), 7, 8).wrong == 2
    assert Stop("client", " ".join(words[:5]), 3, 3).wrong == 2
    assert Stop("client", "Something else", 2, 2).wrong == 2


def test_the_player_plays_without_a_gap() -> None:
    player = Player()
    for _ in range(3):
        player.take(AudioEvent("7", bytes(4_800)))
    assert player.speech == "7"
    assert player.ends_s - player.began_s == pytest.approx(0.3)
    assert player.played_ms() < 200
