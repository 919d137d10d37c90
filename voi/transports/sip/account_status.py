"""What accounts do, as managers see it: their states and calls, put together from what each server knows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from voi.config.sip_accounts import SipAccount
from voi.errors import ClientError
from voi.transports.sip.account_calls import CallUnderWay
from voi.transports.sip.registration import AccountState
from voi.transports.sip.service import SipService

CALLS_TOLD_MAX = 100
NOBODY = "no server with SIP has it yet"
_STOPPED = AccountState("stopped", 0.0)
_DELETED = AccountState("deleted", 0.0)


class NoSuchAccount(ClientError):
    """There is no account of that name in the store."""


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """What an account does now, and its calls. `version`: of the account in the store; "": of phones.json."""

    state: AccountState
    calls: tuple[CallUnderWay, ...] = ()
    version: str = ""


Statuses = Mapping[str, AccountStatus]
"""What one server's accounts do, by name."""


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """`account` None: it cannot be read, or is gone."""

    name: str
    account: SipAccount | None = field(repr=False)
    from_file: bool
    started: bool
    status: AccountStatus
    gone: bool = False
    """It was deleted, and has calls under way."""


def statuses_of(sip: SipService, versions: Mapping[str, str]) -> Statuses:
    """What the accounts of this server do. `versions`: of those of the store."""
    states, calls = sip.states, sip.under_way
    return {
        name: AccountStatus(
            states.get(name, _STOPPED), tuple(calls.get(name, ())[:CALLS_TOLD_MAX]), versions.get(name, "")
        )
        for name in {*states, *calls}
    }


def status_of(name: str, version: str, told: Sequence[Statuses]) -> AccountStatus:
    """`told`: by each server. The state is that of this version; the calls are all of that name."""
    of_name = [each[name] for each in told if name in each]
    calls = tuple(call for each in of_name for call in each.calls)
    states = [each.state for each in of_name if each.version == version and each.state.name != "stopped"]
    state = states[0] if states else AccountState("starting", 0.0, "" if any(told) else NOBODY)
    return AccountStatus(state, calls, version)


def listed_of_file(accounts: Mapping[str, SipAccount], told: Sequence[Statuses]) -> list[ListedAccount]:
    """The accounts of phones.json."""
    return [
        ListedAccount(name, account, True, True, status_of(name, "", told)) for name, account in accounts.items()
    ]  # fmt: skip


def listed_gone(known: Iterable[ListedAccount], told: Sequence[Statuses]) -> list[ListedAccount]:
    """Accounts that are no more, and have calls under way. `known`: those that there are."""
    there = {each.name for each in known}
    gone = sorted({name for each in told for name, status in each.items() if status.calls} - there)
    return [
        ListedAccount(name, None, False, False, AccountStatus(_DELETED, status_of(name, "", told).calls), gone=True)
        for name in gone
    ]


def write_statuses(statuses: Statuses) -> str:
    """As JSON, for other servers."""
    return json.dumps({name: asdict(status) for name, status in statuses.items()})


def read_statuses(text: str) -> Statuses:
    """What another server wrote; nothing if it is of a version that writes something else."""
    try:
        return {
            name: AccountStatus(
                AccountState(**status["state"]), tuple(CallUnderWay(**call) for call in status["calls"]),
                status["version"],
            )
            for name, status in json.loads(text).items()
        }  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
