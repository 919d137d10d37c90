"""What was used, per conversation and per day."""

import io
from typing import Any

import pytest
from sqlalchemy import select

from tests.store.calls import BEGAN_MS, began, keep, kept, told
from voi.errors import ClientError
from voi.store.deletion import DAY_MS, forget_older, forget_usage
from voi.store.entries import Entry, UsageRow, UsageTold, UsedApart
from voi.store.quotas import list_apps, read_calls, read_quotas, set_quota, tell_calls
from voi.store.schema import usage
from voi.store.store import Store
from voi.store.usage import Spent, day_of, read_spent, read_usage, write_csv

DAY = day_of(BEGAN_MS)
TOMORROW = day_of(BEGAN_MS + DAY_MS)


def used(
    conversation_id: str = "c1", at_ms: int = BEGAN_MS, since_ms: int = BEGAN_MS, *, tokens: int = 10, call_ms: int = 0
) -> UsageTold:
    rows = [UsageRow("llm", "openai", "gpt", 1, 0, 0, tokens, 5, cost_micros=tokens * 100)]
    if call_ms:
        rows.append(UsageRow("call", "app", "", 1, sound_ms=call_ms))
    return UsageTold(conversation_id, since_ms, at_ms, tuple(rows))


async def sums(store: Store, *by: str, last: str = TOMORROW) -> list[dict[str, Any]]:
    async with store.reading() as connection:
        return await read_usage(connection, by, DAY, last)


async def test_totals_that_are_told_again_count_once(store: Store) -> None:
    await keep(store, began(), used(tokens=10))
    await keep(store, used(tokens=10))  # a transaction that was tried again
    await keep(store, used(tokens=25))
    (row,) = await sums(store, "app", "model")
    assert (row["app"], row["model"], row["input_tokens"], row["cost"]) == ("shop", "gpt", 25, 0.0025)
    found = await kept(store)
    assert found
    assert (found.facts["input_tokens"], found.facts["output_tokens"], found.facts["cost_micros"]) == (25, 5, 2_500)
    assert found.usage[0]["provider"] == "openai"


async def test_what_is_used_outside_of_calls_is_in_its_day_alone(store: Store) -> None:
    row = UsageRow("tts", "cloud", "voice", 1, 0, 0, sound_ms=500, characters=12, cost_micros=7)
    await keep(store, began(), used(tokens=10), *(UsedApart(BEGAN_MS, "shop", "(none)", row) for _ in range(2)))
    of_tts, of_llm = sorted(await sums(store, "app", "agent", "kind"), key=lambda each: each["agent"])
    assert (of_tts["app"], of_tts["uses"], of_tts["characters"], of_tts["seconds"]) == ("shop", 2, 24, 1.0)
    assert (of_llm["kind"], of_llm["uses"]) == ("llm", 1)
    assert (await kept(store)).facts["cost_micros"] == 1_000  # type: ignore[union-attr]
    async with store.reading() as connection:
        assert (await read_spent(connection, ["shop"], DAY))["shop"].day_micros == 1_014


async def test_a_call_that_goes_on_after_a_restart_is_counted_on(store: Store) -> None:
    await keep(store, began(), used(tokens=10))
    await keep(store, began(), used(since_ms=BEGAN_MS + 5_000, at_ms=BEGAN_MS + DAY_MS, tokens=7))
    found = await kept(store)
    assert found
    assert found.facts["input_tokens"] == 17
    assert [(row["day"], row["input_tokens"]) for row in await sums(store, "day")] == [(DAY, 10), (TOMORROW, 7)]


async def test_a_call_over_midnight_belongs_to_both_days(store: Store) -> None:
    await keep(store, began(), used(call_ms=60_000))
    await keep(store, used(at_ms=BEGAN_MS + DAY_MS, call_ms=90_000))
    found = {(row["day"], row["kind"]): row["seconds"] for row in await sums(store, "day", "kind")}
    assert found == {(DAY, "call"): 60.0, (DAY, "llm"): 0.0, (TOMORROW, "call"): 30.0}


