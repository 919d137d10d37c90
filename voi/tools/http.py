"""Tools that are an HTTP request.

Arguments can change neither the host nor the folders of a URL that its author has fixed. A URL whose host depends on an
argument passes the guard that pictures pass: a public name, and a public address at the moment of the connection.
Redirects are not followed. Answers are bounded after they were decompressed.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import orjson
from yarl import URL

from voi.config.secret_refs import resolved
from voi.config.tools import PLACEHOLDER, HttpRequest, auth_base
from voi.engines.llm.picture_url import checked_public_url
from voi.errors import ClientError
from voi.tools.base import ToolContext, ToolFailed, bounded
from voi.tools.clients import HttpClients
from voi.tools.oauth import AccessToken, AccessTokens
from voi.tools.templates import LEFT_OUT, Values, as_text, url_part

ANSWER_MAX_BYTES = 1 << 20
ERROR_MAX_CHARACTERS = 1_000
"""How much of an error's text the model is given."""
RETRY_S = 0.2
RETRY_MAX_S = 2.0
"""A request is not repeated if the service asks for a longer pause: the person is waiting."""
REFUSED_S = 300.0
"""A service that refuses a new token too does so for another reason, such as a scope that lacks: no more tokens are
asked for in vain so long."""
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
PASSING = frozenset({429, 500, 502, 503, 504})
UNDONE = frozenset({401, 429, 503})
"""What a service answers that has not begun."""
_BASE = re.compile(r"https?://[^/?#@\\\s]+/?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HttpTool:
    """The body of one tool. `where`: its place in agents.json. `tokens`: how it signs in. `clock`: monotonic seconds.
    Raises ConfigError if an environment variable that it refers to is not set."""

    def __init__(
        self,
        request: HttpRequest,
        clients: HttpClients,
        where: str,
        tokens: AccessTokens | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        texts = {"url": request.url, "query": request.query, "headers": request.headers, "body": request.body}
        secrets = resolved(texts, where)
        self._request = request
        self._clients = clients
        self._base, self._url = auth_base(secrets["url"])
        self._query: dict[str, str] = secrets["query"]
        self._headers: dict[str, str] = secrets["headers"]
        self._body: Any = secrets["body"]
        self._public = not self._base and depends_on_arguments(self._url)
        self._tokens = tokens
        self._clock = clock
        self._refused_until_s = 0.0

    @property
    def idempotent(self) -> bool:
        """Whether it may be called again when it is not known if a call did its work."""
        return self._request.method in IDEMPOTENT

    async def __call__(self, arguments: dict[str, Any], context: ToolContext) -> str:
        """See `ToolBody`."""
        values = Values(arguments, context.values, context.captured)
        headers, body = self._filled_headers(values), self._filled_body(values)
        if isinstance(body, bytes) and not any(name.lower() == "content-type" for name in headers):
            kind = "text/plain; charset=utf-8" if isinstance(self._body, str) else "application/json"
            headers["Content-Type"] = kind
        rest = self._filled_url(values)
        if self._tokens is None:
            return await self._tried(rest, headers, body, None)
        token = await self._tokens.get()
        try:
            return await self._tried(rest, headers, body, token)
        except _TokenRefused as refused:
            if self._clock() < self._refused_until_s:
                raise refused.failure from None
            token = await self._tokens.instead_of(token)
        try:
            return await self._tried(rest, headers, body, token)
        except _TokenRefused as refused:
            self._refused_until_s = self._clock() + REFUSED_S
            raise refused.failure from None

    async def _tried(self, rest: str, headers: dict[str, str], body: bytes | None, token: AccessToken | None) -> str:
        """Send the request, several times where that is possible, and return its result. `rest`: the URL, without what
        the token says of its beginning. Raises _TokenRefused."""
        url, public = self._whole_url(rest, token)
        if token is not None and self._tokens is not None:
            headers = {**headers, "Authorization": f"{self._tokens.credential.scheme} {token.value}"}
        tries = 1 + (self._request.retries if self.idempotent else 0)
        for left in reversed(range(tries)):
            wait_s = RETRY_S
            try:
                status, answer, wanted_s = await self._send(url, headers, body, public=public)
            except (aiohttp.ClientError, OSError) as error:
                undone = isinstance(error, aiohttp.ClientConnectorError)
                if not left:
                    why = f"The service could not be reached ({type(error).__name__})."
                    raise ToolFailed(why, undone=undone) from None
            else:
                wait_s = max(wait_s, wanted_s or 0.0)
                if not (left and status in PASSING and wait_s <= RETRY_MAX_S):
                    return self._result(status, answer, wanted_s, token)
            await asyncio.sleep(wait_s)
        raise AssertionError("unreachable")

    async def _send(
        self, url: URL, headers: dict[str, str], body: bytes | None, *, public: bool
    ) -> tuple[int, bytes, float | None]:
        """The status, the answer, and after how many seconds the service wants to be asked again, if it says so."""
        session = self._clients.of(public=public)
        async with session.request(
            self._request.method, url, headers=headers, data=body, allow_redirects=False
        ) as response:
            answer = bytearray()
            async for chunk in response.content.iter_any():
                answer += chunk
                if len(answer) > ANSWER_MAX_BYTES:
                    response.close()
                    raise ToolFailed(f"The service answered with more than {ANSWER_MAX_BYTES // 1024} KiB.")
            return response.status, bytes(answer), retry_after_s(response.headers)

    # ---- the request ------------------------------------------------------------------------------

    def _filled_url(self, values: Values) -> str:
        url = values.text(self._url, url_part)
        if any(part in (".", "..") for part in re.split(r"[/\\]", unquote(urlsplit(url).path))):  # many decode it first
            raise ToolFailed("An argument is not possible here: it would lead to another place of the service.")
        if self._public:
            url = _checked(url)
        query = [
            f"{url_part(name)}={url_part(as_text(value))}"
            for name, template in self._query.items()
            if (value := values.optional(template)) is not LEFT_OUT
        ]
        if query:
            url += ("&" if "?" in url else "?") + "&".join(query)
        return url

    def _whole_url(self, rest: str, token: AccessToken | None) -> tuple[URL, bool]:
        """The URL, and whether it may lead to public addresses only."""
        if not self._base:
            return URL(rest, encoded=True), self._public
        assert token is not None, "the configuration is checked"
        assert self._tokens is not None
        base = token.answer.get(self._base, "").rstrip("/")
        if not _BASE.fullmatch(base):
            raise ToolFailed(f"The service did not say where it is ({self._base}).", undone=True)
        # an address that a service fills in is guarded like one of a model, but for the token server's own
        own = urlsplit(self._tokens.credential.token_url)
        if urlsplit(base)[:2] == own[:2]:
            return URL(base + rest, encoded=True), False
        if own.scheme == "https" and not base.startswith("https://"):
            raise ToolFailed("The service wants to be called without encryption.", undone=True)
        return URL(_checked(base) + rest, encoded=True), True

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

    def _result(self, status: int, answer: bytes, wanted_s: float | None, token: AccessToken | None) -> str:
        text = answer.decode(errors="replace")
        if token is not None:
            text = text.replace(token.value, "(token)")
        if not 200 <= status < 300:
            why = f"The service answered with HTTP {status}: {text[:ERROR_MAX_CHARACTERS]}".rstrip(": ")
            failure = ToolFailed(why, undone=status in UNDONE, retry_after_s=wanted_s)
            raise _TokenRefused(failure) if status == 401 and token is not None else failure
        if not text.strip():
            return "Nothing was found." if self._request.method == "GET" else f"Done (HTTP {status})."
        if not (self._request.returns or self._request.expect):
            return bounded(text)
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise ToolFailed("The service answered with something that is not JSON.") from None
        try:
            if any(field_of(value, path) != wanted for path, wanted in self._request.expect.items()):
                raise ToolFailed(f"The service refused: {text[:ERROR_MAX_CHARACTERS]}")
            if not self._request.returns:
                return bounded(text)
            chosen = {path: found for path in self._request.returns if (found := field_of(value, path)) is not LEFT_OUT}
            return bounded(orjson.dumps(chosen).decode())
        except (RecursionError, orjson.JSONEncodeError):
            raise ToolFailed("The service answered with JSON that is nested too deeply.") from None


class _TokenRefused(Exception):
    """The service does not take the access token."""

    def __init__(self, failure: ToolFailed) -> None:
        super().__init__()
        self.failure = failure


def _checked(url: str) -> str:
    try:
        return checked_public_url(url)
    except ClientError:
        raise ToolFailed("That address may not be called: it is not a public one.", undone=True) from None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of a header Retry-After; None if there is none, or it gives a date."""
    value = headers.get("Retry-After", "").strip()
    return float(value[:9]) if value.isascii() and value.isdecimal() else None


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
