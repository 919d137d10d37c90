"""Work of fixed shape that is recorded once and replayed: on CUDA a step of thirty layers costs Python one call.

On other devices, and for shapes that were not recorded, the work is simply done. Recorded work takes its inputs from
buffers that stay where they are, and its result is overwritten by its next run.
"""

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor


class Graphs:
    """Recorded work by key. All of one device's thread; recordings share their memory for intermediate results."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.records = device.type == "cuda"
        self._recorded: dict[Hashable, tuple[Any, Tensor]] = {}
        self._pool: Any = None

    def run(self, key: Hashable, work: Callable[[], Tensor]) -> Tensor:
        if key not in self._recorded:
            return work()
        graph, result = self._recorded[key]
        graph.replay()
        return result

    def record(self, key: Hashable, work: Callable[[], Tensor]) -> None:
        """At warm-up, when it does no harm that the work is really done a few times. Not on CUDA: nothing."""
        if not self.records:
            return
        # Runs outside the recording let libraries choose their kernels and allocate: inside they may not.
        aside = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(aside):
            for _ in range(2):
                work()
        torch.cuda.current_stream(self._device).wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        # Other engines' threads may go on with the device meanwhile.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            result = work()
        self._pool = graph.pool()
        self._recorded[key] = (graph, result)

    def clear(self) -> None:
        self._recorded.clear()
        self._pool = None