async def test_days_outlive_conversations_and_go_with_their_own_age(store: Store, tmp_path: Any) -> None:
    await keep(store, *told("c1", person="anna"), used())
    assert await forget_older(store, tmp_path, 1, BEGAN_MS + 3 * DAY_MS) == 1
    async with store.reading() as connection:
        assert (await connection.execute(select(usage))).all() == []
    assert [row["input_tokens"] for row in await sums(store)] == [10]
    await forget_usage(store, 0, BEGAN_MS + 9 * DAY_MS)
    assert await sums(store)
    await forget_usage(store, 5, BEGAN_MS + 9 * DAY_MS)
    assert await sums(store) == []


async def test_what_is_told_of_a_deleted_conversation_is_nobodys(store: Store) -> None:
    await keep(store, used("deleted"))
    assert await sums(store) == []


async def test_questions_that_make_no_sense(store: Store) -> None:
    async with store.reading() as connection:
        with pytest.raises(ClientError, match="nothing to sum up by"):
            await read_usage(connection, ["person"], DAY, DAY)
    entries: list[Entry] = [began()]
    rows = tuple(UsageRow("llm", "openai", f"m{number}", 1) for number in range(5))
    await keep(store, *entries, UsageTold("c1", BEGAN_MS, BEGAN_MS, rows))
    async with store.reading() as connection:
        with pytest.raises(ClientError, match="more than 4 rows"):
            await read_usage(connection, ["model"], DAY, DAY, limit=4)


async def test_csv_cannot_hold_a_formula(store: Store) -> None:
    await keep(store, began(agent="=cmd()"), used())
    out = io.StringIO()
    write_csv(await sums(store, "agent"), ["agent"], out)
    head, row = out.getvalue().splitlines()
    assert head.startswith("agent,uses,input_tokens,output_tokens,seconds,characters,cost,")
    assert row == "'=cmd(),1,10,5,0.0,0,0.001,0,0"


async def test_quotas_and_what_was_spent(store: Store) -> None:
    await keep(store, began(), used(tokens=10, call_ms=120_000))
    await keep(store, began("c2", app="bank"), used("c2"))
    async with store.writing() as connection:
        await set_quota(connection, "shop", {"minutes_per_day": 60, "cost_per_month": 12.5}, BEGAN_MS)
        await set_quota(connection, "shop", {"max_conversations": 3}, BEGAN_MS)
        await tell_calls(connection, "server a", {"shop": 2, "bank": 0}, BEGAN_MS)
        await tell_calls(connection, "server b", {"shop": 1, "bank": 4}, BEGAN_MS)
        await tell_calls(connection, "server b", {"shop": 5}, BEGAN_MS + 15_000)
    limits = {"max_conversations": 3, "minutes_per_day": 60, "cost_per_day": None, "cost_per_month": 12.5}
    async with store.reading() as connection:
        assert await read_quotas(connection) == {"shop": limits}
        assert await read_spent(connection, ["shop", "new"], DAY) == {
            "shop": Spent(120_000, 1_000, 1_000), "new": Spent(),
        }  # fmt: skip
        assert await read_calls(connection, BEGAN_MS + 15_000, without="server a") == {"shop": 5}
        assert await read_calls(connection, BEGAN_MS + 15_000) == {"shop": 7}
        assert await read_calls(connection, BEGAN_MS + 25_000) == {"shop": 5}  # server a is dead
        (listed,) = await list_apps(connection, BEGAN_MS)
    assert listed["app"] == "shop"
    assert (listed["quota"], listed["minutes_today"], listed["cost_this_month"]) == (limits, 2.0, 0.001)
    async with store.writing() as connection:
        await set_quota(connection, "shop", dict.fromkeys(limits), BEGAN_MS)
        assert await read_quotas(connection) == {}
