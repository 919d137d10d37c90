"""Calls leave a server process only if they are kept for another, and all of them when it stops."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from voi.server import handing_over
from voi.server.handing_over import HandingOver
from voi.tasks import Tasks
from voi.transports.resumables import Resumables


class Door:
    """What of `VoiWebSockets` is needed. `shared` None: calls are kept for nobody."""

    def __init__(self, shared: bool | None) -> None:
        self.resumables: Resumables[Any] = Resumables(0)
        self.handover = None if shared is None else type("Handover", (), {"shared": shared})()


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was begun, and what was cancelled."""
    done: list[str] = []

    def work(name: str) -> Callable[..., Any]:
        async def working(*_: object) -> None:
            done.append(name)
            try:
                await asyncio.sleep(0 if name == "hand over" else 1e6)
            except asyncio.CancelledError:
                done.append(f"no more {name}")
                raise

        return working

    monkeypatch.setattr(handing_over, "keep_swept", work("sweep"))
    monkeypatch.setattr(handing_over, "give_up_wanted", work("give up"))
    monkeypatch.setattr(handing_over, "hand_over", work("hand over"))
    return done


@pytest.mark.parametrize(
    ("shared", "begun", "at_the_end"),
    [
        (None, [], []),
        (False, ["sweep"], ["hand over"]),
        (True, ["sweep", "give up"], ["no more give up", "hand over"]),
    ],
)
async def test_what_is_done(done: list[str], shared: bool | None, begun: list[str], at_the_end: list[str]) -> None:
    tasks = Tasks()
    calls = HandingOver(Door(shared), asyncio.Event())
    calls.start(tasks)
    await asyncio.sleep(0)
    assert done == begun
    await calls.all_leave()
    assert done == begun + at_the_end
    await tasks.close()


async def test_a_server_that_stops_before_it_is_ready_hands_over_what_there_is(done: list[str]) -> None:
    await HandingOver(Door(True), asyncio.Event()).all_leave()
    assert done == ["hand over"]
