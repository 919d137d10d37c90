"""The codec of `voi.engines.messages` over pipes and sockets. No I/O.

On the wire: the head's length and the body's length, each four bytes little-endian, then both. The head is the
message's name, a space, and its fields as JSON; the body is its `pcm`.
"""

import struct
import typing
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from voi.engines.messages import ToServer, ToWorker

LONGEST_BYTES = 64 * 1024 * 1024
_LENGTHS = struct.Struct("<II")
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in typing.get_args(ToWorker | ToServer)}
_CODECS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in _KINDS.items()}
_WITH_SOUND = frozenset(name for name, kind in _KINDS.items() if any(each.name == "pcm" for each in fields(kind)))


def encode(message: ToWorker | ToServer) -> bytes:
    """A message as bytes. Raises ValueError for one that cannot be encoded or is too long."""
    name = type(message).__name__
    body: bytes = message.pcm if name in _WITH_SOUND else b""  # type: ignore[union-attr]
    head = b"%s %s" % (name.encode(), _CODECS[name].dump_json(message, exclude={"pcm"}))
    if len(head) + len(body) > LONGEST_BYTES - _LENGTHS.size:
        raise ValueError("a message is too long")
    return pack(head, body)


def pack(head: bytes, body: bytes = b"") -> bytes:
    """A head and a body with their lengths in front, as sent over the wire."""
    return _LENGTHS.pack(len(head), len(body)) + head + body


def decode(head: bytes, body: bytes) -> ToWorker | ToServer:
    """The message. Raises ValueError for an unknown name, or a field that is missing or of the wrong type."""
    name, _, told = head.partition(b" ")
    kind = name.decode("ascii", "replace")
    if kind not in _CODECS or (body and kind not in _WITH_SOUND):
        raise ValueError(f"there is no message {kind[:40]!r}")
    try:
        message: ToWorker | ToServer = _CODECS[kind].validate_json(told)
    except ValidationError as error:
        raise ValueError(f"{kind}: {error.error_count()} of its fields are wrong") from None  # they may hold words
    return replace(message, pcm=body) if body else message  # type: ignore[arg-type]  # one of those with pcm


class Unframer:
    """`feed` it bytes as they come; it yields the messages that are complete. Raises ValueError for a broken stream,
    and for a message that is longer than `longest_bytes`."""

    __slots__ = ("_longest_bytes", "_waiting")

    def __init__(self, longest_bytes: int = LONGEST_BYTES) -> None:
        self._longest_bytes = longest_bytes
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[ToWorker | ToServer]:
        waiting = self._waiting
        waiting += data
        while len(waiting) >= _LENGTHS.size:
            head_bytes, body_bytes = _LENGTHS.unpack_from(waiting)
            end = _LENGTHS.size + head_bytes + body_bytes
            if end > self._longest_bytes:
                raise ValueError("a message is too long")
            if len(waiting) < end:
                return
            head = bytes(waiting[_LENGTHS.size : _LENGTHS.size + head_bytes])
            body = bytes(waiting[_LENGTHS.size + head_bytes : end])
            del waiting[:end]
            yield decode(head, body)
