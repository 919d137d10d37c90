"""Tokens, voices, versions of agents; and the migrations that make their tables."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.store.calls import BEGAN_MS, keep, kept, told
from voi.config.agents import Agent
from voi.errors import ConfigError
from voi.store.agent_versions import note_version, version_of
from voi.store.migrate import HEAD, VERSIONS, migrate, revision
from voi.store.schema import agent_versions
from voi.store.store import Store
from voi.store.tokens import (
    Issued,
    forget_expired,
    list_tokens,
    note_token,
    read_revoked,
    revoke_app,
    revoke_token,
)
from voi.store.voices import ClonedVoice, forget_voices, list_voices, note_voice

Raw = Callable[[Store], Awaitable[bytes]]


async def test_tokens_are_listed_and_revoked(store: Store) -> None:
    async with store.writing() as connection:
        for number, app in enumerate(("shop", "shop", "bank")):
            issued = Issued(f"t{number}", app, "anna" if number else "", BEGAN_MS + number, BEGAN_MS + 1_000)
            await note_token(connection, store.keys, issued)
        assert [token["id"] for token in await list_tokens(connection)] == ["t2", "t1", "t0"]
        assert [token["id"] for token in await list_tokens(connection, "bank")] == ["t2"]
        assert await revoke_token(connection, "t0", BEGAN_MS + 5)
        assert not await revoke_token(connection, "t0", BEGAN_MS + 6)
        assert not await revoke_token(connection, "unknown", BEGAN_MS + 6)
        await revoke_app(connection, "bank", BEGAN_MS + 10)
        revoked = await read_revoked(connection, BEGAN_MS)
        assert (await read_revoked(connection, BEGAN_MS + 2_000)).ids == frozenset()  # expired anyhow
        await forget_expired(connection, BEGAN_MS + 1_001)
        assert await list_tokens(connection) == []
    assert revoked.has("t0", "shop", BEGAN_MS)
    assert not revoked.has("t1", "shop", BEGAN_MS + 1)
    assert revoked.has("t2", "bank", BEGAN_MS + 2)
    assert not revoked.has("t3", "bank", BEGAN_MS + 11)  # a new one


async def test_voices(store: Store, raw: Raw) -> None:
    async with store.writing() as connection:
        for day, model in ((1, "xtts"), (28, "xtts"), (3, "twin")):
            agreed = f"Ada Planted herself, by letter, 2026-11-{day:02}"
            await note_voice(connection, store.keys, ClonedVoice(model, "Ada", BEGAN_MS, agreed))
        twin, voice = await list_voices(connection, store.keys)
        assert (voice.model, voice.consent) == ("xtts", "Ada Planted herself, by letter, 2026-11-28")
        assert (twin.model, twin.since_ms) == ("twin", BEGAN_MS)
    assert (b"Ada Planted" in await raw(store)) != store.keys.seals
    async with store.writing() as connection:
        await forget_voices(connection, store.keys, ["xtts", "twin"], "Ada")
        assert await list_voices(connection, store.keys) == []


async def test_versions_of_agents(store: Store) -> None:
    one, other = (Agent(llm_model="echo", system_prompt=prompt) for prompt in ("Be kind.", "Be brief."))
    assert version_of(one) == version_of(one.model_copy()) != version_of(other)
    version, config = version_of(one)
    async with store.writing() as connection:
        await note_version(connection, "ada", version, config, BEGAN_MS)
        await note_version(connection, "ada", version, "later", BEGAN_MS)
        kept = (await connection.execute(select(agent_versions))).all()
    assert [(row.agent, row.version, row.since_ms, row.config) for row in kept] == [("ada", version, BEGAN_MS, config)]
    assert "Be kind." in config


# ---- migrations


def shape(sync: object) -> dict[str, object]:
    from sqlalchemy import inspect

    inspector = inspect(sync)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (index["name"], tuple(index["column_names"]), index["unique"]) for index in inspector.get_indexes(name)
            ),
        )
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


async def test_the_migrations_make_the_tables_of_the_schema(url: str, tmp_path: Path) -> None:
    migrated, made = Store(url), Store(f"sqlite:{tmp_path}/made.db")
    await migrate(migrated.database, "0001")
    await migrated.open()
    await made.open()
    async with made.reading() as connection:
        wanted = await connection.run_sync(shape)
        assert await revision(connection) == HEAD
    async with migrated.reading() as connection:
        assert await connection.run_sync(shape) == wanted
        assert await revision(connection) == HEAD
    await migrated.close()
    await made.close()


def test_head_is_the_newest_revision() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(VERSIONS)).get_current_head() == HEAD


async def test_a_store_of_the_first_revision_keeps_its_conversations(url: str) -> None:
    old = Store(url)
    assert await migrate(old.database, "0001")
    old.is_open = True
    await keep(old, *told(person="anna"))
    await old.close()
    new = Store(url)
    await new.open()
    assert (await kept(new)).transcript[1].words == "planted words"
    async with new.reading() as connection:
        assert await revision(connection) == HEAD
        assert await list_voices(connection, new.keys) == []
    assert not await migrate(new.database)
    await new.close()


async def test_a_store_of_a_newer_voi_is_told(url: str) -> None:
    from sqlalchemy import text

    store = Store(url)
    await store.open()
    async with store.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer = Store(url)
    with pytest.raises(ConfigError, match="a newer one made it"):
        await newer.open()
    await store.close()
    await newer.close()
