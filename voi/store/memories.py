"""What agents remember of a person: texts by name, readable with the person's key."""

from sqlalchemy import select

from voi.errors import StoreError
from voi.store.database import Connection
from voi.store.keys import Keys, opened, sealed
from voi.store.people import Person
from voi.store.schema import NAME_MAX, memories
from voi.store.upsert import put

MEMORY_MAX = 20_000
"""Longest text, in characters."""


async def remember(connection: Connection, keys: Keys, person: Person, name: str, words: str, now_ms: int) -> None:
    """Keep the text by that name, in place of an older one. Raises StoreError if either is too long."""
    if len(words) > MEMORY_MAX or not 0 < len(name) <= NAME_MAX:
        raise StoreError(f"A memory has at most {MEMORY_MAX} characters, and its name {NAME_MAX}.")
    value = sealed(await keys.find(connection, person.id), words, _place(person, name))
    await put(connection, memories, [{"person_id": person.id, "name": name, "saved_ms": now_ms, "words": value}])


async def recall(connection: Connection, keys: Keys, person: Person) -> dict[str, str]:
    """Everything remembered about the person, by name, the oldest first."""
    key = await keys.find(connection, person.id)
    rows = await connection.execute(
        select(memories).where(memories.c.person_id == person.id).order_by(memories.c.saved_ms, memories.c.name)
    )
    texts = {row.name: opened(key, row.words, _place(person, row.name)) for row in rows}
    return {name: words for name, words in texts.items() if words is not None}


async def unlearn(connection: Connection, person: Person, name: str) -> None:
    """Delete the text of that name."""
    await connection.execute(memories.delete().where(memories.c.person_id == person.id, memories.c.name == name))


def _place(person: Person, name: str) -> str:
    return f"memory {person.id} {name}"
