"""A telephone account as managers are shown it: all that it is but its secrets, what it does, its calls."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from voi.config.problems import Problems
from voi.config.sip_accounts import SipAccount, check_account
from voi.transports.sip.account_status import ListedAccount
from voi.transports.sip.registration import AccountStateName

SECRETS = {"password", "secret"}
_STATES: dict[AccountStateName, str] = {"starting": "trying", "retrying": "trying", "failed": "refused"}
"""What managers are told, where it is another word."""


def account_as_dict(listed: ListedAccount, agents: Mapping[str, Any]) -> dict[str, Any]:
    """Times as ISO 8601 in UTC."""
    account, state = listed.account, listed.status.state
    fields = {} if account is None else account.model_dump(mode="json", exclude_unset=True, exclude=SECRETS)
    return {
        "name": listed.name,
        "from": None if listed.gone else "file" if listed.from_file else "store",
        "started": listed.started,
        "status": {
            "state": _STATES.get(state.name, state.name),
            "since": _time(state.since),
            "reason": state.reason or None,
            "server": state.server or None,
            "next_try": _time(state.next_try),
        },
        "calls": [
            {"id": call.id or None, "direction": call.direction, "state": call.state, "since": _time(call.since)}
            for call in listed.status.calls
        ],
        "account": fields,
        "has_password": account is not None and bool(account.password),
        "has_secret": account is not None and bool(account.secret),
        "warnings": [] if account is None else warnings_of(account, agents),
    }


def warnings_of(account: SipAccount, agents: Mapping[str, Any]) -> list[str]:
    """What is odd about it, though it is kept: its agent was removed, say."""
    problems = Problems()
    check_account(account, agents, "account", (), problems)
    return [*problems.errors, *problems.warnings]


def _time(unix_s: float) -> str | None:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds") if unix_s else None
