"""The connections to an SQLite file that several processes share."""

import asyncio
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from voi.errors import StoreError
from voi.store.database import Database
from voi.store.url import parse_store_url

ANOTHER = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM words'); db.close()"

SHOW = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('SELECT * FROM words'))"


async def run(code: str, path: Path) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", code, path, stdout=subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return output.decode()


async def test_a_process_that_leaves_does_not_take_the_log_of_the_others(tmp_path: Path) -> None:
    """Several connections of one process hold locks on the file, and every new one must leave those of the others."""
    path = tmp_path / "shared.db"
    database = Database(parse_store_url(f"sqlite:{path}"))
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE words (word TEXT)"))
    log = path.with_name("shared.db-wal")
    async with AsyncExitStack() as stack:
        for _ in range(3):
            held = await stack.enter_async_context(database.reading())
            await held.execute(text("SELECT * FROM words"))
        before = log.stat().st_ino
        await run(ANOTHER, path)
        assert log.exists()
        assert log.stat().st_ino == before
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO words VALUES ('kept')"))
    assert "kept" in await run(SHOW, path)
    assert path.stat().st_mode & 0o777 == log.stat().st_mode & 0o777 == 0o600
    await database.close()


async def test_writers_of_one_process_take_turns_and_readers_do_not_wait(tmp_path: Path) -> None:
    """More of them than connections: they get their turn in the order in which they came."""
    database = Database(parse_store_url(f"sqlite:{tmp_path}/voi.db"))
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE words (word TEXT)"))
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.writing() as connection:
            order.append(number)
            await connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": str(number)})

    async with database.writing():
        writers = [asyncio.create_task(write(number)) for number in range(12)]
        await asyncio.sleep(0)
        async with asyncio.timeout(2), database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM words"))).scalar() == 0
        assert order == []
    await asyncio.gather(*writers)
    assert order == list(range(12))
    await database.close()


async def test_a_writer_that_gets_no_turn_says_so_in_time(tmp_path: Path) -> None:
    database = Database(parse_store_url(f"sqlite:{tmp_path}/voi.db"), timeout_s=0.2)
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE words (word TEXT)"))

    async def hold(held: asyncio.Event, done: asyncio.Event) -> None:
        async with database._turn:
            held.set()
            await done.wait()

    held, done = asyncio.Event(), asyncio.Event()
    holder = asyncio.create_task(hold(held, done))
    await held.wait()
    with pytest.raises(StoreError, match=r"within 0\.2 s"):
        async with database.writing():
            pass
    done.set()
    await holder
    async with database.writing():
        pass
    await database.close()


async def test_the_log_is_emptied_or_that_is_said_and_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voi.store.database.EMPTY_TRIES", 5)
    path = tmp_path / "voi.db"
    database, other = (Database(parse_store_url(f"sqlite:{path}")) for _ in range(2))
    log = path.with_name("voi.db-wal")
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE words (word TEXT)"))
    async with other.reading() as held:
        await held.execute(text("SELECT * FROM words"))
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO words VALUES ('kept')"))
        emptying = asyncio.create_task(database.shred())
        await asyncio.sleep(0.05)
        began_s = time.monotonic()
        async with other.writing() as connection:
            await connection.execute(text("INSERT INTO words VALUES ('meanwhile')"))
        assert time.monotonic() - began_s < 2, "another process may write while the log waits for readers"
        with pytest.raises(StoreError, match="somebody reads it"):
            await emptying
        assert log.stat().st_size
    await database.shred()
    assert not log.stat().st_size
    async with database.writing() as connection:
        waits_ms = (await connection.execute(text("PRAGMA busy_timeout"))).scalar()
    assert waits_ms == 6_000, "the next transaction is as patient as before"
    await other.close()
    await database.close()
