"""A chat-completions server to test against: scripted replies, delays, errors, breaks; it notes what clients did.

async with FakeOpenAi() as server:
    server.script(Reply(deltas=("Hel", "lo.")), Reply.refusal(429, "Slow down"))
    ...  # talk to server.base_url
    assert server.requests[0]["model"] == "m"
    await server.disconnects(1)
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Reply:
    """One answer of the server. After `hang_after` deltas it falls silent, after `drop_after` it drops the line."""

    deltas: Sequence[str] = ("Hello", " there.")
    first_delay_ms: int = 0
    delay_ms: int = 0
    finish_reason: str | None = "stop"
    usage: bool = True
    """Tell the usage to clients that ask for it."""
    done: bool = True
    hang_after: int | None = None
    drop_after: int | None = None
    error_after: tuple[int, Any] | None = None
    """After so many deltas, an `error` object in the stream."""
    raw: Sequence[bytes] | None = None
    """Body sent as it is, piece by piece, instead of all of the above."""
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def refusal(cls, status: int, message: str = "", *, code: str | None = None, **headers: str) -> Self:
        body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(raw=[json.dumps(body).encode()], status=status, content_type="application/json", headers=headers)


def event(data: Any) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def chunk(text: str | None, finish_reason: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


class FakeOpenAi:
    """Listens on 127.0.0.1 while the context is open (`port` 0: any free one). The last scripted reply is repeated."""

    def __init__(self, models: Sequence[str] = ("m",), *, port: int = 0) -> None:
        self.models = models
        self.listing: tuple[int, str] | None = None
        """Status and body of the list of models, instead of it."""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[object] = set()
        self.port = port
        self._script: deque[Reply] = deque([Reply()])
        self._disconnects = 0
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, *replies: Reply) -> None:
        self._script = deque(replies)

    async def disconnects(self, count: int) -> None:
        """Wait until `count` clients have gone away in the middle of an answer."""
        async with asyncio.timeout(TIMEOUT_S), self._changed:
            await self._changed.wait_for(lambda: self._disconnects >= count)

    async def asked(self, count: int) -> None:
        """Wait until `count` requests have come."""
        async with asyncio.timeout(TIMEOUT_S), self._changed:
            await self._changed.wait_for(lambda: len(self.requests) >= count)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/embeddings", self._embed)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _list(self, request: web.Request) -> web.Response:
        if self.listing is not None:
            return web.Response(status=self.listing[0], text=self.listing[1], content_type="application/json")
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})

    async def _embed(self, request: web.Request) -> web.Response:
        """A scripted refusal; else for each text a vector of its length and 1, the last one first."""
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        if (reply := self._script[0]).raw is not None:
            return web.Response(status=reply.status, body=b"".join(reply.raw), content_type=reply.content_type)
        rows = [{"index": at, "embedding": [len(text), 1.0]} for at, text in enumerate(body["input"])]
        return web.json_response({"object": "list", "data": rows[::-1], "model": body["model"]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        async with self._changed:
            self.requests.append(body)
            self.headers.append(dict(request.headers))
            self.connections.add(request.transport)
            self._changed.notify_all()
        reply = self._script.popleft() if len(self._script) > 1 else self._script[0]
        try:
            return await self._answer(request, reply, body)
        except (asyncio.CancelledError, ConnectionResetError):
            async with self._changed:
                self._disconnects += 1
                self._changed.notify_all()
            raise

    async def _answer(self, request: web.Request, reply: Reply, body: Any) -> web.StreamResponse:
        response = web.StreamResponse(
            status=reply.status, headers={"Content-Type": reply.content_type, **reply.headers}
        )
        await asyncio.sleep(reply.first_delay_ms / 1000)
        if reply.drop_after == 0:
            return self._drop(request, response)
        await response.prepare(request)
        if reply.raw is not None:
            for piece in reply.raw:
                await response.write(piece)
                await asyncio.sleep(reply.delay_ms / 1000)
            await response.write_eof()
            return response
        for index, text in enumerate((*reply.deltas, None)):
            if reply.hang_after == index:
                await asyncio.Event().wait()
            if reply.drop_after == index:
                return self._drop(request, response)
            if reply.error_after is not None and reply.error_after[0] == index:
                await response.write(event({"error": reply.error_after[1]}))
            if text is not None:
                await response.write(event(chunk(text)))
                await asyncio.sleep(reply.delay_ms / 1000)
        if reply.finish_reason:
            await response.write(event(chunk(None, reply.finish_reason)))
        if reply.usage and body.get("stream_options", {}).get("include_usage"):
            await response.write(
                event({"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}})
            )
        if reply.done:
            await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    @staticmethod
    def _drop(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return response
