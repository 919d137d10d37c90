from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.engines.llm.chat_reply import SseParser
from voi.errors import EngineError

STREAM = (
    ": a comment\r\n\r\n"
    'data: {"a": "größe"}\r\n\r\n'
    "event: message\r\nid: 3\r\ndata:{}\r\n\r\n"
    'data: {"two":\r\ndata: "lines"}\r\n\r\n'
    "\r\n\r\nretry: 10\r\n\r\n"
    "data: [DONE]\r\n\r\n"
)
EVENTS = ['{"a": "größe"}', "{}", '{"two":\n"lines"}', "[DONE]"]


def parse(chunks: list[bytes]) -> list[str]:
    parser = SseParser(1_000)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return [event.decode() for event in events + parser.finish()]


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@given(cuts=st.lists(st.integers(0, 200), max_size=20))
def test_same_events_wherever_the_bytes_are_cut(line_end: str, cuts: list[int]) -> None:
    stream = STREAM.replace("\r\n", line_end).encode()
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    assert parse([stream[a:b] for a, b in pairwise(edges)]) == EVENTS


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_byte_at_a_time(line_end: str) -> None:
    stream = STREAM.replace("\r\n", line_end).encode()
    assert parse([stream[i : i + 1] for i in range(len(stream))]) == EVENTS


def test_last_event_without_an_empty_line_after_it() -> None:
    assert parse([b"data: one\n\ndata: two"]) == ["one", "two"]
    assert parse([b"data: one\n\ndata: two\n"]) == ["one", "two"]


def test_events_come_as_soon_as_they_are_complete() -> None:
    parser = SseParser(100)
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\ndata: b") == [b"a"]
    assert parser.feed(b"\n\n") == [b"b"]


@pytest.mark.parametrize("endless", [b"x" * 60, b"data: " + b"x" * 60 + b"\n"])
def test_an_event_without_end_is_refused(endless: bytes) -> None:
    parser = SseParser(100)
    parser.feed(endless)
    with pytest.raises(EngineError, match="more than 100 bytes"):
        parser.feed(endless)
