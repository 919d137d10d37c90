"""How busy the process is: measured, told, logged, and refused by."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import API_KEY
from tests.server.serving import Person, fake_engines, serving
from voi.calls.load import SAMPLE_EVERY_S, WINDOW, Load, LoadLevel
from voi.core.facts import Fact, LoadChanged
from voi.engines.supervised import Supervised
from voi.server.load_monitor import log_level, monitor
from voi.session.session import Session

pytestmark = pytest.mark.integration


class Told(Load):
    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.samples: list[tuple[float, float, str, int]] = []

    def sample(self, late_s: float, core: float, engine_wait_s: float = 0, engine: str = "", calls: int = 0) -> None:
        self.samples.append((round(late_s, 3), engine_wait_s, engine, calls))


def engine(wait_s: float, *, cloud: bool = False) -> Supervised[Any]:
    waits, info = SimpleNamespace(recent_s=wait_s), SimpleNamespace(cloud=cloud)
    return cast("Supervised[Any]", SimpleNamespace(waits=waits, engine=SimpleNamespace(info=info)))


class Hands:
    """A clock that jumps on while the loop's does not: something held the loop."""

    def __init__(self) -> None:
        self.held_s = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.held_s


@in_virtual_time
async def test_the_loops_lateness_and_the_slowest_engine_of_this_machine_are_told() -> None:
    load, clock, late = Told(), Hands(), list[float]()
    engines = {"stt": engine(0.3), "tts": engine(0.4), "far": engine(9.0, cloud=True)}
    task = asyncio.create_task(monitor(load, lambda: 7, engines, late.append, clock))
    await asyncio.sleep(SAMPLE_EVERY_S * 1.5)
    clock.held_s += 0.25
    await asyncio.sleep(SAMPLE_EVERY_S)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert load.samples == [(0.0, 0.4, "tts", 7), (0.25, 0.4, "tts", 7)]
    assert [round(late_s, 3) for late_s in late] == [0.0, 0.25]


def test_each_level_has_its_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for level in LoadLevel:
        log_level(level, "measured so")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "WARNING"]
    assert "partial transcripts" in caplog.messages[1]
    assert all("measured so" in message for message in caplog.messages)


@contextlib.contextmanager
def overloaded(load: Load) -> Iterator[None]:
    load.level, sample, load.sample = LoadLevel.FULL, load.sample, lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        load.level, load.sample = LoadLevel.NORMAL, sample  # type: ignore[method-assign]


async def test_an_overloaded_server_sends_new_callers_away_and_says_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), admit_by_load=True) as running:
        with overloaded(running.server.load):
            first = await Person.arrive(running.port)
            second = await Person.arrive(running.port)
            third = await Person.connected(running.port)
            await third.until(lambda: third.closed)
            assert third.closed == 1013
            assert "Try again in 10 seconds" in third.errors[-1]
            assert first.closed is second.closed is None
        await Person.arrive(running.port)
        _, _, body = await running.http("GET", "/metrics?format=prometheus", f"API-Key: {API_KEY}\r\n")
        assert b'voi_connections_refused_total{reason="overloaded"} 1.0' in body


async def test_conversations_are_told_that_the_server_is_busy_and_when_it_is_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, bool]] = []
    tell = Session.tell

    def listen_in(session: Session, fact: Fact) -> None:
        if isinstance(fact, LoadChanged):
            told.append((session.conversation_id, fact.busy))
        tell(session, fact)

    monkeypatch.setattr(Session, "tell", listen_in)
    async with serving(tmp_path, monkeypatch, fake_engines(), admit_by_load=True) as running:
        await Person.arrive(running.port)
        load = running.server.load
        for _ in range(WINDOW):
            load.sample(late_s=0.03, core=0.1, calls=1)
        assert load.level is LoadLevel.BUSY
        await Person.arrive(running.port)
        with overloaded(load):
            _, _, body = await running.http("GET", "/metrics?format=prometheus", f"API-Key: {API_KEY}\r\n")
        assert b"voi_load_level 1.0" in body
        load._late_s.clear()  # or the server's own next sample makes it busy again
        load._become(LoadLevel.NORMAL)
    (first, _), (second, _), *last = told
    assert told == [(first, True), (second, True), *last]
    assert sorted(last) == sorted([(first, False), (second, False)])
