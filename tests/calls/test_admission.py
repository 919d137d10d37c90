"""Places for conversations."""

import pytest

from voi.calls.admission import Admission, Refused
from voi.calls.load import ALWAYS_ADMITTED, WINDOW, Load, LoadLevel
from voi.core.end_reason import EndReason


def test_nobody_before_it_opens_and_after_it_closes() -> None:
    admission = Admission(2)
    with pytest.raises(Refused) as starting:
        admission.admit("app")
    assert starting.value.ended.reason is EndReason.STARTING
    admission.open()
    admission.admit("app")
    admission.close()
    with pytest.raises(Refused) as draining:
        admission.admit("app")
    assert draining.value.ended.reason is EndReason.DRAINING
    assert admission.active == 1


def test_full_and_free_again() -> None:
    admission = Admission(2)
    admission.open()
    admission.admit("app")
    admission.admit("app")
    with pytest.raises(Refused, match="full: it holds 2"):
        admission.admit("app")
    admission.leave("app")
    admission.admit("app")
    assert admission.active == 2


def test_an_app_takes_no_more_than_its_share() -> None:
    admission = Admission(5, 2)
    admission.open()
    admission.admit("one")
    admission.admit("one")
    with pytest.raises(Refused, match="'one' has 2 conversations at once, its limit"):
        admission.admit("one")
    admission.admit("two")
    assert admission.active == 3
    admission.leave("one")
    admission.admit("one")
    for app in ("one", "one", "two"):
        admission.leave(app)
    assert admission.active == 0
    assert not admission._by_app, "apps that left are forgotten"


def test_a_server_without_time_for_it_refuses_and_says_when_to_come_back() -> None:
    class Busy(Load):
        def has_room(self, active: int) -> bool:
            return active < 1

    admission = Admission(5, load=Busy(lambda: 0.0))
    admission.open()
    admission.admit("app")
    with pytest.raises(Refused, match=r"too busy for another conversation. Try again in 10 seconds") as refused:
        admission.admit("app")
    assert refused.value.ended.reason is EndReason.OVERLOADED
    assert admission.active == 1


def test_room_is_what_a_proxy_asks_for() -> None:
    load = Load(lambda: 0.0, lambda level, why: None)
    admission = Admission(ALWAYS_ADMITTED, load=load)
    assert not admission.has_room
    admission.open()
    assert admission.has_room
    for _ in range(ALWAYS_ADMITTED):
        admission.admit("app")
    assert not admission.has_room
    admission = Admission(10, load=load)
    admission.open()
    for _ in range(WINDOW):
        load.sample(1.0, 0.5, 0.0, "", 10)
    assert load.level is LoadLevel.FULL
    assert admission.has_room  # a call or two are not the cause
    admission.admit("app")
    admission.admit("app")
    assert not admission.has_room
