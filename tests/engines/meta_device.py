"""A dry run on torch's meta device, which has shapes and no numbers: what was forgotten on the host shows, as it would
on a GPU. (On a CPU everything is on the host.)"""

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from voi.engines.cuda_graphs import Graphs

META = torch.device("meta")


class FromHost(Exception):
    """Something on the host was asked for in the middle of a device's work."""


class NothingFromHost(TorchDispatchMode):
    """Within, no operation may take or make a tensor of the host."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if any(tensor.device != META for tensor in _tensors((args, kwargs, result))):
            raise FromHost(str(func))
        return result


class Copies(TorchDispatchMode):
    """Counts what comes from the host, each of which costs a GPU a transfer: whole tensors, and numbers that stand for
    one, as in `tensor[slot] = 0`."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        devices = {tensor.device.type for tensor in _tensors((args, kwargs, result))}
        if {"cpu", "meta"} <= devices or (func.overloadpacket is torch.ops.aten.scalar_tensor and "meta" in devices):
            self.made.append(str(func))
        return result


def _tensors(of: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(of) if isinstance(leaf, Tensor)]


class DryGraphs(Graphs):
    """All that is recorded is done once. `done`: keys, in order."""

    def __init__(self, device: torch.device, whose: str, *more: Any) -> None:
        super().__init__(device, whose, *more)
        self.records = True
        self.done: list[Hashable] = []

    def record(self, key: Hashable, work: Callable[[], object]) -> None:
        with NothingFromHost():
            work()
        self.done.append(key)
