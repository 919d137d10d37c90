"""The calls under way of an account."""

from typing import Any, cast

from voi.transports.sip.account_calls import AccountCalls, CallUnderWay


class _Leg:
    """As far as it is looked at."""

    def __init__(self, *, established: bool) -> None:
        self.established = established


def test_calls_are_listed_as_they_stand() -> None:
    now_s = [100.0]
    calls = AccountCalls(lambda: now_s[0])
    calls.add(cast(Any, _Leg(established=True)), "in", "c1")
    now_s[0] = 105.0
    calls.add(cast(Any, _Leg(established=False)), "out")
    assert calls.listed() == [CallUnderWay("in", "talking", 100.0, "c1"), CallUnderWay("out", "ringing", 105.0)]
    assert len(calls) == 2
    for leg in calls:
        calls.discard(leg)
        calls.discard(leg)
    assert not len(calls)
