from pathlib import Path

import pytest

from tests.store.calls import keep, kept, told
from tests.store.conftest import KEY
from voi.errors import ConfigError
from voi.sealing.box import Unreadable
from voi.store.keys import opened, sealed
from voi.store.people import find_person
from voi.store.store import Store

NEW = "a-new-key-nF8sLq2Vx9Tz4Kp7Rw1Ym6"


async def reopened(url: str, *secrets: str) -> Store:
    store = Store(url, secrets)
    try:
        await store.open()
    except ConfigError:
        await store.close()
        raise
    return store


async def test_another_key_is_told(sealed_store: Store, url: str) -> None:
    with pytest.raises(ConfigError, match="not the key that this store was encrypted with"):
        await reopened(url, NEW)


async def test_a_missing_key_is_told(sealed_store: Store, url: str) -> None:
    with pytest.raises(ConfigError, match="VOI_STORE_KEY is not set"):
        await reopened(url)


async def test_the_key_can_be_changed(sealed_store: Store, url: str) -> None:
    await keep(sealed_store, *told(person="anna"))
    both = await reopened(url, NEW, KEY)
    assert (await kept(both)).transcript[1].words == "planted words"
    async with both.writing() as connection:
        assert await both.keys.rewrap(connection) == 2  # the person's, and that of the names
    new = await reopened(url, NEW)
    assert (await kept(new)).transcript[1].words == "planted words"
    async with new.reading() as connection:
        assert await find_person(connection, new.keys, "shop", "anna")
    with pytest.raises(ConfigError):
        await reopened(url, KEY)
    await both.close()
    await new.close()


async def test_a_store_that_was_plain_is_encrypted_from_then_on(url: str, tmp_path: Path) -> None:
    plain = await reopened(url)
    await keep(plain, *told("c1", words="old words", person="anna"))
    await plain.close()
    store = await reopened(url, KEY)
    await keep(store, *told("c2", words="new words", person="anna"))
    assert [(await kept(store, each)).transcript[1].words for each in ("c1", "c2")] == ["old words", "new words"]
    await store.database.shred()
    data = (tmp_path / "data" / "voi.db").read_bytes()
    assert b"old words" in data
    assert b"new words" not in data
    await store.close()


def test_words_belong_to_their_place() -> None:
    key = bytes(32)
    assert opened(key, sealed(key, "héllo", "a"), "a") == "héllo"
    assert opened(None, sealed(None, "half a pair \ud83d", "a"), "b") == "half a pair ?"
    assert opened(None, sealed(key, "hello", "a"), "a") is None
    with pytest.raises(Unreadable):
        opened(key, sealed(key, "hello", "a"), "b")
