"""The watch sees what it is there for."""

import asyncio
import time

import pytest

from tests.attacks.watched_server import LoopWatch

pytestmark = pytest.mark.integration


async def test_it_sees_computing_and_waiting_apart() -> None:
    watch = LoopWatch()
    looking = asyncio.create_task(watch.look())
    await asyncio.sleep(0.05)
    watch.forget()
    until_s = time.thread_time() + 0.2
    while time.thread_time() < until_s:
        pass
    await asyncio.sleep(0.05)
    assert watch.held_ms >= 200
    assert watch.blocked_ms < 200
    watch.forget()
    time.sleep(0.6)  # noqa: ASYNC251 - what must not be done
    await asyncio.sleep(0.05)
    assert watch.held_ms < 200
    assert watch.blocked_ms >= 500
    looking.cancel()
