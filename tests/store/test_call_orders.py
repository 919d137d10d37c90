"""Orders of calls in the store: sealed, in turn, and deleted with their person."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from voi.store.call_orders import (
    CLAIM_MS,
    RESERVED_MS,
    AccountLimits,
    NewOrder,
    QueueFull,
    RepeatedDifferently,
    add_order,
    end_order,
    forget_orders,
    list_orders,
    put_back,
    read_books,
    read_order,
    recover,
    reserve_more,
    take_turn,
)
from voi.store.deletion import forget_everything_of
from voi.store.never_called import is_never_called, may_be_called_again, never_call
from voi.store.schema import call_accounts
from voi.store.store import Store

Raw = Callable[[Store], Awaitable[bytes]]
NOW_MS = 1_796_040_000_000
LIMITS = {"desk": AccountLimits(spacing_ms=100, at_once=2, calls_a_day=100, spent_ms=3_600_000)}
NUMBER = "+4930123456"


async def add(store: Store, number: int = 1, **fields: object) -> str:
    given = {
        "id": f"order-{number}", "app": "shop", "account": "desk", "agent": "ada", "number": NUMBER,
        "details": '{"to": "planted-words"}', "expires_ms": NOW_MS + 60_000, **fields,
    }  # fmt: skip
    async with store.writing() as connection:
        kept, _ = await add_order(connection, store.keys, NewOrder(**given), number, 100, NOW_MS)  # type: ignore[arg-type]
    return kept.id


async def test_details_are_sealed_and_read_back(store: Store, raw: Raw) -> None:
    order_id = await add(store)
    async with store.reading() as connection:
        kept = await read_order(connection, store.keys, order_id)
        assert await read_order(connection, store.keys, order_id, "bank") is None
    assert kept is not None
    assert kept.details == '{"to": "planted-words"}'
    file = await raw(store)
    assert (b"planted-words" in file) != store.keys.seals
    assert NUMBER.encode() not in file


async def test_the_same_key_is_the_same_order(store: Store) -> None:
    first = await add(store, 1, repeat_key="k")
    assert await add(store, 2, repeat_key="k") == first
    assert await add(store, 3, repeat_key="k", app="bank") != first
    with pytest.raises(RepeatedDifferently):
        await add(store, 4, repeat_key="k", details="{}")


async def test_a_full_queue(store: Store) -> None:
    await add(store)
    with pytest.raises(QueueFull):
        async with store.writing() as connection:
            await add_order(connection, store.keys, NewOrder("x", "a", "desk", "ada", "n", "{}"), 2, 1, NOW_MS)


async def test_two_servers_take_each_order_once(url: str) -> None:
    stores = [Store(url), Store(url)]
    for each in stores:
        await each.open()
    for number in range(6):
        await add(stores[0], number)

    async def work(store: Store, server: str) -> list[str]:
        taken = []
        now_ms = NOW_MS
        for _ in range(12):
            now_ms += 200
            async with store.writing() as connection:
                turn = await take_turn(connection, store.keys, LIMITS, server, now_ms)
            if turn.order is not None:
                taken.append(turn.order.id)
                async with store.writing() as connection:
                    assert await end_order(connection, turn.order.id, server, "busy", now_ms)
        return taken

    first, second = await asyncio.gather(work(stores[0], "a"), work(stores[1], "b"))
    assert sorted(first + second) == [f"order-{number}" for number in range(6)]
    for each in stores:
        await each.close()


async def test_what_a_dead_server_had_is_free_again(store: Store) -> None:
    await add(store, 1)
    await add(store, 2, redial=True)
    async with store.writing() as connection:
        for now_ms in (NOW_MS, NOW_MS + 200):
            assert (await take_turn(connection, store.keys, LIMITS, "dead", now_ms)).order is not None
    async with store.writing() as connection:
        assert await recover(connection, NOW_MS + CLAIM_MS) == []
        assert await recover(connection, NOW_MS + CLAIM_MS + 300) == ["order-1"]
        found = dict(await list_orders(connection, store.keys))
    assert found[1].outcome == "interrupted"
    assert (found[2].state, found[2].reserved_ms) == ("queued", 0)


MIDNIGHT_MS = NOW_MS + 12 * 3_600_000
"""NOW_MS is noon."""


async def books(store: Store, now_ms: int) -> tuple[int, int]:
    async with store.reading() as connection:
        return (await read_books(connection, now_ms)).get("desk", (0, 0))


async def taken(store: Store, now_ms: int, server: str = "a", **limits: int) -> str | None:
    limit = {"spacing_ms": 100, "at_once": 9, "calls_a_day": 2, "spent_ms": 3_600_000, **limits}
    async with store.writing() as connection:
        turn = await take_turn(connection, store.keys, {"desk": AccountLimits(**limit)}, server, now_ms)
    return turn.order.id if turn.order else None


async def test_a_server_whose_clock_is_behind_opens_no_day_twice(store: Store) -> None:
    for number in range(5):
        await add(store, number, expires_ms=MIDNIGHT_MS + 60_000)
    assert await taken(store, MIDNIGHT_MS - 2_000) == "order-0"
    assert await taken(store, MIDNIGHT_MS + 200) == "order-1", "a new day"
    assert await taken(store, MIDNIGHT_MS - 500, "slow") is None, "the pace is one for all"
    assert await taken(store, MIDNIGHT_MS - 300, "slow", spacing_ms=0) is None
    async with store.writing() as connection:
        await connection.execute(update(call_accounts).values(next_ms=0))
    assert await taken(store, MIDNIGHT_MS - 200, "slow") == "order-2", "it counts as one of the new day's"
    assert await books(store, MIDNIGHT_MS) == (2, 2 * RESERVED_MS)
    async with store.writing() as connection:
        await connection.execute(update(call_accounts).values(next_ms=0))
    assert await taken(store, MIDNIGHT_MS - 100, "slow") is None
    assert await taken(store, MIDNIGHT_MS + 500) is None


async def test_a_call_over_midnight_costs_each_day_what_it_used_there(store: Store) -> None:
    await add(store, 1, expires_ms=MIDNIGHT_MS + 60_000)
    began_ms = MIDNIGHT_MS - 50_000
    assert await taken(store, began_ms) == "order-1"
    async with store.writing() as connection:
        assert await reserve_more(connection, "order-1", "a", 3_600_000, MIDNIGHT_MS + 5_000)
    assert await books(store, MIDNIGHT_MS) == (0, RESERVED_MS)
    async with store.writing() as connection:
        assert await end_order(connection, "order-1", "a", "answered", MIDNIGHT_MS + 20_000, used_ms=70_000)
    assert await books(store, MIDNIGHT_MS) == (0, 20_000)


async def test_a_call_that_was_dialled_counts_though_it_is_dialled_again(store: Store) -> None:
    await add(store, 1, redial=True)
    assert await taken(store, NOW_MS) == "order-1"
    async with store.writing() as connection:
        assert await put_back(connection, "order-1", "a", NOW_MS)
    assert await books(store, NOW_MS) == (0, 0)
    assert await taken(store, NOW_MS + 200) == "order-1"
    async with store.writing() as connection:
        assert await put_back(connection, "order-1", "a", NOW_MS, dialled=True)
    assert await books(store, NOW_MS) == (1, 0)
    assert await taken(store, NOW_MS + 400) == "order-1"
    async with store.writing() as connection:
        assert await recover(connection, NOW_MS + 500 + CLAIM_MS) == []
    assert await books(store, NOW_MS) == (2, 0)
    assert await taken(store, NOW_MS + 600 + CLAIM_MS) is None, "two a day"


async def test_orders_go_with_their_person_and_with_time(store: Store, tmp_path: Path) -> None:
    await add(store, 1, person="anna")
    await add(store, 2)
    assert await forget_everything_of(store, tmp_path, "shop", "anna") == 0
    async with store.writing() as connection:
        assert [kept.id for _, kept in await list_orders(connection, store.keys)] == ["order-2"]
        assert (await take_turn(connection, store.keys, LIMITS, "a", NOW_MS)).order is not None
        await end_order(connection, "order-2", "a", "busy", NOW_MS)
        assert await forget_orders(connection, store.keys, NOW_MS) == 0
        assert await forget_orders(connection, store.keys, NOW_MS + 1) == 1


async def test_never_again(store: Store, raw: Raw) -> None:
    async with store.writing() as connection:
        for _ in range(2):
            await never_call(connection, store.keys, NUMBER, "http", NOW_MS)
        assert await is_never_called(connection, store.keys, NUMBER)
        assert not await is_never_called(connection, store.keys, f"{NUMBER}7")
    assert NUMBER.encode() not in await raw(store)
    async with store.writing() as connection:
        assert await may_be_called_again(connection, store.keys, NUMBER)
        assert not await may_be_called_again(connection, store.keys, NUMBER)
        assert not await is_never_called(connection, store.keys, NUMBER)
