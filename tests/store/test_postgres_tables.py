"""The tests of single tables, once more on a real PostgreSQL."""

import asyncio
import importlib.util
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from tests.store import (
    test_audit,
    test_call_orders,
    test_memories,
    test_other_tables,
    test_outbox,
    test_saved_states,
)
from tests.store.conftest import KEY
from tests.store.postgres import Postgres, binaries, postgres
from voi.store.store import Store

pytestmark = pytest.mark.integration
if importlib.util.find_spec("asyncpg") is None:
    pytest.skip("./install.sh postgres brings the driver", allow_module_level=True)
PROGRAMS = binaries()
if PROGRAMS is None:
    pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)", allow_module_level=True)

SQLITES_OWN = {
    "test_a_deleted_person_is_gone_from_backups_too",
    "test_a_person_from_before_there_was_a_key_has_one_for_what_comes",
    "test_a_store_of_a_newer_voi_is_told",
    "test_a_store_of_the_first_revision_keeps_its_conversations",
    "test_head_is_the_newest_revision",
    "test_the_migrations_make_the_tables_of_the_schema",
}
"""They look into SQLite's file, or make a store of an older Voi."""
for _module in (test_audit, test_call_orders, test_memories, test_other_tables, test_outbox, test_saved_states):
    for _name, _test in vars(_module).items():
        if _name.startswith("test_") and _name not in SQLITES_OWN:
            globals()[_name] = _test


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    assert PROGRAMS
    with postgres(PROGRAMS) as running:
        yield running


@pytest.fixture
def url(server: Postgres) -> str:
    server.empty()
    return server.url


@pytest.fixture
async def store(url: str, secrets: tuple[str, ...]) -> AsyncIterator[Store]:
    store = Store(url, secrets)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def sealed_store(url: str) -> AsyncIterator[Store]:
    store = Store(url, (KEY,))
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def raw(server: Postgres) -> Callable[[Store], Awaitable[bytes]]:
    async def read(_: Store) -> bytes:
        dump = await asyncio.to_thread(server.dump)
        return dump + b"\n".join(bytes.fromhex(each.decode()) for each in re.findall(rb"\\x((?:[0-9a-f]{2})+)", dump))

    return read
