"""Recording, with a stand-in for CUDA: what is asked of it, and what follows where it fails. (What engines record, and
replay, is tested with the tape.)"""

import logging

import pytest

pytest.importorskip("torch")

import torch

from tests.engines.fake_cuda import DEVICE, NOT_PERMITTED, Cuda, FakeStream, instead_of_cuda
from voi.engines.cuda_graphs import RUNS_BEFORE, Graphs, release_memory


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
        graphs = Graphs(DEVICE, "XTTS")
        graphs.record("one", work)
        graphs.record("two", work)
        assert cuda.now is cuda.usual
        own = work.where[0]
        assert own is not cuda.usual
        assert work.where == [own] * 2 * (RUNS_BEFORE + 1)
        assert own.waited_for == [cuda.usual] * 2, "it sees what was written before"
        assert cuda.usual.waited_for == [own] * 2, "and what comes next sees what it wrote"
        (pool,) = set(cuda.pools)
        assert cuda.allocator.users[pool] == 3, "its owner and two recordings share it"
        assert graphs.run("one", work).tolist() == [RUNS_BEFORE + 1]
        assert len(work.where) == 2 * (RUNS_BEFORE + 1), "replayed, and not done again"
        assert graphs._recorded["one"][0].replays == 1
        graphs.clear()
        graphs.record("three", work)
        assert "one" not in graphs
        assert "three" not in graphs
        assert cuda.allocator.users[pool] == 0, "its memory is free again"


@pytest.mark.parametrize(
    ("fails", "at_end"),
    [(f"{NOT_PERMITTED}\nand more", ""), ("", NOT_PERMITTED), (NOT_PERMITTED, "capture was invalidated")],
)
def test_what_cannot_be_recorded_is_done_all_the_same_and_that_is_said_once(
    fails: str, at_end: str, caplog: pytest.LogCaptureFixture
) -> None:
    cuda = Cuda()
    with instead_of_cuda(cuda), caplog.at_level(logging.WARNING):
        graphs = Graphs(DEVICE, "XTTS")
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
        graphs = Graphs(DEVICE, "XTTS")
        with pytest.raises(torch.OutOfMemoryError, match="out of memory"):
            graphs.record("large", Work(cuda, fails, kind))
        assert cuda.now is cuda.usual


@pytest.mark.parametrize(
    ("fails", "cuda"),
    [
        (NOT_PERMITTED, Cuda()),
        ("", Cuda(at_end=NOT_PERMITTED)),
        (NOT_PERMITTED, Cuda(at_end="capture was invalidated")),
        ("", Cuda(at_end=NOT_PERMITTED, ends=True)),
        ("", Cuda(at_end=NOT_PERMITTED, ends=True, releases=True)),
        ("", Cuda(at_begin=NOT_PERMITTED)),
    ],
)
def test_a_recording_that_failed_leaves_the_allocator_as_it_was(fails: str, cuda: Cuda) -> None:
    """Memory can be freed, another model can be recorded, and what was recorded goes on being replayed, in all torches:
    they differ in what they leave undone."""
    at_begin, at_end, cuda.at_begin, cuda.at_end = cuda.at_begin, cuda.at_end, "", ""
    with instead_of_cuda(cuda):
        graphs, others = Graphs(DEVICE, "XTTS"), Graphs(DEVICE, "another")
        graphs.record("before", Work(cuda))
        pool = cuda.pools[-1]
        cuda.at_begin, cuda.at_end = at_begin, at_end
        graphs.record("broken", Work(cuda, fails))
        cuda.at_begin, cuda.at_end = "", ""
        assert not graphs.records
        assert cuda.allocator.users[pool] == 2, "its owner, and what was recorded before"
        release_memory()
        others.record("one", Work(cuda))
        assert "one" in others
        graphs.run("before", Work(cuda))
        graphs.clear()
        assert cuda.allocator.users[pool] == 0
        release_memory()


def test_models_that_come_and_go_share_one_stream() -> None:
    cuda = Cuda()
    with instead_of_cuda(cuda):
        for _ in range(40):
            graphs = Graphs(DEVICE, "XTTS")
            graphs.record("one", Work(cuda))
            graphs.clear()
        assert len(cuda.streams) == 1
        Graphs(torch.device("cuda:1"), "XTTS")
        Graphs(DEVICE, "XTTS", "recording the vocoder")
        assert len(cuda.streams) == 3, "one for each device and purpose"
