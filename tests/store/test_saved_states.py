import pytest

from voi.errors import StoreError
from voi.store import saved_states
from voi.store.store import Store

STATE = {"history": [{"role": "user", "text": "planted wörds"}], "n": 3}


async def test_a_conversation_goes_on_another_day(store: Store, url: str, secrets: tuple[str, ...]) -> None:
    await store.save("monday", "shop", STATE, person="anna")
    await store.close()
    again = Store(url, secrets)
    await again.open()
    assert await again.load("monday", "shop") == STATE
    await again.close()


async def test_an_app_sees_its_own(store: Store) -> None:
    await store.save("monday", "shop", STATE)
    assert await store.load("monday", "bank") is None
    assert await store.load("tuesday", "shop") is None


async def test_the_newest_state_replaces_the_older(store: Store) -> None:
    await store.save("monday", "shop", STATE)
    await store.save("monday", "shop", {"n": 4})
    assert await store.load("monday", "shop") == {"n": 4}
    await store.forget("monday", "shop")
    assert await store.load("monday", "shop") is None


@pytest.mark.parametrize("name", ["", "x" * 201])
async def test_names_are_bounded(store: Store, name: str) -> None:
    with pytest.raises(StoreError):
        await store.save(name, "shop", STATE)


async def test_states_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_states, "STATE_MAX_BYTES", 20)
    with pytest.raises(StoreError):
        await store.save("monday", "shop", STATE)


async def test_old_states_are_shredded_with_their_keys(sealed_store: Store) -> None:
    from sqlalchemy import func, select

    from voi.store.schema import data_keys

    await sealed_store.save("monday", "shop", STATE, person="anna")

    async def count() -> int:
        async with sealed_store.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(data_keys))).scalar() or 0

    before = await count()
    await sealed_store.save("monday", "shop", STATE, person="anna")
    assert await count() == before
