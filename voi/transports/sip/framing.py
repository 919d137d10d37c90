"""SIP messages out of a stream (RFC 3261, section 18.3), whatever pieces it comes in."""

import re

from voi.errors import ClientError
from voi.transports.sip.message import MESSAGE_MAX_BYTES

_LENGTH = re.compile(rb"\r?\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*(?=\r?\n)", re.IGNORECASE)
PING, PONG = b"\r\n\r\n", b"\r\n"
"""RFC 5626, section 4.4.1."""


class SipStream:
    """`pings`: how many keep-alives came; set it back."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.pings = 0

    def push(self, data: bytes) -> list[bytes]:
        """Whole messages. Raises ClientError for a stream that can only be closed: too large, or without a length."""
        self._data += data
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        if len(self._data) > MESSAGE_MAX_BYTES:
            raise ClientError("A message is too large.")
        return found

    def _next(self) -> bytes | None:
        data = self._data
        blank = len(data) - len(data.lstrip(b"\r\n"))
        if blank >= len(PING):
            self.pings += blank // len(PING)
        if blank == len(data) and blank < len(PING):
            return None  # perhaps half of a keep-alive
        del data[:blank]
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(data, 0, end + 2)
        size = int(length[1]) if length else 0
        whole = end + 4 + size
        if size > MESSAGE_MAX_BYTES:
            raise ClientError("A message is too large.")
        if len(data) < whole:
            return None
        message = bytes(data[:whole])
        del data[:whole]
        return message
