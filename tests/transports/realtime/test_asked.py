"""A response that was asked for and does not come is asked for again, and then told to have failed."""

import asyncio

from tests.fakes.clock import in_virtual_time
from voi.transports.realtime import asked
from voi.transports.realtime.asked import AskedResponse


class Conversation:
    def __init__(self) -> None:
        self.waits, self.idle = True, True
        self.asks = self.given_up = 0
        self.watched = AskedResponse(lambda: self.waits, lambda: self.idle, self.ask, self.give_up)

    def ask(self) -> None:
        self.asks += 1

    def give_up(self) -> None:
        self.given_up += 1
        self.waits = False


@in_virtual_time
async def test_an_idle_session_is_asked_again_and_given_up_in_the_end() -> None:
    made = Conversation()
    made.watched.watch()
    await asyncio.sleep(asked.LOOK_EVERY_S * asked.IDLE_LOOKS + 0.01)
    assert (made.asks, made.given_up) == (1, 0)
    await asyncio.sleep(60)
    assert (made.asks, made.given_up) == (asked.TRIES_MAX, 1)


@in_virtual_time
async def test_a_busy_session_is_left_alone() -> None:
    made = Conversation()
    made.idle = False
    made.watched.watch()
    await asyncio.sleep(60)
    assert (made.asks, made.given_up) == (0, 0)
    made.watched.stop()
    made.idle = True
    await asyncio.sleep(60)
    assert made.asks == 0


@in_virtual_time
async def test_nothing_is_asked_once_it_has_come() -> None:
    made = Conversation()
    made.watched.watch()
    made.waits = False
    await asyncio.sleep(60)
    assert (made.asks, made.given_up) == (0, 0)
