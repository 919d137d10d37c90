"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell the same and SQLAlchemy does not."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from voi.store.database import Connection

TableRow = Mapping[str, Any]


async def insert_new(connection: Connection, table: Table, rows: Sequence[TableRow]) -> None:
    """Insert the rows; an existing row stays as it is."""
    if rows:
        await connection.execute(_new(connection.dialect.name, table), list(rows))


async def put(connection: Connection, table: Table, rows: Sequence[TableRow]) -> None:
    """Insert the rows; an existing row gets the new values. All rows have the same columns."""
    if rows:
        await connection.execute(_put(connection.dialect.name, table, tuple(rows[0])), list(rows))


async def add(connection: Connection, table: Table, rows: Sequence[TableRow], columns: Sequence[str]) -> None:
    """Insert the rows; the values of `columns` are added to an existing row."""
    if rows:
        await connection.execute(_add(connection.dialect.name, table, tuple(columns)), list(rows))


# A statement is made once: to make one takes longer than to run it.


@lru_cache(maxsize=64)
def _new(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def _put(dialect: str, table: Table, columns: tuple[str, ...]) -> Any:
    insert, keys = _insert(dialect, table), _keys(table)
    new = {name: insert.excluded[name] for name in columns if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=new)


@lru_cache(maxsize=64)
def _add(dialect: str, table: Table, columns: tuple[str, ...]) -> Any:
    insert = _insert(dialect, table)
    sums = {name: table.c[name] + insert.excluded[name] for name in columns}
    return insert.on_conflict_do_update(index_elements=_keys(table), set_=sums)


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _insert(dialect: str, table: Table) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)
