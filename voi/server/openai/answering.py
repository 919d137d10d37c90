"""Routes whose failures have OpenAI's shape, and answers that are written while the client is watched.

An answer's work is done while it is sent, so that a client that leaves, or stops reading, ends it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from voi.server.bodies import BodyLimits, body_route
from voi.server.openai.access import OpenAiServices, app_of
from voi.server.openai.failures import OpenAiError

ANSWER_TIMEOUT_S = 600.0
"""Time for a whole answer: a client that plays while it receives takes as long as the speech lasts."""
TAKING_TIMEOUT_S = 30.0
"""Time for the client to read what is ready."""
EVENTS = "text/event-stream"
DONE = b"data: [DONE]\n\n"


class LoggedError(OpenAiError):
    """An error that has its line in the log already."""


def logged(error: OpenAiError) -> LoggedError:
    """The error as one that has its line in the log already."""
    return LoggedError(error.status, error.message, error.code, error.param)


def sse(event: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + orjson.dumps(event) + b"\n\n"


def openai_route(endpoint: str, services: OpenAiServices, limits: BodyLimits | None = None) -> type[APIRoute]:
    """A class of routes for an APIRouter. `endpoint`: their name in the log and the metrics. `limits`: of their body;
    None: they have none."""
    base = body_route(limits, services.check) if limits else APIRoute

    class OpenAiRoute(base):  # type: ignore[valid-type, misc]
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handled(request: Request) -> Response:
                try:
                    if limits is None:
                        services.check(request)
                    response: Response = await handle(request)
                except RequestValidationError:
                    shown = services.failures.failed(
                        endpoint, OpenAiError(400, "The request is malformed."), app_of(request)
                    )
                except Exception as error:
                    told = isinstance(error, LoggedError)
                    shown = services.failures.failed(endpoint, error, app_of(request), told=told)
                else:
                    if not isinstance(response, WatchedAnswer):
                        services.failures.done(endpoint)
                    return response
                return shown.response()

            return handled

    return OpenAiRoute


class WatchedAnswer(Response):
    """An answer that is made of `pieces`. It begins with the first of them, so that an earlier failure gets an error
    status. A later one aborts the transfer, so that the client does not take a file for complete; in a stream of events
    it is the last event."""

    def __init__(
        self, endpoint: str, services: OpenAiServices, app: str, media_type: str, pieces: AsyncGenerator[bytes, None]
    ) -> None:
        super().__init__()
        self._endpoint, self._failures, self._app = endpoint, services.failures, app
        self._type, self._pieces = media_type, pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work, gone = asyncio.create_task(self._write(scope, receive, send)), asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            else:
                self._failures.done(self._endpoint, "left")
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def give(body: bytes, more: bool = True) -> None:
            async with asyncio.timeout(TAKING_TIMEOUT_S):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S), aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    if not begun:
                        begun = True
                        headers = [(b"content-type", self._type.encode()), (b"cache-control", b"no-store")]
                        await send({"type": "http.response.start", "status": 200, "headers": headers})
                    await give(piece)
                await give(b"", more=False)
        except Exception as error:
            told = isinstance(error, LoggedError)
            shown = self._failures.failed(self._endpoint, error, self._app, begun=begun, told=told)
            if not begun:
                await shown.response()(scope, receive, send)
            elif self._type == EVENTS and not isinstance(error, TimeoutError):
                await give(sse(shown.body()), more=False)
        else:
            self._failures.done(self._endpoint)


async def _gone(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
