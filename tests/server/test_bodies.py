"""Bodies of requests: who may send one, how much, how long, and what is told of mistakes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Form, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Message

from voi.server.bodies import BodyLimits, body_route

JSON = "application/json"


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    what: str = Field(min_length=1)
    pieces: int = Field(default=1, le=9)


def limits(media_type: str = JSON) -> BodyLimits:
    return BodyLimits(media_type, "Send an order.", max_bytes=2_048, timeout_s=5.0, what="The order")


def with_key(request: Request) -> None:
    if request.headers.get("key") != "right":
        raise HTTPException(401, "No key.")


def app(limited: BodyLimits, check: Callable[[Request], None] = with_key) -> FastAPI:
    router = APIRouter(route_class=body_route(limited, check))
    if limited.media_type == JSON:

        @router.post("/orders")
        async def order(order: Order) -> Order:
            return order
    else:

        @router.post("/orders")
        async def filled_in(order: Annotated[Order, Form()]) -> Order:
            return order

    served = FastAPI()
    served.include_router(router)
    return served


async def ask(served: FastAPI, body: Any, kind: str = JSON, key: str = "right") -> tuple[int, str]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served), base_url="http://voi") as client:
        answer = await client.post("/orders", content=body, headers={"content-type": kind, "key": key})
        return answer.status_code, str(answer.json().get("detail", answer.json()))


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b'{"what": "tea", "pieces": 3}', 200, "tea"),
        (b'{"what": "tea", "pieces": 30}', 400, "request: $.pieces: must be at most 9, not 30"),
        (b'{"what": "", "pieces": 30}', 400, "request: $.what: must not be empty\nrequest: $.pieces"),
        (b'{"wot": "tea"}', 400, "request: an unknown field; the fields are what, pieces."),
        (b'{"piece": 3}', 400, 'request: an unknown field (did you mean "pieces"?); the fields are what, pieces.'),
        (b"{}", 400, "request: $.what: is missing"),
        (b"", 400, "The request is empty."),
        (b"[]", 400, "must be an object"),
        (b'{"what": "tea",}', 400, "request:1:16: not valid JSON"),
        (b'{"what": "tea", "what": "milk"}', 400, "twice"),
        (b'{"what": "\\ud800"}', 400, "surrogate"),
        (b'{"pieces": NaN}', 400, "is not a valid JSON number"),
        (b"\xff", 400, "The request is not UTF-8 text."),
        (b'{"a":' * 300 + b"1" + b"}" * 300, 400, "nested deeper"),
        (bytes(2_049), 413, "At most 2 KiB are taken."),
    ],
)
async def test_json(body: bytes, status: int, says: str) -> None:
    got, told = await ask(app(limits()), body)
    assert (got, says in told) == (status, True), told


async def test_a_form() -> None:
    kind = "application/x-www-form-urlencoded"
    served = app(limits(kind))
    assert await ask(served, b"what=tea&pieces=2", kind) == (200, "{'what': 'tea', 'pieces': 2}")
    assert await ask(served, b"what=tea&pieces=x", kind) == (400, 'request: $.pieces: must be a whole number, not "x"')
    assert await ask(served, b"what=tea", JSON) == (415, "Send an order.")


async def test_the_length_of_a_body_is_counted_and_not_believed() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1_000
            yield bytes(1_000)

    assert await ask(app(limits()), endless()) == (413, "At most 2 KiB are taken.")
    assert sent <= 4_000


async def receive_never() -> Message:
    raise AssertionError("something of the body is read")


async def head_of_answer(served: FastAPI, receive: Any, **headers: str) -> int:
    """The status. `headers`: instead of those of an order that may be sent."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"content-type": JSON, "key": "right"} | headers
    scope = {
        "type": "http", "method": "POST", "path": "/orders", "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip
    await served(scope, receive, send)
    return int(sent[0]["status"])


async def test_nothing_is_read_from_those_who_may_not_or_whose_head_is_wrong() -> None:
    assert await head_of_answer(app(limits()), receive_never, key="wrong") == 401
    assert await head_of_answer(app(limits()), receive_never, content_length="2049") == 413
    assert await head_of_answer(app(limits()), receive_never, **{"content-type": "text/plain"}) == 415


async def test_a_body_that_breaks_off() -> None:
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Message:
        return next(parts)

    assert await head_of_answer(app(limits()), receive) == 400


async def test_a_body_that_never_ends() -> None:
    """The deadline is that of the whole body, however often a byte comes."""
    limited = limits()
    limited.timeout_s = 0.0

    async def receive() -> Message:
        await asyncio.sleep(1e6)
        raise AssertionError

    assert await head_of_answer(app(limited), receive) == 408
