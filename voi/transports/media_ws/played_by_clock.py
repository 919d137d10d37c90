"""What was played, at a carrier without marks that only says when it begins to play and when it has played all."""

import asyncio
from collections import deque
from collections.abc import Callable

SLACK_S = 0.5
"""When all is said to be played, sound that should not be over for longer than this had not arrived."""


class PlayedByClock:
    """`played` is told each piece's name once the piece has been played: by the loop's clock from the moment at which
    the carrier says that it plays, and at once when it says that it has played all. Between the two, that is late by
    the network's delay, and never early."""

    def __init__(self, played: Callable[[str], None]) -> None:
        self._played = played
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[tuple[str, float]] = deque()
        """Pieces that are not played: name, and length in seconds."""
        self._ends_s: float | None = None
        """When the first of them should be over; None: the carrier does not play."""
        self._timer: asyncio.TimerHandle | None = None

    def sent(self, name: str, length_s: float) -> None:
        """A piece was sent, behind those before."""
        self._pieces.append((name, length_s))
        if self._ends_s is not None and self._timer is None:
            # the carrier ran dry, and goes on when this arrives
            self._ends_s = max(self._ends_s, self._loop.time()) + length_s
            self._arm()

    def began(self) -> None:
        """The carrier plays."""
        if self._ends_s is None and self._pieces:
            self._ends_s = self._loop.time() + self._pieces[0][1]
            self._arm()

    def done(self) -> None:
        """The carrier has played all that it has."""
        if self._ends_s is None:
            return
        until_s, ends_s = self._loop.time() + SLACK_S, self._ends_s
        while self._pieces and ends_s <= until_s:
            self._shift()
            ends_s += self._pieces[0][1] if self._pieces else 0.0
        self._stop()

    def clear(self) -> None:
        """What was not played is dropped."""
        self._pieces.clear()
        self._stop()

    def _shift(self) -> None:
        name, _ = self._pieces.popleft()
        self._played(name)

    def _arm(self) -> None:
        assert self._ends_s is not None
        self._timer = self._loop.call_at(self._ends_s, self._over)

    def _over(self) -> None:
        self._timer = None
        self._shift()
        if self._pieces and self._ends_s is not None:
            self._ends_s += self._pieces[0][1]
            self._arm()

    def _stop(self) -> None:
        self._ends_s = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
