"""Tokens: what is accepted, what is refused, and that no token is ever repeated."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.fakes import SECRET
from voi.errors import ClientError
from voi.server.auth import MAX_TOKEN_CHARS, bearer, check_token, checked_app, is_key, issue_token, read_token, token_in


def legacy(**claims: Any) -> str:
    return jwt.encode(claims, SECRET, algorithm="HS256")


def naive(days: float) -> str:
    return (datetime.now() + timedelta(days=days)).isoformat()


def test_what_is_issued_is_accepted_and_has_both_ends() -> None:
    token = issue_token("my-app", SECRET, 2)
    assert check_token(token, SECRET) == "my-app"
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert set(claims) == {"app", "expire", "exp", "iat", "jti"}
    expire = datetime.fromisoformat(claims["expire"])
    assert expire.tzinfo is None
    assert abs(expire.timestamp() - claims["exp"]) < 2
    assert 47.9 < (expire - datetime.now()).total_seconds() / 3600 < 48.1
    assert issue_token("my-app", SECRET, 2) != token


def test_a_token_grants_agents_of_clients_own_only_if_it_says_so() -> None:
    assert read_token(issue_token("a", SECRET, own_agents=True), SECRET).own_agents
    for claim in ({}, {"own_agents": False}, {"own_agents": "true"}, {"own_agents": 1}, {"own_agents": None}):
        assert not read_token(legacy(expire=naive(1), app="a", **claim), SECRET).own_agents


def test_tokens_of_older_generators_are_accepted() -> None:
    assert check_token(legacy(expire=naive(1), app="old"), SECRET) == "old"
    aware = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert check_token(legacy(expire=aware, app="old"), SECRET) == "old"


def test_the_standard_end_counts_when_both_are_there() -> None:
    soon = int((datetime.now(UTC) + timedelta(days=1)).timestamp())
    assert check_token(legacy(expire=naive(-1), exp=soon, app="a"), SECRET) == "a"


def unsigned() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part({'app': 'a', 'expire': naive(1)})}."


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "no token"),
        ("x" * (MAX_TOKEN_CHARS + 1), "too long"),
        ("garbage", "malformed"),
        ("a.b.c", "malformed"),
        ("é.è.ê", "malformed"),
        (unsigned(), "not signed with HS256"),
        (jwt.encode({"app": "a", "expire": naive(1)}, SECRET * 2, algorithm="HS512"), "not signed with HS256"),
        (jwt.encode({"app": "a", "expire": naive(1)}, SECRET[::-1], algorithm="HS256"), "not issued by this server"),
        (legacy(app="a", expire=naive(-0.01)), "expired"),
        (legacy(app="a", exp=1_000_000_000), "expired"),
        (legacy(app="a", exp=int(time.time()) - 1), "expired"),
        (legacy(app="a", exp="soon"), "not a time"),
        (legacy(app="a", exp=10**30), "not a time"),
        (legacy(app="a", exp=None), "not a time"),
        (legacy(app="a", expire=naive(1), nbf=4_000_000_000), "not valid yet"),
        (legacy(app="a"), "does not say when it expires"),
        (legacy(app="a", expire=7), "does not say when it expires"),
        (legacy(app="a", expire="tomorrow"), "not a time"),
        (legacy(app="a", expire="0001-01-01T00:00:00"), "not a time|expired"),
        (legacy(expire=naive(1)), "does not name the app"),
        (legacy(app="../../etc", expire=naive(1)), "does not name the app"),
        (legacy(app=7, expire=naive(1)), "does not name the app"),
    ],
)
def test_refusals_say_why_and_do_not_repeat_the_token(token: str, says: str) -> None:
    with pytest.raises(ClientError, match=says) as caught:
        check_token(token, SECRET)
    assert str(caught.value).startswith("Token validation error: ")
    assert len(str(caught.value)) < 120
    assert not token or token not in str(caught.value)


def test_while_a_key_is_replaced_both_are_valid() -> None:
    old = "the-key-of-before-" * 3
    for signed_with in (SECRET, old):
        assert check_token(issue_token("app", signed_with), SECRET, old) == "app"
    with pytest.raises(ClientError, match="not issued by this server"):
        check_token(issue_token("app", old), SECRET)
    with pytest.raises(ClientError, match="not issued by this server"):
        check_token(issue_token("app", "somebody-else-" * 4), SECRET, old)
    with pytest.raises(ClientError, match="expired"):
        check_token(legacy(app="a", expire=naive(-1)), old, SECRET)


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_fuzz(token: str) -> None:
    with pytest.raises(ClientError):
        check_token(token, SECRET)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_token_is_accepted(at: int, by: int) -> None:
    token = issue_token("app", SECRET)
    at %= len(token)
    changed = token[:at] + chr((ord(token[at]) + by) % 128) + token[at + 1 :]
    try:
        assert check_token(changed, SECRET) == "app"
    except ClientError:
        return
    # the last character of base64 has spare bits: another spelling of the same signature
    assert at == len(token) - 1 or changed == token


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("token=abc", "abc"),
        ("a=b&token=abc&c=d", "abc"),
        ("token=a%2Eb%3D%3D", "a.b=="),
        ("token=abc==", "abc=="),
        ("token=a+b", "a+b"),
        ("", ""),
        ("token", ""),
        ("xtoken=1", ""),
        ("&&=&token=%ff%00", "\ufffd\x00"),
    ],
)
def test_the_token_of_a_query(query: str, token: str) -> None:
    assert token_in(query) == token


@pytest.mark.parametrize("app", ["a", "My-App_1.2", "x" * 64])
def test_names_of_apps(app: str) -> None:
    assert checked_app(app) == app


@pytest.mark.parametrize("app", ["", "x" * 65, ".hidden", "-x", "a/b", "a b", "é", "a\n", "..", "٣"])
def test_wrong_names_of_apps(app: str) -> None:
    with pytest.raises(ClientError, match="name"):
        issue_token(app, SECRET)


@pytest.mark.parametrize("days", [0, -1, 1e9, float("nan"), float("inf")])
def test_wrong_lives(days: float) -> None:
    with pytest.raises(ClientError, match="days"):
        issue_token("a", SECRET, days)


def test_keys() -> None:
    assert is_key("abc", "abc")
    assert not is_key("abd", "abc")
    assert not is_key("", "abc")
    assert not is_key("\ud800é", "abc")


def test_a_bearer_is_a_key() -> None:
    assert bearer("Bearer abc") == bearer("bearer  abc ") == "abc"
    assert bearer("Basic abc") is bearer("") is None


def test_a_token_may_say_whom_it_is_for() -> None:
    token = issue_token("app", SECRET, person="anna 7")
    assert check_token(token, SECRET) == "app"
    assert read_token(token, SECRET).person == "anna 7"
    assert read_token(issue_token("app", SECRET), SECRET).person == ""
    with pytest.raises(ClientError, match="200 characters"):
        issue_token("app", SECRET, person="x" * 201)
