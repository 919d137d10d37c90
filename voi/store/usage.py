"""What conversations used and cost: per conversation, and per day, which is kept longer and names nobody.

A call reports its totals repeatedly, and only the increase is added to the day. So a transaction that is tried twice
counts once.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

from sqlalchemy import Row, bindparam, func, select, update

from voi.errors import ClientError
from voi.store.database import Connection
from voi.store.entries import SUMS, UsageRow, UsageTold, UsedApart
from voi.store.schema import NAME_MAX, conversations, usage, usage_days
from voi.store.upsert import add, put

GROUPS = ("day", "app", "agent", "kind", "provider", "model")
DAY_MS = 24 * 60 * 60 * 1_000
ROWS_MAX = 10_000


def day_of(at_ms: int) -> str:
    """The day (UTC) as an ISO date."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).date().isoformat()


async def write_usage(connection: Connection, told: Sequence[UsageTold]) -> None:
    """Write the increases. The conversations already exist in the store."""
    if not told:
        return
    ids = {each.conversation_id for each in told}
    found = await connection.execute(select(usage).where(usage.c.conversation_id.in_(ids)))
    before = {tuple(row)[:5]: row for row in found}
    whose = {
        row.id: row
        for row in await connection.execute(
            select(conversations.c.id, conversations.c.app, conversations.c.agent).where(conversations.c.id.in_(ids))
        )
    }
    of_calls: list[dict[str, Any]] = []
    of_days: dict[tuple[str, ...], Counter[str]] = {}
    for each in told:
        row = whose[each.conversation_id]
        for used in each.rows:
            new = _new(used, before.get((each.conversation_id, each.since_ms, *_names(used).values())))
            if any(new.values()):
                of_calls.append(_of_conversation(each, used))
                key = day_of(each.at_ms), row.app, row.agent, *_names(used).values()
                of_days.setdefault(key, Counter()).update(new)
    await put(connection, usage, of_calls)
    days = [{**dict(zip(GROUPS, key, strict=True)), **sums} for key, sums in of_days.items()]
    await add(connection, usage_days, days, SUMS)
    await connection.execute(_SUM_UP, [{"of": conversation_id} for conversation_id in ids])


async def write_apart(connection: Connection, used: Sequence[UsedApart]) -> None:
    """Add what was used outside of any conversation to its day."""
    days = [
        {"day": day_of(each.at_ms), "app": each.app, "agent": each.agent, **_names(each.row), **each.row.sums}
        for each in used
    ]
    await add(connection, usage_days, days, SUMS)


def _names(used: UsageRow) -> dict[str, str]:
    return {name: getattr(used, name)[:NAME_MAX] for name in ("kind", "provider", "model")}


def _of_conversation(told: UsageTold, used: UsageRow) -> dict[str, Any]:
    return {
        "conversation_id": told.conversation_id, "since_ms": told.since_ms, **_names(used), **used.sums,
    }  # fmt: skip


def _new(used: UsageRow, before: "Row[Any] | None") -> dict[str, int]:
    return {name: value - (getattr(before, name) if before is not None else 0) for name, value in used.sums.items()}


_SUM_UP = (
    update(conversations)
    .where(conversations.c.id == bindparam("of"))
    .values(
        {
            name: select(func.coalesce(func.sum(usage.c[name]), 0))
            .where(usage.c.conversation_id == conversations.c.id)
            .scalar_subquery()
            for name in ("input_tokens", "output_tokens", "cost_micros")
        }
    )
)
"""The totals in the conversation's own row."""


# ---- reading --------------------------------------------------------------------------------------


async def read_usage(
    connection: Connection, by: Sequence[str], first: str, last: str, app: str = "", limit: int = ROWS_MAX
) -> list[dict[str, Any]]:
    """Sums of the days `first` to `last` (ISO dates, both counted), a row for each combination of `by` (names of
    `GROUPS`), in their order. Raises ClientError for another name, or more rows than `limit`."""
    if unknown := [name for name in by if name not in GROUPS]:
        raise ClientError(f"{unknown[0][:40]!r} is nothing to sum up by; there are: {', '.join(GROUPS)}.")
    table = usage_days.c
    groups = [table[name] for name in dict.fromkeys(by)]
    sums = [func.sum(table[name]).label(name) for name in SUMS if name != "uses"]
    query = select(*groups, func.sum(table.uses).label("uses"), *sums).where(table.day >= first, table.day <= last)
    if app:
        query = query.where(table.app == app)
    query = query.having(func.count() > 0).group_by(*groups).order_by(*groups).limit(limit + 1)
    rows = (await connection.execute(query)).all()
    if len(rows) > limit:
        raise ClientError(f"That is more than {limit} rows: ask for fewer days, or by less.")
    return [_shown({**row._mapping}) for row in rows]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """The row in units for people and programs: seconds, and money in units of the currency."""
    sums = {name: int(row.pop(name) or 0) for name in SUMS}
    return {
        **row, "uses": sums["uses"], "input_tokens": sums["input_tokens"], "output_tokens": sums["output_tokens"],
        "seconds": round(sums["sound_ms"] / 1_000, 3), "characters": sums["characters"],
        "cost": sums["cost_micros"] / 1_000_000, "estimated_uses": sums["estimated"], "unpriced_uses": sums["unpriced"],
    }  # fmt: skip


COLUMNS = ("uses", "input_tokens", "output_tokens", "seconds", "characters", "cost", "estimated_uses", "unpriced_uses")


def write_csv(rows: Iterable[Mapping[str, Any]], by: Sequence[str], out: IO[str]) -> None:
    """The rows of `read_usage` as CSV."""
    from voi.store.export import safe_row

    table = csv.DictWriter(out, [*dict.fromkeys(by), *COLUMNS], lineterminator="\n")
    table.writeheader()
    table.writerows(safe_row(dict(row)) for row in rows)


async def forget_days(connection: Connection, before_day: str) -> None:
    """Delete the sums of days before that."""
    await connection.execute(usage_days.delete().where(usage_days.c.day < before_day))


@dataclass(frozen=True, slots=True)
class Spent:
    """What an app used. Money in millionths of the currency's unit."""

    call_ms: int = 0
    day_micros: int = 0
    month_micros: int = 0


async def read_spent(connection: Connection, apps: Iterable[str], day: str) -> dict[str, Spent]:
    """What each of these apps used on that day, and in its month up to then."""
    table = usage_days.c
    names = list(apps)
    query = (
        select(table.app, table.day, table.kind, func.sum(table.sound_ms), func.sum(table.cost_micros))
        .where(table.app.in_(names), table.day >= f"{day[:8]}01", table.day <= day)
        .group_by(table.app, table.day, table.kind)
    )
    sums: dict[str, list[int]] = {name: [0, 0, 0] for name in names}
    for app, on, kind, sound_ms, micros in await connection.execute(query):
        of_app = sums[app]
        of_app[2] += int(micros)
        if on == day:
            of_app[1] += int(micros)
            of_app[0] += int(sound_ms) if kind == "call" else 0
    return {app: Spent(*values) for app, values in sums.items()}


def rows_of(totals: Iterable[Any]) -> tuple[UsageRow, ...]:
    """Rows made from `voi.calls.usage.Total`."""
    names = ("kind", "provider", "model", *(name for name in SUMS if name != "cost_micros"))
    return tuple(
        UsageRow(**{name: getattr(total, name) for name in names}, cost_micros=round(total.cost * 1_000_000))
        for total in totals
    )
