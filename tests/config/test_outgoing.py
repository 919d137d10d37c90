"""What phones.json says of calls that Voi makes."""

import json
from pathlib import Path
from typing import Any

import pytest

from voi.config.phones import read_phones
from voi.config.problems import Problems

RIGHT = {"accounts": {"desk": {}}, "allow": ["+49*"]}


def read(folder: Path, **outgoing: Any) -> tuple[Any, Problems]:
    problems = Problems()
    path = folder / "phones.json"
    path.write_text(json.dumps({"public_url": "https://x.example", "outgoing": {**RIGHT, **outgoing}}))
    return read_phones(path, {"ada": None}, problems), problems


def test_what_is_usual(tmp_path: Path) -> None:
    phones, problems = read(tmp_path)
    assert not problems.errors
    account = phones.outgoing.accounts["desk"]
    assert (account.calls_at_once, account.calls_per_second, account.longest_minutes) == (2, 1, 30)
    assert phones.outgoing.machines.on_voicemail == "hang_up"


@pytest.mark.parametrize(
    ("outgoing", "told"),
    [
        ({"allow": ["49*"]}, "+49*"), ({"allow": ["*"]}, "+49*"), ({"allow": ["sip:x"]}, "+49*"),
        ({"quiet_hours": {"begin": "25:00"}}, "21:00"), ({"quiet_hours": {"time_zone": "Moon/Sea"}}, "Europe/Berlin"),
        ({"quiet_hours": {"time_zones": {"49": "UTC"}}}, "beginning of a number"),
        ({"webhook_secret": "plain"}, "reference"), ({"webhooks": ["https://x.example/"]}, "webhook_secret"),
        ({"webhook_secret": "${X}", "webhooks": ["https://x.example"]}, "slash"),
        ({"machines": {"on_voicemail": "leave_message"}}, "machines.message"), ({"agents": ["nobody"]}, "no agent"),
        ({"accounts": {"desk": {"caller_ids": ["a b"]}}}, "caller id"),
        ({"webhook_secret": "${NOT_SET_HERE}"}, "not set"),
        ({"accounts": {"desk": {"calls_per_second": 0}}}, "more than 0"),
    ],
)  # fmt: skip
def test_mistakes_are_told(outgoing: dict[str, Any], told: str, tmp_path: Path) -> None:
    _, problems = read(tmp_path, **outgoing)
    assert any(told in error for error in problems.errors), problems.errors


def test_nobody_is_allowed(tmp_path: Path) -> None:
    _, problems = read(tmp_path, allow=[])
    assert any("nobody may be called" in warning for warning in problems.warnings)


def test_webhooks_of_orders_stay_where_they_may_be(tmp_path: Path) -> None:
    base = "https://crm.example/voi/"
    phones, problems = read(tmp_path, webhook_secret="${PATH}", webhooks=[base])
    assert not problems.errors
    takes = phones.outgoing.takes_webhook
    for rest in ("", "done", "a.b/c..d?x=../y#z", "%20x"):
        assert takes(base + rest), rest
    for rest in ("../admin", "x/../../admin", "%2e%2e/admin", "..%2fadmin", ".", "..\\admin", "%5c..", "${PATH}", "{x}",
                 "a b", "a\r\nHost: x", "\0", "ä"):  # fmt: skip
        assert not takes(base + rest), rest
    for url in ("https://crm.example/other", "https://crm.example.evil/voi/", "http://crm.example/voi/", ""):
        assert not takes(url), url
