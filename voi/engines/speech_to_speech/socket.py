"""The WebSocket to a server of OpenAI's Realtime protocol."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

import aiohttp
from yarl import URL

from voi.config.brain import SpeechBrain
from voi.config.secret_refs import resolved
from voi.errors import EngineError

CONNECT_S = 5.0
"""Longest wait for a connection, the handshake included."""
MESSAGE_MAX_BYTES = 4 * 1024 * 1024
"""Largest message taken from the server: 60 s of sound. Real ones hold less than a second."""
HEARTBEAT_S = 20.0
"""A server that answers no ping for this long is lost."""
CLOSE_S = 2.0


class RealtimeSocket(Protocol):
    """One open connection."""

    async def send(self, text: str) -> None:
        """Send one event. Raises EngineError if the connection is lost."""

    async def receive(self) -> str | bytes | None:
        """The next event; None: the connection is over."""

    async def close(self) -> None:
        """Close it. Safe to call twice."""


Connect = Callable[[SpeechBrain], Awaitable[RealtimeSocket]]


class _AiohttpSocket:
    __slots__ = ("_http", "_socket")

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._http = http
        self._socket = socket

    async def send(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError):
            raise EngineError("The speech model's server closed the connection.", retryable=True) from None

    async def receive(self) -> str | bytes | None:
        message = await self._socket.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return message.data  # type: ignore[no-any-return]
        return None

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close()
        except TimeoutError:
            pass  # the session below closes the transport
        finally:
            await self._http.close()


async def connect(brain: SpeechBrain) -> RealtimeSocket:
    """Connect to the model's server. Raises EngineError (`retryable` if it may work a moment later), ConfigError if the
    key's variable is not set."""
    headers = {}
    if brain.api_key:
        headers["Authorization"] = f"Bearer {resolved({'api_key': brain.api_key}, 'brain')['api_key']}"
    address = URL(brain.url).update_query(model=brain.model)
    http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    try:
        async with asyncio.timeout(CONNECT_S):
            socket = await http.ws_connect(
                address, headers=headers, max_msg_size=MESSAGE_MAX_BYTES, heartbeat=HEARTBEAT_S
            )
    except BaseException as error:
        await http.close()
        if isinstance(error, aiohttp.ClientError | OSError | TimeoutError):
            raise _refused(brain, error) from None
        raise
    return _AiohttpSocket(http, socket)


def _refused(brain: SpeechBrain, error: Exception) -> EngineError:
    where = f"The speech model's server at {URL(brain.url).authority}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return EngineError(f"{where} has no TLS certificate that this machine trusts.")
    if isinstance(error, aiohttp.WSServerHandshakeError):
        if error.status in (401, 403):
            return EngineError(f"{where} refused the key (HTTP {error.status}): is the variable in api_key right?")
        passing = error.status in (408, 425, 429) or error.status >= 500
        return EngineError(f"{where} refused the connection: HTTP {error.status}.", retryable=passing)
    if isinstance(error, TimeoutError):
        return EngineError(f"{where} did not take the connection within {CONNECT_S:g} s.", retryable=True)
    return EngineError(f"{where} cannot be reached: is the brain's url right?", retryable=True)


async def probe(brain: SpeechBrain, within_s: float = 2 * CONNECT_S) -> None:
    """Connect, and wait for the server's first event, which costs nothing. Raises EngineError, ConfigError."""
    socket = await connect(brain)
    try:
        async with asyncio.timeout(within_s):
            first = await socket.receive()
    except TimeoutError:
        first = None
    finally:
        await socket.close()
    if first is None or "session.created" not in (first if isinstance(first, str) else ""):
        raise EngineError(f"The server at {URL(brain.url).authority} does not speak OpenAI's Realtime protocol.")
