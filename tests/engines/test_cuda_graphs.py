"""Recording, with a stand-in for CUDA: what is asked of it, and what follows where it fails. (What engines record, and
replay, is tested with the tape.)"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

pytest.importorskip("torch")

import torch

from voi.engines.cuda_graphs import RUNS_BEFORE, Graphs

NOT_PERMITTED = "operation not permitted when stream is capturing"


class FakeStream:
    def __init__(self, device: Any = None) -> None:
        self.waited_for: list[FakeStream] = []

    def wait_stream(self, other: "FakeStream") -> None:
        self.waited_for.append(other)


class Graph:
    def __init__(self) -> None:
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1

    def pool(self) -> str:
        return "a pool"


class Cuda:
    """What is used of `torch.cuda`. As there, a recording that cannot be ended leaves its stream in place."""

    Stream: ClassVar = FakeStream
    CUDAGraph: ClassVar = Graph

    def __init__(self, *, at_end: str = "") -> None:
        self.at_end = at_end
        self.usual = self.now = FakeStream()
        self.recording = False
        self.waits = 0
        self.pools: list[object] = []

    def current_stream(self, _: torch.device) -> FakeStream:
        return self.now

    def set_stream(self, stream: FakeStream) -> None:
        self.now = stream

    def synchronize(self, _: torch.device) -> None:
        assert self.now is self.usual
        self.waits += 1

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        before, self.now = self.now, stream
        try:
            yield
        finally:
            self.now = before

    @contextmanager
    def graph(self, _: Graph, *, pool: object, stream: FakeStream, capture_error_mode: str) -> Iterator[None]:
        assert capture_error_mode == "thread_local"
        self.pools.append(pool)
        before, self.now, self.recording = self.now, stream, True
        try:
            yield
        finally:
            self.recording = False
            if self.at_end:
                raise RuntimeError(self.at_end)
            self.now = before


@contextmanager
def instead_of_cuda(cuda: Cuda) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name in (name for name in dir(cuda) if name in vars(torch.cuda)):
            patched.setattr(torch.cuda, name, getattr(cuda, name))
        yield


class Work:
    """`fails`: in the recording. `where`: the streams on which it was done."""

    def __init__(self, cuda: Cuda, fails: str = "", kind: type[Exception] = RuntimeError) -> None:
        self.cuda, self.fails, self.kind = cuda, fails, kind
        self.where: list[FakeStream] = []

    def __call__(self) -> torch.Tensor:
        self.where.append(self.cuda.now)
        if self.fails and self.cuda.recording:
            raise self.kind(self.fails)
        return torch.tensor([len(self.where)])


def test_work_is_done_a_few_times_and_recorded_beside_all_other_work() -> None:
    cuda = Cuda()
    work = Work(cuda)
    with instead_of_cuda(cuda):
        graphs = Graphs(torch.device("cuda"), "XTTS")
        graphs.record("one", work)
        graphs.record("two", work)
        assert cuda.now is cuda.usual
        own = work.where[0]
        assert own is not cuda.usual
        assert work.where == [own] * 2 * (RUNS_BEFORE + 1)
        assert own.waited_for == [cuda.usual] * 2, "it sees what was written before"
        assert cuda.usual.waited_for == [own] * 2, "and what comes next sees what it wrote"
        assert cuda.pools == [None, "a pool"], "all share one"
        assert graphs.run("one", work).tolist() == [RUNS_BEFORE + 1]
        assert len(work.where) == 2 * (RUNS_BEFORE + 1), "replayed, and not done again"
        assert graphs._recorded["one"][0].replays == 1
        graphs.clear()
        graphs.record("three", work)
        assert "one" not in graphs
        assert "three" not in graphs


@pytest.mark.parametrize(
    ("fails", "at_end"),
    [(f"{NOT_PERMITTED}\nand more", ""), ("", NOT_PERMITTED), (NOT_PERMITTED, "capture was invalidated")],
)
def test_what_cannot_be_recorded_is_done_all_the_same_and_that_is_said_once(
    fails: str, at_end: str, caplog: pytest.LogCaptureFixture
) -> None:
    cuda = Cuda()
    with instead_of_cuda(cuda), caplog.at_level(logging.WARNING):
        graphs = Graphs(torch.device("cuda"), "XTTS")
        graphs.record("before", Work(cuda))
        cuda.at_end = at_end
        broken = Work(cuda, fails)
        graphs.record("broken", broken)
        assert cuda.now is cuda.usual
        assert cuda.waits == 1, "nothing of it goes on while others work"
        later = Work(cuda)
        graphs.record("later", later)
        assert later.where == []
        assert graphs.run("broken", broken).tolist() == [len(broken.where)]
        graphs.run("before", later)
        assert later.where == [], "what was recorded before goes on being replayed"
    assert [record.getMessage() for record in caplog.records] == [
        f"XTTS is slower than it could be, since its steps cannot be recorded: {NOT_PERMITTED}"
    ]


@pytest.mark.parametrize(
    ("fails", "kind", "at_end"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB.", torch.OutOfMemoryError, ""),
        ("CUDA out of memory. Tried to allocate 2.00 GiB.", torch.OutOfMemoryError, "capture was invalidated"),
        ("", RuntimeError, "CUDA error: out of memory"),
    ],
)
def test_want_of_memory_is_told_as_such(fails: str, kind: type[Exception], at_end: str) -> None:
    cuda = Cuda(at_end=at_end)
    with instead_of_cuda(cuda):
        graphs = Graphs(torch.device("cuda"), "XTTS")
        with pytest.raises(torch.OutOfMemoryError, match="out of memory"):
            graphs.record("large", Work(cuda, fails, kind))
        assert cuda.now is cuda.usual
