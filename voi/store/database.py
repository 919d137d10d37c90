"""The connections to the store's database.

SQLite runs in threads of its own (aiosqlite), so that a slow disk delays nobody but the store. It writes ahead (WAL),
each commit reaches the disk, and what is deleted is overwritten.

SQLite has one writer at a time, and those who wait ask again and again, without a queue: on a slow disk one of many
may starve. So a process lets one transaction at a time ask, in the order in which they came: only processes compete.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection as Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from voi.errors import RowRefused, StoreError
from voi.store.url import StoreUrl

__all__ = ["Connection", "Database", "reason_of"]

TIMEOUT_S = 10.0
"""Deadline of one transaction of the server's. Commands may take longer."""
LOCK_TIMEOUT_S = 6.0
"""How long SQLite waits for another process that writes: several commits of a slow disk, and less than `TIMEOUT_S`."""
CONNECT_TIMEOUT_S = 3.0
EMPTY_TRIES, EMPTY_EVERY_S, EMPTY_LOCK_MS = 14, 0.1, 50
"""How often, and for how long each time, the log is tried to be emptied: while it waits there for readers, it has all
writers wait."""
POOL_MAX = 4

_REFUSED = (DataError, IntegrityError, ProgrammingError)


class Database:
    """A pool of connections. `reading` and `writing` give one for a transaction; they raise StoreError, whose text
    never holds a row or an address, when the database cannot be reached, is full, locked, or too slow; RowRefused for
    values that it does not take."""

    def __init__(self, url: StoreUrl, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self._engine = _engine_of(url)
        self._turn = asyncio.Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.url.path is not None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection that reads one snapshot: changes by others are not seen."""
        async with self._transaction("REPEATABLE READ", contextlib.nullcontext(), voi_begin="BEGIN") as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A connection whose transaction is committed at the end, or rolled back if the body raises. Not within
        another."""
        turn = self._turn if self.is_sqlite else contextlib.nullcontext()
        async with self._transaction("READ COMMITTED", turn, voi_begin="BEGIN IMMEDIATE") as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(
        self, isolation: str, turn: AbstractAsyncContextManager[None], voi_begin: str
    ) -> AsyncIterator[Connection]:
        options: dict[str, Any] = {"voi_begin": voi_begin} if self.is_sqlite else {"isolation_level": isolation}
        try:
            async with asyncio.timeout(self._timeout_s), turn, self._engine.connect() as connection:
                await connection.execution_options(**options)
                async with connection.begin():
                    yield connection
        except TimeoutError:
            raise StoreError(f"The store did not answer within {self._timeout_s:g} s.") from None
        except (SQLAlchemyError, OSError) as error:
            refused = isinstance(error, _REFUSED) or type(error) is StatementError
            raise (RowRefused if refused else StoreError)(f"The store failed: {reason_of(error)}") from None

    async def shred(self) -> None:
        """Overwrite what was deleted in SQLite's write-ahead log too, and empty it. PostgreSQL does that by itself,
        with vacuum and its own log. Raises StoreError, also when somebody reads all the time; the rows are deleted in
        any case."""
        if not self.is_sqlite:
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(EMPTY_TRIES):
                    if await self._emptied():
                        return
                    await asyncio.sleep(EMPTY_EVERY_S)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(f"The store's write-ahead log could not be emptied: {reason_of(error)}") from None
        raise StoreError(
            "It is deleted. A copy may lie in the store's write-ahead log, which could not be emptied because somebody "
            "reads it, such as a backup; the next deletion does it."
        )

    async def _emptied(self) -> bool:
        """Try once. False: somebody reads or writes."""
        async with self._turn, self._engine.connect() as connection:
            await connection.execution_options(voi_begin="")
            await connection.execute(text(f"PRAGMA busy_timeout={EMPTY_LOCK_MS}"))
            try:
                busy = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).scalar()
            finally:
                await connection.execute(text(f"PRAGMA busy_timeout={int(LOCK_TIMEOUT_S * 1_000)}"))
            return not busy

    async def close(self) -> None:
        await self._engine.dispose()


def reason_of(error: BaseException) -> str:
    """The database's error text, without statements and their values."""
    cause = getattr(error, "orig", None) or error
    told = str(cause).splitlines()[0] if isinstance(cause, OSError) or _is_sqlite(cause) else ""
    return f"{told or type(cause).__name__}."


def _is_sqlite(error: BaseException) -> bool:
    """SQLite's own texts are fixed; PostgreSQL's may quote a row."""
    return type(error).__module__ == "sqlite3"


def _engine_of(url: StoreUrl) -> AsyncEngine:
    if url.path is None:
        connect = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": None}
        return create_async_engine(
            url.driver_url, pool_size=POOL_MAX, max_overflow=0, pool_pre_ping=True, hide_parameters=True,
            connect_args=connect,
        )  # fmt: skip
    engine = create_async_engine(
        url.driver_url, pool_size=POOL_MAX, max_overflow=0, hide_parameters=True,
        connect_args={"timeout": LOCK_TIMEOUT_S},
    )  # fmt: skip
    path = url.path

    @event.listens_for(engine.sync_engine, "do_connect")
    def private(*_: Any) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only a new file is opened here: closing a file that SQLite has open drops all locks of this process on it, and
        # another process could then delete the log.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # the log gets the same permissions

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # Python's own transactions would begin too late
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        statement = connection.get_execution_options().get("voi_begin", "BEGIN")
        if statement:
            connection.exec_driver_sql(statement)

    return engine
