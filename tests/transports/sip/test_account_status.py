"""What accounts do, put together from what servers tell."""

import pytest

from voi.config.sip_accounts import SipAccount
from voi.transports.sip.account_calls import CallUnderWay
from voi.transports.sip.account_status import (
    NOBODY,
    AccountStatus,
    listed_of_file,
    read_statuses,
    status_of,
    write_statuses,
)
from voi.transports.sip.registration import AccountState

UP = AccountState("registered", 1_000.0, "", "pbx.test:5060")
CALL = CallUnderWay("in", "talking", 1_000.0, "c1")


def test_a_status_travels_between_servers() -> None:
    told = {
        "desk": AccountStatus(UP, (CALL,), "v1"),
        "other": AccountStatus(AccountState("failed", 2.0, "no", "", 9.0)),
    }
    assert read_statuses(write_statuses(told)) == told


@pytest.mark.parametrize("text", ["", "[]", "{", '{"desk": 1}', '{"desk": {"state": {}, "calls": [], "version": ""}}'])
def test_what_another_version_tells_is_left(text: str) -> None:
    assert read_statuses(text) == {}


def test_the_state_is_that_of_this_version_and_calls_are_of_all() -> None:
    old, new = {"desk": AccountStatus(UP, (CALL,), "v1")}, {"desk": AccountStatus(UP, (), "v2")}
    assert status_of("desk", "v2", [old, new]) == AccountStatus(UP, (CALL,), "v2")
    waits = status_of("desk", "v3", [old, new])
    assert (waits.state.name, waits.state.reason, waits.calls) == ("starting", "", (CALL,))
    assert status_of("desk", "v1", []).state.reason == NOBODY


def test_accounts_of_the_file() -> None:
    account = SipAccount(registers=False, allow=("127.0.0.1",))
    (listed,) = listed_of_file({"desk": account}, [{"desk": AccountStatus(UP)}])
    assert (listed.name, listed.from_file, listed.started, listed.status.state) == ("desk", True, True, UP)
