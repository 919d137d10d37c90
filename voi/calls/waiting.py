"""Calls whose clients have connected and not said yet what they want. They are not conversations and take no place; so
that they cannot keep others out either, there is a limit to how many wait."""

from typing import NamedTuple

WAITING_MIN = 16
"""As many may wait on the smallest server: connections come in crowds after a network was gone."""


class Waiter(NamedTuple):
    """Who waits. `client`: the address."""

    call_id: str
    app: str
    client: str


class Waiting:
    """Holds at most `limit` waiters, and at most `limit_per_app` of each app. A waiter beyond that displaces another:
    of the address with the most waiters, the one that has waited longest. So a crowd from one address displaces its own
    connections, and not a client elsewhere that is about to say what it wants."""

    def __init__(self, limit: int, limit_per_app: int) -> None:
        self._limit = max(limit, WAITING_MIN)
        self._limit_per_app = max(limit_per_app, WAITING_MIN)
        self._apps: dict[str, dict[str, dict[Waiter, None]]] = {}
        """By app and address, the oldest first."""

    def __len__(self) -> int:
        return sum(map(self._of, self._apps))

    def add(self, waiter: Waiter) -> Waiter | None:
        """Let it wait. Returns the one that it displaces."""
        displaced = None
        if self._of(waiter.app) >= self._limit_per_app:
            displaced = self._longest(waiter.app)
        elif len(self) >= self._limit:
            displaced = self._longest(max(self._apps, key=self._of))
        if displaced is not None:
            self.discard(displaced)
        self._apps.setdefault(waiter.app, {}).setdefault(waiter.client, {})[waiter] = None
        return displaced

    def discard(self, waiter: Waiter) -> None:
        """It waits no more, if it did."""
        addresses = self._apps.get(waiter.app, {})
        if waiter not in addresses.get(waiter.client, {}):
            return
        del addresses[waiter.client][waiter]
        if not addresses[waiter.client]:
            del addresses[waiter.client]
        if not addresses:
            del self._apps[waiter.app]

    def _of(self, app: str) -> int:
        return sum(len(waiters) for waiters in self._apps.get(app, {}).values())

    def _longest(self, app: str) -> Waiter:
        fullest = max(self._apps[app].values(), key=lambda waiters: len(waiters))
        return next(iter(fullest))
