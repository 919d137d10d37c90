"""Twilio Media Streams, bidirectional (`<Connect><Stream>`): μ-law at 8 kHz.

Sources: twilio.com/docs/voice/media-streams/websocket-messages, /voice/twiml/stream, /voice/twiml/reject,
/usage/webhooks/webhooks-security. Twilio strips the query from a stream's address, so the ticket is a `<Parameter>`.
When the server closes the WebSocket, Twilio goes on with the document; there is no more, so the call ends.
"""

import hashlib
import hmac
from base64 import b64encode
from typing import ClassVar
from urllib.parse import urlsplit

from voi.config.phones import CarrierKind, MediaFormat
from voi.errors import ClientError
from voi.transports.media_ws.carrier import TICKET, PhoneDocument, PhoneWebhook, RingingCall, Unsigned
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.json_stream import CarrierJson, JsonStream, element, text_at, xml

TICKET_MAX_CHARS = 1_000
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Twilio(JsonStream):
    """Twilio's Media Streams, with webhooks signed by X-Twilio-Signature."""

    kind: ClassVar[CarrierKind] = "twilio"
    id_name = "streamSid"
    call_id_names = ("callSid",)
    format_name = "mediaFormat"
    rate_name = "sampleRate"
    encodings: ClassVar[dict[str, MediaFormat]] = {"audio/x-mulaw": "ulaw"}

    def nonce(self, webhook: PhoneWebhook, key: str, now_s: float) -> str:
        given = webhook.headers.get("x-twilio-signature", "")
        right = [twilio_signature(url, webhook.form(), key) for url in _with_and_without_port(webhook.url)]
        if not any(hmac.compare_digest(given.encode("utf-8", "replace"), each.encode()) for each in right):
            raise Unsigned("The request has no valid X-Twilio-Signature.")
        return given  # there is no time in it

    def ringing(self, webhook: PhoneWebhook) -> RingingCall:
        return ringing_in_form(webhook, "CallSid")

    def connect(self, url: str, ticket: str, codec: MediaCodec) -> PhoneDocument:
        stream = element("Stream", element("Parameter", name=TICKET, value=ticket), url=url)
        return xml(element("Connect", stream))

    def reject(self, *, busy: bool) -> PhoneDocument:
        return xml(element("Reject", reason="busy" if busy else "rejected"))

    def _ticket(self, whole: CarrierJson, start: CarrierJson) -> str:
        given = start.get("customParameters")
        return text_at(given, TICKET, TICKET_MAX_CHARS) if isinstance(given, dict) else ""


def twilio_signature(url: str, fields: dict[str, list[str]], auth_token: str) -> str:
    """What X-Twilio-Signature has to be for a request to that address with those fields of a form."""
    signed = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    return b64encode(hmac.new(auth_token.encode(), signed.encode("utf-8", "replace"), hashlib.sha1).digest()).decode()


def ringing_in_form(webhook: PhoneWebhook, id_name: str) -> RingingCall:
    """The call in a form with the fields From, To and `id_name`. Raises ClientError."""
    fields = {name: values[0][:200] for name, values in webhook.form().items()}
    if not fields.get(id_name) or not fields.get("To"):
        raise ClientError(f"The request does not say {id_name} and To.")
    return RingingCall(fields[id_name], fields["To"], fields.get("From", ""))


def _with_and_without_port(url: str) -> list[str]:
    """Twilio signs some requests with the port in the address, and others without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 443)
    without = f"{parts.scheme}://{host}"
    rest = url.split("://", 1)[1]
    rest = rest[len(parts.netloc) :]
    return [url, f"{without}:{port}{rest}", f"{without}{rest}"]
