"""Access tokens by OAuth 2.0, for tools that sign in to a service.

A token is asked for once, kept in memory until it is about to expire or the service refuses it, and shared by all tools
and conversations with the same credential. However many calls need a new one, it is asked for once. After a failure
nobody asks again for a while, longer each time: token servers lock clients out that ask too often (Zoho: ten tokens in
ten minutes). No token or secret is in a log or an error.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import orjson

from voi.config.oauth import OAuthCredential
from voi.config.secret_refs import resolved
from voi.errors import ConfigError
from voi.tasks import Tasks
from voi.tools.base import ToolFailed
from voi.tools.clients import HttpClients

RENEW_TIMEOUT_S = 10.0
ANSWER_MAX_BYTES = 64 * 1024
MARGIN_S = 60.0
"""A token is renewed so long before it expires, or after nine tenths of a short life."""
ASSERTION_S = 180
"""How long a signed assertion holds. Salesforce takes at most five minutes."""
AGAIN_S = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Waits after failures in a row."""
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NO_ENTRY = "The service did not let us sign in, so this is not possible at the moment."
_CODE = re.compile(r"[A-Za-z0-9_.\- ]{1,60}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class AccessToken:
    """A token. `fresh_until_s`: by the monotonic clock; None: until it is refused. `answer`: the other texts of the
    token server's answer."""

    value: str = field(repr=False)
    fresh_until_s: float | None
    answer: Mapping[str, str] = field(repr=False)


class AccessTokens:
    """The tokens of one credential. `where`: its place in agents.json, for the log. `tasks` own the requests.
    `clock`: monotonic seconds. `wall`: seconds since 1970. Raises ConfigError if an environment variable that the
    credential refers to is not set."""

    def __init__(
        self,
        credential: OAuthCredential,
        clients: HttpClients,
        tasks: Tasks,
        where: str,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.credential = OAuthCredential.model_construct(**resolved(credential.model_dump(), where))
        self._clients = clients
        self._tasks = tasks
        self._where = where
        self._clock = clock
        self._wall = wall
        self._token: AccessToken | None = None
        self._asking: asyncio.Task[AccessToken | None] | None = None
        self._failures = 0
        self._not_before_s = 0.0

    async def check(self) -> None:
        """Raises ConfigError for a private key that cannot be used."""
        if self.credential.grant == "jwt_bearer":
            try:
                await asyncio.to_thread(self._assertion)
            except Exception:  # the libraries' errors, whose texts may hold the key
                raise ConfigError(f"{self._where}: private_key is no RSA key in PEM") from None

    async def get(self) -> AccessToken:
        """A token that holds. Raises ToolFailed."""
        token = self._token
        if token is not None and (token.fresh_until_s is None or self._clock() < token.fresh_until_s):
            return token
        return await self._new()

    async def instead_of(self, refused: AccessToken) -> AccessToken:
        """Another token than that one, which the service refused. Raises ToolFailed."""
        if self._token is refused:
            self._token = None
        return await self.get()

    async def _new(self) -> AccessToken:
        if self._asking is None or self._asking.done():
            if self._clock() < self._not_before_s:
                raise ToolFailed(NO_ENTRY, undone=True)
            self._asking = self._tasks.start(self._ask(), "access token")
        # shielded: a call that is cancelled must not take the token from the others that wait for it
        token = await asyncio.shield(self._asking)
        if token is None:
            raise ToolFailed(NO_ENTRY, undone=True)
        return token

    async def _ask(self) -> AccessToken | None:
        """Ask for a token. None, after a line in the log: there is none."""
        try:
            async with asyncio.timeout(RENEW_TIMEOUT_S):
                status, answer = await self._post(await self._form())
            why = f"HTTP {status}"
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            answer, why = {}, type(error).__name__
        token = self._read(answer)
        if token is None:
            self._not_before_s = self._clock() + AGAIN_S[min(self._failures, len(AGAIN_S) - 1)]
            self._failures += 1
            code = str(answer.get("error", ""))
            told = f", {code}" if _CODE.fullmatch(code) else ""
            host = urlsplit(self.credential.token_url).hostname
            log.warning("%s: %s gave no access token (%s%s). Are its secrets right?", self._where, host, why, told)
            return None
        self._failures = 0
        self._token = token
        return token

    async def _form(self) -> dict[str, str]:
        credential = self.credential
        if credential.grant == "jwt_bearer":
            return {"grant_type": JWT_BEARER, "assertion": await asyncio.to_thread(self._assertion)}
        form: dict[str, str] = {"grant_type": credential.grant}
        for name in ("client_id", "client_secret", "refresh_token", "scope"):
            if value := getattr(credential, name):
                form[name] = value
        return form

    def _assertion(self) -> str:
        import jwt

        credential, now_s = self.credential, int(self._wall())
        claims: dict[str, Any] = {
            "iss": credential.client_id, "sub": credential.subject, "aud": credential.audience, "iat": now_s,
            "exp": now_s + ASSERTION_S, "jti": uuid4().hex,
        }  # fmt: skip
        if credential.scope:
            claims["scope"] = credential.scope
        # files for containers hold keys in one line
        return jwt.encode(claims, credential.private_key.replace("\\n", "\n"), algorithm="RS256")

    async def _post(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        session = self._clients.of(public=False)
        headers = {"Accept": "application/json"}
        async with session.post(
            self.credential.token_url, data=form, headers=headers, allow_redirects=False
        ) as response:
            read = bytearray()
            async for chunk in response.content.iter_any():
                read += chunk
                if len(read) > ANSWER_MAX_BYTES:
                    response.close()
                    raise ValueError("too long")
            try:
                answer = orjson.loads(read)
            except orjson.JSONDecodeError:
                answer = None
            return response.status, answer if isinstance(answer, dict) else {}

    def _read(self, answer: Mapping[str, Any]) -> AccessToken | None:
        value = answer.get("access_token")
        # servers that refuse with HTTP 200 name an error and give no token (Zoho)
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value or not value:
            return None
        lives_s = answer.get("expires_in")
        if isinstance(lives_s, str) and lives_s.isascii() and lives_s.isdecimal():
            lives_s = int(lives_s[:9])
        until_s = None  # Salesforce does not say
        if isinstance(lives_s, int | float) and lives_s > 0:
            until_s = self._clock() + lives_s - min(MARGIN_S, lives_s / 10)
        others = {name: text for name, text in answer.items() if isinstance(text, str) and name != "access_token"}
        return AccessToken(value, until_s, others)
