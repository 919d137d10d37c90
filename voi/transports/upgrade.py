"""Upgrades uvicorn's HTTP connections to picows WebSockets on the same port, at about a quarter of the CPU cost of an
ASGI WebSocket.

uvicorn parses the upgrade request and hands the transport to the protocol of `protocol_for` (`uvicorn.Config(ws=…)`).
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from picows import WSAutoPingStrategy, WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from voi.transports.forwarded import TrustedProxies
from voi.transports.websocket import GOING_AWAY, Accept, Request, SocketLimits, WebSocket

_READ_BUFFER_BYTES = 8 * 1024
UNSENT_BYTES = 16 * 1024
"""How much unsent data the operating system may hold. For a client that reads slowly it would take megabytes, a minute
of sound that can no longer be stopped. With this limit the data stays here, where `backlog_bytes` counts it."""
_picows_logger = logging.getLogger("voi.picows")
_picows_logger.setLevel(logging.CRITICAL)  # picows logs every mistake of a client as an error
_parse = WSProtocol.buffer_updated
_PICOWS_LOG = logging.LoggerAdapter(_picows_logger, {})  # picows makes a child per connection of a bare Logger


def protocol_for(
    routes: Mapping[str, Accept],
    limits: SocketLimits,
    proxies: TrustedProxies,
    subprotocols: Mapping[str, str] | None = None,
) -> Callable[..., asyncio.BaseProtocol]:
    """The protocol factory for `uvicorn.Config(ws=…)`. Paths that are not in `routes` are answered with 404; the
    path `/a/*` there stands for all with one more part than `/a`.
    `subprotocols`: by path, the one that is chosen if the client offers it."""

    unwanted: dict[WebSocket, None] = {}

    def make(*_: Any, server_state: Any = None, **__: Any) -> asyncio.BaseProtocol:
        """Uses only uvicorn's set of connections: uvicorn calls `shutdown` on each of them when it stops."""
        connections: set[Any] = getattr(server_state, "connections", set())
        return _Upgraded(routes, limits, proxies, connections, unwanted, subprotocols or {})

    return make


def is_websocket(connection: object) -> bool:
    """True for one of uvicorn's connections that was upgraded."""
    return isinstance(connection, _Upgraded)


class _Upgraded(WSProtocol):  # type: ignore[misc]  # compiled, without types
    """picows' server protocol, able to take over a transport that is already open."""

    __slots__ = ("_connections", "_limits", "_peer", "_proxies", "_routes", "_socket", "_subprotocols", "_unwanted")

    def __init__(
        self,
        routes: Mapping[str, Accept],
        limits: SocketLimits,
        proxies: TrustedProxies,
        connections: set[Any],
        unwanted: dict[WebSocket, None],
        subprotocols: Mapping[str, str],
    ) -> None:
        super().__init__(
            None,  # host and port: client side only
            None,  # path: client side only
            False,  # is_client_side
            self._route,
            _PICOWS_LOG,
            True,  # disconnect_on_exception
            5.0,  # handshake timeout, s; the request is complete already
            False,  # enable_auto_ping: it needs a task for each connection; `WebSocket` uses a timer
            0,
            0,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # enable_auto_pong: it would bypass the limits
            limits.max_message_bytes,
            None,  # extra headers: client side only
            _READ_BUFFER_BYTES,
        )
        self._routes = routes
        self._limits = limits
        self._proxies = proxies
        self._connections = connections
        self._unwanted = unwanted
        self._subprotocols = subprotocols
        self._peer = ""
        self._socket: WebSocket | None = None

    def _route(self, request: WSUpgradeRequest) -> WebSocket | WSUpgradeResponseWithListener | None:
        target = request.path.decode("latin-1")
        path, _, query = target.partition("?")
        path = unquote(path)
        accept = self._routes.get(path) or self._routes.get(f"{path.rpartition('/')[0]}/*")
        if accept is None:
            return None
        headers = request.headers
        client = self._proxies.client_of(self._peer, lambda name: headers.getall(name, ()))
        offered = ",".join(headers.getall("Sec-WebSocket-Protocol", ())).split(",")
        protocols = tuple(name for each in offered if (name := each.strip()))
        fields = {name.lower(): ", ".join(headers.getall(name)) for name in headers}
        asked = Request(path, query, client, headers.get("Authorization", ""), protocols, target, fields)
        self._socket = WebSocket(accept, asked, self._limits, self._unwanted)
        chosen = self._subprotocols.get(path)
        if chosen is None or chosen not in protocols:
            return self._socket
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": chosen})
        return WSUpgradeResponseWithListener(response, self._socket)

    def connection_made(self, transport: asyncio.Transport) -> None:
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else ""
        if self._peer and hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux, macOS
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        self._connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Receive the upgrade request, once, from uvicorn. All later data comes through `get_buffer`."""
        rest = memoryview(data)
        while rest:
            room = self.get_buffer(-1)
            taken = min(len(room), len(rest))
            room[:taken] = rest[:taken]
            rest = rest[taken:]
            super().buffer_updated(taken)
        transport = self.transport.underlying_transport
        transport.set_protocol(self)
        if not transport.is_closing():  # uvloop chooses how to read when reading starts
            transport.pause_reading()
            transport.resume_reading()

    def buffer_updated(self, nbytes: int) -> None:
        socket = self._socket
        if socket is not None:
            socket.bytes_arrived()
        _parse(self, nbytes)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(exc)
        self._socket = None

    def shutdown(self) -> None:
        """Called by uvicorn when it stops."""
        if self._socket is not None:
            self._socket.close(GOING_AWAY, "The server is shutting down")
