"""Plivo's audio streaming (`<Stream bidirectional="true">`): μ-law, or l16 with the low byte first.

Sources: plivo.com/docs/voice/audio-streaming/audio-streaming, /docs/voice/xml/the-stream-element,
/docs/voice/concepts/signature-validation, and the signature's making in Plivo's own SDK. Headers of a stream have
letters and digits only.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from voi.config.phones import CarrierKind, MediaFormat
from voi.transports.media_ws.carrier import TICKET, PhoneDocument, PhoneWebhook, RingingCall, Unsigned
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.json_stream import CarrierJson, JsonStream, element, text_at, to_text, xml, xml_text
from voi.transports.media_ws.twilio import ringing_in_form

HEADERS_MAX_CHARS = 2_000
_TYPES: dict[MediaFormat, str] = {"ulaw": "audio/x-mulaw", "l16": "audio/x-l16"}
_TICKET = re.compile(rf"(?:^|[;,\s]){TICKET}=([A-Za-z0-9]+)")


class Plivo(JsonStream):
    """Plivo's audio streams, with webhooks signed by X-Plivo-Signature-V3."""

    kind: ClassVar[CarrierKind] = "plivo"
    id_name = "streamId"
    call_id_names = ("callId",)
    format_name = "mediaFormat"
    rate_name = "sampleRate"
    mark_event = "playedStream"
    encodings: ClassVar[dict[str, MediaFormat]] = {name: form for form, name in _TYPES.items()}

    def nonce(self, webhook: PhoneWebhook, key: str, now_s: float) -> str:
        nonce = webhook.headers.get("x-plivo-signature-v3-nonce", "")
        right = plivo_signature(webhook.url, webhook.form(), nonce, key)
        given = webhook.headers.get("x-plivo-signature-v3", "").split(",")  # one for each auth token that is valid
        if not nonce or not any(hmac.compare_digest(each.strip().encode("utf-8", "replace"), right) for each in given):
            raise Unsigned("The request has no valid X-Plivo-Signature-V3.")
        return nonce

    def ringing(self, webhook: PhoneWebhook) -> RingingCall:
        return ringing_in_form(webhook, "CallUUID")

    def connect(self, url: str, ticket: str, codec: MediaCodec) -> PhoneDocument:
        stream = element(
            "Stream", xml_text(url), bidirectional="true", keepCallAlive="true",
            contentType=f"{_TYPES[codec.form]};rate={codec.rate_hz}", extraHeaders=f"{TICKET}={ticket}",
        )  # fmt: skip
        return xml(stream)

    def reject(self, *, busy: bool) -> PhoneDocument:
        return xml(element("Hangup", reason="busy" if busy else "rejected"))

    def sound(self, stream_id: str, payload: bytes, codec: MediaCodec) -> Iterable[str]:
        media = {"contentType": _TYPES[codec.form], "sampleRate": codec.rate_hz,
                 "payload": b64encode(payload).decode()}  # fmt: skip
        yield to_text({"event": "playAudio", self.id_name: stream_id, "media": media})

    def mark(self, stream_id: str, name: str) -> str:
        return to_text({"event": "checkpoint", self.id_name: stream_id, "name": name})

    def clear(self, stream_id: str) -> str:
        return to_text({"event": "clearAudio", self.id_name: stream_id})

    def keys(self, stream_id: str, keys: str) -> str | None:
        return to_text({"event": "sendDTMF", self.id_name: stream_id, "dtmf": keys})

    def _mark_name(self, whole: CarrierJson) -> str:
        return text_at(whole, "name")

    def _ticket(self, whole: CarrierJson, start: CarrierJson) -> str:
        headers = text_at(whole, "extra_headers", HEADERS_MAX_CHARS)
        headers = headers or text_at(start, "extra_headers", HEADERS_MAX_CHARS)
        found = _TICKET.search(headers)
        return found[1] if found else ""


def plivo_signature(url: str, fields: dict[str, list[str]], nonce: str, auth_token: str) -> bytes:
    """What X-Plivo-Signature-V3 has to be for a POST to that address with those fields of a form."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    base = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if query or fields:
        base += "?" + "&".join(f"{name}={value}" for name in sorted(query) for value in sorted(query[name]))
    if query and fields:
        base += "."
    base += "".join(f"{name}{value}" for name in sorted(fields) for value in sorted(fields[name]))
    return b64encode(
        hmac.new(auth_token.encode(), f"{base}.{nonce}".encode("utf-8", "replace"), hashlib.sha256).digest()
    )
