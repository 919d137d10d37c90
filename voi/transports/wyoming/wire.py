"""Wyoming's wire format: bytes to events and back, bounded. The package's own reader takes lines and lengths as the
client sends them; this one refuses an event as soon as it is too large.

An event is a line of JSON with its type; then `data_length` bytes of JSON and `payload_length` bytes of anything.
"""

from typing import Any

import orjson
from wyoming.event import Event
from wyoming.version import __version__ as PROTOCOL_VERSION

from voi.errors import ClientError
from voi.text.whole_characters import whole_characters
from voi.tools.arguments import is_deeper

HEADER_MAX_BYTES = 64 * 1024
DATA_MAX_BYTES = 64 * 1024
PAYLOAD_MAX_BYTES = 1024 * 1024
"""Half a minute of 16 kHz sound."""
TYPE_MAX_CHARACTERS = 64
DEPTH_MAX = 32
"""Lists and objects within each other: what is taken goes back to the client in part, and JSON of any depth cannot be
written."""


class WireError(ClientError):
    """Bytes that are no event. What follows them cannot be read either."""


class EventDecoder:
    """Takes bytes as they come."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched_bytes = 0
        """So much of the buffer has no line's end."""
        self._head: tuple[str, dict[str, Any], int, int] | None = None

    @property
    def waiting(self) -> bool:
        """An event has begun and is not whole."""
        return bool(self._buffer) or self._head is not None

    def feed(self, received: bytes) -> list[Event]:
        """The events that are whole now. Raises WireError."""
        self._buffer += received
        events = []
        while (event := self._next()) is not None:
            events.append(event)
        return events

    def _next(self) -> Event | None:
        if self._head is None:
            end = self._buffer.find(b"\n", self._searched_bytes)
            if max(end, len(self._buffer) if end < 0 else 0) > HEADER_MAX_BYTES:
                raise WireError(f"The line of an event has more than {HEADER_MAX_BYTES} bytes.")
            if end < 0:
                self._searched_bytes = len(self._buffer)
                return None
            self._head = _head(bytes(self._buffer[:end]))
            del self._buffer[: end + 1]
            self._searched_bytes = 0
        kind, data, data_bytes, payload_bytes = self._head
        if len(self._buffer) < data_bytes + payload_bytes:
            return None
        if data_bytes:
            data = data | _object(bytes(self._buffer[:data_bytes]), "The data")
        payload = bytes(self._buffer[data_bytes : data_bytes + payload_bytes]) or None
        del self._buffer[: data_bytes + payload_bytes]
        self._head = None
        return Event(kind, data, payload)


def encode(event: Event) -> bytes:
    """The event as bytes."""
    try:
        data = orjson.dumps(event.data) if event.data else b""
    except TypeError:  # half a surrogate pair, as a model may write it
        data = orjson.dumps(whole_characters(event.data))
    head: dict[str, Any] = {"type": event.type, "version": PROTOCOL_VERSION}
    if data:
        head["data_length"] = len(data)
    payload = event.payload or b""
    if payload:
        head["payload_length"] = len(payload)
    return orjson.dumps(head) + b"\n" + data + payload


def _head(line: bytes) -> tuple[str, dict[str, Any], int, int]:
    head = _object(line, "The line of an event")
    kind, data = head.get("type"), head.get("data")
    if not isinstance(kind, str) or not kind or len(kind) > TYPE_MAX_CHARACTERS:
        raise WireError("The event has no type.")
    if not isinstance(data, dict | None):
        raise WireError("The event's data is no JSON object.")
    return (
        kind, data or {}, _length(head, "data_length", DATA_MAX_BYTES),
        _length(head, "payload_length", PAYLOAD_MAX_BYTES),
    )  # fmt: skip


def _length(head: dict[str, Any], field: str, most: int) -> int:
    length = head.get(field)
    if length is None:
        return 0
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise WireError(f"The event's {field} is no number of bytes.")
    if length > most:
        raise WireError(f"The event's {field} is more than {most}.")
    return length


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise WireError(f"{what} is no JSON.") from None
    if not isinstance(found, dict):
        raise WireError(f"{what} is no JSON object.")
    if is_deeper(found, DEPTH_MAX):
        raise WireError(f"{what} has more than {DEPTH_MAX} lists and objects within each other.")
    return found
