"""A worker leaves the GPU with its work done, or late, but leaves."""

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from voi.engines.leaving import finish_gpu_work


def torch(used: bool, synchronize: Any) -> Any:
    cuda = SimpleNamespace(is_initialized=lambda: used, device_count=lambda: 2, synchronize=synchronize)
    return SimpleNamespace(cuda=cuda)


def test_work_is_waited_for_on_every_device(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    monkeypatch.setitem(sys.modules, "torch", torch(True, done.append))
    assert finish_gpu_work()
    assert done == [0, 1]


def test_a_device_that_hangs_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setitem(sys.modules, "torch", torch(True, lambda _: go_on.wait(30)))
    assert not finish_gpu_work(0.01)
    go_on.set()


def test_cuda_is_not_started_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch(False, None))
    assert finish_gpu_work()
    monkeypatch.delitem(sys.modules, "torch")
    assert finish_gpu_work()
