"""An event loop whose time is virtual: it jumps to the next timer instead of sleeping."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self, loop: "VirtualLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if self._loop.threads_busy:
            return super().select(0.05)  # a thread works in real time: let it, time stands still meanwhile
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everything waits for ever: no timer is armed and nothing can happen any more")
            self._loop.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at a time that is not 0, so that code mixing up clocks is noticed."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.threads_busy = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now_s

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


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test to its end on a VirtualLoop."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
