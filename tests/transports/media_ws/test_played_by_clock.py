import asyncio

from tests.fakes.clock import in_virtual_time
from voi.transports.media_ws.played_by_clock import PlayedByClock


def clock() -> tuple[PlayedByClock, list[str]]:
    played: list[str] = []
    return PlayedByClock(played.append), played


@in_virtual_time
async def test_nothing_is_played_before_the_carrier_says_so() -> None:
    by_clock, played = clock()
    by_clock.sent("a", 0.2)
    by_clock.done()
    await asyncio.sleep(1)
    assert played == []
    by_clock.sent("b", 0.2)
    by_clock.began()
    await asyncio.sleep(0.19)
    assert played == []
    await asyncio.sleep(0.02)
    assert played == ["a"]
    by_clock.sent("c", 0.1)
    await asyncio.sleep(0.2)
    assert played == ["a", "b"]
    await asyncio.sleep(0.1)
    assert played == ["a", "b", "c"]


@in_virtual_time
async def test_all_that_had_arrived_is_played_when_it_is_said() -> None:
    by_clock, played = clock()
    for name in "abc":
        by_clock.sent(name, 0.4)
    by_clock.began()
    await asyncio.sleep(0.1)
    by_clock.done()
    assert played == ["a"], "the others are longer than what can have been played"
    await asyncio.sleep(5)
    assert played == ["a"]
    by_clock.began()
    await asyncio.sleep(0.81)
    assert played == ["a", "b", "c"]


@in_virtual_time
async def test_the_carrier_ran_dry() -> None:
    by_clock, played = clock()
    by_clock.sent("a", 0.2)
    by_clock.began()
    await asyncio.sleep(1)
    by_clock.sent("b", 0.2)
    await asyncio.sleep(0.1)
    assert played == ["a"]
    await asyncio.sleep(0.11)
    assert played == ["a", "b"]


@in_virtual_time
async def test_what_is_dropped_was_not_played() -> None:
    by_clock, played = clock()
    by_clock.sent("a", 0.2)
    by_clock.began()
    by_clock.clear()
    await asyncio.sleep(1)
    by_clock.done()
    assert played == []
