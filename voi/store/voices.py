"""Cloned voices, with the consent for each."""

from typing import Any

from sqlalchemy import select

from voi.store.database import Connection
from voi.store.schema import voices
from voi.store.upsert import put


async def note_voice(connection: Connection, model: str, name: str, consent: str, now_ms: int) -> None:
    """Record a cloned voice. `consent`: who agreed to it, when and how."""
    await put(connection, voices, [{"model": model, "name": name, "since_ms": now_ms, "consent": consent}])


async def list_voices(connection: Connection) -> list[dict[str, Any]]:
    rows = await connection.execute(select(voices).order_by(voices.c.model, voices.c.name))
    return [dict(row._mapping) for row in rows]


async def forget_voice(connection: Connection, model: str, name: str) -> None:
    await connection.execute(voices.delete().where(voices.c.model == model, voices.c.name == name))
