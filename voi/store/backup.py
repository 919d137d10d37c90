"""A copy of the store in one file, and back: a tar of

    voi-store.json          the format, the tables' revision, when it was made
    tables/NAME.jsonl       each table, a row a line; bytes are {"bytes": "BASE64"}
    recordings/…            the sound, as it lies on disk

The keys are not in it, but in a second file. Keep one copy of that file and overwrite it each time: deleted people are
then gone from every backup, because only rows whose key exists can be restored. A backup made from SQLite can be
restored into PostgreSQL, and the other way round.
"""

import asyncio
import base64
import contextlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import Column, LargeBinary, Table, insert, select

from voi.errors import ClientError, StoreError
from voi.sealing.file import SUFFIX
from voi.store.database import Connection
from voi.store.keys import is_plain
from voi.store.migrate import HEAD, migrate
from voi.store.observer import now_ms
from voi.store.schema import (
    call_accounts,
    call_asks,
    call_orders,
    conversations,
    data_keys,
    metadata,
    outbox,
    people,
    phone_servers,
    ringing_calls,
)
from voi.store.store import Store
from voi.store.upsert import insert_new

FORMAT = 1
ROWS_MAX = 500
"""Rows that are read or written at once."""
LINE_MAX_BYTES = 64 * 1024 * 1024
MOMENTARY = (outbox, call_orders, call_accounts, phone_servers, ringing_calls, call_asks)
"""What is true for a moment alone, or must not be done again."""
TABLES = (
    people,
    conversations,
    *(table for table in metadata.sorted_tables if table not in (people, conversations, data_keys, *MOMENTARY)),
)
"""All tables, parents before the tables that refer to them."""
_HEAD = "voi-store.json"
_SOUND = "recordings"


async def back_up(store: Store, recordings_dir: Path, file: Path, keys_file: Path | None) -> dict[str, int]:
    """Write the backup; both files appear whole or not at all. `keys_file` None: without keys. Returns how many rows of
    each table there are. Raises StoreError, OSError. Blocks on the disk: for commands."""
    counts: dict[str, int] = {}
    with _appearing(file) as out, tarfile.open(fileobj=out, mode="w") as archive:
        async with store.reading() as connection:
            head = json.dumps({"voi_store": FORMAT, "revision": HEAD, "made_ms": now_ms()}).encode()
            _add(archive, _HEAD, io.BytesIO(head), len(head))
            for table in TABLES:
                with tempfile.TemporaryFile() as lines:
                    counts[table.name] = await _write_rows(connection, table, lines)
                    size = lines.tell()
                    lines.seek(0)
                    _add(archive, f"tables/{table.name}.jsonl", lines, size)
            if keys_file is not None:
                with _appearing(keys_file) as keys:
                    await _write_rows(connection, data_keys, keys)
        _add_sound(archive, recordings_dir)
    return counts


async def restore(store: Store, recordings_dir: Path, file: Path, keys_file: Path | None) -> dict[str, int]:
    """Restore the rows that the store lacks and has the keys of; existing rows stay as they are. `keys_file`: the keys,
    for a new store. Returns the number of restorable rows in the backup, by table. Raises ClientError for a file that
    is not a backup, StoreError, OSError."""
    counts: dict[str, int] = {}
    if keys_file is not None:
        await _restore_keys(store, keys_file)
    try:
        with tarfile.open(file, "r:") as archive:
            _check_head(archive)
            by_name = {f"tables/{table.name}.jsonl": table for table in TABLES}
            for member in archive:
                if member.name in by_name and (lines := archive.extractfile(member)) is not None:
                    table = by_name[member.name]
                    counts[table.name] = await _read_rows(store, table, lines)
                elif PurePosixPath(member.name).parts[0] == _SOUND and member.isfile():
                    await _restore_sound(store, archive, member, recordings_dir)
    except tarfile.TarError:
        raise ClientError(f"{file.name} is no backup of a store, or it is damaged.") from None
    return counts


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, now_ms() // 1_000
    archive.addfile(info, content)


