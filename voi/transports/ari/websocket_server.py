"""Where Asterisk connects to for a call's sound over chan_websocket. A connection shows in its URL the ticket of a call
that expects it, or is closed."""

import asyncio
import secrets
from types import SimpleNamespace
from urllib.parse import parse_qs

from voi.config.ari_apps import AriFormat
from voi.transports.ari.expected import Expected, Told
from voi.transports.ari.websocket_line import ChanWebSocketLine
from voi.transports.forwarded import TrustedProxies
from voi.transports.upgrade import protocol_for
from voi.transports.websocket import POLICY_VIOLATION, Receiver, Request, SocketLimits, WebSocket

PATH = "/media"
PROTOCOL = "media"
"""The subprotocol of chan_websocket."""
LIMITS = SocketLimits(max_message_bytes=64 * 1024, max_backlog_bytes=256 * 1024)
CONNECTIONS_MAX = 512


class WebSocketMediaServer:
    """`host`, `port`: where it listens; port 0: any. `form`: the sound of its calls. `stranger` is told of each
    connection that no call expects."""

    def __init__(self, host: str, port: int, form: AriFormat, stranger: Told) -> None:
        self._host, self._port, self._form = host, port, form
        self.expected: Expected[ChanWebSocketLine] = Expected()
        self._stranger = stranger
        self._connections: set[object] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @staticmethod
    def new_ticket() -> str:
        return secrets.token_hex(16)

    async def start(self) -> None:
        """Raises OSError."""
        if self._server is None:
            make = protocol_for({PATH: self._meet}, LIMITS, TrustedProxies(()), {PATH: PROTOCOL})
            state = SimpleNamespace(connections=self._connections)

            def protocol() -> asyncio.BaseProtocol:
                return make(server_state=state) if len(self._connections) < CONNECTIONS_MAX else _Full(self._stranger)

            self._server = await asyncio.get_running_loop().create_server(protocol, self._host, self._port)

    async def close(self) -> None:
        """Take no more connections; calls that have theirs keep it."""
        if self._server is not None:
            self._server.close()

    def _meet(self, socket: WebSocket, request: Request) -> Receiver:
        try:
            ticket = parse_qs(request.query, max_num_fields=8).get("ticket", [""])[0]
        except ValueError:
            ticket = ""
        if self.expected.waits(ticket):
            line = ChanWebSocketLine(socket, self._form)
            self.expected.came(ticket, line)
            return line
        self._stranger("its ticket is that of no call")
        socket.close(POLICY_VIOLATION, "No call expects this connection")
        socket.refuse()
        return _Stranger()


class _Stranger:
    def received(self, message: bytes | str) -> None:
        pass

    def lost(self) -> None:
        pass


class _Full(asyncio.Protocol):
    def __init__(self, stranger: Told) -> None:
        self._stranger = stranger

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._stranger("there are too many connections")
        transport.abort()
