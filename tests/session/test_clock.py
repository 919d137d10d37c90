"""A clock that stands still while the client is away, and its alarm."""

import asyncio

from tests.fakes.clock import in_virtual_time
from voi.session.clock import Alarm, ConversationClock


def test_time_away_does_not_count() -> None:
    now_s = 100.0
    clock = ConversationClock(lambda: now_s)
    assert (clock(), clock.stopped) == (100.0, False)
    clock.stop()
    now_s = 107.0
    clock.stop()  # it stands already
    assert (clock(), clock.stopped) == (100.0, True)
    assert clock.go_on() == 7.0
    assert clock.go_on() == 0.0
    now_s = 108.0
    assert clock() == 101.0


@in_virtual_time
async def test_the_alarm_rings_at_the_earliest_time_that_was_set() -> None:
    loop = asyncio.get_running_loop()
    clock = ConversationClock(loop.time)
    alarm, rung = Alarm(clock), []
    await asyncio.sleep(3)
    alarm.start()

    def ring() -> None:
        alarm.clear()
        rung.append(alarm.now_ms())

    for due_ms in (None, 500, 900, 300):
        alarm.set(due_ms, ring)
    await asyncio.sleep(2)
    assert rung == [300]
    alarm.set(2_500, ring)
    alarm.clear()
    await asyncio.sleep(2)
    assert rung == [300]
    assert alarm.since_start_ms(clock()) == alarm.now_ms() == 4_000


@in_virtual_time
async def test_an_alarm_is_not_set_while_the_clock_stands() -> None:
    clock = ConversationClock(asyncio.get_running_loop().time)
    alarm, rung = Alarm(clock), []
    alarm.start()
    clock.stop()
    alarm.set(100, lambda: rung.append(alarm.now_ms()))
    await asyncio.sleep(1)
    assert rung == []
    clock.go_on()
    alarm.set(100, lambda: rung.append(alarm.now_ms()))
    await asyncio.sleep(1)
    assert rung == [100]
