"""The open store: its database and its keys."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from voi.errors import StoreError
from voi.session.memory import MemoryItem
from voi.store.conversations import is_stored
from voi.store.database import TIMEOUT_S, Connection, Database
from voi.store.keys import Keys
from voi.store.memories import person_of, recall, remember, was_forgotten
from voi.store.migrate import migrate
from voi.store.people import find_person
from voi.store.phone_accounts import seal_plain_accounts
from voi.store.saved_states import forget_state, load_state, save_state
from voi.store.url import parse_store_url

KNOWN_TRIES, KNOWN_EVERY_S = 4, 0.5

log = logging.getLogger(__name__)


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
                plain = await seal_plain_accounts(connection, self.keys)
            if plain:
                log.info("%d telephone accounts of the store were in plain text, and are encrypted now", plain)
                with suppress(StoreError):  # what was is overwritten with the next deletion
                    await self.database.shred()
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

    async def save(self, name: str, app: str, state: Mapping[str, Any], person: str = "", of: str = "") -> None:
        """Save a conversation's state, in place of what was saved by that name. `of`: its id; if it was deleted
        meanwhile, with its person say, nothing is saved. Raises StoreError."""
        if of and not await self.knows(of):
            log.warning("a conversation is not saved to go on another day: it was deleted while it ran")
            return
        async with self.writing() as connection:
            await save_state(connection, self.keys, app, name, state, person=person)

    async def knows(self, conversation_id: str) -> bool:
        """Whether the conversation is stored. One that has just begun may wait to be written."""
        for _ in range(KNOWN_TRIES):
            async with self.reading() as connection:
                if await is_stored(connection, conversation_id):
                    return True
            await asyncio.sleep(KNOWN_EVERY_S)
        return False

    async def forget(self, name: str, app: str) -> None:
        """Delete what was saved by that name. Raises StoreError."""
        async with self.writing() as connection:
            await forget_state(connection, self.keys, app, name)

    # ---- what is remembered of people ---------------------------------------------------------------

    async def recall(self, app: str, person: str) -> list[MemoryItem]:
        """All that is remembered of that person of the app, the oldest first. Raises StoreError."""
        async with self.reading() as connection:
            found = await find_person(connection, self.keys, app, person)
            return [] if found is None else await recall(connection, self.keys, found)

    async def remember(self, of: str, item: MemoryItem, since_ms: int | None = None) -> bool:
        """Keep this of the person of the conversation `of`, in place of what had its id. `since_ms`: it is about what
        was said since then. False: the conversation is not stored (it, or the person, was deleted while it ran), or of
        nobody, or what was remembered was deleted since. Raises StoreError; RowRefused if there is no room."""
        if not await self.knows(of):
            return False
        async with self.writing() as connection:
            person = await person_of(connection, of)
            if person is not None and since_ms is not None and await was_forgotten(connection, person, since_ms):
                person = None
            replaced = person is not None and await remember(connection, self.keys, person, item)
        if replaced:
            with suppress(StoreError):  # it is kept; the log is emptied with the next deletion
                await self.database.shred()
        return person is not None

    async def close(self) -> None:
        await self.database.close()
