"""Admission: limits on the number of conversations, whether the server has time for one more, and whether new ones are
accepted at all."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from voi.calls.comebacks import Comebacks
from voi.calls.load import Load
from voi.calls.quotas import Quotas
from voi.core.end_reason import EndReason
from voi.errors import VoiError
from voi.session.events import Ended


class Refused(VoiError):
    """The conversation is not admitted, through no fault of the client: the server is full, starting or stopping."""

    def __init__(self, reason: EndReason, words: str = "") -> None:
        super().__init__(words or reason.value)
        self.ended = Ended(reason, words)


class Admission:
    """Counts the `active` conversations: at most `max_conversations`, and at most `max_per_app` of each app (0: no
    limit per app), what its `quotas` allow, and no more than its `load` allows (None: any). Closed until the server is
    ready, and again when it stops."""

    def __init__(
        self, max_conversations: int, max_per_app: int = 0, load: Load | None = None, quotas: Quotas | None = None
    ) -> None:
        self.max_conversations = max_conversations
        self._quotas = quotas
        self._load = load
        self._comebacks = Comebacks(time.monotonic)
        self.max_per_app = max_per_app or max_conversations
        self._by_app: Counter[str] = Counter()
        self.active = 0
        self._closed_because: EndReason | None = EndReason.STARTING

    def open(self) -> None:
        """Admit conversations from now on."""
        self._closed_because = None

    def close(self, because: EndReason = EndReason.DRAINING) -> None:
        """Refuse all new conversations, for that reason."""
        self._closed_because = because

    @property
    def has_room(self) -> bool:
        """True if another conversation would be admitted now, provided that its app has not too many."""
        room = self._load is None or self._load.has_room(self.active)
        return self._closed_because is None and self.active < self.max_conversations and room

    def admit(self, app: str) -> None:
        """Take a place for that app, to be given back with `leave`. Raises Refused."""
        self.check(app)
        if self._load is not None:
            self._load.admitted()
        self.active += 1
        self._by_app[app] += 1

    def check(self, app: str) -> None:
        """Raises Refused if there is no place for that app at the moment."""
        if self._closed_because is not None:
            raise Refused(self._closed_because)
        if self.active >= self.max_conversations:
            raise Refused(
                EndReason.SERVER_FULL,
                f"The server is full: it holds {self.max_conversations} conversations at once. Try again later.",
            )
        if self._by_app[app] >= self.max_per_app:
            raise Refused(
                EndReason.APP_LIMIT,
                f"The app {app!r} has {self.max_per_app} conversations at once, its limit. Try again later.",
            )
        if self._quotas is not None and (ended := self._quotas.refusal(app, self._by_app[app])) is not None:
            raise Refused(ended.reason, ended.words)
        if self._load is not None and not self._load.has_room(self.active):
            raise Refused(
                EndReason.OVERLOADED,
                f"The server is too busy for another conversation. Try again in {self._comebacks.wait_s()} seconds.",
            )

    @contextmanager
    def place(self, app: str) -> Iterator[None]:
        """A place for work outside of any call that makes or hears sound: it costs the others as much as a call. Raises
        Refused."""
        self.admit(app)
        try:
            yield
        finally:
            self.leave(app)

    def leave(self, app: str) -> None:
        """Give back a place that `admit` took for that app."""
        self.active -= 1
        self._by_app[app] -= 1
        if not self._by_app[app]:
            del self._by_app[app]
