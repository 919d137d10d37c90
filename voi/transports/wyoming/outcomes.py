"""How requests end: counted, and those that fail logged, never with words that were said."""

import logging
import time
from collections import Counter
from collections.abc import Callable

from voi.calls.failures import ended_by, without_words
from voi.core.end_reason import EndReason
from voi.session.events import Ended

LINE_EVERY_S = 1.0
"""Failures of one kind are logged this often at most: a client that is refused may ask at once again."""
STRANGERS_EVERY_S = 60.0
STRANGERS = "connection"
"""The service of those who have not asked for any."""

log = logging.getLogger(__name__)


class Outcomes:
    """Of one listener. `count` gets the service and the outcome: ok, refused, failed, or left (the client did not
    wait). `clock`: monotonic seconds."""

    def __init__(self, count: Callable[[str, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.count = count
        self._clock = clock
        self._logged_s: dict[tuple[str, str], float] = {}
        self._others: Counter[tuple[str, str]] = Counter()

    def failed(self, service: str, error: BaseException, client: str) -> Ended:
        """Log and count an error. Returns its reason and words for the client."""
        if isinstance(error, TimeoutError):
            self.refused(service, client, "it took too long")
            return Ended(EndReason.CANCELLED, "It took too long.")
        ended, level = ended_by(error, client)
        self.count(service, "refused" if level < logging.WARNING else "failed")
        self._line(service, client, without_words(ended.words or ended.reason.value), level, error)
        return ended

    def refused(self, service: str, client: str, why: str) -> None:
        """A client was sent away, or disconnected. `why`: for the operator."""
        self.count(service, "refused")
        self._line(service, client, why, logging.INFO)

    def _line(self, service: str, client: str, why: str, level: int, error: BaseException | None = None) -> None:
        kind, now_s = (service, why), self._clock()
        every_s = STRANGERS_EVERY_S if service == STRANGERS else LINE_EVERY_S
        if level < logging.ERROR and now_s - self._logged_s.get(kind, -every_s) < every_s:
            self._others[kind] += 1
            return
        if len(self._logged_s) > 1_000:  # kinds that no one sees again
            self._logged_s.clear()
            self._others.clear()
        self._logged_s[kind] = now_s
        others = self._others.pop(kind, 0)
        more = f" (and {others} others)" if others else ""
        trace = error if level >= logging.ERROR else None
        log.log(level, "%s of %s failed: %s%s", service, client, why, more, exc_info=trace)
