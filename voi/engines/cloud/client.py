"""Connections to one provider: HTTP requests over kept-alive connections, and WebSockets. Errors come in our words.

Addresses are never logged: some providers take a key in them.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from voi.engines.cloud.refusal import closed, refusal
from voi.errors import ConfigError, EngineError

CONNECT_S = 5.0
"""Longest wait for a connection, the handshake included."""
CONNECTIONS_MAX = 512
KEEP_ALIVE_S = 60.0
HEARTBEAT_S = 20.0
"""A WebSocket that answers no ping for this long is lost."""
MESSAGE_MAX_BYTES = 4 * 1024 * 1024
"""Largest message taken: over a minute of sound in base64. Providers send fractions of a second."""
ANSWER_S = 10.0
"""Longest wait for an answer that is not sound."""
ERROR_MAX_BYTES = 64 * 1024
ANSWER_MAX_BYTES = 4 * 1024 * 1024
"""Most of an answer that is not sound, such as a list of voices."""
_KEY = re.compile(r"[\x21-\x7e]+")

SocketMessage = str | bytes
"""Text or binary, as the provider sent it."""


def checked_key(name: str, key: str) -> str:
    """The key. Raises ConfigError for one that no header can hold, or none."""
    if not _KEY.fullmatch(key):
        what = "has spaces, line breaks or other letters than ASCII in it" if key else "is empty"
        raise ConfigError(f"{name}: `api_key` {what}. Put it into .env and write ${{ITS_NAME}}.")
    return key


def checked_url(name: str, url: str, schemes: tuple[str, ...]) -> str:
    """The address without a slash at its end. Raises ConfigError for one that cannot be right."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ConfigError(f"{name}: `url` must begin with {schemes[0]}:// and name a host.")
    return url.rstrip("/")


class CloudSocket:
    """An open WebSocket."""

    def __init__(self, name: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._name, self._socket = name, socket

    @property
    def open(self) -> bool:
        return not self._socket.closed

    async def send(self, message: str | bytes) -> None:
        """Raises EngineError if the connection is lost."""
        try:
            await (self._socket.send_str(message) if isinstance(message, str) else self._socket.send_bytes(message))
        except (aiohttp.ClientError, OSError):
            raise EngineError(f"{self._name} closed the connection.", retryable=True) from None

    async def receive(self) -> SocketMessage | None:
        """The next message; None: the connection was closed in order. Raises EngineError when it was closed with an
        error, or a message was too large."""
        message = await self._socket.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return message.data  # type: ignore[no-any-return]
        if message.type is aiohttp.WSMsgType.CLOSE and message.data not in (1000, 1001, 1005, None):
            raise closed(self._name, message.data, str(message.extra or ""))  # some say what is wrong only here
        if message.type is aiohttp.WSMsgType.ERROR:
            raise EngineError(f"{self._name} broke the connection.", retryable=True)
        return None

    async def close(self) -> None:
        await self._socket.close()


class CloudClient:
    """`name`: the engine's, for errors. `headers`: those of every request, with the key."""

    def __init__(self, name: str, headers: Mapping[str, str]) -> None:
        self._name = name
        self._headers = dict(headers)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections. Safe to call twice."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **body: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response with status 200. `body`: `json`, `data` or `params` of aiohttp. Leaving the block closes the
        response, and with it a request that is not answered to its end. Raises EngineError, also inside the block."""
        try:
            async with self._opened().request(
                method, url, headers=headers, allow_redirects=False, **body
            ) as response:  # fmt: skip
                if response.status != 200:
                    raise refusal(self._name, response.status, await _start_of(response))
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from None

    async def json(self, method: str, url: str, **body: Any) -> Any:
        """The JSON of the answer. Raises EngineError."""
        try:
            async with asyncio.timeout(ANSWER_S), self.request(method, url, **body) as response:
                text = await response.content.read(ANSWER_MAX_BYTES)
                while len(text) < ANSWER_MAX_BYTES and (more := await response.content.read(ANSWER_MAX_BYTES)):
                    text += more
        except TimeoutError:
            raise self._late() from None
        try:
            return orjson.loads(text)
        except ValueError:
            raise EngineError(f"{self._name} answered what is not JSON: check the option `url`.") from None

    async def probe(self, url: str) -> None:
        """Ask for something that costs nothing, to have the connection and the key checked. A server that does not have
        it is well all the same. Raises EngineError when the server cannot be reached, refuses the key or fails."""
        try:
            async with asyncio.timeout(ANSWER_S), self._opened().get(url, allow_redirects=False) as response:
                if response.status in (401, 402, 403) or response.status >= 500:
                    raise refusal(self._name, response.status, await _start_of(response))
        except TimeoutError:
            raise self._late() from None
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from None

    async def connect(self, url: str) -> CloudSocket:
        """A new WebSocket. Raises EngineError."""
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await self._opened().ws_connect(
                    url, max_msg_size=MESSAGE_MAX_BYTES, heartbeat=HEARTBEAT_S, compress=0
                )
        except aiohttp.WSServerHandshakeError as error:
            raise refusal(
                self._name, error.status, error.headers.get("dg-error", "") if error.headers else ""
            ) from None
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise self._unreachable(error) from None
        return CloudSocket(self._name, socket)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Accept-Encoding": "identity", **self._headers},  # no answer grows beyond what was read
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_S),
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S),
            )
        return self._session

    def _late(self) -> EngineError:
        return EngineError(f"{self._name} did not answer within {ANSWER_S:g} s.", retryable=True)

    def _unreachable(self, error: Exception) -> EngineError:
        if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
            return EngineError(f"{self._name} has no TLS certificate that this machine trusts.")
        if isinstance(error, TimeoutError):
            return EngineError(f"{self._name} did not take the connection within {CONNECT_S:g} s.", retryable=True)
        if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
            return EngineError(f"{self._name} broke off its answer.", retryable=True)
        return EngineError(f"{self._name} cannot be reached: is its `url` right, and the network up?", retryable=True)


async def _start_of(response: aiohttp.ClientResponse) -> str:
    body = b""
    while len(body) < ERROR_MAX_BYTES and (more := await response.content.read(ERROR_MAX_BYTES - len(body))):
        body += more
    return body.decode("utf-8", "replace")
