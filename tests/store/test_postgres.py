"""The store on a real PostgreSQL: the same as on SQLite, shared by several processes, and away for a while."""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.store.calls import BEGAN_MS, began, keep, kept, told
from tests.store.conftest import KEY, Counts
from tests.store.postgres import Postgres, binaries, postgres
from tests.store.test_writer import until, writing
from voi.errors import NameTaken, RowRefused
from voi.store import writer
from voi.store.backup import back_up, restore
from voi.store.conversations import Filter, each_conversation, list_conversations
from voi.store.deletion import forget_everything_of, forget_older
from voi.store.entries import UsageRow, UsedApart, WordsShown
from voi.store.migrate import migrate
from voi.store.people import ensure_person
from voi.store.phone_accounts import add_account, change_account, claim_accounts, read_account, read_claims
from voi.store.store import Store
from voi.store.tokens import Issued, list_tokens, note_token, read_revoked, revoke_token
from voi.store.usage import day_of, read_usage
from voi.store.voices import ClonedVoice, forget_voices, list_voices, note_voice

pytestmark = pytest.mark.integration
if importlib.util.find_spec("asyncpg") is None:
    pytest.skip("./install.sh postgres brings the driver", allow_module_level=True)
PROGRAMS = binaries()
if PROGRAMS is None:
    pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)", allow_module_level=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    assert PROGRAMS
    with postgres(PROGRAMS) as running:
        yield running


@pytest.fixture
async def pg(server: Postgres) -> AsyncIterator[Store]:
    server.empty()
    store = Store(server.url, (KEY,))
    await store.open()
    yield store
    await store.close()


async def test_a_conversation_is_read_as_it_was_told(pg: Store) -> None:
    await keep(pg, *told(person="anna", words="half a pair \ud83d and a NUL \0"))
    found = await kept(pg)
    assert found
    assert [said.words for said in found.transcript] == ["Hello.", "half a pair ? and a NUL \0"]
    assert found.turns[0]["endpoint_ms"] == 250
    await keep(pg, began(), WordsShown("c1", 1, "user", 2_000, "newer words"))
    assert (await kept(pg)).transcript[1].words == "newer words"


async def test_lists_deletion_and_tokens(pg: Store, tmp_path: Path) -> None:
    await keep(pg, *told("c1", person="anna"), *told("c2", began_ms=BEGAN_MS + 1), *told("c3", began_ms=BEGAN_MS + 2))
    async with pg.writing() as connection:
        await note_token(connection, pg.keys, Issued("t1", "shop", "anna", BEGAN_MS, BEGAN_MS + 1_000))
        assert await revoke_token(connection, "t1", BEGAN_MS + 1)
        assert not await revoke_token(connection, "t1", BEGAN_MS + 2)
        assert (await read_revoked(connection, BEGAN_MS)).ids == {"t1"}
    async with pg.reading() as connection:
        assert [one.id async for one in each_conversation(connection, pg.keys, Filter(app="shop"))] == [
            "c1",
            "c2",
            "c3",
        ]
    assert await forget_everything_of(pg, tmp_path, "shop", "anna") == 1
    assert await forget_older(pg, tmp_path, 1, BEGAN_MS + 24 * 3_600_000 + 2) == 1
    async with pg.reading() as connection:
        assert [one.id for one in await list_conversations(connection, Filter())] == ["c3"]
        assert [token["person_id"] for token in await list_tokens(connection)] == [None]
        assert (await read_revoked(connection, BEGAN_MS)).ids == {"t1"}


async def test_uses_outside_of_calls_and_consents_to_voices(pg: Store) -> None:
    row = UsageRow("tts", "cloud", "voice", 1, characters=12, cost_micros=7)
    await keep(pg, *(UsedApart(BEGAN_MS, "shop", "(none)", row) for _ in range(3)))
    async with pg.writing() as connection:
        (day,) = await read_usage(connection, ["app"], day_of(BEGAN_MS), day_of(BEGAN_MS))
        assert (day["uses"], day["characters"]) == (3, 36)
        for agreed in ("by letter", "by mail"):
            await note_voice(connection, pg.keys, ClonedVoice("xtts", "Ada", BEGAN_MS, agreed))
        assert await list_voices(connection, pg.keys) == [ClonedVoice("xtts", "Ada", BEGAN_MS, "by mail")]
        await forget_voices(connection, pg.keys, ["xtts"], "Ada")
        assert await list_voices(connection, pg.keys) == []


async def test_nothing_of_what_was_said_is_in_the_database(pg: Store, server: Postgres) -> None:
    await keep(pg, *told(person="anna@example.org"))
    await pg.save("monday", "shop", {"said": "planted words"})
    dump = server.dump()
    assert b"CREATE TABLE public.conversations" in dump
    for word in (b"planted words", b"anna@example.org", b"planted words".hex().encode(), b"anna@".hex().encode()):
        assert word not in dump


async def test_several_processes_make_the_tables_once(server: Postgres) -> None:
    server.empty()
    stores = [Store(server.url, (KEY,)) for _ in range(4)]
    assert sorted(await asyncio.gather(*(migrate(store.database) for store in stores))) == [False, False, False, True]
    await asyncio.gather(*(store.open() for store in stores[:1]))
    await asyncio.gather(*(store.open() for store in stores))
    for store in stores:
        await store.close()


async def test_two_servers_meet_the_same_person_at_once(pg: Store, server: Postgres) -> None:
    async def meet(number: int) -> None:
        for _ in range(3):  # the writer tries again as well
            try:
                await keep(pg, *told(f"c{number}", person="anna"))
            except RowRefused:
                continue
            return

    await asyncio.gather(*(meet(number) for number in range(4)))
    async with pg.writing() as connection:
        anna = await ensure_person(connection, pg.keys, "shop", "anna", BEGAN_MS)
        assert len(await list_conversations(connection, Filter(person_id=anna.id))) == 4


