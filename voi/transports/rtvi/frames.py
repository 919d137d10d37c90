"""The protobuf frames in which RTVI travels over a WebSocket: bytes <-> frames, without a protobuf library.

Every binary WebSocket message is one `Frame`, whose fields are a `oneof` (proto3):

    text = 1            TextFrame: id = 1 (uint64), name = 2 (string), text = 3 (string)
    audio = 2           AudioRawFrame: id = 1, name = 2, audio = 3 (bytes), sample_rate = 4 (uint32),
                        num_channels = 5 (uint32), pts = 6 (optional uint64)
    transcription = 3   TranscriptionFrame: id = 1, name = 2, text = 3, user_id = 4, timestamp = 5 (strings)
    message = 4         MessageFrame: data = 1 (string), an RTVI message as JSON
    interruption = 5    InterruptionFrame: id = 1, name = 2

Encoding: https://protobuf.dev/programming-guides/encoding/. Fields that are unknown are skipped, a field that comes
twice counts as its last value, and parts of one embedded message are merged, as that page says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from voi.errors import ClientError

TEXT, AUDIO, TRANSCRIPTION, MESSAGE, INTERRUPTION = 1, 2, 3, 4, 5
"""Fields of a `Frame`."""
_KINDS = {TEXT: "text", TRANSCRIPTION: "transcription"}
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
"""Wire types."""
_VARINT_MAX_BYTES = 10

_AUDIO_HEAD = bytes((AUDIO << 3 | _BYTES,))
_PCM_HEAD = bytes((3 << 3 | _BYTES,))
_MESSAGE_HEAD = bytes((MESSAGE << 3 | _BYTES,))
_DATA_HEAD = bytes((1 << 3 | _BYTES,))
INTERRUPTED = bytes((INTERRUPTION << 3 | _BYTES, 0))
"""An InterruptionFrame: the sound that was sent and not played yet is to be dropped."""


@dataclass(frozen=True, slots=True)
class SoundFrame:
    """Sound: s16le, interleaved if it has several channels."""

    pcm: bytes
    rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class JsonFrame:
    """An RTVI message as JSON text, in UTF-8."""

    data: bytes


@dataclass(frozen=True, slots=True)
class InterruptionFrame:
    """Stop what is being said."""


RtviFrame = SoundFrame | JsonFrame | InterruptionFrame


def decode(message: bytes) -> RtviFrame:
    """The frame in a binary WebSocket message. Raises ClientError if it is malformed, or of a kind that no client has
    a reason to send."""
    kind, body = 0, b""
    for field, value in _fields(message):
        if TEXT <= field <= INTERRUPTION:
            if not isinstance(value, bytes):
                raise ClientError("The frame is not a protobuf Frame of RTVI.")
            kind, body = field, body + value if field == kind else value
    if kind == AUDIO:
        return _sound_in(body)
    if kind == MESSAGE:
        return JsonFrame(next((value for field, value in _last(body) if field == 1 and isinstance(value, bytes)), b""))
    if kind == INTERRUPTION:
        for _ in _fields(body):
            pass  # only that it is well formed
        return InterruptionFrame()
    if kind in _KINDS:
        raise ClientError(f"Frames of kind {_KINDS[kind]} are not taken: send text as an RTVI message `send-text`.")
    raise ClientError("The frame is empty, or not a protobuf Frame of RTVI.")


def _sound_in(body: bytes) -> SoundFrame:
    pcm, rate_hz, channels = b"", 0, 0
    for field, value in _fields(body):
        if field == 3 and isinstance(value, bytes):
            pcm = value
        elif field == 4 and isinstance(value, int):
            rate_hz = value & 0xFFFFFFFF
        elif field == 5 and isinstance(value, int):
            channels = value & 0xFFFFFFFF
    return SoundFrame(pcm, rate_hz, channels)


def _last(body: bytes) -> list[tuple[int, int | bytes]]:
    """The fields, the last one first."""
    return list(_fields(body))[::-1]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field: an int for a varint, bytes for what has a length. Other types are skipped."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        field, wire_type = key >> 3, key & 7
        if not field or key >> 32:
            raise ClientError("A field of the protobuf frame has an impossible number.")
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield field, value
        elif wire_type == _BYTES:
            size, at = _varint(message, at)
            if size > end - at:
                raise ClientError("The protobuf frame is cut off.")
            yield field, message[at : at + size]
            at += size
        elif wire_type in (_FIXED_64, _FIXED_32):
            at += 8 if wire_type == _FIXED_64 else 4
            if at > end:
                raise ClientError("The protobuf frame is cut off.")
        else:
            raise ClientError(f"The protobuf frame has a field of the unknown type {wire_type}.")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number at that place, and the place after it."""
    value = shift = 0
    for byte in message[at : at + _VARINT_MAX_BYTES]:
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise ClientError("The protobuf frame is cut off, or has a number of more than 64 bits.")


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sound(pcm: bytes, rate_hz: int) -> bytes:
    """Mono sound as a Frame."""
    rest = b"\x20" + _number(rate_hz) + b"\x28\x01"  # sample_rate, num_channels = 1
    size = _number(len(pcm))
    head = _PCM_HEAD + size
    return _AUDIO_HEAD + _number(len(head) + len(pcm) + len(rest)) + head + pcm + rest


def message(json_text: bytes) -> bytes:
    """JSON text as a Frame."""
    head = _DATA_HEAD + _number(len(json_text))
    return _MESSAGE_HEAD + _number(len(head) + len(json_text)) + head + json_text
