"""Who sends wrong API keys is not heard for a while."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from fastapi import HTTPException, Request

from voi.server import key_guesses
from voi.server.auth import issue_token
from voi.server.key_guesses import AT_ONCE_MAX, EVERY_S, ApiKey, KeyGuesses


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def request(address: str, key: str) -> Request:
    scope = {"type": "http", "client": (address, 1), "headers": [(b"api-key", key.encode())]}
    return Request(cast(Any, scope))


def checking(clock: Clock | None = None, key: str = "right") -> Callable[[Request], None]:
    return ApiKey(key, KeyGuesses(clock or Clock())).check


def answer(check: Any, address: str, key: str) -> int:
    """Its status; with 429 it says when to try again."""
    try:
        check(request(address, key))
    except HTTPException as refused:
        says_when = "Retry-After" in (refused.headers or {})
        return refused.status_code if says_when == (refused.status_code == 429) else 500
    return 200


def test_an_address_that_guesses_is_not_heard_for_a_while() -> None:
    clock = Clock()
    check = checking(clock)
    guesses = [answer(check, "192.0.2.1", f"guess {number}") for number in range(AT_ONCE_MAX + 5)]
    assert guesses == [403] * AT_ONCE_MAX + [429] * 5
    assert answer(check, "192.0.2.1", "right") == 429, "or the right one would show itself among many"
    assert answer(check, "192.0.2.2", "right") == 200
    clock.now_s += EVERY_S + 0.1
    assert answer(check, "192.0.2.1", "right") == 200
    assert answer(check, "192.0.2.1", "wrong") == 403
    assert answer(check, "192.0.2.1", "wrong") == 429


def test_over_a_long_time_guesses_come_slowly() -> None:
    clock = Clock()
    check = checking(clock)
    heard = 0
    for _ in range(10_000):
        clock.now_s += 0.01
        heard += answer(check, "192.0.2.1", "guess") == 403
    assert heard <= AT_ONCE_MAX + 100 / EVERY_S


def test_right_keys_and_missing_ones_are_no_guesses() -> None:
    check = checking()
    assert {answer(check, "192.0.2.1", "right") for _ in range(100)} == {200}


def test_tokens_are_no_guesses_and_do_not_wait() -> None:
    """An app that comes with a token of yesterday does not lock out the services at its address."""
    check, token = checking(), issue_token("shop", "s" * 32)
    assert {answer(check, "192.0.2.1", token) for _ in range(100)} == {403}
    assert answer(check, "192.0.2.1", "right") == 200
    for _ in range(AT_ONCE_MAX):
        answer(check, "192.0.2.1", "guess")
    assert answer(check, "192.0.2.1", token) == 403, "it is looked at, and the key is not"


def test_a_key_of_the_form_of_a_token_is_guarded_like_others() -> None:
    key, guess = issue_token("shop", "s" * 32), issue_token("shop", "t" * 32)
    check = checking(key=key)
    assert answer(check, "192.0.2.1", key) == 200
    for _ in range(AT_ONCE_MAX):
        assert answer(check, "192.0.2.1", guess) == 403
    assert answer(check, "192.0.2.1", key) == 429


def test_a_network_of_ipv6_is_one_address() -> None:
    check = checking()
    for number in range(AT_ONCE_MAX):
        assert answer(check, f"2001:db8::{number:x}", "guess") == 403
    assert answer(check, "2001:db8::ffff:1", "right") == 429
    assert answer(check, "2001:db8:0:1::1", "right") == 200


def test_what_is_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_guesses, "ADDRESSES_MAX", 3)
    guesses = KeyGuesses(Clock())
    for number in range(10):
        guesses.wrong(f"192.0.2.{number}")
    assert len(guesses._wrong) == 3
