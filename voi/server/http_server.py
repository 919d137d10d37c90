"""The server's port: HTTP by uvicorn, WebSockets beside it, TLS."""

import asyncio
import errno
import logging
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from voi.config.settings import Settings
from voi.errors import ConfigError
from voi.server.forwarded import ForwardedClients
from voi.server.uvicorn_http import http_protocol
from voi.transports.forwarded import TrustedProxies
from voi.transports.realtime.connection import REALTIME_PATH, SUBPROTOCOL
from voi.transports.upgrade import is_websocket, protocol_for
from voi.transports.websocket import Accept, SocketLimits

log = logging.getLogger(__name__)

SUBPROTOCOLS = {REALTIME_PATH: SUBPROTOCOL}
HTTP_END_TIMEOUT_S = 5
TLS_HANDSHAKE_TIMEOUT_S = 10.0


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The server's certificate and key, as uvicorn loads them; None: plain HTTP. Raises ConfigError if they cannot be
    used."""
    if settings.tls_cert_file is None:
        return None
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        raise _unusable(error) from None
    return context


def _unusable(error: Exception) -> ConfigError:
    return ConfigError(
        f"The TLS certificate or key cannot be used ({error}). Look at VOI_TLS_CERT_FILE and VOI_TLS_KEY_FILE."
    )


def uvicorn_config(settings: Settings, app: FastAPI, doors: Mapping[str, Accept]) -> uvicorn.Config:
    """Serves `app`, and gives WebSockets to `doors`, by path. Raises ConfigError if the TLS certificate or key cannot
    be used."""
    limits = SocketLimits(max_message_bytes=settings.max_frame_bytes, max_messages_per_s=settings.max_messages_per_s)
    proxies = TrustedProxies(settings.trusted_proxies)
    config = uvicorn.Config(
        ForwardedClients(app, proxies) if proxies else app,
        http=http_protocol(proxies),
        ws=protocol_for(doors, limits, proxies, SUBPROTOCOLS),  # type: ignore[arg-type]  # any factory will do
        lifespan="off",
        log_config=None,
        access_log=settings.log_level == "debug",
        server_header=False,
        proxy_headers=False,  # `ForwardedClients` reads them
        timeout_graceful_shutdown=HTTP_END_TIMEOUT_S,
        ssl_certfile=settings.tls_cert_file,
        ssl_keyfile=settings.tls_key_file,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise _unusable(error) from None
    return config


def address_of(listener: socket.socket, *, tls: bool) -> str:
    """The URL at which clients of this machine reach the WebSocket."""
    host, port = listener.getsockname()[:2]
    host = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"{'wss' if tls else 'ws'}://{host}:{port}/ws"


class HttpServer(uvicorn.Server):
    """uvicorn's server. When it stops, it leaves its port at once, and ends conversations before connections."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]], hurry: asyncio.Event) -> None:
        super().__init__(config)
        self._drain = drain
        self._hurry = hurry
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Like uvicorn's, with a shorter deadline for TLS handshakes than asyncio's minute."""
        await self.lifespan.startup()
        protocol: Any = self.config.http_protocol_class
        make = partial(protocol, config=self.config, server_state=self.server_state, app_state={})
        tls: dict[str, Any] = {}
        if self.config.ssl is not None:
            tls = {"ssl": self.config.ssl, "ssl_handshake_timeout": TLS_HANDSHAKE_TIMEOUT_S}
        self.servers = [
            await self._loop.create_server(make, sock=sock, backlog=self.config.backlog, **tls)
            for sock in sockets or ()
        ]
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leave_port(sockets or [])
        await self._drain()
        await super().shutdown(sockets)

    def _leave_port(self, sockets: list[socket.socket]) -> None:
        """Nobody gets in any more, so that a proxy tries the next worker at once; a refusal would be an answer.
        Requests and conversations under way go on; kept HTTP connections that nobody uses are closed."""
        for server in self.servers:
            server.close()
        for sock in sockets:
            sock.close()
        for connection in list(self.server_state.connections):
            if not is_websocket(connection):
                connection.shutdown()

    def stop(self) -> None:
        if self.should_exit:
            self._hurry.set()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Signal handler. It runs between two bytecodes of the main thread, so it has to wake up the event loop."""
        if not self.should_exit:
            log.info("%s: stopping. Once more to stop at once.", signal.Signals(sig).name)
        self._loop.call_soon_threadsafe(self.stop)


_NOT_LISTENING = {
    errno.EADDRINUSE: ("something listens there already", "Stop it, or choose another port with VOI_PORT."),
    errno.EACCES: ("that is not allowed to this user", "Choose a port above 1023 with VOI_PORT."),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "Choose one that it has with VOI_HOST."),
}


def check_network(settings: Settings) -> None:
    """Raises ConfigError for a certificate or an address that cannot be used. An address in use is accepted: the server
    itself may be running."""
    problems: list[str] = []
    try:
        tls_context(settings)
    except ConfigError as error:
        problems += error.problems
    try:
        bind(settings.host, settings.port, must_be_free=False).close()
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)


def bind(host: str, port: int, *, must_be_free: bool = True) -> socket.socket:
    """A listening socket on that address. Raises ConfigError if the address is invalid or taken. `must_be_free`
    False: if something already listens there, returns an unbound socket."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]  # fmt: skip
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and not must_be_free:
            return socket.socket(family)
        why, cure = _NOT_LISTENING.get(
            error.errno or 0, (error.strerror or str(error), "Look at VOI_HOST and VOI_PORT.")
        )
        raise ConfigError(f"Cannot listen at {host}:{port}: {why}. {cure}") from None
