"""What is sent to one client."""

import asyncio

from wyoming.event import Eventable

from voi.transports.wyoming.wire import encode

TAKING_TIMEOUT_S = 30.0
"""Time for the client to read what it is sent."""
BACKLOG_MAX_BYTES = 256 * 1024
"""Of events that are sent without waiting."""


class Outlet:
    """Writes events to one connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def send(self, *events: Eventable) -> None:
        """Raises TimeoutError if the client does not read, ConnectionError."""
        for event in events:
            self._writer.write(encode(event.event()))
        async with asyncio.timeout(TAKING_TIMEOUT_S):
            await self._writer.drain()

    def send_soon(self, event: Eventable) -> None:
        """Send without waiting. A client that does not read is disconnected."""
        if self._writer.transport.get_write_buffer_size() > BACKLOG_MAX_BYTES:
            self._writer.transport.abort()
        elif not self._writer.is_closing():
            self._writer.write(encode(event.event()))

    def end(self) -> None:
        """Nothing more is sent."""
        if self._writer.can_write_eof():
            self._writer.write_eof()
