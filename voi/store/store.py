"""The open store: its database and its keys."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from voi.errors import StoreError
from voi.store.database import TIMEOUT_S, Connection, Database
from voi.store.keys import Keys
from voi.store.migrate import migrate
from voi.store.saved_states import forget_state, load_state, save_state
from voi.store.url import parse_store_url


class Store:
    """`secrets`: the operator's key and former ones, see `Keys`. Raises ConfigError for an invalid address."""

    def __init__(self, url: str, secrets: tuple[str, ...] = (), timeout_s: float = TIMEOUT_S) -> None:
        self.database = Database(parse_store_url(url), timeout_s)
        self.keys = Keys(secrets)
        self.is_open = False

    async def open(self) -> None:
        """Bring the tables up to date, and prove that the key fits. Raises ConfigError for a key that does not,
        StoreError if the database cannot be reached."""
        if not self.is_open:
            await migrate(self.database)
            async with self.database.writing() as connection:
                await self.keys.open(connection)
            self.is_open = True

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """See `Database.reading`."""
        async with self._opened().reading() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """See `Database.writing`."""
        async with self._opened().writing() as connection:
            yield connection

    def _opened(self) -> Database:
        if not self.is_open:
            raise StoreError("The store is not open.")
        return self.database

    # ---- conversations that go on -------------------------------------------------------------------

    async def load(self, name: str, app: str) -> dict[str, Any] | None:
        """What the app saved by that name; None: nothing. Raises StoreError."""
        async with self.reading() as connection:
            return await load_state(connection, self.keys, app, name)

    async def save(self, name: str, app: str, state: Mapping[str, Any], person: str = "") -> None:
        """Save a conversation's state, in place of what was saved by that name. Raises StoreError."""
        async with self.writing() as connection:
            await save_state(connection, self.keys, app, name, state, person=person)

    async def forget(self, name: str, app: str) -> None:
        """Delete what was saved by that name. Raises StoreError."""
        async with self.writing() as connection:
            await forget_state(connection, self.keys, app, name)

    async def close(self) -> None:
        await self.database.close()
