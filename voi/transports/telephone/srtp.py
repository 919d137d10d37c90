"""SRTP (RFC 3711, RFC 7714) with keys that came by SDP (SDES, RFC 4568), by libsrtp.

Such keys are as secret as the signalling: an account should offer them over TLS only.
"""

import importlib
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from voi.errors import ClientError, ConfigError

Suite = Literal["AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"]
_PROFILES: dict[Suite, str] = {
    "AEAD_AES_256_GCM": "SRTP_PROFILE_AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM": "SRTP_PROFILE_AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80": "SRTP_PROFILE_AES128_CM_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32": "SRTP_PROFILE_AES128_CM_SHA1_32",
}
SUITES: tuple[Suite, ...] = (
    "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_256_GCM", "AEAD_AES_128_GCM",
)  # fmt: skip
"""In the order of offers: what every telephone has comes first."""
KEY_BYTES: dict[Suite, int] = {
    "AEAD_AES_256_GCM": 32 + 12,
    "AEAD_AES_128_GCM": 16 + 12,
    "AES_CM_128_HMAC_SHA1_80": 16 + 14,
    "AES_CM_128_HMAC_SHA1_32": 16 + 14,
}
"""Master key and salt."""
WINDOW_PACKETS = 128
"""So far behind the newest a packet may come. Anything older, or a second time, is refused."""


@dataclass(frozen=True, slots=True)
class SdesKey:
    """`key`: master key and salt, as in the `inline:` of SDP without its base64."""

    suite: Suite
    key: bytes = field(repr=False)


def new_key(suite: Suite) -> bytes:
    """A new master key with its salt, at random."""
    return secrets.token_bytes(KEY_BYTES[suite])


def srtp_is_there() -> bool:
    """Whether this server can encrypt sound."""
    try:
        _library()
    except ConfigError:
        return False
    return True


def _library() -> Any:
    try:
        return importlib.import_module("pylibsrtp")
    except ImportError:
        raise ConfigError("SRTP needs the package pylibsrtp. Run: ./install.sh telephone") from None


class SdesCipher:
    """SRTP of one call, with a key for each direction. `unprotect` and `unprotect_rtcp` return None for a packet that
    was not made with the other side's key. Raises ConfigError without pylibsrtp, ClientError for a key of the wrong
    length."""

    def __init__(self, ours: SdesKey, theirs: SdesKey) -> None:
        self._srtp = _library()
        self._out = self._session(ours, "SSRC_ANY_OUTBOUND")
        self._in = self._session(theirs, "SSRC_ANY_INBOUND")

    def protect(self, packet: bytes) -> bytes:
        protected: bytes = self._out.protect(packet)
        return protected

    def protect_rtcp(self, packet: bytes) -> bytes:
        protected: bytes = self._out.protect_rtcp(packet)
        return protected

    def unprotect(self, packet: bytes) -> bytes | None:
        try:
            plain: bytes = self._in.unprotect(packet)
        except (self._srtp.Error, ValueError):
            return None
        return plain

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        try:
            plain: bytes = self._in.unprotect_rtcp(packet)
        except (self._srtp.Error, ValueError):
            return None
        return plain

    def _session(self, key: SdesKey, direction: str) -> Any:
        if len(key.key) != KEY_BYTES[key.suite]:
            raise ClientError("A key for SRTP has the wrong length.")
        kind = self._srtp.Policy
        profile = getattr(kind, _PROFILES[key.suite])
        try:
            policy = kind(key=key.key, ssrc_type=getattr(kind, direction), srtp_profile=profile)
            policy.window_size = WINDOW_PACKETS
            return self._srtp.Session(policy)
        except self._srtp.Error:
            raise ClientError("A key for SRTP cannot be used.") from None
