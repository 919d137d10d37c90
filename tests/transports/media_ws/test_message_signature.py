"""Published examples, and what must not pass."""

import base64
from typing import Any

import pytest

from voi.transports.media_ws.carrier import Unsigned
from voi.transports.media_ws.message_signature import CLOCK_SKEW_S, FIELD_MAX_CHARS, checked

GENESYS: dict[str, str] = {
    "audiohook-organization-id": "d7934305-0972-4844-938e-9060eef73d05",
    "audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
    "x-api-key": "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh",
    "signature": "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
    "signature-input": 'sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" '
    '"audiohook-correlation-id" "x-api-key");keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";'
    'nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256";created=1641013200;expires=3282026430',
}
DERIVED = {"@request-target": "/api/v1/voicebiometrics/ws", "@authority": "audiohook.example.com"}
KEY = base64.b64decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=")
AT_S = 1_641_013_200


def check(headers: dict[str, str] | None = None, **other: Any) -> Any:
    given = {"derived": DERIVED, "key": KEY, "required": ("x-api-key", "@authority"), "now_s": AT_S, "fresh_s": 10}
    return checked(GENESYS if headers is None else headers, **(given | other))


def test_the_example_of_genesys_documentation() -> None:
    """github.com/purecloudlabs/audiohook-reference-implementation, signature-verifier.test.ts."""
    signed = check()
    assert (signed.key_id, signed.nonce, signed.created_s) == (GENESYS["x-api-key"], "VGhpc0lzQVVuaXF1ZU5vbmNl", AT_S)


def test_the_example_of_the_rfc() -> None:
    """RFC 9421, B.2.5."""
    key = base64.b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
    headers = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "signature-input": 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
        "signature": "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    }
    checked(headers, {"@authority": "example.com"}, key, ("date",), 1_618_884_473, 10)


@pytest.mark.parametrize("now_s", [AT_S + 11, AT_S - CLOCK_SKEW_S - 1])
def test_old_ones(now_s: float) -> None:
    with pytest.raises(Unsigned, match="too long ago"):
        check(now_s=now_s)


@pytest.mark.parametrize(
    "change",
    [
        {"signature": ""},
        {"signature": "sig2=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:"},
        {"signature": "sig1=:AAAA:"},
        {"signature": "sig1=:A:"},
        {"signature-input": ""},
        {"signature-input": "sig1=();created=1641013200"},
        {"signature-input": GENESYS["signature-input"].replace("3282026430", "3282026431")},
        {"signature-input": GENESYS["signature-input"].replace('"x-api-key"', '"x-api-key" "x-api-key"')},
        {"signature-input": GENESYS["signature-input"].replace('"x-api-key"', '"x-api-key" "missing"')},
        {"signature-input": GENESYS["signature-input"].replace("=1641013200", '="1641013200"')},
        {"signature-input": GENESYS["signature-input"] + ' , sig2=("date");created=1'},
        {"signature-input": "x" * (FIELD_MAX_CHARS + 1)},
        {"x-api-key": "another"},
        {"audiohook-session-id": "another"},
    ],
)
def test_what_must_not_pass(change: dict[str, str]) -> None:
    with pytest.raises(Unsigned):
        check(GENESYS | change)


def test_other_keys_addresses_and_what_is_not_covered() -> None:
    for other in (
        {"key": b"another"},
        {"derived": DERIVED | {"@authority": "other.example.com"}},
        {"derived": {"@authority": DERIVED["@authority"]}},
        {"required": ("x-api-key", "date")},
    ):
        with pytest.raises(Unsigned):
            check(**other)
