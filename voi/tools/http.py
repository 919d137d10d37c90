"""Tools that are an HTTP request.

Arguments can change neither the host nor the folders of a URL that its author has fixed. A URL whose host depends on an
argument passes the guard that pictures pass: a public name, and a public address at the moment of the connection.
Redirects are not followed. Answers are bounded after they were decompressed.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import orjson
from yarl import URL

from voi.config.secret_refs import resolved
from voi.config.tools import PLACEHOLDER, HttpRequest
from voi.engines.llm.picture_url import checked_public_url
from voi.engines.llm.pictures import public_socket
from voi.errors import ClientError
from voi.tools.base import ToolContext, ToolFailed, bounded
from voi.tools.templates import LEFT_OUT, Values, as_text, url_part

ANSWER_MAX_BYTES = 1 << 20
ERROR_MAX_CHARACTERS = 1_000
"""How much of an error's text the model is given."""
CONNECTIONS_MAX = 256
RETRY_S = 0.2
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
PASSING = frozenset({429, 500, 502, 503, 504})
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HttpClients:
    """The connections of all tools: to addresses that authors wrote, and to those that models fill in."""

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


class HttpTool:
    """The body of one tool. `where`: its place in agents.json. Raises ConfigError if an environment variable that it
    refers to is not set."""

    def __init__(self, request: HttpRequest, clients: HttpClients, where: str) -> None:
        texts = {"url": request.url, "query": request.query, "headers": request.headers, "body": request.body}
        secrets = resolved(texts, where)
        self._request = request
        self._clients = clients
        self._url: str = secrets["url"]
        self._query: dict[str, str] = secrets["query"]
        self._headers: dict[str, str] = secrets["headers"]
        self._body: Any = secrets["body"]
        self._public = depends_on_arguments(self._url)

    async def __call__(self, arguments: dict[str, Any], context: ToolContext) -> str:
        """See `ToolBody`."""
        values = Values(arguments, context.values, context.captured)
        url, headers = self._filled_url(values), self._filled_headers(values)
        body = self._filled_body(values)
        if isinstance(body, bytes) and not any(name.lower() == "content-type" for name in headers):
            kind = "text/plain; charset=utf-8" if isinstance(self._body, str) else "application/json"
            headers["Content-Type"] = kind
        tries = 1 + (self._request.retries if self._request.method in IDEMPOTENT else 0)
        for left in reversed(range(tries)):
            try:
                status, answer = await self._send(url, headers, body)
            except (aiohttp.ClientError, OSError) as error:
                if not left:
                    raise ToolFailed(f"The service could not be reached ({type(error).__name__}).") from None
            else:
                if not (left and status in PASSING):
                    return self._result(status, answer)
            await asyncio.sleep(RETRY_S)
        raise AssertionError("unreachable")

    async def _send(self, url: URL, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        session = self._clients.of(public=self._public)
        async with session.request(
            self._request.method, url, headers=headers, data=body, allow_redirects=False
        ) as response:
            answer = bytearray()
            async for chunk in response.content.iter_any():
                answer += chunk
                if len(answer) > ANSWER_MAX_BYTES:
                    response.close()
                    raise ToolFailed(f"The service answered with more than {ANSWER_MAX_BYTES // 1024} KiB.")
            return response.status, bytes(answer)

    # ---- the request ------------------------------------------------------------------------------

    def _filled_url(self, values: Values) -> URL:
        url = values.text(self._url, url_part)
        if any(part in (".", "..") for part in re.split(r"[/\\]", unquote(urlsplit(url).path))):  # many decode it first
            raise ToolFailed("An argument is not possible here: it would lead to another place of the service.")
        if self._public:
            try:
                url = checked_public_url(url)
            except ClientError:
                raise ToolFailed("That address may not be called: it is not a public one.") from None
        query = [
            f"{url_part(name)}={url_part(as_text(value))}"
            for name, template in self._query.items()
            if (value := values.optional(template)) is not LEFT_OUT
        ]
        if query:
            url += ("&" if "?" in url else "?") + "&".join(query)
        return URL(url, encoded=True)

    def _filled_headers(self, values: Values) -> dict[str, str]:
        headers = {name: values.text(template) for name, template in self._headers.items()}
        if any(_CONTROL.search(text) for text in headers.values()):
            raise ToolFailed("An argument has a line break or control character in it, which is not possible here.")
        return headers

    def _filled_body(self, values: Values) -> bytes | None:
        if self._body is None:
            return None
        if isinstance(self._body, str):
            return values.text(self._body).encode("utf-8", "replace")
        return orjson.dumps(values.json(self._body))

    # ---- the answer -------------------------------------------------------------------------------

    def _result(self, status: int, answer: bytes) -> str:
        text = answer.decode(errors="replace")
        if not 200 <= status < 300:
            raise ToolFailed(f"The service answered with HTTP {status}: {text[:ERROR_MAX_CHARACTERS]}".rstrip(": "))
        if not self._request.returns:
            return bounded(text) or f"Done (HTTP {status})."
        try:
            value = orjson.loads(answer)
        except orjson.JSONDecodeError:
            raise ToolFailed("The service answered with something that is not JSON.") from None
        try:
            chosen = {path: found for path in self._request.returns if (found := field_of(value, path)) is not LEFT_OUT}
            return bounded(orjson.dumps(chosen).decode())
        except (RecursionError, orjson.JSONEncodeError):
            raise ToolFailed("The service answered with JSON that is nested too deeply.") from None


def depends_on_arguments(url: str) -> bool:
    """True if a placeholder stands in the part of the URL that names the host."""
    scheme, found, rest = url.partition("://")
    host = rest.partition("/")[0].partition("?")[0].partition("#")[0] if found else url
    return bool(PLACEHOLDER.search(scheme) or PLACEHOLDER.search(host))


def field_of(value: Any, path: str) -> Any:
    """The field at a path like `order.items.name`, or LEFT_OUT. A list gives the field of each of its items; a number
    names one of them."""
    step, _, rest = path.partition(".")
    if isinstance(value, list):
        if step.isdecimal():
            found = value[int(step)] if int(step) < len(value) else LEFT_OUT
        else:
            return list(_found(value, path))
    else:
        found = value.get(step, LEFT_OUT) if isinstance(value, dict) else LEFT_OUT
    return field_of(found, rest) if rest and found is not LEFT_OUT else found


def _found(values: list[Any], path: str) -> Iterator[Any]:
    for value in values:
        if (found := field_of(value, path)) is not LEFT_OUT:
            yield found
