"""What apps may use, and how many calls each server has of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, or_, select, update

from voi.store.database import Connection
from voi.store.schema import apps, live_calls
from voi.store.upsert import insert_new, put
from voi.store.usage import Spent, day_of, read_spent

MICROS = 1_000_000
DEAD_MS = 20_000
"""A server that did not report its calls for this long counts as dead."""
_LIMITS = (apps.c.max_conversations, apps.c.minutes_per_day, apps.c.cost_per_day_micros, apps.c.cost_per_month_micros)


async def set_quota(connection: Connection, app: str, changes: Mapping[str, float | None], now_ms: int) -> None:
    """Change an app's limits. `changes`: new limits by name (`quota_of`); None: no limit."""
    values = {
        (f"{name}_micros" if name.startswith("cost") else name): _stored(name, value) for name, value in changes.items()
    }
    await insert_new(connection, apps, [{"name": app, "since_ms": now_ms, "revoked_ms": None}])
    await connection.execute(update(apps).where(apps.c.name == app).values(**values))


def _stored(name: str, value: float | None) -> int | None:
    if value is None:
        return None
    return round(value * MICROS) if name.startswith("cost") else int(value)


def quota_of(row: Any) -> dict[str, Any]:
    """The limits of a row of `apps`; None: no limit. Money in units of the currency."""

    def money(micros: int | None) -> float | None:
        return None if micros is None else micros / MICROS

    return {
        "max_conversations": row.max_conversations, "minutes_per_day": row.minutes_per_day,
        "cost_per_day": money(row.cost_per_day_micros), "cost_per_month": money(row.cost_per_month_micros),
    }  # fmt: skip


async def read_quotas(connection: Connection) -> dict[str, dict[str, Any]]:
    """The limits of each app that has any."""
    limited = or_(*(column.is_not(None) for column in _LIMITS))
    return {row.name: quota_of(row) for row in await connection.execute(select(apps).where(limited))}


async def tell_calls(connection: Connection, server: str, calls: Mapping[str, int], now_ms: int) -> None:
    """Note how many calls of each app this server has, and drop the notes of dead servers."""
    table = live_calls.c
    await connection.execute(live_calls.delete().where((table.seen_ms < now_ms - DEAD_MS) | (table.server == server)))
    rows = [{"server": server, "app": app, "calls": count, "seen_ms": now_ms} for app, count in calls.items() if count]
    await put(connection, live_calls, rows)


async def read_calls(connection: Connection, now_ms: int, without: str = "") -> dict[str, int]:
    """How many calls of each app all servers have, except the server `without`."""
    table = live_calls.c
    query = (
        select(table.app, func.sum(table.calls))
        .where(table.seen_ms >= now_ms - DEAD_MS, table.server != without)
        .group_by(table.app)
    )
    return {app: int(count) for app, count in await connection.execute(query)}


async def list_apps(connection: Connection, now_ms: int) -> list[dict[str, Any]]:
    """Each app with its quotas, its calls now, and what it used."""
    rows = (await connection.execute(select(apps).order_by(apps.c.name))).all()
    calls = await read_calls(connection, now_ms)
    spent = await _spent(connection, [row.name for row in rows], now_ms)
    return [
        {
            "app": row.name, "quota": quota_of(row), "calls": calls.get(row.name, 0),
            "minutes_today": spent[row.name].call_ms / 60_000, "cost_today": spent[row.name].day_micros / MICROS,
            "cost_this_month": spent[row.name].month_micros / MICROS,
        }
        for row in rows
    ]  # fmt: skip


async def _spent(connection: Connection, names: Iterable[str], now_ms: int) -> dict[str, Spent]:
    return await read_spent(connection, names, day_of(now_ms))
