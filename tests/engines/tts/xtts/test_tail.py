import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voi.engines.tts.xtts.tail import LEFT_MS, Tail

RATE_HZ = 24_000
chance = np.random.default_rng(1)


def tone(ms: int, level: float = 8_000) -> NDArray[np.int16]:
    return (level * np.sin(np.arange(ms * 24) * 0.05)).astype(np.int16)


def hiss(ms: int) -> NDArray[np.int16]:
    return chance.normal(0, 15, ms * 24).astype(np.int16)


def through(*pieces: NDArray[np.int16], chunk: int = 5_000) -> NDArray[np.int16]:
    sound, tail = np.concatenate(pieces), Tail(RATE_HZ)
    done = [tail.push(sound[at : at + chunk]) for at in range(0, len(sound), chunk)]
    return np.concatenate([*done, tail.finish()])


def ms(sound: NDArray[np.int16]) -> float:
    return len(sound) / 24


def test_speech_passes_whole() -> None:
    sound = np.concatenate([hiss(150), tone(400), hiss(300), tone(700)])
    assert np.array_equal(through(sound), sound)


def test_noise_at_the_end_becomes_a_short_fade() -> None:
    heard = through(tone(800), hiss(900))
    assert 800 <= ms(heard) <= 800 + LEFT_MS + 10
    assert abs(int(heard[-1])) <= 1


def test_a_scrap_after_a_pause_is_dropped() -> None:
    assert ms(through(tone(800), hiss(400), tone(60), hiss(100))) <= 800 + LEFT_MS + 10


def test_a_last_short_word_after_a_pause_is_kept() -> None:
    assert ms(through(tone(800), hiss(400), tone(180), hiss(100))) >= 1_380


def test_a_click_right_after_the_word_belongs_to_it() -> None:
    assert ms(through(tone(800), hiss(90), tone(50), hiss(300))) >= 940


def test_a_lone_short_sound_is_kept() -> None:
    assert ms(through(hiss(500), tone(60), hiss(500))) >= 560


def test_nothing_but_silence_ends_soon() -> None:
    assert ms(through(np.zeros(24_000, np.int16))) <= LEFT_MS


def test_speech_is_not_held_back() -> None:
    tail = Tail(RATE_HZ)
    first = tail.push(np.concatenate([hiss(50), tone(120)]))
    assert ms(first) >= 160


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 500)), max_size=8), st.integers(100, 9_000))
@settings(deadline=None, max_examples=50)
def test_chunks_do_not_matter(pieces: list[tuple[bool, int]], chunk: int) -> None:
    parts = [tone(length) if loud else np.zeros(length * 24, np.int16) for loud, length in pieces]
    sound = [np.zeros(0, np.int16), *parts]
    whole = through(*sound, chunk=10**9)
    assert np.array_equal(through(*sound, chunk=chunk), whole)
    assert len(whole) <= sum(map(len, sound))
