"""Calls that ring at one server and are taken at another, in the store."""

from tests.store.calls import BEGAN_MS
from voi.store.shared_calls import (
    DEAD_MS,
    SharedRinging,
    answer_ask,
    ask_of_call,
    read_asks,
    read_ringing,
    result_of,
    take_back,
    tell_ringing,
)
from voi.store.store import Store

CALL = SharedRinging("c1", "desk", BEGAN_MS, "+4930123456")
OTHER = SharedRinging("c2", "desk", BEGAN_MS + 1)


async def test_calls_that_ring_are_told_until_they_do_not(store: Store) -> None:
    async def ringing(asked_by: str, now_ms: int = BEGAN_MS) -> list[SharedRinging]:
        async with store.reading() as connection:
            return await read_ringing(connection, store.keys, now_ms, asked_by)

    async with store.writing() as connection:
        await tell_ringing(connection, store.keys, "one", [OTHER, CALL], BEGAN_MS)
        await tell_ringing(connection, store.keys, "two", [], BEGAN_MS)
    assert await ringing("two") == [CALL, OTHER]
    assert await ringing("one") == [], "it knows its own"
    assert "+4930123456" not in repr(CALL)
    async with store.writing() as connection:
        await tell_ringing(connection, store.keys, "one", [CALL], BEGAN_MS + 5_000)
    assert await ringing("two", BEGAN_MS + 5_000 + DEAD_MS) == [CALL]
    assert await ringing("two", BEGAN_MS + 5_001 + DEAD_MS) == [], "its server has died"
    async with store.writing() as connection:
        await tell_ringing(connection, store.keys, "two", [], BEGAN_MS + 5_001 + DEAD_MS)
    assert await ringing("two", BEGAN_MS) == []


async def test_callers_are_sealed(sealed_store: Store) -> None:
    keys = sealed_store.keys
    async with sealed_store.writing() as connection:
        await tell_ringing(connection, keys, "one", [CALL], BEGAN_MS)
        (row,) = (await connection.exec_driver_sql("SELECT key_id, caller FROM ringing_calls")).all()
        assert b"30123456" not in row.caller
        assert await keys.find(connection, row.key_id)
        await tell_ringing(connection, keys, "one", [], BEGAN_MS)
        assert await keys.find(connection, row.key_id) is None, "the key goes with the call"


async def test_what_is_asked_is_answered_by_whoever_has_the_call(store: Store) -> None:
    async with store.writing() as connection:
        ask = await ask_of_call(connection, "c1", "answer", BEGAN_MS)
        assert await read_asks(connection, ["c2"], BEGAN_MS) == []
        assert [(each.id, each.what) for each in await read_asks(connection, ["c1", "c2"], BEGAN_MS)] == [
            (ask, "answer")
        ]
        assert await read_asks(connection, ["c1"], BEGAN_MS + DEAD_MS + 1) == [], "nobody waits any more"
        assert await result_of(connection, ask) is None
        await answer_ask(connection, ask, "")
        assert await result_of(connection, ask) == ""
        assert await read_asks(connection, ["c1"], BEGAN_MS) == []
        await answer_ask(connection, ask, "it is over")
        assert await result_of(connection, ask) == "", "the first answer counts"
        await take_back(connection, ask)
        late = await ask_of_call(connection, "c1", "busy", BEGAN_MS)
        await ask_of_call(connection, "c3", "busy", BEGAN_MS + 2 * DEAD_MS + 1)
        await answer_ask(connection, late, "")
        assert await result_of(connection, late) is None, "it was forgotten"
