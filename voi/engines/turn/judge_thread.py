"""One worker thread for a model that judges sound: first come, first served, with a bound and a deadline.

A batch is no faster than one sound after the other on one core, and in a batch the first would wait for the last.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from voi.errors import EngineError

LONGEST_QUEUE = 64
"""About 2 s of work."""
DEADLINE_S = 5.0
T = TypeVar("T")


class JudgeThread:
    """Runs work on its thread. `name`: of the thread."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting = 0
        self._closed = False

    async def load(self, work: Callable[[], None]) -> None:
        """Run something that may take long, such as loading the model."""
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def judge(self, work: Callable[[bytes], T], pcm: bytes) -> T:
        """Raises EngineError (retryable) when too many wait, or after 5 s."""
        if self._closed:
            raise EngineError("Turn detection is not running.")
        if self._waiting >= LONGEST_QUEUE:
            raise EngineError("Too many callers wait for turn detection.", retryable=True)
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            async with asyncio.timeout(DEADLINE_S):  # a caller that gives up leaves the queue
                return await loop.run_in_executor(self._thread, work, pcm)
        except TimeoutError:
            raise EngineError(f"Turn detection took longer than {DEADLINE_S:g} s.", retryable=True) from None
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Cancel waiting work and end the thread."""
        self._closed = True
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
