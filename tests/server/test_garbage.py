"""Full collections wait for quiet."""

import asyncio
import gc

import pytest

from voi.server import garbage


async def test_it_collects_when_idle_or_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    steps = iter([(1, 0), (1, 5), (0, 5), (0, 5), (1, 100), (100, 261), (1, 262), (1, 263), (100, 20_300)])
    now = (0, 0)

    async def sleep(_: float) -> None:
        nonlocal now
        try:
            now = next(steps)
        except StopIteration:
            raise asyncio.CancelledError from None

    monkeypatch.setattr(garbage.asyncio, "sleep", sleep)  # type: ignore[attr-defined]
    monkeypatch.setattr(gc, "collect", lambda: collected.append(now[1]))
    with pytest.raises(asyncio.CancelledError):
        await garbage.collect_when_idle(lambda: now[0], lambda: now[1])
    assert collected == [5, 262, 20_300]


def test_settle_freezes_and_leaves_the_oldest_generation_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for name in ("collect", "freeze"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))  # type: ignore[misc]
    threshold = gc.get_threshold()
    try:
        garbage.settle()
        assert done == ["collect", "freeze"]
        assert gc.get_threshold() == (garbage.YOUNG_OBJECTS, garbage.YOUNG_COLLECTIONS, garbage.NEVER)
    finally:
        gc.set_threshold(*threshold)
