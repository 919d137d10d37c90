"""Bounds what an MCP server may send over HTTP. Events of a stream are bounded by the package `mcp` itself."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from voi.tools.mcp_stdio import MESSAGE_MAX_BYTES


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Takes no compressed answers, of which a few bytes may stand for gigabytes, and none that is longer than a message
    may be. Both fail as a server does that breaks off."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.RemoteProtocolError("the answer is compressed, which was not asked for")
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            response.stream = _Bounded(response.stream)
        return response


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MESSAGE_MAX_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise httpx2.RemoteProtocolError("the answer is too long")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