class _appearing:
    """A private file that gets its name when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.{os.getpid()}")

    def __enter__(self) -> Any:
        self._partial.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(self._partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink()


def _add_sound(archive: tarfile.TarFile, recordings_dir: Path) -> None:
    """Add each file as it is when it is read: calls may be writing, and retention may be deleting."""
    for path in sorted(recordings_dir.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with tempfile.TemporaryFile() as copy, contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            shutil.copyfileobj(file, copy)
            size = copy.tell()
            copy.seek(0)
            _add(archive, str(PurePosixPath(_SOUND, *path.relative_to(recordings_dir).parts)), copy, size)


async def _write_rows(connection: Connection, table: Table, out: IO[bytes]) -> int:
    count = 0
    async for row in await connection.stream(select(table)):
        out.write(_encoded(dict(row._mapping)))
        count += 1
    return count


def _encoded(row: dict[str, Any]) -> bytes:
    plain = {
        name: {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    return json.dumps(plain, separators=(",", ":")).encode() + b"\n"


def _decoded(line: bytes, table: Table) -> dict[str, Any]:
    try:
        row = json.loads(line)
        return {
            column.name: base64.b64decode(row[column.name]["bytes"], validate=True)
            if isinstance(column.type, LargeBinary)
            else row.get(column.name, _absent(column))
            for column in table.columns
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ClientError(f"The backup is damaged: a row of {table.name} cannot be read.") from None


def _absent(column: Column[Any]) -> Any:
    """The value of a column that there was not when the backup was made."""
    default = getattr(column.server_default, "arg", None)
    return None if default is None else column.type.python_type(str(default))


def _check_head(archive: tarfile.TarFile) -> None:
    try:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.name == _HEAD else None
        head = json.loads(file.read(LINE_MAX_BYTES)) if file else {}
        known = head.get("voi_store") == FORMAT and str(head["revision"]) <= HEAD
    except (ValueError, KeyError, AttributeError, tarfile.TarError):
        known = False
    if not known:
        raise ClientError("This is no backup of a store, or one that a newer Voi has made.")


async def _read_rows(store: Store, table: Table, lines: IO[bytes]) -> int:
    count = 0
    batch: list[dict[str, Any]] = []
    while True:
        line = lines.readline(LINE_MAX_BYTES)
        if line:
            batch.append(_decoded(line, table))
        if len(batch) >= ROWS_MAX or not line:
            async with store.writing() as connection:
                alive = await _with_keys(connection, table, batch)
                await insert_new(connection, table, alive)
            count += len(alive)
            batch = []
        if not line:
            return count


async def _with_keys(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows except those whose key was deleted, or whose conversation or person no longer exists."""
    columns = table.columns
    if "key_id" in columns:
        there = await _ids(connection, data_keys.c.id, {row["key_id"] for row in rows})
        rows = [row for row in rows if not row["key_id"] or row["key_id"] in there]
    if "conversation_id" in columns:
        there = await _ids(connection, conversations.c.id, {row["conversation_id"] for row in rows})
        return [row for row in rows if row["conversation_id"] in there]
    if table is people:
        there = await _ids(connection, data_keys.c.id, {row["id"] for row in rows})
        return [row for row in rows if is_plain(row["name"]) or row["id"] in there]
    if "person_id" in columns:
        there = await _ids(connection, people.c.id, {row["person_id"] for row in rows})
        return [row for row in rows if row["person_id"] is None or row["person_id"] in there]
    return rows


async def _ids(connection: Connection, column: Any, ids: set[Any]) -> set[Any]:
    return set((await connection.execute(select(column).where(column.in_(ids)))).scalars())


async def _restore_keys(store: Store, keys_file: Path) -> None:
    """Restore the keys, only into a store without conversations: elsewhere this would bring back deleted people."""
    await migrate(store.database)
    content = await asyncio.to_thread(keys_file.read_bytes)
    rows = [_decoded(line, data_keys) for line in content.splitlines()]
    async with store.database.writing() as connection:
        used = (await connection.execute(select(data_keys.c.id).where(data_keys.c.id != "lookup").limit(1))).first()
        if used is not None:
            raise StoreError("The store has keys of its own. Keys are restored into an empty store only.")
        await connection.execute(data_keys.delete())
        if rows:
            await connection.execute(insert(data_keys), rows)
        store.is_open = False
    await store.open()


async def _restore_sound(store: Store, archive: tarfile.TarFile, member: tarfile.TarInfo, recordings_dir: Path) -> None:
    inner = PurePosixPath(*PurePosixPath(member.name).parts[1:])
    source = archive.extractfile(member)
    target = recordings_dir / inner
    if ".." in inner.parts or inner.is_absolute() or source is None or target.exists():
        return
    if inner.suffix == SUFFIX:
        async with store.reading() as connection:
            if not await _ids(connection, conversations.c.recording, {str(inner.parent)}):
                return  # its key was deleted
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _appearing(target) as out:
        shutil.copyfileobj(source, out)
