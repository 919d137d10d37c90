"""The telephone door over a line that keeps what it is given."""

import asyncio
import logging

import pytest

from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import FakeLine, FakeSignalling, ListeningSession
from voi.core.end_reason import EndReason
from voi.errors import EngineError
from voi.session import events
from voi.transports.telephone.door import (
    KEYS_PRESSED,
    NO_KEYS,
    NO_TARGET,
    NO_TRANSFER,
    NOT_PASSED_ON,
    PASSED_ON,
    TelephoneDoor,
)
from voi.transports.telephone.line import SOUND_MAX_S, TransferUnsupported
from voi.transports.telephone.targets import transfer_target


class Opened:
    def __init__(
        self, line: FakeLine | None = None, signalling: FakeSignalling | None = None, tail_s: float = 0.0
    ) -> None:
        self.line, self.signalling, self.session = (
            line or FakeLine(),
            signalling or FakeSignalling(),
            ListeningSession(),
        )
        self.faults: list[str] = []
        self.gone: list[str] = []
        self.door = TelephoneDoor(
            self.line, self.signalling, on_gone=self.gone.append, on_fault=self.faults.append, tail_s=tail_s
        )
        self.door.open(self.session)  # type: ignore[arg-type]


@in_virtual_time
async def test_sound_goes_both_ways_and_what_was_played_is_told() -> None:
    call = Opened()
    call.door.tell(events.Sound(3, bytes(320)))
    call.door.tell(events.Sound(3, bytes(100)))
    call.door.tell(events.SoundEnded(3))
    assert (call.door.output_rate_hz, call.door.heard_rate_hz, call.door.backlog_bytes) == (8_000, 8_000, 420)
    assert call.line.finished == [3]
    call.line.play_all()
    call.line.hear(b"\1\0" * 160)
    call.line.press_key("#")
    assert call.session.played == [(3, 320), (3, 420)]
    assert call.session.heard == b"\1\0" * 160
    assert call.session.keys == "#"
    call.door.tell(events.Sound(4, bytes(320)))
    call.door.tell(events.SoundCleared(4, 0))
    assert call.line.cleared == [4]
    assert call.door.backlog_bytes == 0


@in_virtual_time
async def test_the_end_hangs_up_and_nothing_follows() -> None:
    call = Opened()
    ended = events.Ended(EndReason.AGENT_HUNG_UP)
    call.door.tell(ended)
    call.door.tell(events.Sound(4, bytes(320)))
    assert call.signalling.ended == [ended]
    assert call.line.waiting == []
    await call.door.aclose()
    assert call.line.closed == 1


@in_virtual_time
async def test_the_goodbye_is_played_out_by_the_telephone_before_the_end() -> None:
    call = Opened(tail_s=0.2)
    call.door.tell(events.Ended(EndReason.AGENT_HUNG_UP))
    closing = asyncio.create_task(call.door.aclose())
    await asyncio.sleep(0.19)
    assert (call.signalling.ended, call.line.closed) == ([], 0)
    await closing
    assert len(call.signalling.ended) == call.line.closed == 1
    left = Opened(tail_s=0.2)
    left.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
    assert len(left.signalling.ended) == 1, "nobody is there to hear the rest"


@in_virtual_time
async def test_a_flood_is_dropped_and_counted() -> None:
    call = Opened()
    for _ in range(300):
        call.line.hear(bytes(16_000))
    assert len(call.session.heard) <= 121 * 16_000
    call.door.sound(bytes(16_000 * (SOUND_MAX_S + 1)))
    assert call.faults == ["flood", "flood"]


@in_virtual_time
async def test_a_dead_line_is_told_and_a_closed_door_tells_nothing() -> None:
    call = Opened()
    call.line.lose("no sound came for 20 s")
    assert call.gone == ["no sound came for 20 s"]
    assert call.faults == ["gone"]
    await call.door.aclose()
    call.door.gone("again")
    call.door.sound(bytes(320))
    call.door.key("1")
    call.door.played(1, 320)
    call.door.tell(events.Sound(1, bytes(320)))
    call.door.open(call.session)  # type: ignore[arg-type]
    assert call.gone == ["no sound came for 20 s"]
    assert (call.session.heard, call.session.keys, call.session.played) == (b"", "", [])
    assert (call.line.waiting, call.line.listener) == ([], None)


@pytest.mark.parametrize(
    ("refuse_with", "answer", "faults"),
    [
        (None, (PASSED_ON, False), []),
        (EngineError("603"), (NOT_PASSED_ON, True), ["transfer_failed"]),
        (TransferUnsupported(), (NO_TRANSFER, True), ["transfer_failed"]),
    ],
)
def test_a_transfer(
    refuse_with: Exception | None, answer: tuple[str, bool], faults: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    @in_virtual_time
    async def passed_on() -> None:
        call = Opened(signalling=FakeSignalling(refuse_with))
        call.door.tell(events.TransferAsked("1", "+49 (30) 123-456"))
        assert call.session.answers == [], "the session waits for an answer only when the event was told"
        await asyncio.sleep(0.1)
        assert call.signalling.targets == ["+4930123456"]
        assert call.session.answers == [("1", *answer)]
        assert call.faults == faults

    passed_on()
    (line,) = [record.getMessage() for record in caplog.records if "passed on" in record.getMessage()]
    assert line.startswith("a call could not be passed on (blind): " if refuse_with else "a call was passed on (blind)")
    assert "4930" not in line


@in_virtual_time
async def test_a_target_of_another_form_never_reaches_the_signalling() -> None:
    call = Opened()
    call.door.tell(events.TransferAsked("1", '+1"/><Dial>'))
    await asyncio.sleep(0.1)
    assert call.session.answers == [("1", NO_TARGET, True)]
    assert call.faults == ["transfer_failed"]
    assert call.signalling.targets == []


@in_virtual_time
async def test_keys_are_pressed_where_the_line_can() -> None:
    able, unable = Opened(), Opened(FakeLine(presses=False))
    for call in (able, unable):
        call.door.tell(events.KeysAsked("7", "1w2#"))
    await asyncio.sleep(0.1)
    assert able.session.answers == [("7", KEYS_PRESSED, False)]
    assert able.line.pressed == "1w2#"
    assert unable.session.answers == [("7", NO_KEYS, True)]


def test_forms_of_targets() -> None:
    assert transfer_target("+1 (555) 123-4567") == "+15551234567"
    assert transfer_target("sips:desk@pbx.example.com:5061") == "sips:desk@pbx.example.com:5061"
    for wrong in ("030123", "+0123456", "sip:a b@c", "sip:a@b>\r\nX: y", "", "+49301234567890123", "tel:+4930"):
        assert transfer_target(wrong) is None
