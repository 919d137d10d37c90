"""Vonage's WebSockets of the Voice API: l16 with the low byte first, in binary messages of exactly 20 ms.

Sources: developer.vonage.com/en/voice/voice-api/concepts/websockets, /voice/voice-api/ncco-reference#connect,
/getting-started/concepts/webhooks (signed webhooks). The signature covers a body only, so the answer webhook has to be
sent by POST.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import ClassVar

import jwt
import orjson

from voi.config.phones import CarrierKind
from voi.errors import ClientError
from voi.transports.media_ws.carrier import (
    TICKET,
    CallerKey,
    CallerSound,
    Carrier,
    FromCarrier,
    MarkPlayed,
    PhoneDocument,
    PhoneWebhook,
    RingingCall,
    StreamStarted,
    Unsigned,
)
from voi.transports.media_ws.codecs import FRAME_MS, MediaCodec
from voi.transports.media_ws.json_stream import PAYLOAD_MAX_CHARS, parsed, text_at, to_text

FRESH_S = 300
TICKET_MAX_CHARS = 1_000
STREAM = "vonage"
"""A WebSocket of Vonage has one stream, without an id."""


class Vonage(Carrier):
    """Vonage's WebSockets: raw PCM, with webhooks signed by a JWT."""

    kind: ClassVar[CarrierKind] = "vonage"

    def nonce(self, webhook: PhoneWebhook, key: str, now_s: float) -> str:
        scheme, _, token = webhook.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer" or len(token) > 4_096:
                raise jwt.InvalidTokenError
            claims = jwt.decode(
                token, key, algorithms=["HS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )  # fmt: skip
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
            raise Unsigned("The request has no valid token in Authorization.") from None
        issued_s, body_hash, name = claims.get("iat"), claims.get("payload_hash"), claims.get("jti")
        if not isinstance(issued_s, int | float) or abs(now_s - issued_s) > FRESH_S:
            raise Unsigned("The request was signed too long ago. Are the clocks right?")
        hashed = hashlib.sha256(webhook.body).hexdigest()
        if not isinstance(body_hash, str) or not hmac.compare_digest(
            body_hash.encode("utf-8", "replace"), hashed.encode()
        ):
            raise Unsigned("The token in Authorization is not that of this body.")
        return name[:200] if isinstance(name, str) and name else token

    def ringing(self, webhook: PhoneWebhook) -> RingingCall:
        try:
            fields = parsed(webhook.body.decode())
        except UnicodeDecodeError:
            raise ClientError("The request is no JSON.") from None
        call_id, called = text_at(fields, "uuid"), text_at(fields, "to")
        if not call_id or not called:
            raise ClientError("The request does not say uuid and to.")
        return RingingCall(call_id, called, text_at(fields, "from"))

    def connect(self, url: str, ticket: str, codec: MediaCodec) -> PhoneDocument:
        endpoint = {"type": "websocket", "uri": url, "content-type": f"audio/l16;rate={codec.rate_hz}",
                    "headers": {TICKET: ticket}}  # fmt: skip
        return _ncco([{"action": "connect", "endpoint": [endpoint]}])

    def reject(self, *, busy: bool) -> PhoneDocument:
        return _ncco([])  # the call ends: there is no word for busy

    def read(self, message: bytes | str) -> FromCarrier | None:
        if isinstance(message, bytes):
            if len(message) > PAYLOAD_MAX_CHARS:
                raise ClientError("A sound of the carrier is too long.")
            return CallerSound(message, None, STREAM)
        whole = parsed(message)
        event = whole.get("event")
        if event == "websocket:connected":
            inner = whole.get("headers")
            given = text_at(whole, TICKET, TICKET_MAX_CHARS)
            if not given and isinstance(inner, dict):
                given = text_at(inner, TICKET, TICKET_MAX_CHARS)
            return StreamStarted(STREAM, "", given)
        if event == "websocket:dtmf":
            return CallerKey(text_at(whole, "digit")[:1], STREAM)
        if event == "websocket:notify":
            payload = whole.get("payload")
            return MarkPlayed(text_at(payload, "name"), STREAM) if isinstance(payload, dict) else None
        return None

    def sound(self, stream_id: str, payload: bytes, codec: MediaCodec) -> Iterable[bytes]:
        size = codec.rate_hz * FRAME_MS // 1_000 * 2
        return (payload[start : start + size] for start in range(0, len(payload), size))

    def mark(self, stream_id: str, name: str) -> str:
        return to_text({"action": "notify", "payload": {"name": name}})

    def clear(self, stream_id: str) -> str:
        return to_text({"action": "clear"})


def _ncco(actions: list[object]) -> PhoneDocument:
    return PhoneDocument("application/json", orjson.dumps(actions).decode())
