"""Ends waits that take too long, as `asyncio.timeout` does, without a timer for each: a stream has fifty waits a
second, and hardly one of them is ever too long."""

import asyncio


class WaitLimit:
    """One wait of a task: `begin`, wait, `end`. A watcher of the time calls `expire`, which cancels the wait. May be
    used again for the next wait."""

    __slots__ = ("_cancelling", "_task", "expired")

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.expired = False
        """The current wait has taken too long."""

    def begin(self) -> None:
        """The current task begins to wait."""
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling, self.expired = task, task.cancelling(), False

    @property
    def waits(self) -> bool:
        return self._task is not None

    def expire(self) -> None:
        """The wait has taken too long. Does nothing if it is over."""
        if self._task is not None and not self.expired:
            self.expired = True
            self._task.cancel()

    def end(self, error: type[BaseException] | None) -> bool:
        """The wait is over, with that error. True: because it expired, so the task is not to be cancelled."""
        task, self._task = self._task, None
        if not self.expired or task is None:
            return False
        return task.uncancel() <= self._cancelling and error is asyncio.CancelledError
