"""Recording and replay as CUDA graphs do it, on the CPU: what was recorded are operations on places in memory.

A replay does the same operations on the same tensors, whatever the caller's variables mean by then; no Python of the
work runs again. Results lie where they lay, and what another recording left is rubbish by then. Operations that CUDA
refuses while it records (whatever waits for the device, or brings data from the host) are refused here.
"""

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from voi.engines.cuda_graphs import Graphs

aten = torch.ops.aten
REFUSED = {aten._local_scalar_dense, aten.item, aten.nonzero, aten.masked_select, aten.lift_fresh, aten.lift,
           aten._unique2, aten.equal, aten.is_nonzero, aten.scalar_tensor}  # fmt: skip
INDEXING = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}
RUBBISH = 97


class Refused(RuntimeError):
    """CUDA could not record this."""


def storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


class Tape(TorchDispatchMode):
    """Notes the operations done within. `inside`: storages made on the way; `outside`: those that were there before."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.inside: dict[int, Tensor] = {}
        self.outside: dict[int, Tensor] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        with self:  # what is made of other operations is noted as these
            made = func.decompose(*args, **kwargs)
        if made is not NotImplemented:
            return made
        taken = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        self._check(func, args)
        for tensor in taken:
            if storage(tensor) not in self.inside:
                self.outside[storage(tensor)] = tensor
        result = func(*args, **kwargs)
        given = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        known = {storage(tensor) for tensor in taken}
        fresh = [tensor for tensor in given if storage(tensor) not in known]
        self.inside.update({storage(tensor): tensor for tensor in fresh})
        if fresh or func._schema.is_mutable:
            self.done.append((func, args, kwargs, given if fresh else []))
        return result

    @staticmethod
    def _check(func: Any, args: Any) -> None:
        packet = func.overloadpacket
        by_mask = packet in INDEXING and any(index is not None and index.dtype == torch.bool for index in args[1])
        if packet in REFUSED or by_mask:
            raise Refused(f"{func} waits for the device or brings something from the host")

    def replay(self) -> None:
        for func, args, kwargs, given in self.done:
            again = [leaf for leaf in tree_leaves(func(*args, **kwargs)) if isinstance(leaf, Tensor)]
            for place, value in zip(given, again, strict=False):
                place.copy_(value)


class TapedGraphs(Graphs):
    """Everything is recorded at its first run, with the work that `record` was given."""

    def __init__(self, device: torch.device, whose: str) -> None:
        super().__init__(device, whose)
        self.records = True
        self.work: dict[Hashable, Callable[[], Any]] = {}
        self.tapes: dict[Hashable, tuple[Tape, Any]] = {}
        self.replays = 0
        self.not_recorded: list[Hashable] = []

    def __contains__(self, key: Hashable) -> bool:
        return key in self.work

    def record(self, key: Hashable, work: Callable[[], Any]) -> None:
        self.work[key] = work

    def run(self, key: Hashable, work: Callable[[], Any]) -> Any:
        if key not in self.work:
            self.not_recorded.append(key)
            return work()
        for tape, result in self.tapes.values():
            if result is not None and storage(result) in tape.inside:
                result.fill_(RUBBISH)
        if key in self.tapes:
            self.replays += 1
            self.tapes[key][0].replay()
        else:
            tape = Tape()
            with tape:
                result = self.work[key]()
            self.tapes[key] = (tape, result)
        return self.tapes[key][1]


class Unrecordable(Graphs):
    """As on a GPU that cannot record: on the CPU, but with the shapes of CUDA."""

    reason = "operation not permitted when stream is capturing"

    def __init__(self, device: torch.device, whose: str) -> None:
        super().__init__(device, whose)
        self.records = True
        self.tried = 0

    def record(self, key: Hashable, work: Callable[[], object]) -> None:
        self.tried += 1
        self._give_up(RuntimeError(self.reason))
