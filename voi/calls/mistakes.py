"""How many messages of a client may be of no use before its call ends."""

MISTAKES_BURST = 100
"""A client that sends more unusable messages than this is disconnected."""
MISTAKES_PER_S = 1
"""How many unusable messages are forgiven per second: a small fault in a client must not end a long conversation."""


class Mistakes:
    """Those of one client."""

    __slots__ = ("_at_s", "_unforgiven")

    def __init__(self) -> None:
        self._unforgiven = 0.0
        self._at_s = 0.0

    def forgives(self, now_s: float) -> bool:
        """Count another mistake. False: there were too many. `now_s`: seconds on a clock that never goes back."""
        self._unforgiven = max(0.0, self._unforgiven - (now_s - self._at_s) * MISTAKES_PER_S) + 1
        self._at_s = now_s
        return self._unforgiven <= MISTAKES_BURST
