"""Doors that report what was played: what was heard is exact to the last report."""

import asyncio

from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from voi.core.facts import Fact, ReplyPlayed
from voi.session import events
from voi.session.line import Line
from voi.session.playback import REPORT_WAIT_S, Playback

MS = 16
"""Bytes of 8 kHz PCM in a millisecond."""
DELAY_S = 0.24
"""From sending a sound until it is played, and again that long until its mark is back is left out: one number does."""


class ReportingDoor(FakeDoor):
    """Plays what it gets DELAY_S later, and reports each piece when it was played."""

    def __init__(self) -> None:
        super().__init__(8_000)
        self.loop = asyncio.get_running_loop()
        self.facts: list[tuple[float, Fact]] = []
        self.reports = True
        self.playback = Playback(Line(self), self.fact, self.loop.time, reported=True)
        self._ends_s = 0.0
        self._given: dict[int, int] = {}

    def fact(self, fact: Fact) -> None:
        self.facts.append((self.loop.time(), fact))

    def tell(self, event: events.DoorEvent) -> None:
        super().tell(event)
        if isinstance(event, events.Sound):
            given = self._given[event.message_id] = self._given.get(event.message_id, 0) + len(event.pcm)
            self._ends_s = max(self._ends_s, self.loop.time() + DELAY_S) + len(event.pcm) / MS / 1_000
            self.loop.call_at(self._ends_s, self._report, event.message_id, given)

    def _report(self, message_id: int, given: int) -> None:
        if self.reports:
            self.playback.played(message_id, given)

    def say(self, reply: int, ms: int) -> None:
        self.playback.open(reply)
        self.playback.put(reply, bytes(ms * MS))
        self.playback.finish(reply)
        self.playback.release(reply, reply)

    def played_s(self) -> list[float]:
        return [at_s for at_s, fact in self.facts if isinstance(fact, ReplyPlayed)]


@in_virtual_time
async def test_a_reply_is_over_when_its_end_is_reported() -> None:
    door = ReportingDoor()
    began_s = door.loop.time()
    door.say(1, 1_000)
    await asyncio.sleep(3)
    assert [round(at_s - began_s, 3) for at_s in door.played_s()] == [1.24]
    assert door.all(events.SoundPlayed) == [events.SoundPlayed(1, 1_000)]


@in_virtual_time
async def test_what_was_heard_of_a_stopped_reply_is_exact_to_the_report() -> None:
    door = ReportingDoor()
    door.say(1, 3_000)
    await asyncio.sleep(DELAY_S + 1.05)  # ten pieces of 100 ms were reported, and half of the next is estimated
    stopped = door.playback.stop(1)
    assert stopped.played_ms == 1_050
    door.say(2, 500)
    await asyncio.sleep(3)
    assert len(door.played_s()) == 1


@in_virtual_time
async def test_no_more_than_the_piece_after_the_last_report_counts_as_heard() -> None:
    door = ReportingDoor()
    door.say(1, 5_000)
    await asyncio.sleep(DELAY_S + 1.05)
    door.reports = False  # the line stands still, and so does what is heard
    await asyncio.sleep(1)
    assert door.playback.stop(1).played_ms == 1_100


@in_virtual_time
async def test_the_pace_does_not_depend_on_how_long_reports_take() -> None:
    door = ReportingDoor()
    door.say(1, 3_000)
    await asyncio.sleep(2)
    assert 2_350 <= door.played_ms(1) <= 2_450


@in_virtual_time
async def test_a_report_that_never_comes_is_not_waited_for_long() -> None:
    door = ReportingDoor()
    door.reports = False
    began_s = door.loop.time()
    door.say(1, 1_000)
    await asyncio.sleep(5)
    assert [round(at_s - began_s, 2) for at_s in door.played_s()] == [1 + REPORT_WAIT_S]


@in_virtual_time
async def test_without_any_report_the_clock_estimates() -> None:
    door = ReportingDoor()
    door.reports = False
    door.say(1, 3_000)
    await asyncio.sleep(0.5)
    assert door.playback.stop(1).played_ms == 500


@in_virtual_time
async def test_reports_that_cannot_be_are_ignored() -> None:
    door = ReportingDoor()
    door.say(1, 1_000)
    await asyncio.sleep(0.5)
    for given in (-1, 0, 10**9):
        door.playback.played(7, given)
    door.playback.played(1, 10**9)  # more than was given: all that was given
    assert door.playback.stop(1).played_ms <= 1_000
