"""When those who are refused may come back: one after the other, so that refusing them again stays cheap."""

import random
from collections.abc import Callable

SOONEST_S = 10.0
A_SECOND = 10.0
"""How many may come back each second. To refuse one takes about a millisecond of CPU."""
LATEST_S = 120.0
JITTER = 0.1
"""Share by which a wait beyond the soonest may differ from its place in the row."""


class Comebacks:
    """The row of those who were refused. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float], rng: random.Random | None = None) -> None:
        self._clock = clock
        self._random = rng or random.Random()
        self._next_s = float("-inf")
        """When the next may come back who is refused."""

    def wait_s(self) -> int:
        """Give the next place in the row: in how many seconds to come back. The more are waiting, the longer."""
        now_s = self._clock()
        soonest_s, latest_s = now_s + SOONEST_S, now_s + LATEST_S
        self._next_s = max(self._next_s, soonest_s)
        if self._next_s > latest_s:  # more than there are places
            return round(self._random.uniform(LATEST_S / 2, LATEST_S))
        beyond_s = self._next_s - soonest_s
        self._next_s += 1 / A_SECOND
        return round(SOONEST_S + beyond_s * self._random.uniform(1 - JITTER, 1 + JITTER))
