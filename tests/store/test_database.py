"""The connections to an SQLite file that several processes share."""

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import text

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
