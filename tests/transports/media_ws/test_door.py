"""The door alone: marks, clear, frames, and what an agent may ask of it."""

import asyncio
import json
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import ListeningSession
from voi.core.end_reason import EndReason
from voi.errors import ClientError, EngineError
from voi.session import events
from voi.transports.media_ws.carrier import CallerKey, CallerSound, MarkPlayed
from voi.transports.media_ws.carriers import WEBHOOK_CARRIERS
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.door import MediaDoor
from voi.transports.media_ws.line import MARKS_MAX, Transfer
from voi.transports.telephone.door import NO_KEYS, NO_TRANSFER, PASSED_ON

ULAW = MediaCodec("ulaw", 8_000)
FRAME = 320


class FakeMediaSocket:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.closed: tuple[int, str] | None = None
        self.backlog_bytes = 7

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def send_text(self, message: bytes) -> None:
        self.sent.append(json.loads(message))

    def close(self, code: int, reason: str = "") -> None:
        self.closed = code, reason

    @property
    def events(self) -> list[str]:
        return [each.get("event") or each.get("action") for each in self.sent if isinstance(each, dict)]

    @property
    def marks(self) -> list[str]:
        return [each["mark"]["name"] for each in self.sent if each.get("event") == "mark"]


def opened(kind: Any = "twilio", transfer: Transfer | None = None) -> tuple[MediaDoor, FakeMediaSocket, Any, list[str]]:
    socket, session = FakeMediaSocket(), ListeningSession()
    faults: list[str] = []
    door = MediaDoor(socket, WEBHOOK_CARRIERS[kind], ULAW, ULAW, "S1", transfer, faults.append)
    door.open(session)  # type: ignore[arg-type]
    return door, socket, session, faults


@in_virtual_time
async def test_a_mark_goes_behind_each_sound_and_its_return_is_told() -> None:
    door, socket, session, _ = opened()
    door.tell(events.Sound(4, bytes(5 * FRAME)))
    door.tell(events.Sound(4, bytes(5 * FRAME + 100)))
    door.tell(events.Sound(4, bytes(50)))
    assert socket.events == ["media", "mark", "media", "mark"], "a begun frame waits"
    door.tell(events.SoundEnded(4))
    assert socket.events[4:] == ["media", "mark"]
    for name in socket.marks:
        door.receive(MarkPlayed(name))
    door.receive(MarkPlayed(socket.marks[0]))
    door.receive(MarkPlayed("no mark of ours"))
    assert session.played == [(4, 5 * FRAME), (4, 10 * FRAME), (4, 10 * FRAME + 150)]


@in_virtual_time
async def test_marks_that_come_back_for_dropped_sound_do_not_count() -> None:
    door, socket, session, _ = opened()
    door.tell(events.Sound(4, bytes(5 * FRAME)))
    door.tell(events.Sound(4, bytes(5 * FRAME + 10)))
    first, second = socket.marks
    door.receive(MarkPlayed(first))
    door.tell(events.SoundCleared(4, 60))
    assert socket.events[-1] == "clear"
    door.receive(MarkPlayed(second))
    door.tell(events.Sound(5, bytes(FRAME)))
    door.receive(MarkPlayed(socket.marks[-1]))
    assert session.played == [(4, 5 * FRAME), (5, FRAME)], "and nothing of the old message is in the new one"


@in_virtual_time
async def test_a_carrier_that_sends_no_marks_back() -> None:
    door, _, _, faults = opened()
    for _ in range(MARKS_MAX + 10):
        door.tell(events.Sound(4, bytes(FRAME)))
    assert len(door.media.marks) == MARKS_MAX
    assert faults == ["marks_missing"] * 10


@in_virtual_time
async def test_the_callers_sound_and_keys() -> None:
    door, _, session, faults = opened()
    for chunk in (1, 3, 2, 2):
        door.receive(CallerSound(b"\xff" * 160, chunk))
    door.receive(CallerKey("5"))
    assert session.heard == bytes(3 * FRAME)
    assert session.keys == "5"
    assert faults == ["lost_sound"]
    with pytest.raises(ClientError):
        door.receive(CallerSound(b"\xff" * 8_000 * 31, 4))
    await door.aclose()
    door.receive(CallerSound(b"\xff" * 160, 4))
    assert len(session.heard) == 3 * FRAME


@in_virtual_time
async def test_more_sound_than_can_be_spoken_is_dropped() -> None:
    door, _, session, faults = opened()
    for chunk in range(8 * 1_000):
        door.receive(CallerSound(b"\xff" * 160, chunk))
    assert len(session.heard) <= 121 * 16_000
    assert "flood" in faults


@in_virtual_time
async def test_the_end_closes_the_socket_and_nothing_follows() -> None:
    door, socket, _, _ = opened()
    door.tell(events.Ended(EndReason.AGENT_HUNG_UP))
    door.tell(events.Sound(4, bytes(FRAME)))
    assert socket.closed == (1000, "The agent hung up.")
    assert socket.sent == []


@in_virtual_time
async def test_what_the_agent_asks_for() -> None:
    asked: list[str] = []

    async def transfer(target: str) -> None:
        asked.append(target)
        if target.endswith("0"):
            raise EngineError("no")

    door, _, session, faults = opened(transfer=transfer)
    targets = ("+49 30 123456", "+4930123450", "sip:desk@pbx.example.com", '+1"/><Dial>', "sip:a b@c")
    for number, target in enumerate(targets):
        door.tell(events.TransferAsked(str(number), target))
    door.tell(events.KeysAsked("9", "12"))
    await asyncio.sleep(0.1)
    assert asked == ["+4930123456", *targets[1:3]]
    answers = {number: (result, failed) for number, result, failed in session.answers}
    assert answers["0"] == answers["2"] == (PASSED_ON, False)
    assert answers["1"] == ("The call could not be passed on.", True)
    assert answers["3"][1]
    assert answers["4"][1]
    assert answers["9"] == (NO_KEYS, True)
    assert faults == ["transfer_failed"] * 3


@in_virtual_time
async def test_carriers_without_transfer_and_with_keys() -> None:
    door, socket, session, _ = opened("plivo")
    door.tell(events.TransferAsked("1", "+4930123456"))
    door.tell(events.KeysAsked("2", "12#"))
    await asyncio.sleep(0.1)
    assert sorted(session.answers) == [("1", NO_TRANSFER, True), ("2", "The keys were pressed.", False)]
    assert socket.sent[-1]["dtmf"] == "12#"
    assert door.backlog_bytes == 7


@in_virtual_time
async def test_nothing_above_the_lines_band_folds_into_it() -> None:
    """The agent's voice comes at 24 kHz and is resampled once: a tone of 5 kHz is gone then, one of 1 kHz is not."""
    import numpy as np

    from voi.audio.pcm import from_scaled, rms_dbfs
    from voi.audio.resample import resample

    at = np.arange(24_000) / 24_000
    high, low = (from_scaled(10_000 * np.sin(2 * np.pi * hz * at)) for hz in (5_000, 1_000))
    levels = [rms_dbfs(ULAW.decode(ULAW.encode(resample(pcm, 24_000, 8_000)[400:-400]))) for pcm in (high, low)]
    assert levels[0] < -60
    assert abs(levels[1] - rms_dbfs(low)) < 0.3
