"""HTTP routes see the client behind trusted proxies, and believe nobody else."""

from typing import Any

import pytest

from voi.server.forwarded import ForwardedClients
from voi.transports.forwarded import TrustedProxies


async def seen(peer: str, *headers: tuple[str, str], scheme: str = "http") -> tuple[str, str]:
    """Client and scheme."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "client": (peer, 1234), "scheme": scheme, "headers": raw}
    await ForwardedClients(app, TrustedProxies(["10.0.0.0/8"]))(scope, None, None)
    return scopes[0]["client"][0], scopes[0]["scheme"]


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("10.0.0.1", [("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        ("10.0.0.1", [("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.0.0.2")], "203.0.113.7"),
        ("10.0.0.1", [("forwarded", 'for="[2001:db8::1]:80"')], "2001:db8::1"),
        ("203.0.113.9", [("x-forwarded-for", "1.1.1.1")], "203.0.113.9"),
        ("10.0.0.1", [("x-forwarded-for", "a text\nwith lines")], "10.0.0.1"),
        ("10.0.0.1", [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=1.1.1.1")], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
    ],
)
async def test_the_client_is_who_a_trusted_proxy_says(peer: str, headers: list[tuple[str, str]], client: str) -> None:
    assert await seen(peer, *headers) == (client, "http")


async def test_the_scheme_is_what_a_trusted_proxy_says() -> None:
    assert await seen("10.0.0.1", ("x-forwarded-proto", "https")) == ("10.0.0.1", "https")
    assert await seen("10.0.0.1", ("x-forwarded-proto", "gopher")) == ("10.0.0.1", "http")
    assert await seen("203.0.113.9", ("x-forwarded-proto", "https")) == ("203.0.113.9", "http")
