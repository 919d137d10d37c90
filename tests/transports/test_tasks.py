"""Owned tasks: kept, logged, cancelled."""

import asyncio
import logging

import pytest

from voi.transports.tasks import Tasks


async def test_close_cancels_and_waits() -> None:
    tasks = Tasks()
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("yes")

    tasks.start(work(), "work")
    await asyncio.sleep(0)
    assert len(tasks) == 1
    await tasks.close()
    assert ended == ["yes"]
    assert len(tasks) == 0


async def test_what_escapes_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()

    async def work() -> None:
        raise ValueError("boom")

    with caplog.at_level(logging.ERROR):
        task = tasks.start(work(), "the work")
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert "the work failed" in caplog.text
    assert "boom" in caplog.text
    assert len(tasks) == 0
