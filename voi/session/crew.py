"""The tasks of one session: named, in its TaskGroup, and their faults written down."""

import asyncio
import logging
import traceback
from collections.abc import Coroutine
from typing import Any

FAULT = "Voi made a mistake. It is written in the server's log; please try again."
"""What a client is told of a fault in Voi."""
DISMISSALS_MAX = 3
DISMISSAL_S = 1.0

log = logging.getLogger("voi.session")


class Crew:
    """`group` None: before and after the session's life, when nobody works. `log_words`: what people said may be
    written to the log."""

    __slots__ = ("_name", "_tasks", "group", "log", "log_words")

    def __init__(self, name: str, *, log_words: bool) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self.group: asyncio.TaskGroup | None = None
        self.log = logging.LoggerAdapter(log, {"conversation": name})
        self.log_words = log_words

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """`work` must deal with all its exceptions: one that it lets out ends the session."""
        assert self.group is not None, "no work before or after the session's life"
        task = self.group.create_task(work, name=f"{self._name} {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def dismiss(self) -> None:
        """Cancel all that is under way, more than once if need be: a library may have swallowed the first."""
        for _ in range(DISMISSALS_MAX):
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=DISMISSAL_S)
        if self._tasks:
            self.log.error("still at work after the conversation: %s", ", ".join(t.get_name() for t in self._tasks))

    def fault(self, what: str, error: Exception) -> None:
        """There is a fault in Voi. What is logged is its kind and place: its text may hold what somebody said."""
        words = f": {error}" if self.log_words else ""
        places = "".join(traceback.format_tb(error.__traceback__))
        self.log.error("a fault in Voi; %s: %s%s\n%s", what, type(error).__name__, words, places)
