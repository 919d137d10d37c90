"""Counts what a device has to start: operations that compute or copy. Views and shapes cost it nothing."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_ONLY_ALLOCATE = {torch.ops.aten.empty, torch.ops.aten.empty_like, torch.ops.aten.detach}


class Launches(TorchDispatchMode):
    """Within, `counts` by an operation's name; `shapes` that each gave, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.shapes: list[tuple[str, tuple[int, ...]]] = []

    @property
    def total(self) -> int:
        return self.counts.total()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not func.is_view and func.overloadpacket not in _ONLY_ALLOCATE:
            name = str(func.overloadpacket).removeprefix("aten.")
            self.counts[name] += 1
            given = (leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor))
            self.shapes += [(name, tuple(tensor.shape)) for tensor in given]
        return result
