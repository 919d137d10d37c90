"""How long calls wait for an engine of this machine: for a final transcript, for the first sound of a text."""

from collections import deque
from collections.abc import Callable

RECENT_S = 10.0
RECENT_MAX = 64
FEWEST = 4
"""Fewer waits say little: one of them may have been the first after a pause, or a very long text."""


class Waits:
    """The newest waits for one engine. `clock`: monotonic seconds."""

    __slots__ = ("_clock", "_under_way", "_waits")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waits: deque[tuple[float, float]] = deque(maxlen=RECENT_MAX)
        """When a wait ended, and how long it was, in seconds."""
        self._under_way: dict[object, float] = {}
        """The start of each wait that has not ended."""

    def begin(self, key: object) -> None:
        self._under_way.setdefault(key, self._clock())

    def end(self, key: object) -> None:
        """The wait is over, or was given up. A wait that did not begin is ignored."""
        began_s = self._under_way.pop(key, None)
        if began_s is not None:
            now_s = self._clock()
            self._waits.append((now_s, now_s - began_s))

    @property
    def under_way(self) -> int:
        """How many wait now."""
        return len(self._under_way)

    @property
    def recent_s(self) -> float:
        """The wait that nine of ten stay under, in seconds, of those that ended within `RECENT_S` or are under way. 0
        when there are fewer than `FEWEST`."""
        now_s = self._clock()
        while self._waits and now_s - self._waits[0][0] > RECENT_S:
            self._waits.popleft()
        ended = [wait_s for _, wait_s in self._waits]
        ordered = sorted([*ended, *(now_s - began_s for began_s in self._under_way.values())])
        return ordered[len(ordered) * 9 // 10] if len(ordered) >= FEWEST else 0.0
