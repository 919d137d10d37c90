"""What apps may use."""

import pytest

from voi.calls.admission import Admission, Refused
from voi.calls.quotas import Quota, QuotaKnown, Quotas
from voi.calls.usage import Whose
from voi.core.end_reason import EndReason
from voi.use import Use

NOON_MS = 1_793_016_000_000
"""2026-10-26, 12:00 UTC."""
DAY_MS = 24 * 3_600_000
WHOSE = Whose("shop", "ada", "app")


class Clock:
    now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


def quotas(clock: Clock | None = None, **limits: float) -> Quotas:
    found = Quotas(clock or Clock())
    found.learn({"shop": QuotaKnown(Quota(**limits))})  # type: ignore[arg-type]
    return found


def minutes(count: float) -> Use:
    return Use("call", "app", sound_ms=round(count * 60_000))


def test_apps_without_a_quota_use_what_they_want() -> None:
    found = quotas(minutes_per_day=1)
    found.note(Whose("bank", "ada", "app"), minutes(100), 1e6)
    assert found.refusal("bank", 1_000) is None
    assert found.used_up("bank") == ""
    assert list(quotas(max_conversations=3).limited) == []


@pytest.mark.parametrize("limit", ["minutes_per_day", "cost_per_day", "cost_per_month"])
def test_each_limit_refuses_when_it_is_used_up(limit: str) -> None:
    found = quotas(**{limit: 2})
    found.note(WHOSE, minutes(1.9), 1.9)
    found.note(WHOSE, Use("stt", "ear", sound_ms=600_000), None)
    assert found.refusal("shop", 0) is None
    found.note(WHOSE, minutes(0.1), 0.1)
    refused = found.refusal("shop", 0)
    assert refused
    assert refused.reason is EndReason.APP_QUOTA
    assert "'shop' has" in refused.words
    assert found.used_up("shop") == refused.words


def test_days_and_months_begin_anew() -> None:
    clock = Clock()
    found = quotas(clock, minutes_per_day=1, cost_per_month=5)
    found.note(WHOSE, minutes(2), 3)
    assert "minutes of today" in found.used_up("shop")
    clock.now_ms += DAY_MS
    assert found.used_up("shop") == ""
    found.note(WHOSE, minutes(0.5), 2)
    assert "this month" in found.used_up("shop")
    clock.now_ms += 7 * DAY_MS
    assert found.used_up("shop") == ""


def test_what_the_store_lacks_yet_is_not_forgotten() -> None:
    found = quotas(minutes_per_day=3)
    found.note(WHOSE, minutes(2), None)
    found.learn({"shop": QuotaKnown(Quota(minutes_per_day=3), call_ms=60_000)})  # the store is behind
    found.note(WHOSE, minutes(1), None)
    assert found.used_up("shop")
    found.learn({"shop": QuotaKnown(Quota(minutes_per_day=10), call_ms=8 * 60_000)})  # others used more
    found.note(WHOSE, minutes(2), None)
    assert found.used_up("shop")
    found.learn({})
    assert found.used_up("shop") == ""


def test_conversations_of_other_servers_count() -> None:
    found = Quotas(Clock())
    found.learn({"shop": QuotaKnown(Quota(max_conversations=3), elsewhere=1)})
    admission = Admission(100, quotas=found)
    admission.open()
    admission.admit("shop")
    admission.admit("shop")
    with pytest.raises(Refused, match="has 3 conversations at once") as refused:
        admission.admit("shop")
    assert refused.value.ended.reason is EndReason.APP_LIMIT
    admission.admit("bank")
    admission.leave("shop")
    admission.admit("shop")
