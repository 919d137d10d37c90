"""Telnyx's media streaming by TeXML: G.711 of both laws, and l16 in network byte order.

Sources: developers.telnyx.com/docs/voice/programmable-voice/media-streaming, /texml-verbs/stream,
/api-reference/websockets/stream-call-media-over-websocket, /docs/development/api-fundamentals/webhooks. The order of
the caller's sound is not guaranteed. Its start need not repeat parameters, so the ticket is in the stream's address.
"""

import base64
import binascii
from typing import ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from voi.config.phones import CarrierKind, MediaFormat
from voi.transports.media_ws.carrier import TICKET, PhoneDocument, PhoneWebhook, RingingCall, Unsigned
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.json_stream import CarrierJson, JsonStream, element, xml
from voi.transports.media_ws.twilio import ringing_in_form

FRESH_S = 300
"""A signature older than this, or from so far in the future, is not accepted."""
_CODECS: dict[MediaFormat, str] = {"ulaw": "PCMU", "alaw": "PCMA", "l16": "L16"}


class Telnyx(JsonStream):
    """Telnyx's media streaming, with webhooks signed by Ed25519."""

    kind: ClassVar[CarrierKind] = "telnyx"
    id_name = "stream_id"
    call_id_names = ("call_control_id", "call_sid")
    format_name = "media_format"
    rate_name = "sample_rate"
    encodings: ClassVar[dict[str, MediaFormat]] = {name: form for form, name in _CODECS.items()}
    big_endian = True

    def nonce(self, webhook: PhoneWebhook, key: str, now_s: float) -> str:
        given = webhook.headers.get("telnyx-signature-ed25519", "")
        signed_s = webhook.headers.get("telnyx-timestamp", "")
        if not (signed_s.isascii() and signed_s.isdecimal() and len(signed_s) <= 12):
            raise Unsigned("The request has no telnyx-timestamp.")
        try:
            public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
            public.verify(base64.b64decode(given, validate=True), f"{signed_s}|".encode() + webhook.body)
        except (InvalidSignature, ValueError, binascii.Error):
            raise Unsigned("The request has no valid telnyx-signature-ed25519.") from None
        if abs(now_s - int(signed_s)) > FRESH_S:
            raise Unsigned("The request was signed too long ago. Are the clocks right?")
        return given

    def ringing(self, webhook: PhoneWebhook) -> RingingCall:
        return ringing_in_form(webhook, "CallSid")

    def connect(self, url: str, ticket: str, codec: MediaCodec) -> PhoneDocument:
        name = _CODECS[codec.form]
        stream = element(
            "Stream", url=f"{url}?{TICKET}={ticket}", track="inbound_track", codec=name, bidirectionalMode="rtp",
            bidirectionalCodec=name, bidirectionalSamplingRate=str(codec.rate_hz),
        )  # fmt: skip
        return xml(element("Connect", stream))

    def reject(self, *, busy: bool) -> PhoneDocument:
        return xml(element("Reject", reason="busy" if busy else "rejected"))

    def _ticket(self, whole: CarrierJson, start: CarrierJson) -> str:
        return ""
