import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voi.audio.resample import Resampler
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
def test_chunks_do_not_matter(pieces: list[tuple[bool, int]], chunk: int) -> None:
    parts = [tone(length) if loud else np.zeros(length * 24, np.int16) for loud, length in pieces]
    sound = [np.zeros(0, np.int16), *parts]
    whole = through(*sound, chunk=10**9)
    assert np.array_equal(through(*sound, chunk=chunk), whole)
    assert len(whole) <= sum(map(len, sound))


# ---- real speech ----------------------------------------------------------------------------------

SPEECH = sorted(
    file for file in (Path(__file__).parents[3] / "data" / "audio").glob("*.wav") if "noise" not in file.name
)


def recorded(file: Path) -> NDArray[np.int16]:
    """At 24 kHz, without the room after the last word."""
    with wave.open(str(file)) as opened:
        pcm = opened.readframes(opened.getnframes())
    resampler = Resampler(16_000, RATE_HZ)
    return np.frombuffer(resampler.push(pcm) + resampler.flush(), "<i2")


@pytest.mark.parametrize("file", SPEECH, ids=lambda file: file.stem)
@pytest.mark.parametrize("level", [1.0, 0.1, 0.03])
def test_real_speech_is_never_cut_however_quiet(file: Path, level: float) -> None:
    sound = (recorded(file) * level).astype(np.int16)
    heard = through(sound)
    assert len(sound) - len(heard) < 48  # what fills no frame
    assert np.array_equal(heard[:-480], sound[: len(heard) - 480])


@pytest.mark.parametrize("file", SPEECH, ids=lambda file: file.stem)
@pytest.mark.parametrize("level", [1.0, 0.1])
def test_artefacts_after_real_speech_go(file: Path, level: float) -> None:
    sound = (recorded(file) * level).astype(np.int16)
    quiet = (hiss(400) * 0.1).astype(np.int16)
    scrap = (tone(60, 3_000) * level).astype(np.int16)
    for artefact in ((quiet, scrap, quiet), (quiet, quiet, quiet), (quiet, scrap, quiet, scrap, quiet)):
        assert ms(through(sound, *artefact)) <= ms(sound) + LEFT_MS + 10


@pytest.mark.parametrize("below_db", [20, 30, 40])
def test_a_final_consonant_stays_whole(below_db: int) -> None:
    """Weak as the f of "if", or as the release of the t of "that" after its closure."""
    vowel = tone(300)
    weak = chance.normal(0, 5_600 * 10 ** (-below_db / 20), 120 * 24).astype(np.int16)
    assert ms(through(vowel, weak, hiss(500) // 8)) >= 420
    assert ms(through(vowel, hiss(150) // 8, weak[: 30 * 24], hiss(500) // 8)) >= 480


def test_a_voice_that_trails_off_is_heard_to_its_end() -> None:
    fading = (tone(1_500) * np.geomspace(1, 10 ** (-40 / 20), 1_500 * 24)).astype(np.int16)
    assert ms(through(fading, hiss(600) // 8)) >= 1_500


# ---- a word or two --------------------------------------------------------------------------------


def short(*pieces: NDArray[np.int16], enough_ms: float = 150, speed: float = 1.0) -> tuple[NDArray[np.int16], bool]:
    tail = Tail(RATE_HZ, speed, enough_ms)
    sound = np.concatenate(pieces)
    done = [tail.push(sound[at : at + 2_400]) for at in range(0, len(sound), 2_400)]
    return np.concatenate([*done, tail.finish()]), tail.over


def test_babble_after_a_word_goes() -> None:
    heard, over = short(tone(300), hiss(400) // 8, tone(900))
    assert over
    assert 300 <= ms(heard) <= 300 + LEFT_MS + 10


def test_pauses_of_speech_are_no_end() -> None:
    assert not short(tone(300), hiss(200) // 8, tone(300))[1]  # a closure, or between two words
    assert not short(tone(80), hiss(500) // 8, tone(300))[1]  # a breath before the word: too little for it
    assert not short(hiss(600), tone(300))[1]


def test_quick_speech_has_quick_pauses() -> None:
    assert short(tone(150), hiss(200) // 8, tone(400), speed=2.0)[1]
    assert ms(through(tone(800), hiss(400), tone(80), hiss(100))) < 1_000
    assert ms(short(tone(800), hiss(400), tone(80), hiss(100), enough_ms=9_999, speed=2.0)[0]) > 1_200
    assert short(tone(100), hush(200), tone(400), speed=2.0)[1]
    assert ms(short(tone(800), hush(150), tone(40), hush(100), enough_ms=9_999, speed=2.0)[0]) <= 800 + LEFT_MS


# ---- where exactly --------------------------------------------------------------------------------


def hush(ms: int) -> NDArray[np.int16]:
    return np.zeros(ms * 24, np.int16)


def test_how_long_a_pause_and_a_scrap_are() -> None:
    dropped, kept = 800 + LEFT_MS, 800 + 240 + 60
    assert ms(through(tone(800), hush(250), tone(60), hush(100))) <= dropped
    assert ms(through(tone(800), hush(240), tone(60), hush(100))) >= kept
    assert ms(through(tone(800), hush(400), tone(90), hush(100))) <= dropped
    assert ms(through(tone(800), hush(400), tone(100), hush(100))) >= 800 + 400 + 100


def test_pauses_count_one_by_one() -> None:
    assert ms(through(tone(300), hush(150), tone(200), hush(150), tone(60), hush(100))) >= 860


def test_silence_before_the_first_sound_is_no_pause() -> None:
    assert ms(through(hush(500), tone(60), hush(500))) >= 560


def test_a_scrap_makes_a_pause_no_shorter() -> None:
    assert short(tone(300), hush(250), tone(50), hush(60), tone(300))[1]


def test_nothing_behind_the_end_is_heard_even_if_it_came_with_it() -> None:
    tail = Tail(RATE_HZ, enough_ms=150)
    heard = tail.push(np.concatenate([tone(300), hush(400), tone(900)]))
    assert tail.over
    assert ms(heard) + ms(tail.finish()) <= 300 + LEFT_MS
