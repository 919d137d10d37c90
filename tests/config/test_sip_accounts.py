"""The SIP part of phones.json: what is right, and how mistakes are told."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.test_phones import read
from voi.config.sip_accounts import SipAccount, host_and_port

DESK = {"server": "pbx.example.com", "user": "1001", "password": "${DESK_PASSWORD}", "agent": "desk"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DESK_PASSWORD", "password1")


def test_an_account_needs_no_public_url(tmp_path: Path) -> None:
    phones, problems = read(tmp_path, {"accounts": {"desk": DESK}})
    assert (problems.errors, problems.warnings) == ([], [])
    assert phones is not None
    account = phones.accounts["desk"]
    assert account.server == ("pbx.example.com",)
    assert account.secrets == {"password": "${DESK_PASSWORD}"}, "no value is kept"


def test_who_answers(tmp_path: Path) -> None:
    trunk = {"registers": False, "allow": "192.0.2.0/24", "greeting": "Hi.", "language": "en"}
    numbers = {"+4930123456": {"agent": "desk", "carrier": "trunk", "language": "de"}, "+4930": {"agent": "desk"}}
    numbers |= {"+4940123456": {"agent": "desk", "carrier": "desk"}}
    phones, _ = read(tmp_path, {"accounts": {"desk": DESK, "trunk": trunk}, "numbers": numbers})
    assert phones is None or phones.accounts
    numbers.pop("+4930")
    phones, problems = read(tmp_path, {"accounts": {"desk": DESK, "trunk": trunk}, "numbers": numbers})
    assert phones is not None, problems
    found = phones.answering_account("+4930123456", "trunk")
    assert found is not None
    assert found.language == "de"
    assert found.greeting is not None
    assert phones.answering_account("+4940123456", "trunk") is None, "that number is another account's"
    other = phones.answering_account("anything", "desk")
    assert other is not None
    assert other.agent == "desk"
    phones, _ = read(tmp_path, {"accounts": {"trunk": trunk}, "numbers": {"*": {"agent": "desk"}}})
    assert phones is not None
    assert phones.answering_account("1001", "trunk") is not None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"server": None}, "lacks server and user"),
        ({"registers": False, "server": None}, "nobody could call it"),
        ({"server": "pbx example"}, "must be a host"),
        ({"server": "pbx.example.com:99999"}, "must be a host"),
        ({"server": ["a.example", "b:0"]}, "must be a host"),
        ({"allow": ["10.0.0.0/40"]}, "must be an address or a network"),
        ({"user": "a b"}, "cannot stand in a SIP address"),
        ({"agent": "dask"}, 'did you mean "desk"'),
        ({"password": "${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE is not set"),
        ({"challenge": True, "password": None}, "no user and password to ask for"),
        ({"callers": ["+49*5"]}, "must be numbers such as"),
        ({"codecs": ["g729"]}, "$.accounts.desk.codecs"),
        ({"expires_s": 5}, "$.accounts.desk.expires_s"),
        ({"transport": "ws"}, "$.accounts.desk.transport"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    _, problems = read(tmp_path, {"accounts": {"desk": {**DESK, **change}}})
    assert told in "\n".join(problems.errors)


@pytest.mark.parametrize(
    ("sip", "told"),
    [
        ({"host": "localhost"}, "must be an IP address"),
        ({"external_address": "300.1.1.1"}, "must be an IP address"),
        ({"rtp_ports": [30_000, 20_000]}, "the smaller one first"),
        ({"rtp_ports": [80, 90]}, "from 1024"),
        ({"tls_cert_file": "x.pem"}, "TLS needs both"),
        ({"tls_cert_file": "x.pem", "tls_key_file": "y.pem"}, "$.sip.tls_cert_file: cannot be used"),
    ],
)
def test_mistakes_of_the_listener(sip: dict[str, Any], told: str, tmp_path: Path) -> None:
    _, problems = read(tmp_path, {"accounts": {"desk": DESK}, "sip": sip})
    assert told in "\n".join(problems.errors)


def test_names_and_secrets(tmp_path: Path) -> None:
    carriers = {"desk": {"kind": "plivo", "auth_token": "${DESK_PASSWORD}"}}
    content = {"accounts": {"desk": DESK, "Front Desk": DESK}, "carriers": carriers, "public_url": "https://x.example"}
    _, problems = read(tmp_path, content)
    told = "\n".join(problems.errors)
    assert "has the name of a carrier" in told
    assert "part of an address" in told
    _, problems = read(tmp_path, {"accounts": {"desk": {**DESK, "password": "0123456789abcdef"}}})
    assert "0123456789abcdef" not in str(problems)
    assert "plain text" in problems.warnings[0]
    _, problems = read(tmp_path, {"accounts": {"desk": {**DESK, "srtp": "required"}}})
    assert '"transport": "tls"' in problems.warnings[0]


def test_carriers_still_need_to_know_where() -> None:
    account = SipAccount.model_validate({**DESK, "callers": ["+49*", "anna"]})
    assert account.takes_caller("+4930123456")
    assert account.takes_caller("anna")
    assert not account.takes_caller("annabel")
    assert not account.takes_caller("")
    assert host_and_port("[2001:db8::1]:5070") == ("2001:db8::1", 5_070)


def test_a_carrier_without_a_public_url(tmp_path: Path) -> None:
    carriers = {"plivo": {"kind": "plivo", "auth_token": "${DESK_PASSWORD}"}}
    _, problems = read(tmp_path, {"carriers": carriers})
    assert "lacks public_url" in "\n".join(problems.errors)
