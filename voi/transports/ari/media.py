"""Ways for a call's sound between Asterisk and Voi, behind one interface: each makes a channel of Asterisk's that
carries it, and the line at our end."""

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from voi.config.ari_apps import AriFormat
from voi.transports.ari.audiosocket_line import AudioSocketLine
from voi.transports.ari.audiosocket_server import AudioSocketServer
from voi.transports.ari.expected import Expected
from voi.transports.ari.failure import AriError
from voi.transports.ari.operations import MediaChannel, Operations
from voi.transports.ari.rest import REQUEST_S
from voi.transports.ari.websocket_client import connect_media
from voi.transports.ari.websocket_line import ChanWebSocketLine
from voi.transports.ari.websocket_server import WebSocketMediaServer
from voi.transports.telephone.line import PhoneLine

L = TypeVar("L", AudioSocketLine, ChanWebSocketLine)

COME_S = 4.0
"""Longest wait for Asterisk's connection, and for its first message."""


class MediaWay(Protocol):
    """One way. `kind`: its name, for the log. `tail_s`: how long sound that was reported as played may still be under
    way to the caller's ear."""

    @property
    def kind(self) -> str: ...

    @property
    def tail_s(self) -> float: ...

    async def start(self) -> None:
        """Raises OSError: it cannot listen."""

    async def connect(self, operations: Operations, app: str, channel: str) -> PhoneLine:
        """Make a channel of that id, and connect it. Raises AriError; then the channel may be there or not."""
        ...

    async def close(self) -> None:
        """Take no more calls. Those under way keep their lines."""


class AudioSocketWay:
    """`address`: where Asterisk reaches this machine."""

    kind = "audiosocket"
    tail_s = 0.1

    def __init__(self, server: AudioSocketServer, address: str, form: AriFormat) -> None:
        self._server, self._address, self._form = server, address, form

    async def start(self) -> None:
        await self._server.start()

    async def connect(self, operations: Operations, app: str, channel: str) -> PhoneLine:
        key = str(uuid.uuid4())
        params = {"external_host": host_port(self._address, self._server.port), "format": self._form,
                  "encapsulation": "audiosocket", "transport": "tcp", "data": key}  # fmt: skip
        return await _expected(self._server.expected, key, operations.external_media(channel, app, params))

    async def close(self) -> None:
        await self._server.close()


class WebSocketInWay:
    """We connect to Asterisk. `url`: of its HTTP server."""

    kind = "websocket"
    tail_s = 0.1

    def __init__(self, url: str, form: AriFormat) -> None:
        self._url, self._form = url, form

    async def start(self) -> None:
        pass

    async def connect(self, operations: Operations, app: str, channel: str) -> PhoneLine:
        params = {"external_host": "INCOMING", "format": self._form, "encapsulation": "none", "transport": "websocket",
                  "connection_type": "server", "transport_data": "f(json)"}  # fmt: skip
        made = await operations.external_media(channel, app, params)
        name = "MEDIA_WEBSOCKET_CONNECTION_ID"
        connection_id = made.variables.get(name) or await operations.variable(channel, name)
        if not connection_id:
            raise AriError("Asterisk tells no connection id; is chan_websocket.so loaded?")
        return await _started(await connect_media(self._url, connection_id, self._form))

    async def close(self) -> None:
        pass


class WebSocketOutWay:
    """Asterisk connects to us, by that connection of its websocket_client.conf."""

    kind = "websocket"
    tail_s = 0.1

    def __init__(self, server: WebSocketMediaServer, client: str, form: AriFormat) -> None:
        self._server, self._client, self._form = server, client, form

    async def start(self) -> None:
        await self._server.start()

    async def connect(self, operations: Operations, app: str, channel: str) -> PhoneLine:
        ticket = self._server.new_ticket()
        params = {"external_host": self._client, "format": self._form, "encapsulation": "none",
                  "transport": "websocket", "connection_type": "client",
                  "transport_data": f"f(json)v(ticket={ticket})"}  # fmt: skip
        making = operations.external_media(channel, app, params)
        return await _started(await _expected(self._server.expected, ticket, making))

    async def close(self) -> None:
        await self._server.close()


async def _expected(expected: Expected[L], key: str, making: Coroutine[Any, Any, MediaChannel]) -> L:
    """The line that Asterisk connects, perhaps before it has answered that the channel is made."""
    with expected.expect(key) as coming:
        try:
            async with asyncio.timeout(COME_S + REQUEST_S):
                await making
                return await asyncio.shield(coming)
        except BaseException as error:
            if coming.done() and not coming.cancelled() and coming.exception() is None:
                await coming.result().aclose()
            if isinstance(error, TimeoutError):
                raise AriError("Asterisk does not connect its sound to Voi; can it reach this address?") from None
            raise


async def _started(line: ChanWebSocketLine) -> ChanWebSocketLine:
    try:
        async with asyncio.timeout(COME_S):
            await asyncio.shield(line.started)
    except BaseException as error:
        await line.aclose()
        if isinstance(error, ConnectionError | TimeoutError):
            raise AriError("Asterisk's WebSocket for sound was closed, or does not begin") from None
        raise
    return line


def host_port(host: str, port: int) -> str:
    """An address as it stands in a URL, with brackets around IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
