"""How much one source may ask, and how often it may be refused. Bounded for every sender."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

SOURCES_MAX = 4_096
PER_S = 40.0
BURST = 200.0
REFUSALS_MAX = 12
"""After so many refusals within `FORGIVEN_S` a source is not answered any more until as much time has passed."""
FORGIVEN_S = 300.0


@dataclass(slots=True)
class _Source:
    tokens: float
    at_s: float
    refusals: int = 0
    since_s: float = 0.0


class SourceLimits:
    """By IP address. `clock`: monotonic seconds. `trusts`: addresses whose owner we know; these have ten times the room
    and are never left without an answer."""

    def __init__(self, clock: Callable[[], float], trusts: Callable[[str], bool] = lambda host: False) -> None:
        self._clock = clock
        self._trusts = trusts
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def takes(self, host: str) -> bool:
        """One more message from there; False: it is too many, or from a source that was refused too often."""
        now_s = self._clock()
        factor = 10.0 if self._trusts(host) else 1.0
        source = self._source(host, now_s, factor)
        source.tokens = min(BURST * factor, source.tokens + (now_s - source.at_s) * PER_S * factor)
        source.at_s = now_s
        if source.refusals >= REFUSALS_MAX and factor == 1.0:
            if now_s - source.since_s < FORGIVEN_S:
                return False
            source.refusals = 0
        if source.tokens < 1:
            return False
        source.tokens -= 1
        return True

    def refused(self, host: str) -> None:
        """It asked for what it may not have."""
        now_s = self._clock()
        source = self._source(host, now_s, 1.0)
        if now_s - source.since_s > FORGIVEN_S:
            source.refusals = 0
        source.refusals += 1
        source.since_s = now_s

    def _source(self, host: str, now_s: float, factor: float) -> _Source:
        source = self._sources.get(host)
        if source is None:
            source = self._sources[host] = _Source(BURST * factor, now_s)
            if len(self._sources) > SOURCES_MAX:
                self._sources.popitem(last=False)
        else:
            self._sources.move_to_end(host)
        return source
