"""STUN and TURN servers of the settings."""

import pytest

from voi.errors import ConfigError
from voi.transports.webrtc.settings import ice_settings


def test_a_credential_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_CREDENTIAL", "hush-hush")
    servers = {
        "eyes": {"url": "stun:stun.example.org"},
        "relay": {
            "url": "turn:turn.example.org:3478?transport=udp",
            "username": "voi",
            "credential": "${TURN_CREDENTIAL}",
        },
    }
    found = ice_settings(servers, "203.0.113.7")
    assert found.servers[1].credential == "hush-hush"
    assert "hush-hush" not in repr(found)
    assert found.external_address == "203.0.113.7"


@pytest.mark.parametrize(
    ("servers", "address", "words"),
    [
        ({"a": {"url": "http://x"}}, "", "url"),
        ({"a": {}}, "", "url"),
        ({"a": {"url": "stun:x", "secret": "y"}}, "", "unknown secret"),
        ({"a": {"url": "turn:x", "credential": "plain"}}, "", "into .env"),
        ({"a": {"url": "turn:x", "credential": "${NOT_SET_ANYWHERE}"}}, "", "NOT_SET_ANYWHERE"),
        ({"a": {"url": "stun:x"}, "b": {"url": "stun:y"}}, "", "only one stun"),
        ({}, "example.org", "not an IP address"),
    ],
)
def test_mistakes(servers: dict, address: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ice_settings(servers, address)
