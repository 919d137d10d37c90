"""What a Realtime client that comes back is sent again."""

import base64
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.fakes.clock import in_virtual_time
from voi.transports import resend_queue
from voi.transports.realtime.resuming import EventOutbox

MS = 48
"""Bytes of PCM."""


class Socket:
    def __init__(self) -> None:
        self.on_pong: Any = None
        self.got: list[dict[str, Any]] = []
        self.pings: list[bytes] = []
        self.backlog_bytes = 0

    def send(self, message: bytes) -> None:
        raise AssertionError("events are texts")

    def send_text(self, message: bytes) -> None:
        self.got.append(orjson.loads(message))

    def ping(self, payload: bytes) -> None:
        self.pings.append(payload)

    def close(self, code: int, reason: str = "") -> None: ...

    @property
    def names(self) -> list[str]:
        return [each["event_id"] for each in self.got]


def sound(number: int, size: int = 100 * MS) -> dict[str, Any]:
    delta = base64.b64encode(bytes([number]) * size).decode()
    return {"event_id": f"s{number}", "type": "response.output_audio.delta", "item_id": "item", "delta": delta}


def text(number: int) -> dict[str, Any]:
    return {"event_id": f"t{number}", "type": "response.output_text.delta", "delta": "x"}


def nothing() -> Iterator[dict[str, Any]]:
    yield from ()


def made(per_byte: int = 1) -> tuple[EventOutbox, Socket]:
    socket = Socket()
    outbox = EventOutbox(
        socket, lambda: None, lambda: None, lambda item_id: 7 if item_id == "item" else None, lambda: per_byte
    )
    return outbox, socket


@in_virtual_time
async def test_what_came_behind_an_event_is_sent_again() -> None:
    outbox, first = made()
    for number in range(4):
        outbox.send_event(sound(number))
        outbox.send_event(text(number))
    outbox.detach()
    outbox.send_event(text(9))
    assert outbox.rewind_to("s2", None, nothing)
    second = Socket()
    assert outbox.attach(second) == {7: 100 * MS}
    assert first.names == ["s0", "t0", "s1", "t1", "s2", "t2", "s3", "t3"]
    assert second.names == ["t2", "s3", "t3", "t9"]
    outbox.close(1000)


@in_virtual_time
async def test_sound_that_a_player_lost_is_sent_from_there() -> None:
    for per_byte in (1, 6):
        outbox, socket = made(per_byte)
        for number in range(3):
            outbox.send_event(sound(number, 100 * MS // per_byte))
        outbox._ponged((3).to_bytes(8, "big"))
        outbox.detach()
        assert outbox.rewind_to("s2", (7, 150), nothing)
        again = Socket()
        assert outbox.attach(again) == {7: 150 * MS}
        sizes = [len(base64.b64decode(each["delta"])) * per_byte for each in again.got]
        assert sizes == [50 * MS, 100 * MS]
        outbox.close(1000)
        assert socket.names == ["s0", "s1", "s2"]


@in_virtual_time
async def test_one_that_kept_nothing_is_shown_the_dialogue_and_the_sound() -> None:
    outbox, _ = made()
    outbox.send_event(text(0))
    outbox.send_event(sound(1))
    outbox.detach()

    def dialogue() -> Iterator[dict[str, Any]]:
        yield {"event_id": "d", "type": "conversation.item.added", "item": {}}

    assert not outbox.rewind_to("", None, dialogue)
    again = Socket()
    outbox.attach(again)
    assert again.names == ["d", "s1"]
    outbox.close(1000)


@in_virtual_time
async def test_what_is_too_much_to_keep_is_known_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resend_queue, "KEPT_MAX", 5)
    outbox, _ = made()
    for number in range(7):
        outbox.send_event(text(number))
    outbox.detach()
    assert not outbox.rewind_to("t3", None, nothing)
    again = Socket()
    outbox.attach(again)
    assert again.names == []
    outbox.close(1000)
