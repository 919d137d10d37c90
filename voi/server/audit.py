"""The audit log: one line for each request with an API key that changes something, reads what is remembered of a
person, or is refused. What was changed or read is kept in the store too, beside what commands on the machine did
(`voi.cli.open_store`). Strangers who guess keys fill no table.

A manager is a client that has the API key. The line names the key by a fingerprint, so that after a change of keys it
shows which one was used, and never the key itself.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voi.server.auth import bearer

log = logging.getLogger("voi.audit")

_READS = ("GET", "HEAD", "OPTIONS")
_PRIVATE = "/memory"
"""What is read below this path is of one person, so that is logged too."""
_NOT_FOR_MANAGERS = ("/v1", "/telephone")
"""Who calls these is a client with a token, or a carrier. `voi.server.openai` and `voi.transports.media_ws` log what
they refuse."""
_GRANTS = ("names_people", "own_agents")
"""What a request for a token may grant it. The rest of an address, a person's name say, is not logged."""
_NO = ("0", "f", "false", "n", "no", "off")
_FINGERPRINT_CHARS = 8
_PATH_MAX = 200
_REFUSED = (401, 403, 429)
Keep = Callable[[str, str, str], None]
REFUSED_EVERY_S = 1.0
"""Refused requests are logged this often at most: a client that guesses keys must not fill the disk."""


class Audit:
    """ASGI middleware. `keep`: stores who changed what, and with which result."""

    def __init__(
        self, app: ASGIApp, keep: Keep = lambda who, what, result: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._keep = keep
        self._clock = clock
        self._refused_s = -REFUSED_EVERY_S
        self._unlogged = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or any(_is_below(scope["path"], each) for each in _NOT_FOR_MANAGERS):
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, noting)

    def _note(self, scope: Scope, status: int) -> None:
        key = _key(scope["headers"])
        if status in _REFUSED:
            self._note_refused(scope, key, status)
        elif key and (scope["method"] not in _READS or _is_below(scope["path"], _PRIVATE)):
            what, who = _what(scope), _who(scope, key)
            log.info("%s %s: %d", what, who, status)
            self._keep(who, what, str(status))

    def _note_refused(self, scope: Scope, key: bytes, status: int) -> None:
        now_s = self._clock()
        if now_s - self._refused_s < REFUSED_EVERY_S:
            self._unlogged += 1
            return
        more = f"; {self._unlogged} more were refused since the last line" if self._unlogged else ""
        self._refused_s, self._unlogged = now_s, 0
        log.warning("%s %s: %d%s", _what(scope), _who(scope, key), status, more)


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _key(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The API key, from either of its headers; b"": there is none."""
    found = dict(headers)
    authorization = found.get(b"authorization", b"").decode("latin-1")
    return found.get(b"api-key") or (bearer(authorization) or "").encode("latin-1")


def fingerprint(key: bytes) -> str:
    """A short hash that identifies a key without revealing it."""
    return hashlib.sha256(key).hexdigest()[:_FINGERPRINT_CHARS]


def _what(scope: Scope) -> str:
    path = quote(scope["path"], safe="/:@!$&'()*+,;=")[:_PATH_MAX]
    given = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
    granted = "&".join(f"{name}=true" for name in _GRANTS if given.get(name, "no").lower() not in _NO)
    return f"{scope['method']} {path}{'?' if granted else ''}{granted}"


def _who(scope: Scope, key: bytes) -> str:
    client = scope.get("client")
    by = f"with the key {fingerprint(key)}" if key else "without a key"
    return f"from {client[0] if client else 'an unknown address'} {by}"
