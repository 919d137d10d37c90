"""Requests to Asterisk's REST interface. Each has a deadline and a bounded answer; the password travels in a header, so
that no URL has it.

Source: docs.asterisk.org, "Asterisk REST Interface", as of Asterisk 22.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from voi.transports.ari.failure import AriError

REQUEST_S = 5.0
"""Longest wait for an answer. Asterisk answers in milliseconds, unless it looks up a name."""
ANSWER_MAX_BYTES = 4 * 1024 * 1024
"""Largest answer: a list of some thousand channels."""
CONNECTIONS_MAX = 32
KEEP_ALIVE_S = 10.0
"""Asterisk closes idle connections after `session_keep_alive` of http.conf, 15 s by default."""
EVENT_MAX_BYTES = 1024 * 1024
CLOSE_S = 1.0
HEARTBEAT_S = 15.0
"""An Asterisk whose socket answers no ping for half as long is lost."""

AriParams = Mapping[str, str | int]


class AriClient:
    """One Asterisk. `url`: of its HTTP server, without /ari."""

    def __init__(self, url: str, user: str, password: str, timeout_s: float = REQUEST_S) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, params: AriParams | None = None) -> Any:
        """The JSON of an answer; None: it is empty. `path`: below /ari, its parts quoted by `part`. Raises AriError."""
        return await self._request("GET", path, params)

    async def post(self, path: str, params: AriParams | None = None, body: Mapping[str, Any] | None = None) -> Any:
        return await self._request("POST", path, params, body)

    async def delete(self, path: str, params: AriParams | None = None) -> Any:
        return await self._request("DELETE", path, params)

    async def events(self, apps: str) -> aiohttp.ClientWebSocketResponse:
        """Connect to the events of these Stasis applications, separated by commas. Raises AriError."""
        url = f"{self.url}/ari/events"
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._open().ws_connect(
                    url, params={"app": apps}, headers=self._headers, max_msg_size=EVENT_MAX_BYTES,
                    heartbeat=HEARTBEAT_S, timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                )  # fmt: skip
        except aiohttp.WSServerHandshakeError as error:
            raise AriError(f"Asterisk refused the socket for events: HTTP {error.status}", error.status) from None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise AriError(f"Asterisk could not be reached ({type(error).__name__})") from None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _request(
        self, method: str, path: str, params: AriParams | None, body: Mapping[str, Any] | None = None
    ) -> Any:
        what = f"{method} /{path.partition('/')[0]}"  # the rest may name a caller
        url = f"{self.url}/ari/{path}"
        data = orjson.dumps(body) if body is not None else None
        headers = {**self._headers, "Content-Type": "application/json"} if data is not None else self._headers
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._open().request(
                    method, URL(url, encoded=True), params=params, data=data, headers=headers, allow_redirects=False
                ) as answer,
            ):
                raw = await _whole(answer)
                status = answer.status
        except TimeoutError:
            raise AriError(f"{what}: Asterisk did not answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise AriError(f"{what}: Asterisk could not be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise AriError(f"{what}: Asterisk answered {status}", status)
        if not raw.strip():
            return None
        try:
            return orjson.loads(raw)
        except ValueError:
            raise AriError(f"{what}: Asterisk's answer is no JSON", status) from None


def part(text: str) -> str:
    """The text as one part of a path."""
    return quote(text, safe="")


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for piece in answer.content.iter_any():
        raw += piece
        if len(raw) > ANSWER_MAX_BYTES:
            raise ValueError("The answer is too long.")
    return bytes(raw)
