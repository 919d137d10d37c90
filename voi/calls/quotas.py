"""Quotas of apps: how many conversations at once, how many minutes a day, how much money a day and a month. Pure:
`learn` takes what the store knows, `note` what this server's calls use. Days and months are UTC.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from voi.calls.usage import Whose
from voi.core.end_reason import EndReason
from voi.session.events import Ended
from voi.use import Use


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of one app; None: no limit. Money is in the currency of the prices."""

    max_conversations: int | None = None
    minutes_per_day: float | None = None
    cost_per_day: float | None = None
    cost_per_month: float | None = None

    @property
    def limits_use(self) -> bool:
        return not self.minutes_per_day is self.cost_per_day is self.cost_per_month is None


@dataclass(frozen=True, slots=True)
class QuotaKnown:
    """What the store knows of an app. `elsewhere`: its conversations on other servers."""

    quota: Quota
    call_ms: int = 0
    day_cost: float = 0.0
    month_cost: float = 0.0
    elsewhere: int = 0


@dataclass(slots=True)
class _UsedToday:
    day: str
    call_ms: float = 0
    day_cost: float = 0.0
    month_cost: float = 0.0


@dataclass(slots=True)
class Quotas:
    """`clock_ms`: ms since 1970."""

    clock_ms: Callable[[], int]
    _known: Mapping[str, QuotaKnown] = field(default_factory=dict)
    _used: dict[str, _UsedToday] = field(default_factory=dict)

    def learn(self, known: Mapping[str, QuotaKnown]) -> None:
        """Take what the store knows now about each app that has a quota. The store may not contain everything that
        calls of this server used, so a known amount never shrinks within its day."""
        day = self._today()
        used = {}
        for app, new in known.items():
            before = self._of(app, day)
            used[app] = _UsedToday(
                day, max(before.call_ms, new.call_ms), max(before.day_cost, new.day_cost),
                max(before.month_cost, new.month_cost),
            )  # fmt: skip
        self._known, self._used = known, used

    @property
    def limited(self) -> Collection[str]:
        """Apps whose minutes or money are limited."""
        return [app for app, known in self._known.items() if known.quota.limits_use]

    @property
    def known(self) -> Collection[str]:
        """Apps that have any quota."""
        return self._known.keys()

    def note(self, whose: Whose, use: Use, cost: float | None) -> None:
        """A call of this server used something."""
        if whose.app not in self._known:
            return
        used = self._used[whose.app] = self._of(whose.app, self._today())
        used.call_ms += use.sound_ms if use.kind == "call" else 0
        used.day_cost += cost or 0.0
        used.month_cost += cost or 0.0

    def refusal(self, app: str, here: int) -> Ended | None:
        """Why that app may not begin another conversation beside the `here` that it has on this server; None if it
        may."""
        known = self._known.get(app)
        if known is None:
            return None
        most = known.quota.max_conversations
        if most is not None and here + known.elsewhere >= most:
            words = f"The app {app!r} has {most} conversations at once, its limit. Try again later."
            return Ended(EndReason.APP_LIMIT, words)
        words = self.used_up(app)
        return Ended(EndReason.APP_QUOTA, words) if words else None

    def used_up(self, app: str) -> str:
        """What the app has used up, in words for a client; "": nothing."""
        known = self._known.get(app)
        if known is None:
            return ""
        quota, used = known.quota, self._of(app, self._today())
        if quota.minutes_per_day is not None and used.call_ms >= quota.minutes_per_day * 60_000:
            return f"The app {app!r} has used its {quota.minutes_per_day:g} minutes of today; more begin at 0:00 UTC."
        if quota.cost_per_day is not None and used.day_cost >= quota.cost_per_day:
            return f"The app {app!r} has spent what it may spend today; it may spend more from 0:00 UTC."
        if quota.cost_per_month is not None and used.month_cost >= quota.cost_per_month:
            return f"The app {app!r} has spent what it may spend this month."
        return ""

    def _of(self, app: str, day: str) -> _UsedToday:
        used = self._used.get(app)
        if used is None:
            return _UsedToday(day)
        if used.day == day:
            return used
        return _UsedToday(day, month_cost=used.month_cost if used.day[:7] == day[:7] else 0.0)

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock_ms() / 1_000, UTC).date().isoformat()
