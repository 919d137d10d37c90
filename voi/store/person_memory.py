"""What is remembered of a person, for those who answer for it: shown, corrected, deleted."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from voi.errors import ClientError
from voi.session.memory import FACT_MAX_CHARACTERS, MemoryItem
from voi.store.clean import clean
from voi.store.database import Connection
from voi.store.export import dated
from voi.store.memories import NAME_ID, recall, remember, unlearn, unlearn_all
from voi.store.observer import now_ms
from voi.store.people import PERSON_MAX, Person, ensure_person, find_person
from voi.store.store import Store


async def list_memory(store: Store, app: str, person: str) -> list[MemoryItem]:
    """All that is remembered, the oldest first. Raises ClientError when nobody of that name is known, StoreError."""
    async with store.reading() as connection:
        return await recall(connection, store.keys, await _known(connection, store, app, person))


async def add_fact(store: Store, app: str, person: str, text: str) -> MemoryItem:
    """Remember a fact about a person, who need not be known yet. Raises ClientError for one that is empty or too long,
    StoreError."""
    return await _keep(store, app, person, MemoryItem(uuid4().hex, "fact", _checked(text), now_ms()))


async def set_name(store: Store, app: str, person: str, text: str) -> MemoryItem:
    """Remember what the person is called. Raises as `add_fact`."""
    return await _keep(store, app, person, MemoryItem(NAME_ID, "name", _checked(text), now_ms()))


async def _keep(store: Store, app: str, person: str, item: MemoryItem) -> MemoryItem:
    app, person = clean(app), clean(person, PERSON_MAX)
    if not app or not person:
        raise ClientError("Say whose memory it is: the app, and the person as the app calls them.")
    async with store.writing() as connection:
        found = await ensure_person(connection, store.keys, app, person, item.saved_ms)
        replaced = await remember(connection, store.keys, found, item)
    if replaced:
        await store.database.shred()
    return item


async def correct(store: Store, app: str, person: str, memory_id: str, text: str) -> MemoryItem:
    """Replace the text of something remembered. Raises ClientError when there is nothing of that id, or for a text as
    `add_fact` does; StoreError."""
    async with store.writing() as connection:
        found = await _known(connection, store, app, person)
        items = {item.id: item for item in await recall(connection, store.keys, found)}
        if memory_id not in items:
            raise ClientError(NOTHING)
        item = replace(items[memory_id], text=_checked(text, items[memory_id]), saved_ms=now_ms())
        await remember(connection, store.keys, found, item)
    await store.database.shred()
    return item


async def forget_memory(store: Store, app: str, person: str, memory_id: str = "") -> int:
    """Delete what has that id; "": all that is remembered of the person, who stays known; no summary of calls that run
    now is kept. Returns how many memories. Raises ClientError when there is nothing of that id, or nobody of that name;
    StoreError."""
    async with store.writing() as connection:
        found = await _known(connection, store, app, person)
        if not memory_id:
            count = await unlearn_all(connection, found, now_ms())
        elif await unlearn(connection, found, memory_id):
            count = 1
        else:
            raise ClientError(NOTHING)
    await store.database.shred()
    return count


def memory_as_dict(item: MemoryItem) -> dict[str, Any]:
    """What is remembered, for people and programs."""
    told = {"id": item.id, "kind": item.kind, "text": item.text, "agent": item.agent}
    return told | dated({"saved_ms": item.saved_ms})


NOBODY = "Nobody of that name is known in that app."
NOTHING = "Nothing of that id is remembered of this person."


async def _known(connection: Connection, store: Store, app: str, person: str) -> Person:
    found = await find_person(connection, store.keys, clean(app), clean(person, PERSON_MAX))
    if found is None:
        raise ClientError(NOBODY)
    return found


def _checked(text: str, item: MemoryItem | None = None) -> str:
    most = FACT_MAX_CHARACTERS * (5 if item is not None and item.kind == "summary" else 1)
    words = " ".join(text.replace("\0", " ").split())
    if not 0 < len(words) <= most:
        raise ClientError(f"What is to be remembered has 1 to {most} characters.")
    return words
