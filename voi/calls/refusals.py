"""Counts and logs clients that get no conversation. A crowd of them is one line a second, not one each."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from voi.calls.failures import without_words
from voi.core.end_reason import EndReason
from voi.session.events import Ended

CROWD = frozenset({EndReason.SERVER_FULL, EndReason.APP_LIMIT, EndReason.APP_QUOTA, EndReason.OVERLOADED})
"""There is no place: the client did nothing wrong, and many may come."""
LINE_EVERY_S = 1.0

log = logging.getLogger(__name__)


class CountsRefusals(Protocol):
    """A counter of refusals. The server has it."""

    def refused(self, reason: EndReason) -> None:
        """A client was refused for that reason."""


class Refusals:
    """Of one server. `clock`: monotonic seconds."""

    def __init__(self, metrics: CountsRefusals, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._clock = clock
        self._logged_s: dict[EndReason, float] = {}
        self._others: Counter[EndReason] = Counter()
        """How many of each reason came since their last line."""

    def note(self, ended: Ended, client: str) -> None:
        """A client was refused."""
        reason, now_s = ended.reason, self._clock()
        if reason in CROWD and now_s - self._logged_s.get(reason, float("-inf")) < LINE_EVERY_S:
            self._metrics.refused(reason)
            self._others[reason] += 1
            return
        self._logged_s[reason] = now_s
        refused(self._metrics, ended, client, others=self._others.pop(reason, 0))


def refused(
    metrics: CountsRefusals, ended: Ended, client: str, error: BaseException | None = None, *, others: int = 0
) -> None:
    """Count and log a client that gets no conversation. `error`: the fault of the server, if it is one. `others`: how
    many were refused like it and have no line."""
    metrics.refused(ended.reason)
    level = logging.ERROR if error else logging.INFO
    more = f" (and {others} others)" if others else ""
    log.log(level, "refused %s (%s): %s%s", client, ended.reason, without_words(ended.words), more, exc_info=error)
