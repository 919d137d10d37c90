"""The clock by which all lines of a process send: one timer for all, without drift. Lines are spread over the 20 ms of
a frame, so that their packets do not all leave in one burst."""

import asyncio
from typing import Protocol

TICK_MS = 20
SLOTS = 4
STEP_S = TICK_MS / SLOTS / 1_000
CATCH_UP_S = 0.4
"""Being held up for longer than this, about as much as a conversation is ahead, is not made up for."""


class Ticked(Protocol):
    """Sends when it is its turn: an `RtpLine`, which gets the ticker with its ports."""

    def tick(self) -> None:
        """20 ms are over."""

    def skip_ticks(self, ticks: int) -> None:
        """So many ticks are left out, because the process was held up for long."""

    def broke(self, error: Exception) -> None:
        """Its tick raised that, and there will be no more."""


class RtpTicker:
    """Made and used on one event loop."""

    def __init__(self) -> None:
        self._slots: list[dict[Ticked, None]] = [{} for _ in range(SLOTS)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._start_s = 0.0
        self._step = 0
        """How many steps were taken."""

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def join(self, line: Ticked) -> None:
        """Tick the line from now on, until it leaves."""
        min(self._slots, key=len)[line] = None
        if self._timer is None:
            self._loop = asyncio.get_running_loop()
            self._start_s, self._step = self._loop.time(), 0
            self._arm()

    def leave(self, line: Ticked) -> None:
        for slot in self._slots:
            slot.pop(line, None)
        if self._timer is not None and not len(self):
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_at(self._start_s + (self._step + 1) * STEP_S, self._ring)

    def _ring(self) -> None:
        assert self._loop is not None
        due = int((self._loop.time() - self._start_s) / STEP_S + 1e-6)
        late = due - self._step
        if late * STEP_S > CATCH_UP_S:
            ticks = late // SLOTS
            self._step += ticks * SLOTS
            for slot in self._slots:
                for line in slot:
                    line.skip_ticks(ticks)
        while self._step < due:
            self._step += 1
            for line in list(self._slots[self._step % SLOTS]):
                try:
                    line.tick()
                except Exception as error:
                    self.leave(line)
                    line.broke(error)
        if self._timer is not None:
            self._arm()
