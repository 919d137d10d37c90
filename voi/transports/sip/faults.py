"""What goes wrong with SIP: each kind is counted, and is one line in the log once a second at most. Nothing that a peer
sent is in it but its address."""

import logging
import time
from collections import Counter
from collections.abc import Callable

LINE_EVERY_S = 1.0

log = logging.getLogger(__name__)


class SipFaults:
    """`count` counts by kind. `clock`: monotonic seconds."""

    def __init__(self, count: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._clock = clock
        self._logged_s: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()

    def note(self, kind: str, where: str, what: str = "", level: int = logging.WARNING) -> None:
        """`kind`: a name out of a small set. `where`: an address or an account. `what`: our own words."""
        self._count(kind)
        now_s = self._clock()
        if now_s - self._logged_s.get(kind, float("-inf")) < LINE_EVERY_S:
            self._unlogged[kind] += 1
            return
        self._logged_s[kind] = now_s
        others = self._unlogged.pop(kind, 0)
        more = f" ({others} others have no line)" if others else ""
        log.log(level, "SIP, %s: %s%s%s", where, kind, f": {what}" if what else "", more)
