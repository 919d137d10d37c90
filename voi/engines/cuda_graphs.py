"""CUDA graphs: work of a fixed shape is recorded once and replayed, so a step of many layers costs Python one call.

On other devices, and for shapes that were not recorded, the work is simply done. Recorded work reads its inputs from
buffers at fixed addresses. All recordings share one memory pool, which torch allows because they never run at the same
time. A result is valid until anything else runs, so the caller copies it at once.
"""

import logging
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

log = logging.getLogger(__name__)
T = TypeVar("T")

# Not cuDNN's, which torch may prefer on Hopper: it makes a plan for each shape, at the first run of each.
ATTENTION = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
RUNS_BEFORE = 2  # let libraries choose their kernels and allocate: while recording they may not


class Graphs:
    """Recorded work, by key. Use it only on the device's thread. `whose`: the engine's name, for the log."""

    def __init__(self, device: torch.device, whose: str) -> None:
        self._device, self._whose = device, whose
        self.records = device.type == "cuda"
        self._recorded: dict[Hashable, tuple[Any, Any]] = {}
        self._pool: Any = None
        # One for all: torch shares a pool only within a stream, and cuBLAS keeps up to 32 MiB for each.
        self._stream: Any = torch.cuda.Stream(device) if self.records else None

    def __contains__(self, key: Hashable) -> bool:
        return key in self._recorded

    def run(self, key: Hashable, work: Callable[[], T]) -> T:
        if key not in self._recorded:
            with sdpa_kernel(ATTENTION):
                return work()
        graph, result = self._recorded[key]
        graph.replay()
        return result

    def record(self, key: Hashable, work: Callable[[], object]) -> None:
        """Record work under a key, which really runs it a few times. Does nothing without CUDA. Record the largest
        shapes first: later recordings then reuse their memory. Raises OutOfMemoryError. When recording fails for
        another reason, it logs a warning and records nothing more; work that is not recorded is simply done."""
        if not self.records:
            return
        current = torch.cuda.current_stream(self._device)
        try:
            self._recorded[key] = self._record(current, work)
        except RuntimeError as error:
            torch.cuda.set_stream(current)  # torch.cuda.graph leaves its own in place where a recording cannot be ended
            torch.cuda.synchronize(self._device)  # work from before the failure may still be running
            self._give_up(error)

    def _record(self, current: Any, work: Callable[[], object]) -> tuple[Any, object]:
        self._stream.wait_stream(current)
        graph = torch.cuda.CUDAGraph()
        with sdpa_kernel(ATTENTION):
            with torch.cuda.stream(self._stream):
                for _ in range(RUNS_BEFORE):
                    work()
            # thread_local: other engines' threads may use the device meanwhile.
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                result = work()
        current.wait_stream(self._stream)
        self._pool = graph.pool()
        return graph, result

    def _give_up(self, error: BaseException) -> None:
        causes = [error]
        while (cause := causes[-1].__context__) is not None:  # the first cause lies deepest
            causes.append(cause)
        for cause in causes:
            if "out of memory" in str(cause):
                raise torch.OutOfMemoryError(str(cause)) from None
        self.records = False
        reason = str(causes[-1]).partition("\n")[0]
        log.warning("%s is slower than it could be, since its steps cannot be recorded: %s", self._whose, reason)

    def clear(self) -> None:
        """Free all recordings, and record nothing more."""
        self.records = False
        self._recorded.clear()
        self._pool = None
