"""Telephone accounts in the store: sealed, changed, and had by one server at a time."""

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.store.conftest import KEY
from voi.errors import NameTaken
from voi.store import phone_accounts as table
from voi.store.phone_accounts import (
    CLAIM_MS,
    TOLD_MS,
    add_account,
    change_account,
    claim_accounts,
    forget_account,
    read_account,
    read_accounts,
    read_claims,
    read_told,
    release_accounts,
    tell_accounts,
)
from voi.store.schema import phone_accounts
from voi.store.store import Store

NOW_MS = 1_796_040_000_000
DETAILS = '{"user": "1001", "password": "planted-password"}'


async def add(store: Store, name: str = "desk", *, started: bool = True) -> None:
    async with store.writing() as connection:
        await add_account(connection, store.keys, name, DETAILS, NOW_MS, started=started)


async def claim(store: Store, server: str, now_ms: int = NOW_MS) -> list[str]:
    """Names of what it has then."""
    async with store.writing() as connection:
        await claim_accounts(connection, server, now_ms)
        return [each.name for each in await read_claims(connection) if each.server == server]


async def test_an_account_is_sealed_changed_and_deleted(store: Store, tmp_path: Path) -> None:
    await add(store)
    async with store.writing() as connection:
        first = await read_account(connection, store.keys, "desk")
        assert first is not None
        assert (first.details, first.started) == (DETAILS, True)
        assert "planted" not in repr(first)
        assert await change_account(connection, store.keys, "desk", started=False)
        (second,) = await read_accounts(connection, store.keys)
        assert (second.details, second.started) == (DETAILS, False)
        assert second.version != first.version
    await store.database.shred()
    assert (b"planted-password" in (tmp_path / "data" / "voi.db").read_bytes()) != store.keys.seals
    async with store.writing() as connection:
        assert await change_account(connection, store.keys, "desk", details="{}")
        assert not await change_account(connection, store.keys, "nobody", details="{}")
    await store.database.shred()
    assert b"planted-password" not in (tmp_path / "data" / "voi.db").read_bytes()
    async with store.writing() as connection:
        assert await forget_account(connection, store.keys, "desk")
        assert not await forget_account(connection, store.keys, "desk")
        assert await read_accounts(connection, store.keys) == []


async def test_what_was_stored_before_there_was_a_key_is_sealed(url: str, tmp_path: Path) -> None:
    before = Store(url)
    await before.open()
    await add(before)
    await add(before, "line")
    async with before.reading() as connection:
        plain = await read_accounts(connection, before.keys)
    assert [each.plain for each in plain] == [True, True]
    await before.close()
    for _ in range(2):
        after = Store(url, (KEY,))
        await after.open()
        async with after.writing() as connection:
            found = await read_accounts(connection, after.keys)
            assert [(each.details, each.version, each.plain) for each in found] == [
                (DETAILS, each.version, False) for each in plain
            ], "no account starts again for it"
        await after.close()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert b"planted-password" not in kept


async def test_an_account_whose_key_is_gone(sealed_store: Store) -> None:
    await add(sealed_store)
    async with sealed_store.writing() as connection:
        key_id = (await connection.execute(select(phone_accounts.c.key_id))).scalar_one()
        await sealed_store.keys.delete(connection, [key_id])
        (found,) = await read_accounts(connection, sealed_store.keys)
        assert found.details is None


async def test_a_box_that_was_moved_is_not_read(sealed_store: Store) -> None:
    await add(sealed_store, "one")
    async with sealed_store.writing() as connection:
        await connection.execute(phone_accounts.update().values(name="other"))
        (found,) = await read_accounts(connection, sealed_store.keys)
        assert found.details is None


async def test_a_name_is_taken_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(store)
    with pytest.raises(NameTaken, match="There is an account desk"):
        await add(store)
    monkeypatch.setattr(table, "ACCOUNTS_MAX", 1)
    with pytest.raises(table.TooManyAccounts):
        await add(store, "other")


async def test_one_server_has_an_account(store: Store) -> None:
    await add(store)
    await add(store, "rests", started=False)
    assert await claim(store, "a") == ["desk"]
    assert await claim(store, "b") == []
    assert await claim(store, "a", NOW_MS + CLAIM_MS) == ["desk"], "renewed"
    assert await claim(store, "b", NOW_MS + CLAIM_MS + 1) == []
    assert await claim(store, "b", NOW_MS + 2 * CLAIM_MS + 1) == ["desk"], "a is dead"
    assert await claim(store, "a", NOW_MS + 2 * CLAIM_MS + 2) == []
    async with store.writing() as connection:
        await release_accounts(connection, "b")
    assert await claim(store, "a", NOW_MS + 2 * CLAIM_MS + 3) == ["desk"]


async def test_what_servers_tell_is_forgotten_with_them(store: Store) -> None:
    async with store.writing() as connection:
        await tell_accounts(connection, "a", "{}", NOW_MS)
        await tell_accounts(connection, "a", '{"desk": 1}', NOW_MS)
        await tell_accounts(connection, "b", "{}", NOW_MS + 5)
        assert await read_told(connection, NOW_MS + TOLD_MS) == {"a": '{"desk": 1}', "b": "{}"}
        assert await read_told(connection, NOW_MS + TOLD_MS + 1) == {"b": "{}"}
        await release_accounts(connection, "b")
        await tell_accounts(connection, "c", "{}", NOW_MS + TOLD_MS + 1)
        assert await read_told(connection, NOW_MS) == {"c": "{}"}
