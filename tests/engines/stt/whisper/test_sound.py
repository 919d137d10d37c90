import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voi.engines.stt.whisper.sound import ROLL_MS, SoundBuffer, to_ms, to_samples


def counting(ms: int, start: int = 1) -> bytes:
    return (np.arange(start, start + to_samples(ms)) % 30_000 + 1).astype("<i2").tobytes()


def test_sound_before_speech_is_kept_for_a_while() -> None:
    sound = SoundBuffer()
    sound.feed(counting(2_000), speech=False)
    assert (sound.end, sound.speech_end) == (0, 0)
    sound.feed(counting(100), speech=True)
    assert to_ms(sound.end) == to_ms(sound.speech_end) == ROLL_MS + 100
    assert sound.read(sound.end) == counting(2_000)[-ROLL_MS * 32 :] + counting(100)


def test_long_pauses_are_shortened_and_times_know_it() -> None:
    sound = SoundBuffer()
    sound.feed(counting(500), speech=True)
    sound.feed(counting(3_000), speech=False)
    assert sound.pausing
    sound.feed(counting(500), speech=True)
    assert not sound.pausing
    assert to_ms(sound.end) == 500 + 2 * ROLL_MS + 500
    assert sound.fed_ms(to_samples(400)) == 400
    assert sound.fed_ms(to_samples(500 + ROLL_MS - 1)) == 500 + ROLL_MS - 1
    assert sound.fed_ms(to_samples(500 + 2 * ROLL_MS)) == 3_500


def test_trimming() -> None:
    sound = SoundBuffer()
    sound.feed(counting(1_000), speech=True)
    sound.trim(to_samples(400))
    assert (to_ms(sound.start), to_ms(sound.end)) == (400, 1_000)
    assert sound.read(sound.end) == counting(1_000)[400 * 32 :]
    sound.trim(0)
    sound.trim(10**9)
    assert sound.start == sound.end == to_samples(1_000)


@given(st.lists(st.tuples(st.integers(0, 3_000), st.booleans()), max_size=20), st.integers(1, 999))
def test_any_chunking_keeps_the_same(pieces: list[tuple[int, bool]], size: int) -> None:
    whole, cut = SoundBuffer(), SoundBuffer()
    at = 1
    for samples, speech in pieces:
        pcm = (np.arange(at, at + samples) % 30_000).astype("<i2").tobytes()
        at += samples
        whole.feed(pcm, speech)
        for start in range(0, len(pcm), size):
            cut.feed(pcm[start : start + size], speech)
    state = [(s.start, s.end, s.speech_end, s.read(s.end), s.fed_ms(s.end // 2), s.fed_ms(s.end)) for s in (whole, cut)]
    assert state[0] == state[1]


def test_all_speech_is_kept() -> None:
    sound = SoundBuffer()
    for at in range(50):
        sound.feed(counting(40, at * 640 + 1), speech=True)
        sound.feed(bytes(320), speech=False)
    assert to_ms(sound.end) == 50 * 50


def test_a_gap_lies_before_the_first_sample_that_was_kept_again_and_is_noted_once() -> None:
    sound = SoundBuffer()
    sound.feed(counting(500), speech=True)
    sound.feed(counting(3_000), speech=False)
    for _ in range(20):
        sound.feed(counting(40), speech=True)
    assert sound.fed_ms(to_samples(500 + ROLL_MS)) == 500 + 3_000 - ROLL_MS
    assert len(sound._gaps) == 1
