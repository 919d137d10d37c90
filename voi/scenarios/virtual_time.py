"""An event loop whose time is virtual: it jumps to the next timer instead of sleeping. A conversation of minutes is
over in milliseconds, and its times are those that it would have had."""

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selectors import DefaultSelector as _Selector
else:
    _Selector = selectors.DefaultSelector

THREAD_POLL_S = 0.05
BEGIN_S = 1_000.0
"""Not 0, so that code that mixes up clocks is noticed."""


class _JumpingSelector(_Selector):
    def __init__(self, loop: "VirtualLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        loop = self._loop
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if loop.awaited_outside:
            began_s = time.monotonic()
            ready = super().select(timeout)
            loop.now_s += time.monotonic() - began_s
            return ready
        if loop.threads_busy:
            return super().select(THREAD_POLL_S)  # a thread works in real time: let it, time stands still meanwhile
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everything waits for ever: no timer is armed and nothing can happen any more")
            loop.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`now_s`: its time. Work on threads takes no time; what is awaited in `outside` takes the time that it takes."""

    def __init__(self) -> None:
        self.now_s = BEGIN_S
        self.threads_busy = 0
        self.awaited_outside = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now_s

    @contextmanager
    def outside(self) -> Iterator[None]:
        """While something outside of this process is awaited, such as a language model, time passes as there."""
        self.awaited_outside += 1
        try:
            yield
        finally:
            self.awaited_outside -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        future = super().run_in_executor(executor, func, *args)
        self.threads_busy += 1
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        self.threads_busy += 1
        await super().shutdown_default_executor(*args)

    def _thread_done(self, _: object) -> None:
        self.threads_busy -= 1
