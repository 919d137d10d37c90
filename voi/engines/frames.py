"""Messages between a server and an engine in a process of its own: a JSON head and bytes, over pipes. Sans-I/O.

On the wire: the head's length and the body's length, each four bytes little-endian, then both.
"""

import struct
from collections.abc import Iterator
from typing import Any

import orjson

LONGEST_BYTES = 64 * 1024 * 1024
_LENGTHS = struct.Struct("<II")


def frame(head: dict[str, Any], body: bytes = b"") -> bytes:
    raw = orjson.dumps(head)
    return _LENGTHS.pack(len(raw), len(body)) + raw + body


class Unframer:
    """`feed` bytes as they come, get the messages that are whole. Raises ValueError when it is no such stream."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        waiting = self._waiting
        waiting += data
        while len(waiting) >= _LENGTHS.size:
            head_bytes, body_bytes = _LENGTHS.unpack_from(waiting)
            end = _LENGTHS.size + head_bytes + body_bytes
            if end > LONGEST_BYTES:
                raise ValueError("a message is too long")
            if len(waiting) < end:
                return
            head = orjson.loads(waiting[_LENGTHS.size : _LENGTHS.size + head_bytes])
            body = bytes(waiting[_LENGTHS.size + head_bytes : end])
            del waiting[:end]
            yield head, body
