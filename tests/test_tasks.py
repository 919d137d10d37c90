"""Owned tasks: kept, logged, cancelled."""

import asyncio
import logging

import pytest

from voi.tasks import Tasks


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


async def test_what_escapes_goes_to_the_owner_where_it_wants_that() -> None:
    tasks, escaped = Tasks("c1"), list[BaseException]()
    tasks.on_failed = escaped.append

    async def work() -> None:
        raise ValueError("boom")

    task = tasks.start(work(), "work")
    assert task.get_name() == "c1 work"
    await tasks.join()
    await asyncio.sleep(0)
    assert [str(error) for error in escaped] == ["boom"]


async def test_dismissal_cancels_again_what_swallowed_the_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("voi.tasks.CANCEL_S", 0.01)
    tasks, swallowed = Tasks(), list[str]()

    async def work(times: int) -> None:
        for _ in range(times):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append("yes")
        await asyncio.Event().wait()

    tasks.start(work(1), "obstinate")
    stubborn = tasks.start(work(5), "stubborn")
    await asyncio.sleep(0)
    await tasks.dismiss()
    assert [task.get_name() for task in tasks._others()] == ["stubborn"]
    assert "still at work after their end: stubborn" in caplog.text
    while not stubborn.done():
        stubborn.cancel()
        await asyncio.sleep(0)


async def test_a_failure_is_told_to_the_tasks_own_callback_in_place_of_the_owners() -> None:
    tasks = Tasks()
    by_owner: list[str] = []
    by_itself: list[str] = []
    tasks.on_failed = lambda error: by_owner.append(str(error))

    async def fail(what: str) -> None:
        raise ValueError(what)

    async def wait() -> None:
        await asyncio.Event().wait()

    tasks.start(fail("one"), "one", lambda error: by_itself.append(str(error)))
    tasks.start(fail("other"), "other")
    tasks.start(wait(), "cancelled", lambda error: by_itself.append("cancelled"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the tasks, then what waits for their end
    await tasks.close()
    await asyncio.sleep(0)
    assert (by_itself, by_owner) == (["one"], ["other"])
