"""Fetches pictures that are given by their address, safe from server-side request forgery (SSRF). It fetches instead of
LLM libraries in this process, and instead of every provider when the address is http, which proves no name.

It connects only to public addresses, and checks the IP address of the connection itself: what the name resolves to at
that moment. No redirects, no proxies, no cookies; bounded in time and size.
"""

import asyncio
import logging
import socket
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import aiohttp

from voi.dialogue import Image, Message, Part, Text
from voi.engines.llm.picture_url import checked_picture_url, is_public
from voi.errors import ClientError, EngineError

FETCH_TIMEOUT_S = 5.0
"""Short, since the person is waiting for the answer."""
PICTURE_MAX_BYTES = 10 * 1024 * 1024
"""Providers take 5 to 20 MB."""
FETCHES_MAX = 16
"""Most fetches at once, of all conversations."""
CACHE_MAX_CHARACTERS = 64 * 1024 * 1024
"""A picture stays in its conversation's history and would otherwise be fetched again for every answer."""
FAILURES_MAX = 1_000
_SCHEME_CHARACTERS = len("https:")
LOST = "(There was a picture here; it could not be loaded.)"

log = logging.getLogger(__name__)


class Pictures:
    """Fetches pictures and caches them. `schemes`: URL schemes to fetch; other URLs stay unchanged. Belongs to the
    event loop that calls `inlined`."""

    def __init__(self, schemes: Sequence[str] = ("http", "https")) -> None:
        self._begin = tuple(f"{scheme}:" for scheme in schemes)
        self._cache: OrderedDict[str, str] = OrderedDict()
        """data: URLs by address, the least recently used first."""
        self._characters = 0
        self._failed: OrderedDict[str, None] = OrderedDict()
        self._turns = asyncio.Semaphore(FETCHES_MAX)
        self._session: aiohttp.ClientSession | None = None

    async def inlined(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages with every such picture as a data: URL. Raises EngineError when a picture of the last message
        cannot be fetched; in earlier messages, whose sender has had that error, a text takes its place."""
        newest = len(messages) - 1
        urls = {url: index == newest for index, m in enumerate(messages) for url in m.image_urls if self._fetches(url)}
        if not urls:
            return tuple(messages)
        await asyncio.gather(*(self._ensure(url, again) for url, again in urls.items()))
        if any(url in self._failed for url in messages[newest].image_urls):
            raise EngineError(
                "The picture could not be loaded from its address: is it a PNG, JPEG, GIF or WebP file of at most "
                f"{PICTURE_MAX_BYTES // 1024 // 1024} MiB that everybody may read there?"
            )
        return tuple(self._inlined(message) for message in messages)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _fetches(self, url: str) -> bool:
        return url[:_SCHEME_CHARACTERS].lower().startswith(self._begin)

    def _inlined(self, message: Message) -> Message:
        if not any(map(self._fetches, message.image_urls)):
            return message
        parts: list[Part] = []
        for part in message.parts:
            if not (isinstance(part, Image) and self._fetches(part.url)):
                parts.append(part)
            elif url := self._cache.get(part.url):
                parts.append(Image(url))
            else:
                parts.append(Text(f"\n{LOST}" if message.text else LOST))
        return Message(message.role, parts)

    async def _ensure(self, url: str, again: bool) -> None:
        """Put the picture into the cache, or among the failures. `again`: also try one that failed before."""
        if url in self._cache:
            self._cache.move_to_end(url)
            return
        if url in self._failed and not again:
            return
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S), self._turns:
                picture = await self._fetch(checked_picture_url(url))
        except (TimeoutError, OSError, ValueError, aiohttp.ClientError, ClientError) as error:
            log.warning("a picture could not be loaded: %s", type(error).__name__)
            self._failed[url] = None
            if len(self._failed) > FAILURES_MAX:
                self._failed.popitem(last=False)
        else:
            self._failed.pop(url, None)
            self._keep(url, picture)

    def _keep(self, url: str, picture: str) -> None:
        self._characters += len(picture) - len(self._cache.pop(url, ""))
        self._cache[url] = picture
        while self._characters > CACHE_MAX_CHARACTERS:
            _, oldest = self._cache.popitem(last=False)
            self._characters -= len(oldest)

    async def _fetch(self, url: str) -> str:
        """The picture as a data: URL. Raises what `_ensure` catches."""
        async with self._open().get(url, allow_redirects=False) as response:
            if response.status != 200:
                raise ValueError(f"HTTP {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > PICTURE_MAX_BYTES:
                    raise ValueError("too large")
        return f"data:image/{_kind(body)};base64,{b64encode(body).decode()}"

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=FETCHES_MAX, socket_factory=public_socket),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept": "image/*", "Accept-Encoding": "identity"},
            )
        return self._session


def public_socket(addr_info: Any) -> socket.socket:
    """A socket for that address (as `getaddrinfo` returns it). Raises OSError, before anything is sent, when it is not
    public. Every connection is made here, so there is no gap between the check of an address and its use."""
    family, kind, protocol, _, address = addr_info
    if not is_public(address[0]):
        raise OSError("the address is not public")
    return socket.socket(family, kind, protocol)


def _kind(body: bytes | bytearray) -> str:
    """The picture's type, by its first bytes. Raises ValueError for anything that is not a picture."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if body.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp"
    raise ValueError("no picture")
