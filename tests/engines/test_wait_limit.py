"""The end of waits that take too long."""

import asyncio

import pytest

from voi.engines.wait_limit import WaitLimit


async def wait(limit: WaitLimit, told: list[bool]) -> None:
    """Waits until it is cancelled; notes whether the limit was the cause, and raises if it was not."""
    limit.begin()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError as error:
        told.append(limit.end(type(error)))
        if not told[-1]:
            raise


async def test_a_wait_that_expires_is_told_from_a_task_that_is_cancelled() -> None:
    limit, told = WaitLimit(), list[bool]()
    expiring = asyncio.create_task(wait(limit, told))
    await asyncio.sleep(0)
    limit.expire()
    await expiring
    cancelled = asyncio.create_task(wait(limit, told))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert told == [True, False]


async def test_a_cancellation_wins_over_a_limit_that_expires_at_the_same_time() -> None:
    limit, told = WaitLimit(), list[bool]()
    task = asyncio.create_task(wait(limit, told))
    await asyncio.sleep(0)
    limit.expire()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert told == [False]


async def test_a_wait_that_is_over_cannot_expire() -> None:
    limit = WaitLimit()
    limit.begin()
    assert limit.waits
    assert not limit.end(None)
    assert not limit.waits
    limit.expire()
    await asyncio.sleep(0)
