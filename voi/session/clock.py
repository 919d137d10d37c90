"""The clock of one conversation, which stands still while its client is away."""

from collections.abc import Callable


class ConversationClock:
    """Monotonic seconds of `source`, without the time between each `stop` and `go_on`."""

    __slots__ = ("_away_s", "_source", "_stopped_s")

    def __init__(self, source: Callable[[], float]) -> None:
        self._source = source
        self._away_s = 0.0
        self._stopped_s: float | None = None
        """Time of the source at which the clock was stopped; None: it runs."""

    def __call__(self) -> float:
        return (self._source() if self._stopped_s is None else self._stopped_s) - self._away_s

    @property
    def stopped(self) -> bool:
        return self._stopped_s is not None

    def stop(self) -> None:
        """Stand still. Does nothing if the clock stands."""
        if self._stopped_s is None:
            self._stopped_s = self._source()

    def go_on(self) -> float:
        """Run again. Returns for how many seconds the clock stood."""
        if self._stopped_s is None:
            return 0.0
        stood_s = self._source() - self._stopped_s
        self._away_s += stood_s
        self._stopped_s = None
        return stood_s
