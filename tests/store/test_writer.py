"""A store that is slow, locked, full or away delays no call, and is written to when it is back."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.calls import began, kept, told
from tests.store.conftest import KEY, Counts
from voi.errors import StoreError
from voi.store import database, writer
from voi.store.entries import Changed, TurnTaken, UsageRow, UsageTold, WordsShown
from voi.store.store import Store
from voi.store.writer import Writer


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_S", (0.01, 0.02))
    monkeypatch.setattr(database, "LOCK_TIMEOUT_S", 0.05)


@contextlib.asynccontextmanager
async def writing(store: Any, counts: Counts) -> AsyncIterator[Writer]:
    keeper = Writer(store, counts, write_every_s=0.005)
    task = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.005)


async def test_what_is_put_is_stored(store: Store, counts: Counts) -> None:
    async with writing(store, counts) as keeper:
        for entry in told():
            keeper.put(entry)
        await keeper.close()
        assert len(keeper) == 0
    found = await kept(store)
    assert found
    assert found.transcript[1].words == "planted words"
    assert found.facts["end_reason"] == "finished"
    assert (counts.failures, counts.lost) == (0, 0)


async def test_a_newer_state_replaces_one_that_waits(store: Store, counts: Counts) -> None:
    keeper = Writer(store, counts)
    keeper.put(began())
    for length in range(1, 100):
        keeper.put(WordsShown("c1", 0, "user", 5, "x" * length))
    keeper.put(Changed("c1", {"answers": 3}))
    keeper.put(Changed("c1", {"end_reason": "finished"}, last=True))
    assert len(keeper) == 3
    async with writing(store, counts) as other:
        for entry in keeper._waiting.values():
            other.put(entry)
        await other.close()
    found = await kept(store)
    assert found
    assert found.transcript[0].words == "x" * 99
    assert (found.facts["answers"], found.facts["end_reason"]) == (3, "finished")


async def test_the_key_of_sound_is_told_once_it_is_stored(sealed_store: Store, counts: Counts) -> None:
    entry = began()
    async with writing(sealed_store, counts) as keeper:
        keeper.put(entry)
        await keeper.close()
    assert len(entry.data_key.result(0) or b"") == 32


async def test_a_plain_store_has_no_key(url: str, counts: Counts) -> None:
    store, entry = Store(url), began()
    async with writing(store, counts) as keeper:
        keeper.put(entry)
        await keeper.close()
    assert entry.data_key.result(0) is None
    await store.close()


async def test_a_locked_store_is_written_to_later(
    store: Store, counts: Counts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    other = sqlite3.connect(tmp_path / "data" / "voi.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with writing(store, counts) as keeper:
        for entry in told():
            keeper.put(entry)
        await until(lambda: counts.failures >= 2)
        keeper.put(WordsShown("c1", 1, "user", 2_000, "newer words"))
        other.execute("ROLLBACK")
        await keeper.close()
    found = await kept(store)
    assert found
    assert found.transcript[1].words == "newer words"
    lines = [record.message for record in caplog.records if "store" in record.message]
    assert len(lines) == 2  # however often it was tried
    assert "locked" in lines[0]
    assert "works again" in lines[1]
    assert "words" not in " ".join(lines)
    other.close()


async def test_a_full_disk_is_told_and_got_over(store: Store, counts: Counts, caplog: pytest.LogCaptureFixture) -> None:
    from sqlalchemy import text

    async def full(pages: int) -> None:
        async with store.writing() as connection:
            await connection.execute(text(f"PRAGMA max_page_count={pages}"))

    await full(1)  # no larger than it is: the pool has one connection so far
    async with writing(store, counts) as keeper:
        for number in range(20):
            for entry in told(f"c{number}", words="x" * 4_000):
                keeper.put(entry)
        await until(lambda: counts.failures)
        assert "full" in caplog.text
        await full(1_000_000)
        await keeper.close()
    assert len((await kept(store, "c19")).transcript) == 2
    assert counts.lost == 0


class Away:
    """A store that cannot be reached, or never answers."""

    def __init__(self, store: Store, *, silent: bool) -> None:
        self._store = store
        self._silent = silent
        self.back = False
        self.keys = store.keys

    async def open(self) -> None:
        if self.back:
            await self._store.open()
        elif self._silent:
            await asyncio.sleep(3_600)
        else:
            raise StoreError("The store failed: ConnectionRefusedError.")

    def writing(self) -> Any:
        return self._store.writing()

    def reading(self) -> Any:
        return self._store.reading()


@pytest.mark.parametrize("silent", [True, False])
async def test_a_store_that_is_away_delays_nothing(
    store: Store, counts: Counts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, silent: bool
) -> None:
    monkeypatch.setattr(writer, "WAITING_MAX", 50)
    first = began("lost")
    async with writing(Away(store, silent=silent), counts) as keeper:
        await asyncio.sleep(0.02)
        before_s = time.process_time()
        for number in range(300):
            for entry in told(f"c{number}"):
                keeper.put(entry)
        keeper.put(first)
        assert time.process_time() - before_s < 0.5
        assert len(keeper) <= 50
        assert counts.lost >= 1_700
        await keeper.close(0.05)
        assert counts.lost >= 1_750 - writer.BATCH_MAX
    with pytest.raises(StoreError):
        first.data_key.result(0)
    assert caplog.text.count("does not keep up") == 1


async def test_it_goes_on_when_the_store_is_back(store: Store, counts: Counts) -> None:
    away = Away(store, silent=False)
    async with writing(away, counts) as keeper:
        for entry in told():
            keeper.put(entry)
        await until(lambda: counts.failures >= 3)
        away.back = True
        await keeper.close()
    assert await kept(store)
    assert counts.lost == 0


async def test_bytes_are_bounded_too(store: Store, counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING_MAX_BYTES", 10_000)
    keeper = Writer(store, counts)
    for number in range(100):
        keeper.put(WordsShown("c1", number, "user", 0, "x" * 1_000))
    assert len(keeper) == 8
    assert counts.lost == 92
    keeper.put(WordsShown("c1", 3, "user", 0, "shorter"))
    assert counts.lost == 92


async def test_one_conversation_that_is_refused_loses_no_other(
    store: Store, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    times: Any = type("Times", (), {"turn": 1, "as_dict": lambda self: {"turn": None}})()
    async with writing(store, counts) as keeper:
        for entry in [*told("c1"), began("bad"), TurnTaken("bad", times), *told("c2")]:
            keeper.put(entry)
        await keeper.close()
    assert await kept(store, "c1")
    assert await kept(store, "c2")
    assert await kept(store, "bad") is None
    assert counts.lost == 2
    assert "refuses what conversation bad told" in caplog.text


async def test_a_wrong_key_ends_it_with_one_line(
    sealed_store: Store, url: str, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = Store(url, ("another-key-vR7nK2pQ9xL4wT8mZ3sY6bF",))
    async with writing(wrong, counts) as keeper:
        for entry in told("c1"):
            keeper.put(entry)
        await until(lambda: counts.lost == 6)
        keeper.put(began("c2"))
        assert counts.lost == 7
    assert caplog.text.count("not the key") == 1
    assert KEY not in caplog.text
    await wrong.close()


async def test_what_is_deleted_meanwhile_stays_deleted(store: Store, counts: Counts, tmp_path: Path) -> None:
    from voi.store.conversations import Filter
    from voi.store.deletion import forget_matching

    async with writing(store, counts) as keeper:
        keeper.put(first := began())
        await until(first.data_key.done)  # it is stored
        assert await forget_matching(store, tmp_path, Filter(ids=["c1"])) == 1
        keeper.put(WordsShown("c1", 1, "user", 2_000, "planted words"))
        keeper.put(Changed("c1", {"answers": 1}, last=True))
        await keeper.close()
    assert await kept(store) is None
    assert counts.lost == 0


async def test_sums_that_change_all_the_time_are_made_when_they_are_written(store: Store, counts: Counts) -> None:
    made: list[int] = []

    def entry(tokens: int) -> UsageTold:
        made.append(tokens)
        return UsageTold("c1", 0, 0, (UsageRow("llm", "openai", "gpt", 1, input_tokens=tokens),))

    async with writing(store, counts) as keeper:
        keeper.put(began())
        for tokens in range(1, 50):
            keeper.put_later("usage", lambda tokens=tokens: entry(tokens))  # type: ignore[misc]
        await until(lambda: not keeper._waiting)
        assert len(keeper) == 1
        await keeper.close()
        assert len(keeper) == 0
    assert made == [49]
    found = await kept(store)
    assert found
    assert found.facts["input_tokens"] == 49


async def test_sums_are_written_in_time(store: Store, counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LATER_S", 0.01)
    async with writing(store, counts) as keeper:
        keeper.put(began())
        keeper.put_later("usage", lambda: UsageTold("c1", 0, 0, (UsageRow("llm", "openai", "gpt", 1, input_tokens=7),)))
        await until(lambda: not len(keeper))
        await keeper.close()
    found = await kept(store)
    assert found
    assert found.facts["input_tokens"] == 7
