"""An event loop in its own thread, for libraries whose coroutines block the loop."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

JOIN_TIMEOUT_S = 5.0
T = TypeVar("T")


class LoopThread:
    """Runs coroutines in its own thread. It starts at once; `close` cancels what still runs."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon: a library stuck in C code must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start `work` in the thread. Cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the thread and await its result here."""
        return await asyncio.wrap_future(self.submit(work))

    async def close(self) -> None:
        if not self._loop.is_running():
            return
        await asyncio.wait({asyncio.wrap_future(self.submit(self._cancel_all()))}, timeout=JOIN_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, JOIN_TIMEOUT_S)
        if not self._thread.is_alive():
            self._loop.close()

    @staticmethod
    async def _cancel_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
