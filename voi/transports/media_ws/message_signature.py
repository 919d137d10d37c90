"""HTTP message signatures with a shared secret (RFC 9421, hmac-sha256), as Genesys Cloud signs its requests. Only what
those need: one signature, of header fields and of two derived components.

The signature base is made again from what arrived, so that nothing counts as signed that is not listed."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from voi.transports.media_ws.carrier import Unsigned

FIELD_MAX_CHARS = 4_000
CLOCK_SKEW_S = 10
_WRONG = "The request has no valid Signature."
_INPUT = re.compile(r'([a-z*][a-z0-9_.*-]*)=(\((?:"[a-z0-9@-]+"(?: |(?=\))))*\)((?:;[a-z]+=(?:"[^"\\]*"|\d{1,12}))*))')
_NAME = re.compile(r'"([^"]+)"')
_PARAMETER = re.compile(r';([a-z]+)=(?:"([^"\\]*)"|(\d+))')
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]+):")


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A signature's parameters, once it was found right."""

    key_id: str
    nonce: str
    created_s: int


def checked(
    headers: Mapping[str, str],
    derived: Mapping[str, str],
    key: bytes,
    required: Collection[str],
    now_s: float,
    fresh_s: float,
) -> SignedMessage:
    """Check the signature in `headers` (names in lower case). `derived`: values of components such as @authority.
    `required`: what it has to cover. It may be `fresh_s` old at `now_s` (Unix time). Raises Unsigned."""
    described = _INPUT.fullmatch(_field(headers, "signature-input"))
    given = _SIGNATURE.fullmatch(_field(headers, "signature"))
    if described is None or given is None or described[1] != given[1]:
        raise Unsigned(_WRONG)
    names = _NAME.findall(described[2][: described[2].index(")")])
    if len(set(names)) != len(names) or not set(required) <= set(names):
        raise Unsigned("The request's Signature does not cover what it has to.")
    base = "".join(f'"{name}": {_component(name, headers, derived)}\n' for name in names)
    base += f'"@signature-params": {described[2]}'
    right = hmac.digest(key, base.encode("utf-8", "replace"), hashlib.sha256)
    try:
        same = hmac.compare_digest(base64.b64decode(given[2], validate=True), right)
    except (binascii.Error, ValueError):
        same = False
    if not same:
        raise Unsigned(_WRONG)
    parameters = {name: text for name, text, _ in _PARAMETER.findall(described[3])}
    numbers = {name: int(number) for name, _, number in _PARAMETER.findall(described[3]) if number}
    created_s, expires_s = numbers.get("created", 0), numbers.get("expires", now_s)
    if parameters.get("alg", "hmac-sha256") != "hmac-sha256":
        raise Unsigned("The request is not signed with hmac-sha256.")
    if not now_s - fresh_s <= created_s <= now_s + CLOCK_SKEW_S or expires_s < now_s - CLOCK_SKEW_S:
        raise Unsigned("The request was signed too long ago. Are the clocks right?")
    return SignedMessage(parameters.get("keyid", ""), parameters.get("nonce", ""), created_s)


def _field(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    return value if len(value) <= FIELD_MAX_CHARS else ""


def _component(name: str, headers: Mapping[str, str], derived: Mapping[str, str]) -> str:
    value = derived.get(name) if name.startswith("@") else headers.get(name)
    if value is None:
        raise Unsigned("The request's Signature covers something that it does not have.")
    return value.strip()
