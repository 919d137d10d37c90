"""Conversations that go on: across a restart of the server, or another day.

    saved = await save_state(connection, keys, app, name, state, person=…)     # replaces what was saved by that name
    state = await load_state(connection, keys, app, name)                       # None: nothing, or it was deleted

`name` is chosen by the app, such as a conversation's id. `state` is a JSON object that only its writer understands. An
app sees only its own states.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from voi.errors import StoreError
from voi.store.database import Connection
from voi.store.keys import Keys, opened, sealed
from voi.store.people import ensure_person
from voi.store.schema import NAME_MAX, saved_states
from voi.store.upsert import put

STATE_MAX_BYTES = 8 * 1024 * 1024


async def save_state(
    connection: Connection, keys: Keys, app: str, name: str, state: Mapping[str, Any], *, person: str = ""
) -> None:
    """Save a state. `person`: who the app says the caller is; deleting the person deletes the state. Raises StoreError
    for a state of more than `STATE_MAX_BYTES`, or a name of more than 200 characters."""
    text = json.dumps(state, separators=(",", ":"))
    if len(text) > STATE_MAX_BYTES or not 0 < len(name) <= NAME_MAX:
        raise StoreError("The conversation's state is too large to be saved, or its name too long.")
    now_ms = time.time_ns() // 1_000_000
    of = await ensure_person(connection, keys, app, person, now_ms) if person else None
    before = await _key_ids(connection, app, name)
    key_id = await keys.make(connection, of.id if of else "")
    value = sealed(await keys.find(connection, key_id), text, _place(app, name))
    row = {"app": app, "name": name, "person_id": of.id if of else None, "key_id": key_id, "saved_ms": now_ms}
    await put(connection, saved_states, [{**row, "state": value}])
    await keys.delete(connection, before)


async def load_state(connection: Connection, keys: Keys, app: str, name: str) -> dict[str, Any] | None:
    """What an app saved under that name; None: nothing, or its key was deleted."""
    row = (
        await connection.execute(select(saved_states).where(saved_states.c.app == app, saved_states.c.name == name))
    ).first()  # fmt: skip
    if row is None:
        return None
    text = opened(await keys.find(connection, row.key_id), row.state, _place(app, name))
    state: dict[str, Any] | None = None if text is None else json.loads(text)
    return state


async def forget_state(connection: Connection, keys: Keys, app: str, name: str) -> None:
    """Deletes what an app saved under that name, and its key."""
    await keys.delete(connection, await _key_ids(connection, app, name))
    await connection.execute(saved_states.delete().where(saved_states.c.app == app, saved_states.c.name == name))


async def _key_ids(connection: Connection, app: str, name: str) -> list[str]:
    query = select(saved_states.c.key_id).where(saved_states.c.app == app, saved_states.c.name == name)
    return list((await connection.execute(query)).scalars())


def _place(app: str, name: str) -> str:
    return f"state {app} {name}"
