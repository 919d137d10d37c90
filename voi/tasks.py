"""The tasks of one owner: named, started here, and cancelled when the owner closes."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

FAULT = "Voi made a mistake. It is written in the server's log; please try again."
"""What a client is told about a fault in Voi."""
CANCELS_MAX = 3
CANCEL_S = 1.0

log = logging.getLogger(__name__)


class Tasks:
    """Keeps the tasks that it starts alive, and cancels the rest at the end.

    `conversation`: id of the conversation that the tasks belong to, for their names and log lines. `log_words`: what
    people said may be written to the log.
    """

    __slots__ = ("_conversation", "_tasks", "log", "log_words", "on_failed")

    def __init__(self, conversation: str = "", *, log_words: bool = False) -> None:
        self._conversation = conversation
        self.on_failed: Callable[[BaseException], None] | None = None
        """Called with an exception that a task raises; None: it is logged."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self.log = logging.LoggerAdapter(log, {"conversation": conversation} if conversation else {})
        self.log_words = log_words

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return iter(list(self._tasks))

    def start(
        self, work: Coroutine[Any, Any, Any], name: str, on_failed: Callable[[BaseException], None] | None = None
    ) -> asyncio.Task[Any]:
        """`on_failed`: called with an exception that this task raises, in place of the owner's."""
        task = asyncio.get_running_loop().create_task(work, name=f"{self._conversation} {name}".strip())
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, on_failed))
        return task

    async def join(self) -> None:
        """Wait until all tasks are done, including tasks that they start meanwhile."""
        while tasks := self._others():
            await asyncio.wait(tasks)
            await asyncio.sleep(0)  # for `_done`

    async def close(self) -> None:
        """Cancel all tasks and wait, without a limit, until they have ended."""
        tasks = self._others()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def dismiss(self) -> None:
        """Cancel all tasks, again if needed, because a library may have swallowed the first cancellation. Tasks that
        still run after `CANCELS_MAX * CANCEL_S` seconds are logged and left."""
        for _ in range(CANCELS_MAX):
            tasks = self._others()
            for task in tasks:
                task.cancel()
            if not tasks:
                return
            await asyncio.wait(tasks, timeout=CANCEL_S)
        if tasks := self._others():
            self.log.error("still at work after their end: %s", ", ".join(task.get_name() for task in tasks))

    def _others(self) -> list[asyncio.Task[Any]]:
        current = asyncio.current_task()
        return [task for task in self._tasks if task is not current and not task.done()]

    def _done(self, on_failed: Callable[[BaseException], None] | None, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if on_failed := on_failed or self.on_failed:
            on_failed(error)
        else:
            self.fault(f"{task.get_name()} failed", error)

    def fault(self, what: str, error: BaseException) -> None:
        """Log a fault in Voi by its kind and place. Its text is left out, because it may hold what people said."""
        words = f": {error}" if self.log_words else ""
        places = "".join(traceback.format_tb(error.__traceback__))
        self.log.error("a fault in Voi; %s: %s%s\n%s", what, type(error).__name__, words, places)
