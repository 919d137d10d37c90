"""The clock of one conversation, which stands still while its client is away, and its alarm."""

import asyncio
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
        """Stop the clock. Does nothing if it is stopped."""
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


class Alarm:
    """Rings when something falls due, or a little before: then set it again. All `_ms` are counted on the clock from
    `start`."""

    __slots__ = ("_clock", "_due_ms", "_start_s", "_timer")

    def __init__(self, clock: ConversationClock) -> None:
        self._clock = clock
        self._start_s = 0.0
        self._due_ms = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """The conversation begins now."""
        self._start_s = self._clock()

    def since_start_ms(self, at_s: float) -> int:
        """A time of the clock, in ms since the start."""
        return round((at_s - self._start_s) * 1_000)

    def now_ms(self) -> int:
        return round((self._clock() - self._start_s) * 1_000)

    def set(self, due_ms: int | None, ring: Callable[[], None]) -> None:
        """Call `ring` at `due_ms`, if the clock runs. None changes nothing. An alarm that rings before `due_ms` stays
        as it is."""
        if due_ms is None or self._clock.stopped or (self._timer and self._due_ms <= due_ms):
            return
        self.clear()
        wait_s = max(0.001, due_ms / 1_000 - (self._clock() - self._start_s))
        self._due_ms = due_ms
        self._timer = asyncio.get_running_loop().call_later(wait_s, ring)

    def clear(self) -> None:
        """Cancel the alarm. Call it also when the alarm has rung."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
