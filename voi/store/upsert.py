"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell the same and SQLAlchemy does not."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from voi.store.database import Connection

TableRow = Mapping[str, Any]


async def insert_new(connection: Connection, table: Table, rows: Sequence[TableRow]) -> None:
    """Insert the rows; an existing row stays as it is."""
    if rows:
        await connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


async def put(connection: Connection, table: Table, rows: Sequence[TableRow]) -> None:
    """Insert the rows; an existing row gets the new values. All rows have the same columns."""
    if not rows:
        return
    insert = _insert(connection, table)
    keys = [column.name for column in table.primary_key.columns]
    new = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    await connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=new), list(rows))


async def add(connection: Connection, table: Table, rows: Sequence[TableRow], columns: Sequence[str]) -> None:
    """Insert the rows; the values of `columns` are added to an existing row."""
    if not rows:
        return
    insert = _insert(connection, table)
    keys = [column.name for column in table.primary_key.columns]
    sums = {name: table.c[name] + insert.excluded[name] for name in columns}
    await connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=sums), list(rows))


def _insert(connection: Connection, table: Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
