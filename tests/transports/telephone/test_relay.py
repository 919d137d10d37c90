"""Sound from one line to another, in virtual time."""

import asyncio

from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import FakeLine
from voi.transports.telephone.relay import AHEAD_MAX_S, RELAYED_ID, Relay

FRAME = b"\1\0" * 160


@in_virtual_time
async def test_sound_that_finds_the_line_empty_gets_a_cushion_once() -> None:
    line = FakeLine()
    relay = Relay(8_000, line)
    for _ in range(50):
        relay.push(FRAME)
        await asyncio.sleep(0.02)
    sound = line.play_all()
    assert len(sound) == 640 + 50 * 320
    assert not any(sound[:640])
    await asyncio.sleep(1)
    relay.push(FRAME)
    assert len(line.play_all()) == 640 + 320


@in_virtual_time
async def test_delay_does_not_grow() -> None:
    line = FakeLine()
    relay = Relay(8_000, line)
    for _ in range(100):
        relay.push(FRAME)  # two seconds at once, as after a gap of the network
    assert len(line.play_all()) <= (AHEAD_MAX_S + 0.02) * 16_000
    assert relay.dropped_s > 1.7
    fast = Relay(8_000, FakeLine())
    for _ in range(10_000):
        fast.push(FRAME)
        await asyncio.sleep(0.0199)  # a clock that is half a percent too fast
    assert 0 < fast.dropped_s < 2


@in_virtual_time
async def test_rates_differ_and_the_end_clears() -> None:
    line = FakeLine(rate_hz=16_000)
    relay = Relay(8_000, line)
    for _ in range(50):
        relay.push(FRAME)
        await asyncio.sleep(0.02)
    assert abs(len(line.play_all()) - 2 * (640 + 50 * 320)) < 200
    relay.push(FRAME)
    relay.close()
    assert line.cleared == [RELAYED_ID]
    assert line.backlog_bytes == 0
