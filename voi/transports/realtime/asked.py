"""Sees to it that each response that a client asked for comes, or is told to have failed.

The session decides by itself whether it goes on when functions have returned: it does not if the person spoke on
meanwhile, or if the functions were those of an answer that is long over. A client that asked for a response waits for
one in any case, so the session is asked again once nothing is under way in it.
"""

import asyncio
from collections.abc import Callable

LOOK_EVERY_S = 0.25
IDLE_LOOKS = 2
"""How many times in a row the session has to be found idle: what was just returned takes a moment to arrive there."""
TRIES_MAX = 3


class AskedResponse:
    """Watches one wish at a time. `waits`: a response was asked for, and nothing of it has come. `idle`: nothing is
    under way. `ask`: ask the session once more. `give_up`: there will be no response."""

    def __init__(
        self, waits: Callable[[], bool], idle: Callable[[], bool], ask: Callable[[], None], give_up: Callable[[], None]
    ) -> None:
        self._waits, self._idle, self._ask, self._give_up = waits, idle, ask, give_up
        self._looks = self._tries = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """A response was asked for."""
        self.stop()
        self._looks = self._tries = 0
        self._arm()

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._waits():
            return
        self._looks = self._looks + 1 if self._idle() else 0
        if self._looks >= IDLE_LOOKS:
            self._looks = 0
            self._tries += 1
            if self._tries > TRIES_MAX:
                self._give_up()
                return
            self._ask()
        self._arm()
