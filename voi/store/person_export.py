"""All that is known of a person, readable, for the person: one folder with

person.json             name, what agents remember, conversations that can go on, tokens
conversations.jsonl     every conversation with its transcript
recordings/ID/…         the sound and the journal of those that were recorded
"""

import json
import os
from pathlib import Path
from typing import Any

from sqlalchemy import select

from voi.errors import ClientError
from voi.store.conversations import Filter, list_conversations
from voi.store.database import Connection
from voi.store.export import dated, export, export_recording
from voi.store.keys import Keys
from voi.store.memories import recall
from voi.store.people import Person, find_person
from voi.store.person_memory import memory_as_dict
from voi.store.saved_states import load_state
from voi.store.schema import people, saved_states, tokens
from voi.store.store import Store

EACH = 1_000_000


async def export_person(store: Store, recordings_dir: Path, app: str, name: str, target: Path) -> dict[str, int]:
    """Write it all into the new folder `target`. Returns how many of what there are. Blocks on the disk: for commands.
    Raises ClientError when nobody of that name is known, StoreError, Unreadable, OSError."""
    async with store.reading() as connection:
        person = await find_person(connection, store.keys, app, name)
        if person is None:
            raise ClientError(f"Nobody of that name is known in the app {app}.")
        known = await _known(connection, store.keys, person, name)
        calls = await list_conversations(connection, Filter(person_id=person.id), EACH)
    target.mkdir(mode=0o700, parents=True)  # noqa: ASYNC240  # a command's own loop
    with _new(target / "person.json") as out:
        out.write(json.dumps(known, ensure_ascii=False, indent=2) + "\n")
    with _new(target / "conversations.jsonl") as out:
        count = await export(store, Filter(person_id=person.id), out, "jsonl")
    recorded = [call.id for call in calls if (folder := call.facts["recording"]) and (recordings_dir / folder).is_dir()]
    for conversation_id in recorded:
        await export_recording(store, recordings_dir, conversation_id, target / "recordings" / conversation_id)
    kinds = ("memories", "sessions", "tokens")
    return {"conversations": count, "recordings": len(recorded), **{kind: len(known[kind]) for kind in kinds}}


async def _known(connection: Connection, keys: Keys, person: Person, name: str) -> dict[str, Any]:
    since_ms = (await connection.execute(select(people.c.since_ms).where(people.c.id == person.id))).scalar()
    return {
        "app": person.app,
        "person": name,
        **dated({"since_ms": since_ms}),
        "memories": [memory_as_dict(item) for item in await recall(connection, keys, person)],
        "sessions": [
            {"name": row.name.partition(":")[2] or row.name, **dated({"saved_ms": row.saved_ms}),
             "state": await load_state(connection, keys, person.app, row.name)}
            for row in await connection.execute(
                select(saved_states.c.name, saved_states.c.saved_ms)
                .where(saved_states.c.person_id == person.id)
                .order_by(saved_states.c.saved_ms)
            )
        ],
        "tokens": [
            {"id": row.id, **dated({name: row._mapping[name] for name in ("issued_ms", "expires_ms", "revoked_ms")})}
            for row in await connection.execute(
                select(tokens).where(tokens.c.person_id == person.id).order_by(tokens.c.issued_ms)
            )
        ],
    }  # fmt: skip


def _new(path: Path) -> Any:
    return open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8", newline="")
