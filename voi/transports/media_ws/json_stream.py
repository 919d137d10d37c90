"""The JSON messages that Twilio began and others took over, each with names of their own."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from xml.sax.saxutils import escape, quoteattr

import orjson

from voi.config.phones import CarrierKind, MediaFormat
from voi.errors import ClientError
from voi.transports.media_ws.carrier import (
    CallerKey,
    CallerSound,
    Carrier,
    FromCarrier,
    MarkPlayed,
    PhoneDocument,
    StreamStarted,
    StreamStopped,
)
from voi.transports.media_ws.codecs import MEDIA_RATES_HZ, MediaCodec

MESSAGE_MAX_CHARS = 64 * 1024
PAYLOAD_MAX_CHARS = 48 * 1024
ID_MAX_CHARS = 200
_NOT_FOR_US = frozenset({"connected", "clearedAudio", "error"})

CarrierJson = dict[str, Any]


class JsonStream(Carrier):
    """Reads and writes the messages; the names below are the differences."""

    kind: ClassVar[CarrierKind]
    id_name: ClassVar[str]
    """Of the stream's id."""
    call_id_names: ClassVar[tuple[str, ...]]
    format_name: ClassVar[str]
    """Of the object in `start` that describes the sound."""
    rate_name: ClassVar[str]
    mark_event: ClassVar[str] = "mark"
    encodings: ClassVar[Mapping[str, MediaFormat]]
    big_endian: ClassVar[bool] = False
    """The byte order of l16."""
    counts_sounds: ClassVar[bool] = True
    """The numbers of the caller's sounds count up by 1 each."""

    # ---- from the carrier

    def read(self, message: bytes | str) -> FromCarrier | None:
        whole = parsed(message)
        event = whole.get("event")
        if event == "start":
            return self._started(whole)
        stream_id = _short(whole, self.id_name)
        if event == "media":
            media = object_at(whole, "media")
            if media.get("track", "inbound") not in ("inbound", "inbound_track"):
                return None
            chunk = count_at(media, "chunk") if self.counts_sounds else None
            return CallerSound(_payload(media), chunk, stream_id)
        if event == "dtmf":
            return CallerKey(_short(object_at(whole, "dtmf"), "digit")[:1], stream_id)
        if event == self.mark_event:
            return MarkPlayed(self._mark_name(whole), stream_id)
        if event == "stop":
            return StreamStopped(stream_id)
        if event in _NOT_FOR_US:
            return None
        raise ClientError("A message of the carrier has an unknown event.")

    def _started(self, whole: CarrierJson) -> StreamStarted:
        start = object_at(whole, "start")
        call_id = next((found for name in self.call_id_names if (found := _short(start, name))), "")
        stream_id = _short(start, self.id_name) or _short(whole, self.id_name)
        if not stream_id:
            raise ClientError("The start of the stream does not name it.")
        return StreamStarted(stream_id, call_id, self._ticket(whole, start), self._codec(start))

    def _codec(self, start: CarrierJson) -> MediaCodec | None:
        described = start.get(self.format_name)
        if not isinstance(described, dict):
            return None
        form = self.encodings.get(str(described.get("encoding"))[:40])
        rate_hz = count_at(described, self.rate_name)
        if form is None or rate_hz not in MEDIA_RATES_HZ or (form != "l16" and rate_hz != 8_000):
            raise ClientError("The carrier sends sound in another format than it was asked for.")
        return MediaCodec(form, rate_hz, self.big_endian)

    def _ticket(self, whole: CarrierJson, start: CarrierJson) -> str:
        raise NotImplementedError

    def _mark_name(self, whole: CarrierJson) -> str:
        return _short(object_at(whole, "mark"), "name")

    # ---- to the carrier

    def sound(self, stream_id: str, payload: bytes, codec: MediaCodec) -> Iterable[str]:
        media = {"payload": base64.b64encode(payload).decode()}
        yield to_text({"event": "media", self.id_name: stream_id, "media": media})

    def mark(self, stream_id: str, name: str) -> str:
        return to_text({"event": "mark", self.id_name: stream_id, "mark": {"name": name}})

    def clear(self, stream_id: str) -> str:
        return to_text({"event": "clear", self.id_name: stream_id})


# ---- pieces ------------------------------------------------------------------------------------------


def parsed(message: bytes | str) -> CarrierJson:
    """The JSON object of a text message. Raises ClientError."""
    if not isinstance(message, str) or len(message) > MESSAGE_MAX_CHARS:
        raise ClientError(f"A message of the carrier is no text of up to {MESSAGE_MAX_CHARS} characters.")
    try:
        whole = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise ClientError("A message of the carrier is not valid JSON.") from None
    if not isinstance(whole, dict):
        raise ClientError("A message of the carrier is no JSON object.")
    return whole


def to_text(message: CarrierJson) -> str:
    """The message as a text of JSON."""
    return orjson.dumps(message).decode()


def text_at(fields: CarrierJson, name: str, most: int = ID_MAX_CHARS) -> str:
    """The text under that name; "" if there is none. Raises ClientError for a long one."""
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise ClientError(f"The field {name} of a carrier's message is no text of up to {most} characters.")
    return value


_short = text_at


def object_at(whole: CarrierJson, name: str) -> CarrierJson:
    """The object under that name. Raises ClientError if there is none."""
    value = whole.get(name)
    if not isinstance(value, dict):
        raise ClientError(f"The field {name} of a carrier's message is no object.")
    return value


def _payload(media: CarrierJson) -> bytes:
    encoded = media.get("payload")
    if not isinstance(encoded, str) or len(encoded) > PAYLOAD_MAX_CHARS:
        raise ClientError("The sound of a carrier's message is missing or too long.")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ClientError("The sound of a carrier's message is not base64.") from None


def count_at(fields: CarrierJson, name: str) -> int | None:
    """The number under that name, perhaps written as a text; None: there is none."""
    value = fields.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 12:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else None


def xml(inside: str) -> PhoneDocument:
    """TwiML, and the like of other carriers."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{inside}</Response>'
    return PhoneDocument("application/xml; charset=utf-8", body)


def element(name: str, inside: str = "", /, **attributes: str) -> str:
    """An XML element. `inside` is XML already."""
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def xml_text(text: str) -> str:
    """The text with XML's signs escaped."""
    return escape(text)
