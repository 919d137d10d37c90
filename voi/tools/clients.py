"""The connections of all tools that speak HTTP."""

import aiohttp

from voi.engines.llm.pictures import public_socket

CONNECTIONS_MAX = 256


class HttpClients:
    """The connections of all tools: to addresses that authors wrote, and to those that models or services fill in."""

    def __init__(self) -> None:
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    def of(self, *, public: bool) -> aiohttp.ClientSession:
        """`public`: connects to public addresses only."""
        if public not in self._sessions:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, socket_factory=public_socket if public else None)
            self._sessions[public] = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None)
            )
        return self._sessions[public]

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
