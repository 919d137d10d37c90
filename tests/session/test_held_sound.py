import random

from voi.session.held_sound import LETTERS_PER_S_MAX, HeldSound, letters_in

RATE_HZ = 1_000
PER_LETTER = 2 * RATE_HZ // LETTERS_PER_S_MAX
"""Bytes of sound that a letter takes at least."""


def test_sound_waits_for_words_that_take_as_long() -> None:
    held = HeldSound(RATE_HZ, start_ms=0)
    assert held.feed(b"s" * 1_000) == b""
    assert len(held.passed("Well, ")) == 4 * PER_LETTER
    assert len(held.passed("...")) == 0
    assert len(held.close()) == 1_000 - 4 * PER_LETTER


def test_words_may_come_before_their_sound() -> None:
    held = HeldSound(RATE_HZ, start_ms=0)
    assert held.passed("Well, ") == b""
    assert len(held.feed(b"s" * 1_000)) == 4 * PER_LETTER


def test_what_is_dropped_is_not_heard() -> None:
    held = HeldSound(RATE_HZ)
    held.feed(b"s" * 1_000)
    held.drop()
    assert held.passed("many words that pass") == b""
    assert held.close() == b""


def test_a_faster_voice_needs_more_letters() -> None:
    held = HeldSound(RATE_HZ, speed=1.5, start_ms=0)
    held.feed(b"s" * 2_000)
    assert len(held.passed("a" * 15)) == 10 * PER_LETTER


def test_it_begins_with_enough_sound_not_to_stop_at_once() -> None:
    held = HeldSound(RATE_HZ, start_ms=500)
    held.feed(b"s" * 4_000)
    assert held.passed("a" * 9) == b""
    assert len(held.passed("a")) == 10 * PER_LETTER
    assert len(held.passed("a")) == PER_LETTER


def test_characters_of_scripts_without_spaces_count_for_several_letters() -> None:
    assert letters_in("你好, you 2!") == 2 * 3 + 3 + 1


def test_no_sound_of_a_word_that_has_not_passed_is_let_out() -> None:
    """Whatever the order and the cut: a voice at up to 20 letters a second, words in any pieces."""
    chance = random.Random(14)
    for _ in range(300):
        words = ["x" * chance.randint(1, 14) for _ in range(chance.randint(1, 30))]
        pace = [chance.uniform(1, 4) for _ in words]
        sound = b"".join(
            bytes([number]) * (2 * int(len(word) * PER_LETTER * slow / 2 + 1))
            for number, (word, slow) in enumerate(zip(words, pace, strict=True))
        )
        held, highest, passed = HeldSound(RATE_HZ), -1, 0
        while sound or passed < len(words):
            if sound and chance.random() < 0.5:
                size = 2 * chance.randint(1, 400)
                out = held.feed(sound[:size])
                sound = sound[size:]
            elif passed < len(words):
                out = held.passed(words[passed] + " ")
                passed += 1
            highest = max(highest, *out, -1)
            assert highest < passed
        assert max(highest, *held.close(), -1) == len(words) - 1
