"""What is kept for a door to come."""

import pytest

from tests.fakes.door import FakeDoor
from voi.core.actions import Status
from voi.core.end_reason import EndReason
from voi.session import events
from voi.session import line as line_module
from voi.session.events import AgentMessage, AgentText, Ended, StatusChanged, UserMessage
from voi.session.line import Line

CREATED = StatusChanged(Status.RESPONSE_CREATED)


def told(door: FakeDoor) -> list[events.DoorEvent]:
    return [event for _, event in door]


async def test_the_next_door_is_told_what_none_was_told_once_and_in_order() -> None:
    first, second = FakeDoor(), FakeDoor()
    line = Line(first)
    line.now.tell(CREATED)
    line.detach()
    line.now.tell(AgentText(1, 0, "Hello."))
    line.now.tell(events.Sound(1, b"abcd"))
    line.now.tell(events.SoundEnded(1))
    line.attach(second)
    line.now.tell(AgentText(1, 1, "There."))
    assert told(first) == [CREATED]
    assert told(second) == [AgentText(1, 0, "Hello."), events.SoundEnded(1), AgentText(1, 1, "There.")]


async def test_of_a_message_that_grew_only_its_newest_state_is_kept() -> None:
    door = FakeDoor()
    line = Line(FakeDoor())
    line.detach()
    for event in (
        UserMessage(1, "tell", final=False, added="tell"), UserMessage(1, "tell me", final=False, added=" me"),
        AgentMessage(2, "Once", final=False), UserMessage(3, "so", added="so"), UserMessage(3, "no"),
        AgentMessage(2, "Once upon"), UserMessage(1, "tell me more", added=" more"),
    ):  # fmt: skip
        line.now.tell(event)
    line.attach(door)
    assert told(door) == [
        UserMessage(3, "no"), AgentMessage(2, "Once upon"), UserMessage(1, "tell me more", added="tell me more"),
    ]  # fmt: skip


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "KEPT_MAX", 3)
    door = FakeDoor()
    line = Line(FakeDoor())
    line.detach()
    for number in range(10):
        line.now.tell(AgentText(1, number, "x"))
    line.attach(door)
    assert told(door) == [AgentText(1, number, "x") for number in (7, 8, 9)]
    assert line.forgotten == 7


async def test_nothing_comes_after_the_end() -> None:
    door = FakeDoor()
    line = Line(door)
    line.end(Ended(EndReason.FINISHED))
    line.now.tell(CREATED)
    line.end(Ended(EndReason.FAULT))
    assert told(door) == [Ended(EndReason.FINISHED)]
    assert line.ended == Ended(EndReason.FINISHED)


async def test_backlog_and_rate_are_those_of_the_door() -> None:
    door = FakeDoor(8_000)
    line = Line(door)
    door.backlog_bytes = 7
    assert (line.output_rate_hz, line.now.backlog_bytes) == (8_000, 7)
    line.detach()
    assert line.now.backlog_bytes == 0
    with pytest.raises(ValueError, match="8000 Hz, not of 24000 Hz"):
        line.attach(FakeDoor(24_000))
