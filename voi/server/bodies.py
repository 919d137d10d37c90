"""Routes with a body that FastAPI parses into a model: only for authorized callers, within limits of size and time, and
with mistakes reported in Voi's words.

FastAPI reads a body before it looks at dependencies. Here the caller is checked first, so that nobody without the API
key can make the server read, or write to disk, anything.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Message, Receive

from voi.config.json_file import parse_object
from voi.config.problems import Problems, did_you_mean, explain
from voi.config.secret_refs import is_secret_name
from voi.errors import ConfigError

PROBLEMS_MAX = 5
SOURCE = "request"


@dataclass(slots=True)
class BodyLimits:
    """Limits of a body. `media_type`: its Content-Type. `hint`: advice for callers that send another type. `what`: its
    name in errors, such as "The samples"."""

    media_type: str
    hint: str
    max_bytes: int
    timeout_s: float
    what: str = "The request"


def body_route(limits: BodyLimits, check: Callable[[Request], None]) -> type[APIRoute]:
    """A class of routes for an APIRouter whose routes take one model as their body. `check`: raises HTTPException for
    callers who may not. The answer to a wrong body is 400 with its mistakes, a line each; 408, 413 or 415."""

    class BodyRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()
            fields = [name for param in self.dependant.body_params for name in _fields(param.field_info.annotation)]

            async def handled(request: Request) -> Response:
                check(request)
                try:
                    return await handle(LimitedRequest(request, limits))
                except RequestValidationError as error:
                    errors = [{**each, "loc": each["loc"][1:]} for each in error.errors()]
                    raise HTTPException(400, told_mistakes(errors, fields)) from None

            return handled

    return BodyRoute


class LimitedRequest(Request):
    """A request whose body fails with HTTPException as soon as it exceeds a limit. Its JSON is checked like that of
    files."""

    def __init__(self, request: Request, limits: BodyLimits) -> None:
        """Raises HTTPException for mistakes that the request's head already shows."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != limits.media_type:
            raise HTTPException(415, limits.hint)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limits.max_bytes:
            raise _too_large(limits)
        super().__init__(request.scope, _limited(request.receive, limits))

    async def json(self) -> Any:
        problems = Problems(limit=PROBLEMS_MAX)
        try:
            raw = parse_object((await self.body()).decode("utf-8"), SOURCE, problems)
            problems.raise_if_any()
        except UnicodeDecodeError:
            raise HTTPException(400, "The request is not UTF-8 text.") from None
        except ConfigError as error:
            raise HTTPException(400, str(error)) from None
        return raw


def _limited(receive: Receive, limits: BodyLimits) -> Receive:
    """`receive` with the limits. The Content-Length header is not trusted."""
    taken, deadline_s = 0, asyncio.get_running_loop().time() + limits.timeout_s

    async def receive_some() -> Message:
        nonlocal taken
        try:
            async with asyncio.timeout_at(deadline_s):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"{limits.what} did not come within {limits.timeout_s:g} s.") from None
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "The request was not whole.")
        taken += len(message.get("body", b""))
        if taken > limits.max_bytes:
            raise _too_large(limits)
        return message

    return receive_some


def _too_large(limits: BodyLimits) -> HTTPException:
    size = limits.max_bytes
    shown = f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 1024} KiB"
    return HTTPException(413, f"At most {shown} are taken.")


def _fields(model: Any) -> list[str]:
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def told_mistakes(errors: Iterable[Any], fields: Sequence[str]) -> str:
    """The mistakes that pydantic found in a body, one line each. `fields`: those that there are. What was sent is not
    repeated, except as `explain` quotes it; a secret never."""
    problems = Problems(limit=PROBLEMS_MAX)
    for each in errors:
        place = tuple(each["loc"])
        if each["type"] == "extra_forbidden":
            meant = did_you_mean(str(place[-1]), fields, list_them=False) if place else ""
            return f"{SOURCE}: an unknown field{meant}; the fields are {', '.join(fields)}."
        if not place and each["type"] == "missing":
            return "The request is empty."
        if not place and each["type"] == "value_error":  # an error about the whole
            return explain(each)
        problems.error(SOURCE, place, explain(each, quote=not any(is_secret_name(str(step)) for step in place)))
    return "\n".join(problems.errors)
