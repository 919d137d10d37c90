"""The one thread that may touch the model. A daemon: a device that hangs must not keep the server from ending."""

import asyncio
import queue
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class ModelThread:
    """Runs one call at a time, in order."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def call(self, function: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":
        """Call the function on the thread. The future belongs to the running loop; if it is cancelled, the result is
        dropped."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def tell(result: T | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def work() -> None:
            result, error = None, None
            try:
                result = function(*arguments)
            except BaseException as caught:  # whatever the device raises belongs to the caller
                error = caught
                # Otherwise a reference cycle through this frame would keep the failed work and its device memory until
                # a collection.
                traceback.clear_frames(caught.__traceback__)
            try:
                loop.call_soon_threadsafe(tell, result, error)
            except RuntimeError:
                return  # the loop is closed: the caller is gone

        self._calls.put(work)
        return future

    def end(self) -> None:
        """End the thread after the work that it was given. Does not wait for that."""
        self._calls.put(None)

    def _run(self) -> None:
        while (work := self._calls.get()) is not None:
            work()
