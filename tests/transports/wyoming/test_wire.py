"""Wyoming's wire format, without a socket."""

import asyncio

import pytest

pytest.importorskip("wyoming")

from wyoming.event import Event, async_read_event
from wyoming.version import __version__

from voi.transports.wyoming.wire import HEADER_MAX_BYTES, EventDecoder, WireError, encode

EVENTS = [
    Event("ping", {"text": "ä\n"}),
    Event("audio-chunk", {"rate": 16_000, "width": 2, "channels": 1}, b"\n\x00{}"),
    Event("describe"),
]


def test_the_bytes_of_an_event() -> None:
    version = __version__.encode()
    assert encode(EVENTS[2]) == b'{"type":"describe","version":"' + version + b'"}\n'
    assert encode(Event("pong", {"text": "x"}, b"12")) == (
        b'{"type":"pong","version":"' + version + b'","data_length":12,"payload_length":2}\n{"text":"x"}12'
    )


def test_half_a_character_of_a_model_costs_that_character_alone() -> None:
    assert encode(Event("handled", {"text": "Well \ud83d.", "context": {"a": ["\udc00"]}})).endswith(
        b'{"text":"Well ?.","context":{"a":["?"]}}'
    )


def test_data_too_deep_to_be_sent_back_is_refused() -> None:
    with pytest.raises(WireError, match="within each other"):
        EventDecoder().feed(b'{"type":"a","data":{"b":' + b"[" * 300 + b"]" * 300 + b"}}\n")


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_events_come_back_however_they_are_cut(step: int) -> None:
    data, decoder = b"".join(map(encode, EVENTS)), EventDecoder()
    got = [event for at in range(0, len(data), step) for event in decoder.feed(data[at : at + step])]
    assert got == EVENTS
    assert not decoder.waiting


async def test_the_packages_own_reader_reads_them() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"".join(map(encode, EVENTS)))
    assert [await async_read_event(reader) for _ in EVENTS] == EVENTS


def test_data_beside_the_header_is_merged_over_it() -> None:
    line = b'{"type": "ping", "data": {"text": "a", "more": 1}, "data_length": 13}\n{"text": "b"}'
    assert EventDecoder().feed(line) == [Event("ping", {"text": "b", "more": 1})]


def test_a_line_without_an_end_is_refused_before_it_is_kept() -> None:
    decoder = EventDecoder()
    decoder.feed(b" " * HEADER_MAX_BYTES)
    assert decoder.waiting
    with pytest.raises(WireError, match="more than 65536 bytes"):
        decoder.feed(b" ")


def test_a_payload_is_refused_before_it_comes() -> None:
    with pytest.raises(WireError, match="payload_length is more than 1048576"):
        EventDecoder().feed(b'{"type": "x", "payload_length": 1048577}\n')
