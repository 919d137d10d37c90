"""CUDA graphs: work of a fixed shape is recorded once and replayed, so a step of many layers costs Python one call.

On other devices, and for shapes that were not recorded, the work is simply done. Recorded work reads its inputs from
buffers at fixed addresses. The recordings of one `Graphs` share one memory pool, which torch allows because they never
run at the same time. A result is valid until anything else runs, so the caller copies it at once.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from voi.engines.cuda_streams import Purpose, stream_for

log = logging.getLogger(__name__)
T = TypeVar("T")

# Not cuDNN's, which torch may prefer on Hopper: it makes a plan for each shape, at the first run of each.
ATTENTION = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
RUNS_BEFORE = 2  # let libraries choose their kernels and allocate: while recording they may not

_recording = threading.Lock()
"""Torch allows one recording at a time in a process; and while one goes on, no thread may give memory back."""
_failed: list[Any] = []
"""Recordings that could not be ended. Before torch 2.13 the allocator of pinned memory may still ask them whether it is
they who allocate, so they are never freed."""


class Graphs:
    """Recorded work, by key. Use it only on the device's thread. `whose`: the engine's name, for the log. Two of these
    that replay at the same time need different `on`: a stream has one workspace."""

    def __init__(self, device: torch.device, whose: str, on: Purpose = "recording") -> None:
        self._device, self._whose = device, whose
        self.records = device.type == "cuda"
        self._recorded: dict[Hashable, tuple[Any, Any]] = {}
        self._pool: Any = None
        self._stream: Any = None
        if self.records:
            with torch.cuda.device(device):
                self._pool = torch.cuda.MemPool()
            self._stream = stream_for(device, on)

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
        current, users = torch.cuda.current_stream(self._device), self._pool.use_count()
        graph = torch.cuda.CUDAGraph()
        try:
            self._recorded[key] = graph, self._record(graph, current, work)
        except RuntimeError as error:
            torch.cuda.set_stream(current)  # torch.cuda.graph leaves its own in place where a recording cannot be ended
            torch.cuda.synchronize(self._device)  # work from before the failure may still be running
            self._close_pool(graph, users)
            self._give_up(error)

    def _record(self, graph: Any, current: Any, work: Callable[[], object]) -> object:
        self._stream.wait_stream(current)
        with sdpa_kernel(ATTENTION):
            with torch.cuda.stream(self._stream):
                for _ in range(RUNS_BEFORE):
                    work()
            # thread_local: other engines' threads may use the device meanwhile.
            with (
                _recording,
                torch.cuda.graph(graph, pool=self._pool.id, stream=self._stream, capture_error_mode="thread_local"),
            ):
                result = work()
        current.wait_stream(self._stream)
        return result

    def _close_pool(self, graph: Any, users: int) -> None:
        """Leave the allocator as it was before a recording that failed, with `users` of the pool. Torch itself closes
        the pool since 2.13, and gives up its share in it only where it could end the recording: else the allocator
        refuses to free anything in this process (`captures_underway`), and the pool's memory is never free again."""
        with contextlib.suppress(RuntimeError):  # it was closed, or never opened
            torch._C._cuda_endAllocateToPool(self._device.index, self._pool.id)
        graph.reset()
        while self._pool.use_count() > users:
            torch._C._cuda_releasePool(self._device.index, self._pool.id)
        _failed.append(graph)

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
        with _recording:  # the pool gives its memory back
            self._recorded.clear()
            self._pool = None


def release_memory() -> None:
    """What torch keeps of memory that nobody uses, back to the device."""
    with _recording:
        torch.cuda.empty_cache()
