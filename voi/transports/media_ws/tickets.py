"""Tickets: what a carrier shows at the WebSocket so that it is known which call this is. Each is signed, lives for a
minute, and opens one WebSocket. Letters and digits only: some carriers pass on no
others."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import orjson

from voi.errors import ClientError
from voi.transports.media_ws.carrier import RingingCall

LIFE_S = 60
TICKET_CHARS_MAX = 1_000
_MAC_BYTES = 16
_WRONG = "The ticket of the call is not one of this server."


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a ticket says: which call it is for, and the carrier's name in phones.json."""

    carrier: str
    call: RingingCall


class SeenMemory(Protocol):
    """Remembers what was seen."""

    def note(self, key: str) -> int:
        """How often that key was noted, this time included."""
        ...


class SeenKeys:
    """Remembers keys for a while, the newest `most` of them. `clock`: seconds."""

    def __init__(self, keep_s: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep_s = keep_s
        self._most = most
        self._clock = clock
        self._times: dict[str, tuple[float, int]] = {}

    def note(self, key: str) -> int:
        """How often that key was noted, this time included."""
        now_s = self._clock()
        noted_s, before = self._times.pop(key, (now_s, 0))
        before = before if now_s - noted_s <= self._keep_s else 0
        self._times[key] = (now_s, before + 1)
        while self._times:
            oldest = next(iter(self._times))
            if len(self._times) <= self._most and now_s - self._times[oldest][0] <= self._keep_s:
                break
            del self._times[oldest]
        return before + 1


class Tickets:
    """`secret`: of the server. `clock`: Unix time. `used`: what was redeemed before; None: a memory of its own."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time, used: SeenMemory | None = None) -> None:
        self._key = hmac.new(secret.encode(), b"voi telephone ticket", hashlib.sha256).digest()
        self._clock = clock
        self._used = used or SeenKeys(2 * LIFE_S, 100_000, clock)

    def issue(self, carrier: str, call: RingingCall) -> str:
        said = [int(self._clock()) + LIFE_S, secrets.token_hex(6), carrier, call.call_id, call.called, call.caller]
        body = orjson.dumps(said)
        return base64.b32encode(self._mac(body) + body).decode().rstrip("=")

    def redeem(self, ticket: str) -> Admitted:
        """What the ticket says. It cannot be redeemed again. Raises ClientError."""
        if not ticket or len(ticket) > TICKET_CHARS_MAX:
            raise ClientError(_WRONG)
        try:
            whole = base64.b32decode(ticket + "=" * (-len(ticket) % 8))
        except (binascii.Error, ValueError):
            raise ClientError(_WRONG) from None
        mac, body = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise ClientError(_WRONG)
        ends_s, _, carrier, call_id, called, caller = orjson.loads(body)
        if ends_s < self._clock():
            raise ClientError("The ticket of the call is too old.")
        if self._used.note(f"ticket {mac.hex()}") > 1:
            raise ClientError("The ticket of the call was used before.")
        return Admitted(carrier, RingingCall(call_id, called, caller))

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:_MAC_BYTES]
