"""Exotel's AgentStream (the Voicebot applet, or `StreamType=bidirectional`): l16 with the low byte first, base64 in
JSON.

Sources: developer.exotel.com/docs/agentstream/websocket-protocol, /docs/agentstream/stream-voicebot-applet,
support.exotel.com/support/solutions/articles/3000108630 (sizes of sounds). Exotel signs nothing. What its WebSocket's
address has before the @ comes as Basic authentication: there is the account's name in phones.json, and its password.
"""

import base64
import binascii
import hmac
from typing import ClassVar
from urllib.parse import unquote

from voi.config.phones import CarrierKind, MediaFormat
from voi.errors import ClientError
from voi.transports.media_ws.carrier import RingingCall, StreamStarted, Unsigned
from voi.transports.media_ws.codecs import MEDIA_RATES_HZ, MediaCodec
from voi.transports.media_ws.json_stream import CarrierJson, JsonStream, count_at, object_at, text_at
from voi.transports.websocket import Request

AUTHORIZATION_MAX_CHARS = 2_000


class Exotel(JsonStream):
    """Exotel's AgentStream: the WebSocket's address has a password."""

    kind: ClassVar[CarrierKind] = "exotel"
    id_name = "stream_sid"
    call_id_names = ("call_sid",)
    format_name = "media_format"
    rate_name = "sample_rate"
    encodings: ClassVar[dict[str, MediaFormat]] = {}
    counts_sounds = False
    gathers_ms = 200
    """Exotel wants at least 3,200 bytes, which is this much at its usual 8 kHz."""

    def claims(self, request: Request) -> str:
        return _basic(request)[0]

    def check(self, request: Request, key: str, public_url: str, now_s: float) -> str:
        given = _basic(request)[1].encode("utf-8", "replace")
        if not hmac.compare_digest(given, key.encode("utf-8", "replace")):
            raise Unsigned("The WebSocket's address has not the account's password.")
        return ""

    def _started(self, whole: CarrierJson) -> StreamStarted:
        start = object_at(whole, "start")
        call_id = text_at(start, "call_sid")
        stream_id = text_at(start, self.id_name) or text_at(whole, self.id_name) or call_id
        if not stream_id:
            raise ClientError("The start of the stream names neither it nor the call.")
        call = RingingCall(call_id, text_at(start, "to"), text_at(start, "from"))
        return StreamStarted(stream_id, call_id, "", self._codec(start), call)

    def _codec(self, start: CarrierJson) -> MediaCodec:
        """The encoding has had several names for the same: raw, base64, linear16. Only mulaw is another."""
        described = start.get(self.format_name)
        described = described if isinstance(described, dict) else {}
        rate_hz = count_at(described, self.rate_name)
        if "mulaw" in str(described.get("encoding"))[:40]:
            return MediaCodec("ulaw", 8_000)
        return MediaCodec("l16", rate_hz if rate_hz in MEDIA_RATES_HZ else 8_000)


def _basic(request: Request) -> tuple[str, str]:
    """User and password of the request; "" for both without any."""
    scheme, _, encoded = request.authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > AUTHORIZATION_MAX_CHARS:
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote(user), unquote(password)
