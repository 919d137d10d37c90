import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voi.engines.stt.segments import (
    BYTES_PER_MS,
    COMMIT_MS,
    EARLIEST_CUT_MS,
    LONGEST_MS,
    ROLL_MS,
    SegmentedUtterance,
    quietest,
)

MINUTE_MS = 60_000


def noise(duration_ms: int, level: int = 3_000, seed: int = 0) -> bytes:
    samples = np.random.default_rng(seed).normal(0, level, duration_ms * 16).clip(-32768, 32767)
    return samples.astype("<i2").tobytes()


def feed(utterance: SegmentedUtterance, duration_ms: int, speech: bool) -> None:
    for at in range(0, duration_ms, 20):
        utterance.feed(noise(20, seed=at), speech)


def transcribe_all(utterance: SegmentedUtterance) -> None:
    while segment := utterance.waiting():
        utterance.take(segment, segment.speech_end, f"[{segment.speech_end // BYTES_PER_MS}]")


def test_quiet_before_speech_is_not_kept_but_for_a_pre_roll() -> None:
    utterance = SegmentedUtterance(MINUTE_MS)
    feed(utterance, 20_000, speech=False)
    assert utterance.waiting() is None
    feed(utterance, 100, speech=True)
    assert len(utterance.open.audio) == (ROLL_MS + 100) * BYTES_PER_MS


def test_a_long_pause_is_shortened() -> None:
    utterance = SegmentedUtterance(MINUTE_MS)
    feed(utterance, 1_000, speech=True)
    feed(utterance, 10_000, speech=False)
    feed(utterance, 1_000, speech=True)
    assert len(utterance.open.audio) == (1_000 + 2 * ROLL_MS + 1_000) * BYTES_PER_MS


def test_a_short_pause_stays_as_it_was() -> None:
    utterance = SegmentedUtterance(MINUTE_MS)
    pieces = [(noise(200, seed=1), True), (noise(300, seed=2), False), (noise(200, seed=3), True)]
    for pcm, speech in pieces:
        utterance.feed(pcm, speech)
    assert bytes(utterance.open.audio) == b"".join(pcm for pcm, _ in pieces)


def test_short_segments_are_glued_and_long_ones_committed_at_a_pause() -> None:
    utterance = SegmentedUtterance(MINUTE_MS)
    for _ in range(2):
        feed(utterance, 2_000, speech=True)
        feed(utterance, 400, speech=False)
    assert not utterance.closed
    feed(utterance, COMMIT_MS, speech=True)
    transcribe_all(utterance)
    assert utterance.confirmed == []
    feed(utterance, 400, speech=False)
    feed(utterance, 20, speech=True)
    assert len(utterance.confirmed) == 1
    assert utterance.transcribed < utterance.heard


def test_speech_without_a_pause_is_cut() -> None:
    utterance = SegmentedUtterance(10 * MINUTE_MS)
    utterance.feed(noise(100_000), True)
    assert all(len(segment.audio) <= LONGEST_MS * BYTES_PER_MS for segment in (*utterance.closed, utterance.open))
    kept = sum(len(segment.audio) for segment in (*utterance.closed, utterance.open))
    assert kept == 100_000 * BYTES_PER_MS
    transcribe_all(utterance)
    assert utterance.transcribed == utterance.heard


def test_it_is_cut_where_it_is_quietest() -> None:
    sound = noise(9_000) + noise(200, level=10) + noise(5_800)
    cut_ms = quietest(bytearray(sound)) / BYTES_PER_MS
    assert 9_000 <= cut_ms <= 9_200
    assert quietest(bytearray(LONGEST_MS * BYTES_PER_MS)) >= EARLIEST_CUT_MS * BYTES_PER_MS


def test_a_transcript_that_ran_over_a_cut_is_not_taken() -> None:
    utterance = SegmentedUtterance(MINUTE_MS)
    utterance.feed(noise(LONGEST_MS - 100), True)
    segment = utterance.waiting()
    assert segment is not None
    ended = segment.speech_end
    utterance.feed(noise(200), True)
    utterance.take(segment, ended, "too much")
    assert segment.text == ""
    assert utterance.waiting() is segment


def test_room_shrinks_with_what_waits_and_comes_back() -> None:
    utterance = SegmentedUtterance(MINUTE_MS)
    utterance.feed(noise(40_000), True)
    assert utterance.room == 20_000 * BYTES_PER_MS
    transcribe_all(utterance)
    assert utterance.room >= 45_000 * BYTES_PER_MS


@given(st.lists(st.tuples(st.integers(1, 900), st.booleans()), max_size=30), st.randoms())
def test_nothing_heard_is_ever_lost(pieces: list[tuple[int, bool]], random: "np.random.Generator") -> None:
    """Whatever is transcribed in between, all speech ends up in exactly one segment, and everything gets done."""
    utterance = SegmentedUtterance(10 * MINUTE_MS)
    texts = 0
    spoken = 0
    for duration_ms, speech in pieces:
        utterance.feed(bytes(duration_ms * BYTES_PER_MS), speech)
        spoken += duration_ms * BYTES_PER_MS * speech
        before = utterance.transcribed
        if random.random() < 0.3 and (segment := utterance.waiting()):
            texts += 1
            utterance.take(segment, segment.speech_end, f"{texts}")
        assert before <= utterance.transcribed <= utterance.heard
    assert utterance.heard >= spoken
    transcribe_all(utterance)
    assert utterance.transcribed == utterance.heard
    assert utterance.waiting() is None
