"""Tokens and the store: each token that this server issues is recorded, and a revoked one is refused.

What is revoked is read from the store every `READ_EVERY_S`, so that servers that share a store refuse the same tokens,
and `voi tokens revoke` needs no server. While the store is away, the last read list applies.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from voi.calls.claims import TokenClaims
from voi.errors import ClientError, StoreError
from voi.server.auth import read_token

if TYPE_CHECKING:
    from voi.store.store import Store
    from voi.store.tokens import Revoked

READ_EVERY_S = 5.0
NOTES_MAX = 1_000
"""Most issued tokens that wait to be recorded; more are not recorded, and can only be revoked by their app."""

log = logging.getLogger(__name__)


class Tokens:
    """`secrets`: those that sign tokens, today's first. `store` None: nothing is noted, and nothing can be revoked."""

    def __init__(self, secrets: tuple[str, ...], store: "Store | None") -> None:
        self._secrets = secrets
        self.store = store
        self._revoked: Revoked | None = None
        self._issued: asyncio.Queue[TokenClaims] = asyncio.Queue(NOTES_MAX)

    def check(self, token: str) -> TokenClaims:
        """What the token says. Raises ClientError if it is invalid, expired or revoked."""
        claims = read_token(token, *self._secrets)
        self.check_revoked(claims.id, claims.app, claims.issued_ms)
        return claims

    def check_revoked(self, token_id: str, app: str, issued_ms: int) -> None:
        """Raises ClientError if that token of the app was revoked, or what came from it. `issued_ms`: ms since 1970."""
        if self._revoked is not None and self._revoked.has(token_id, app, issued_ms):
            raise ClientError("Token validation error: the token was revoked. Ask for a new one.")

    def issued(self, token: str) -> None:
        """Note a token that was just issued. Returns at once."""
        if self.store is None:
            return
        try:
            self._issued.put_nowait(read_token(token, self._secrets[0]))
        except asyncio.QueueFull:
            log.warning("a token was issued and not noted: the store does not keep up")

    # ---- with the store -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Record issued tokens and read revoked ones, for ever."""
        if self.store is None:
            return
        failing = False
        while True:
            try:
                await self._read(self.store)
                await self._note(self.store)
            except StoreError as error:
                if not failing:
                    log.error("the store has no answer about tokens; what was revoked before stays so: %s", error)
                failing = True
            else:
                failing = False
            await self._wait()

    async def _wait(self) -> None:
        """Until a token is issued, or it is time to read again."""
        try:
            async with asyncio.timeout(READ_EVERY_S):
                claims = await self._issued.get()
        except TimeoutError:
            return
        self._issued.put_nowait(claims)

    async def _read(self, store: "Store") -> None:
        from voi.store.tokens import read_revoked

        async with store.reading() as connection:
            self._revoked = await read_revoked(connection, now_ms())

    async def _note(self, store: "Store") -> None:
        while not self._issued.empty():
            claims = self._issued.get_nowait()
            try:
                await note_claims(store, claims)
            except StoreError:
                if not self._issued.full():
                    self._issued.put_nowait(claims)
                raise

    async def list(self, app: str) -> list[dict[str, Any]]:
        """Tokens that were issued to that app, or to all. Raises StoreError."""
        from voi.store.tokens import list_tokens

        async with self._needed().reading() as connection:
            return await list_tokens(connection, app)

    async def revoke(self, token_id: str) -> bool:
        """Revoke a token. False if there is no such token, or it was already revoked. Raises StoreError."""
        from voi.store.tokens import revoke_token

        store = self._needed()
        async with store.writing() as connection:
            done = await revoke_token(connection, token_id, now_ms())
        await self._read(store)
        return done

    async def revoke_app(self, app: str) -> None:
        """Revoke all tokens that the app has now. Raises StoreError."""
        from voi.store.tokens import revoke_app

        store = self._needed()
        async with store.writing() as connection:
            await revoke_app(connection, app, now_ms())
        await self._read(store)

    def _needed(self) -> "Store":
        if self.store is None:
            raise StoreError("VOI_STORE is off: tokens are not noted, and cannot be revoked.")
        return self.store


async def note_claims(store: "Store", claims: TokenClaims) -> None:
    """Note one token. Raises StoreError."""
    from voi.store.tokens import Issued, note_token

    issued = Issued(claims.id, claims.app, claims.person, claims.issued_ms, claims.expires_ms, claims.names_people,
                    claims.own_agents)  # fmt: skip
    async with store.writing() as connection:
        await note_token(connection, store.keys, issued)


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1_000)


def tokens_router(tokens: Tokens, authorized: Callable[[Request], None]) -> APIRouter:
    """`GET /tokens?app=`, `DELETE /tokens/ID` and `DELETE /tokens?app=APP`. `authorized`: checks the API key."""
    router = APIRouter(prefix="/tokens", dependencies=[Depends(authorized)])

    @router.get("")
    async def listed(app: str = "") -> dict[str, Any]:
        try:
            found = await tokens.list(app)
        except StoreError as error:
            raise HTTPException(503, str(error)) from None
        from voi.store.tokens import shown_token

        return {"tokens": [shown_token(row) for row in found]}

    @router.delete("/{token_id}", status_code=204)
    async def revoked(token_id: str) -> None:
        try:
            if not await tokens.revoke(token_id):
                raise HTTPException(404, "There is no such token, or it was revoked before.")
        except StoreError as error:
            raise HTTPException(503, str(error)) from None

    @router.delete("", status_code=204)
    async def app_revoked(app: str) -> None:
        try:
            await tokens.revoke_app(app)
        except StoreError as error:
            raise HTTPException(503, str(error)) from None

    return router
