"""A store in a temporary folder; and, where a server is installed, PostgreSQL."""

import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

# What the store needs is newer than some installations that run the other tests.
collect_ignore_glob = [] if importlib.util.find_spec("sqlalchemy") else ["*.py"]

KEY = "kT9-store-key-of-the-tests-zQ4vB7xW2mN8"


class Counts:
    """`StoreMetrics`."""

    def __init__(self) -> None:
        self.failures = self.lost = 0

    def store_failed(self) -> None:
        self.failures += 1

    def store_lost(self, entries: int) -> None:
        self.lost += entries


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path}/data/voi.db"


@pytest.fixture
def raw(tmp_path: Path) -> Callable[[Any], Awaitable[bytes]]:
    """All bytes that a store keeps."""

    async def read(store: Any) -> bytes:
        await store.database.shred()
        return (tmp_path / "data" / "voi.db").read_bytes()

    return read


@pytest.fixture(params=["plain", "sealed"])
def secrets(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return (KEY,) if request.param == "sealed" else ()


@pytest.fixture
async def store(url: str, secrets: tuple[str, ...]) -> AsyncIterator[Any]:
    from voi.store.store import Store

    store = Store(url, secrets)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def sealed_store(url: str) -> AsyncIterator[Any]:
    from voi.store.store import Store

    store = Store(url, (KEY,))
    await store.open()
    yield store
    await store.close()
