import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from voi.engines.tts.xtts import device_thread as worker_module
from voi.engines.tts.xtts.device_thread import DeviceThread, cpu_threads
from voi.engines.tts.xtts.engine import Xtts
from voi.errors import EngineBroken, EngineError


class Tenant:
    last_used_s = 0.0

    def make_room(self) -> bool:
        return False


class Steps:
    """So many rounds. `log`: what is done on the thread, in order."""

    def __init__(self, rounds: int, log: list[str]) -> None:
        self.left, self.log = rounds, log

    @property
    def busy(self) -> bool:
        return self.left > 0

    def step(self) -> None:
        self.left -= 1
        self.log.append("round")

    def fail(self, error: EngineError) -> None:
        raise AssertionError(error)


@pytest.fixture
def worker() -> Iterator[DeviceThread]:
    tenant = Tenant()
    made = DeviceThread.of("cpu", tenant)
    yield made
    made.leave(tenant)
    made._thread.join(5)
    assert not made._thread.is_alive()


async def test_a_ping_is_answered_between_two_rounds(worker: DeviceThread, tmp_path: Path) -> None:
    """And never, where a round does not end."""
    begun, go_on = threading.Event(), threading.Event()

    class Hanging(Steps):
        def step(self) -> None:
            begun.set()
            go_on.wait(30)
            super().step()

    engine = Xtts(checkpoint=tmp_path, config=tmp_path, voices=tmp_path)
    await engine.ping()  # not loaded: nothing can hang
    engine._worker = worker
    worker.add(Hanging(1, []))
    worker.wake()
    assert await asyncio.to_thread(begun.wait, 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(engine.ping(), 0.01)
    ping = asyncio.create_task(engine.ping())
    go_on.set()
    await asyncio.wait_for(ping, 60)


def test_rounds_go_on_between_the_pieces_of_what_is_loaded(worker: DeviceThread) -> None:
    log: list[str] = []
    go = threading.Event()

    def load(name: str) -> Generator[None, None, str]:
        go.wait(30)
        for _ in range(3):
            log.append(name)
            yield
        return name

    first, second = worker.call_in_pieces(load("a")), worker.call_in_pieces(load("b"))
    worker.add(Steps(6, log))
    go.set()
    assert (first.result(30), second.result(30)) == ("a", "b")
    assert log[:12] == ["a", "round", "a", "round", "a", "round", "round", "b", "round", "b", "round", "b"]


class Listened(Steps):
    """`slack`: of each round, before it is done."""

    def __init__(self, slack: list[float], log: list[str]) -> None:
        super().__init__(len(slack), log)
        self.slack = slack

    def slack_s(self) -> float:
        return self.slack[len(self.slack) - self.left]


@pytest.mark.parametrize(
    ("longest_wait_s", "patience_s", "expected"),
    [
        (1e6, 1e6, ["round", "round", "piece", "round", "round", "piece"]),
        (-1.0, 1e6, ["piece", "round", "piece", "round"]),
        (1e6, 0.0, ["piece", "round", "piece", "round"]),
    ],
)
def test_long_pieces_wait_while_a_listener_has_little_left(
    longest_wait_s: float,
    patience_s: float,
    expected: list[str],
    worker: DeviceThread,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But not for ever."""
    monkeypatch.setattr(worker_module, "LONGEST_WAIT_S", longest_wait_s)
    log: list[str] = []
    go = threading.Event()
    worker.call(lambda: go.wait(30))
    worker._piece_at_s = time.monotonic()

    def record() -> Generator[None, None, None]:
        for _ in range(2):
            log.append("piece")
            yield

    done = worker.call_in_pieces(record(), patience_s=patience_s)
    worker.add(Listened([0.1, 0.1, 9.0, 0.1], log))
    go.set()
    done.result(30)
    assert log[: len(expected)] == expected


def test_what_fails_or_is_no_longer_wanted_ends_alone(worker: DeviceThread) -> None:
    began, go, closed = threading.Event(), threading.Event(), threading.Event()

    def fails() -> Generator[None, None, None]:
        yield
        raise ValueError("broken")

    def endless() -> Generator[None, None, None]:
        try:
            while True:
                began.set()
                go.wait(30)
                yield
        finally:
            closed.set()

    with pytest.raises(ValueError, match="broken"):
        worker.call_in_pieces(fails()).result(30)
    future = worker.call_in_pieces(endless())
    assert began.wait(30)
    assert future.cancel()
    go.set()
    assert closed.wait(30)
    assert worker.call(lambda: 7).result(30) == 7


def test_the_thread_holds_on_to_nothing_that_was_unloaded(worker: DeviceThread) -> None:
    """Else a model's memory would not be free when another one wants it."""

    class Model(Steps):
        pass

    def load() -> Generator[None, None, Model]:
        yield
        return Model(2, [])

    model: Any = worker.call_in_pieces(load()).result(30)
    worker.add(model)
    worker.wake()
    gone = weakref.ref(model)
    del model

    def make_room() -> bool:
        worker.remove(gone())  # type: ignore[arg-type]
        gc.collect()
        return gone() is None

    assert worker.call(make_room).result(30)


def test_who_was_used_longest_ago_makes_room_and_nobody_for_himself() -> None:
    asked: list[str] = []

    class Used(Tenant):
        def __init__(self, name: str, last_used_s: float, unloads: bool) -> None:
            self.name, self.last_used_s, self.unloads = name, last_used_s, unloads

        def make_room(self) -> bool:
            asked.append(self.name)
            return self.unloads

    tenants = [Used("new", 9.0, True), Used("old", 2.0, True), Used("oldest", 1.0, False), Used("asking", 0.0, True)]
    one, *same = [DeviceThread.of("cpu", tenant) for tenant in tenants]
    assert all(worker is one for worker in same)
    assert one.make_room(tenants[-1])
    assert asked == ["oldest", "old"]
    for tenant in tenants[1:]:
        one.leave(tenant)
    assert not one.make_room(tenants[0])
    assert DeviceThread.of("cpu", tenants[0]) is one, "it goes on for who is left"
    one.leave(tenants[0])
    one._thread.join(5)
    assert not one._thread.is_alive()
    assert not DeviceThread._all


def test_what_was_asked_before_the_last_one_left_is_done() -> None:
    tenant, go = Tenant(), threading.Event()
    one = DeviceThread.of("cpu", tenant)

    def piece() -> Generator[None, None, str]:
        yield
        return "loaded"

    waiting = one.call(lambda: go.wait(30))
    asked, in_pieces = one.call(lambda: 7), one.call_in_pieces(piece())
    one.leave(tenant)
    go.set()
    assert waiting.result(30)
    assert (asked.result(30), in_pieces.result(30)) == (7, "loaded")
    one._thread.join(5)
    assert not one._thread.is_alive()


def test_one_core_is_left_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads in ((1, 1), (2, 1), (4, 3), (64, 16)):
        monkeypatch.setattr(worker_module.os, "sched_getaffinity", lambda _, n=cores: set(range(n)), raising=False)  # type: ignore[attr-defined]
        assert cpu_threads() == threads


def test_the_thread_computes_with_so_many(worker: DeviceThread) -> None:
    assert worker.call(torch.get_num_threads).result(30) == cpu_threads()


@pytest.mark.parametrize(
    ("error", "kind"),
    [(RuntimeError("shapes"), EngineError), (torch.AcceleratorError("CUDA error: an illegal access"), EngineBroken)],
)
def test_a_failure_that_ends_all_work_on_the_device_is_told_as_such(
    worker: DeviceThread, error: Exception, kind: type[EngineError]
) -> None:
    told: list[EngineError] = []
    heard = threading.Event()

    class Failing(Steps):
        def step(self) -> None:
            self.left = 0
            raise error

        def fail(self, error: EngineError) -> None:
            told.append(error)
            heard.set()

    worker.add(Failing(1, []))
    worker.wake()
    assert heard.wait(30)
    assert type(told[0]) is kind
    assert str(told[0]) == f"XTTS failed: {error}"
