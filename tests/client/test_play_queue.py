"""Sound that is lowered while it waits to be played."""

import array
import itertools

from hypothesis import given
from hypothesis import strategies as st

from voi.client.play_queue import PlayQueue

LIMIT_BYTES = 10_000
LOUD = array.array("h", [10_000]).tobytes()


def levels(pcm: bytes) -> list[int]:
    return list(array.array("h", pcm))


@given(st.lists(st.binary(max_size=50)), st.lists(st.integers(1, 40), min_size=200))
def test_it_gives_out_what_it_was_given(pieces: list[bytes], sizes: list[int]) -> None:
    queue = PlayQueue(LIMIT_BYTES)
    for piece in pieces:
        queue.put(piece)
    assert b"".join(queue.take(size) for size in sizes).startswith(b"".join(pieces)[: sum(sizes)])
    assert queue.take(1) == b"" or sum(sizes) < sum(map(len, pieces))


def test_what_waits_is_lowered_without_a_click_and_what_comes_later_is_left_alone() -> None:
    queue = PlayQueue(LIMIT_BYTES)
    queue.put(LOUD * 1_000)
    queue.put(LOUD * 100)
    queue.lower(-20)
    queue.put(LOUD * 100)  # the server has lowered this
    heard = levels(queue.take(2 * 1_200))
    assert heard[480:1_100] == [1_000] * 620
    assert heard[1_100:] == [10_000] * 100
    assert max(abs(one - after) for one, after in itertools.pairwise(heard[:1_100])) <= 9_000 / 479 + 1


def test_nothing_is_lowered_twice_and_nothing_made_louder() -> None:
    queue = PlayQueue(LIMIT_BYTES)
    queue.put(LOUD * 1_000)
    queue.lower(-20)
    queue.put(LOUD * 100)
    queue.lower(-6)
    queue.lower(0)
    queue.put(LOUD * 100)
    queue.take(2 * 480)
    assert levels(queue.take(2 * 720)) == [1_000] * 520 + [10_000] * 200
    queue.lower(-6)
    queue.put(LOUD * 1_000)
    queue.lower(-20)
    assert levels(queue.take(2_000))[-1] == round(10_000 * 10 ** (-14 / 20)), "it came with -6 dB"


def test_an_interruption_empties_it_and_the_next_speech_is_loud() -> None:
    queue = PlayQueue(LIMIT_BYTES)
    queue.put(LOUD)
    queue.lower(-20)
    queue.clear()
    assert queue.take(2) == b""
    queue.put(LOUD * 1_000)
    queue.lower(-6)
    assert levels(queue.take(2_000))[-1] == 5_012


def test_it_holds_no_more_than_its_limit() -> None:
    queue = PlayQueue(LIMIT_BYTES)
    for _ in range(20):
        queue.put(bytes(1_000))
    assert len(queue.take(50_000)) == LIMIT_BYTES
