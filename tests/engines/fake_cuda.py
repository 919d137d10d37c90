"""A stand-in for `torch.cuda`, as far as recording uses it: streams, graphs, and what the allocator notes of pools."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch

from tests.engines.cuda_tape import Refused, Tape
from voi.engines import cuda_streams

NOT_PERMITTED = "operation not permitted when stream is capturing"
INVALIDATED = "operation failed due to a previous error during capture"


class FakeStream:
    def __init__(self, device: Any = None) -> None:
        self.waited_for: list[FakeStream] = []

    def wait_stream(self, other: "FakeStream") -> None:
        self.waited_for.append(other)


class Allocator:
    """What torch's allocator notes of pools. While a recording goes on it frees nothing, and fails when told to."""

    def __init__(self) -> None:
        self.underway: list[object] = []
        self.users: dict[object, int] = {}

    def begin(self, pool: object) -> None:
        assert self.users[pool] > 0
        self.users[pool] += 1
        self.underway.append(pool)

    def end(self, _: int | None, pool: object) -> None:
        if pool not in self.underway:
            raise RuntimeError("endAllocatePool: not currently recording to mempool_id")
        self.underway.remove(pool)

    def release(self, _: int | None, pool: object) -> None:
        self.users[pool] -= 1
        assert self.users[pool] >= 0

    def empty_cache(self) -> None:
        if self.underway:
            raise RuntimeError("captures_underway.empty() INTERNAL ASSERT FAILED")


class Cuda:
    """What is used of `torch.cuda`. As there, a recording that cannot be ended leaves its stream in place. `ends`,
    `releases`: whether torch itself then closes the pool, and gives its share of it up: newer versions do. `replays`:
    what is recorded are operations on the CPU, which are done again; what CUDA refuses spoils a recording."""

    def __init__(
        self,
        *,
        at_end: str = "",
        at_begin: str = "",
        ends: bool = False,
        releases: bool = False,
        replays: bool = False,
    ) -> None:
        self.at_end, self.at_begin, self.ends, self.releases = at_end, at_begin, ends, releases
        self.replays = replays
        self.usual = self.now = FakeStream()
        self.recording = False
        self.waits = 0
        self.allocator = allocator = Allocator()
        self.pools: list[object] = []
        self.streams: list[FakeStream] = []
        cuda = self

        class MemPool:
            def __init__(self) -> None:
                self.id = (0, len(allocator.users))
                allocator.users[self.id] = 1

            def use_count(self) -> int:
                return allocator.users[self.id]

            def __del__(self) -> None:
                allocator.release(0, self.id)

        class CUDAGraph:
            def __init__(self) -> None:
                self.replays = 0
                self.pool: object = None
                self.is_whole = False
                self.tape: Tape | None = None

            def replay(self) -> None:
                self.replays += 1
                if self.tape is not None:
                    self.tape.replay()

            def reset(self) -> None:
                if self.pool is not None and (self.is_whole or cuda.releases):
                    allocator.release(0, self.pool)
                self.pool = None

            __del__ = reset

        def stream(device: Any = None) -> FakeStream:
            self.streams.append(FakeStream(device))
            return self.streams[-1]

        self.MemPool, self.CUDAGraph, self.Stream = MemPool, CUDAGraph, stream

    def is_current_stream_capturing(self) -> bool:
        return self.recording

    def current_stream(self, _: torch.device) -> FakeStream:
        return self.now

    def set_stream(self, stream: FakeStream) -> None:
        self.now = stream

    def empty_cache(self) -> None:
        self.allocator.empty_cache()

    def synchronize(self, _: torch.device) -> None:
        assert self.now is self.usual
        self.waits += 1

    @contextmanager
    def device(self, _: torch.device) -> Iterator[None]:
        yield

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        before, self.now = self.now, stream
        try:
            yield
        finally:
            self.now = before

    @contextmanager
    def graph(self, graph: Any, *, pool: object, stream: FakeStream, capture_error_mode: str) -> Iterator[None]:
        assert capture_error_mode == "thread_local"
        self.allocator.empty_cache()
        self.pools.append(pool)
        before, self.now = self.now, stream
        graph.pool = pool
        self.allocator.begin(pool)
        if self.at_begin:
            raise RuntimeError(self.at_begin)
        self.recording, at_end = True, self.at_end
        graph.tape = Tape() if self.replays else None
        try:
            with graph.tape or nullcontext():
                yield
        except Refused:
            at_end = at_end or INVALIDATED
            raise
        finally:
            self.recording = False
            if at_end and not self.ends:
                raise RuntimeError(at_end)
            self.allocator.end(0, pool)
            if at_end:
                raise RuntimeError(at_end)
            graph.is_whole = True
            self.now = before


DEVICE = torch.device("cuda:0")


@contextmanager
def instead_of_cuda(cuda: Cuda) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name in (name for name in dir(cuda) if name[0] != "_" and hasattr(torch.cuda, name)):
            patched.setattr(torch.cuda, name, getattr(cuda, name))
        patched.setattr(torch._C, "_cuda_endAllocateToPool", cuda.allocator.end, raising=False)
        patched.setattr(torch._C, "_cuda_releasePool", cuda.allocator.release, raising=False)
        patched.setattr(cuda_streams, "_made", {})
        yield