async def test_from_sqlite_to_postgresql(pg: Store, server: Postgres, sealed_store: Store, tmp_path: Path) -> None:
    await keep(sealed_store, *told(person="anna"))
    await back_up(sealed_store, tmp_path / "none", tmp_path / "voi.tar", tmp_path / "keys")
    await restore(pg, tmp_path / "none", tmp_path / "voi.tar", tmp_path / "keys")
    assert await kept(pg) == await kept(sealed_store)


async def test_a_server_that_is_away_is_waited_for(
    pg: Store, server: Postgres, counts: Counts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", (0.05,))
    await keep(pg, *told("c1"))
    server.stop()
    try:
        async with writing(pg, counts) as keeper:
            for entry in told("c2"):
                keeper.put(entry)
            await until(lambda: counts.failures >= 2)
            server.start()
            await keeper.close(20)
        assert (await kept(pg, "c2")).transcript[1].words == "planted words"
    finally:
        if not counts.failures:
            server.start()
    assert counts.lost == 0
    assert "planted" not in caplog.text


async def test_usage_adds_up(pg: Store) -> None:
    from tests.store.test_usage import DAY, used
    from voi.store.quotas import list_apps, read_calls, set_quota, tell_calls
    from voi.store.usage import read_usage

    await keep(pg, began(), used(tokens=10, call_ms=60_000))
    await keep(pg, used(tokens=25, call_ms=90_000))
    async with pg.writing() as connection:
        await set_quota(connection, "shop", {"cost_per_day": 1.5}, BEGAN_MS)
        await tell_calls(connection, "server a", {"shop": 2}, BEGAN_MS)
    async with pg.reading() as connection:
        rows = await read_usage(connection, ["kind"], DAY, DAY)
        assert [(row["kind"], row["input_tokens"], row["seconds"]) for row in rows] == [
            ("call", 0, 90.0),
            ("llm", 25, 0.0),
        ]
        assert await read_calls(connection, BEGAN_MS) == {"shop": 2}
        (app,) = await list_apps(connection, BEGAN_MS)
        assert (app["minutes_today"], app["quota"]["cost_per_day"]) == (1.5, 1.5)


async def test_what_is_remembered_of_people(pg: Store, server: Postgres, tmp_path: Path) -> None:
    from tests.store.test_memories import fact, texts
    from voi.store.deletion import forget_conversation, forget_memories
    from voi.store.person_memory import add_fact, correct, forget_memory, set_name

    await keep(pg, *told("c1", person="anna"), *told("c2", person="anna"))
    assert await pg.remember("c1", fact(1, "planted fact, with a NUL \0 and half a pair \ud83d"))
    assert await pg.remember("c1", fact(2, "Of the first.", "summary", "c1"))
    assert await pg.remember("c2", fact(3, "Of the second.", "summary", "c2"))
    tea = await add_fact(pg, "shop", "anna", "Likes tea.")
    await correct(pg, "shop", "anna", tea.id, "Likes coffee.")
    await set_name(pg, "shop", "anna", "Anna")
    assert b"planted" not in server.dump()
    assert (await texts(pg))[1:] == ["Of the first.", "Of the second.", "Likes coffee.", "Anna"]
    assert await forget_conversation(pg, tmp_path, "c1") == 1
    await forget_memories(pg, 1, BEGAN_MS + 24 * 3_600_000 + 3)
    assert await texts(pg) == ["Of the second.", "Likes coffee.", "Anna"]
    assert await forget_memory(pg, "shop", "anna", tea.id) == 1
    assert await forget_everything_of(pg, tmp_path, "shop", "anna") == 1
    assert await texts(pg) == []


async def test_telephone_accounts_are_changed_by_one_and_had_by_one(pg: Store, server: Postgres) -> None:
    async with pg.writing() as connection:
        await add_account(connection, pg.keys, "desk", '{"password": "planted-password"}', BEGAN_MS, started=True)
    others = [Store(server.url, (KEY,)) for _ in range(3)]
    for store in others:
        await store.open()

    async def add(store: Store) -> bool:
        try:
            async with store.writing() as connection:
                await add_account(connection, store.keys, "other", "{}", BEGAN_MS, started=True)
        except NameTaken:
            return False
        return True

    async def claim(name: str, store: Store) -> None:
        async with store.writing() as connection:
            await claim_accounts(connection, name, BEGAN_MS)

    async def change(number: int, store: Store) -> None:
        async with store.writing() as connection:
            row = await read_account(connection, store.keys, "desk", to_change=True)
            assert row is not None
            assert row.details is not None
            details = json.dumps(json.loads(row.details) | {str(number): True})
            await change_account(connection, store.keys, "desk", details=details)

    try:
        assert sorted(await asyncio.gather(*map(add, others))) == [False, False, True]
        await asyncio.gather(*(claim(str(number), store) for number, store in enumerate(others)))
        await asyncio.gather(*(change(number, store) for number, store in enumerate(others)))
        async with pg.reading() as connection:
            claims = await read_claims(connection)
            row = await read_account(connection, pg.keys, "desk")
        assert len({each.server for each in claims}) == 1, "the first has both"
        assert row is not None
        assert json.loads(row.details or "") == {"password": "planted-password", "0": True, "1": True, "2": True}
        assert b"planted-password" not in server.dump()
    finally:
        for store in others:
            await store.close()
