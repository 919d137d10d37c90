"""Deletes conversations, with their sound and their keys: by age, by person, by id.

A transaction at a time takes few conversations, so that calls can be stored meanwhile. Their sound goes first: if the
process dies in between, the row is still there and the next try finishes.
"""

import asyncio
import shutil
from pathlib import Path

from voi.store.conversations import Filter, forget_conversations, list_conversations
from voi.store.observer import now_ms
from voi.store.people import find_person, forget_person
from voi.store.schema import OF_A_PERSON
from voi.store.store import Store

AT_ONCE_MAX = 50
DAY_MS = 24 * 60 * 60 * 1_000


async def forget_older(store: Store, recordings_dir: Path, keep_days: int, now: int | None = None) -> int:
    """Delete conversations that began more than `keep_days` days ago; 0: none. `now`: ms since 1970. Returns how many.
    Raises StoreError, and OSError for sound that cannot be deleted."""
    if keep_days <= 0:
        return 0
    until_ms = (now_ms() if now is None else now) - keep_days * DAY_MS
    return await forget_matching(store, recordings_dir, Filter(until_ms=until_ms))


async def forget_matching(store: Store, recordings_dir: Path, which: Filter) -> int:
    """Delete all conversations that fit. Returns how many. Raises StoreError, OSError."""
    count = 0
    while True:
        async with store.reading() as connection:
            found = await list_conversations(connection, which, AT_ONCE_MAX)
        if not found:
            break
        for kept in found:
            await asyncio.to_thread(delete_sound, recordings_dir, kept.facts["recording"])
        async with store.writing() as connection:
            ids = [kept.id for kept in found]
            await forget_conversations(connection, store.keys, Filter(ids=ids), len(ids))
        count += len(found)
    if count:
        await store.database.shred()
    return count


async def forget_everything_of(store: Store, recordings_dir: Path, app: str, name: str) -> int | None:
    """Delete all that is known of a person: conversations, sound, saved states, what is remembered, name and key.
    Returns how many conversations there were; None: nobody of that name is known. Raises StoreError, OSError."""
    async with store.reading() as connection:
        person = await find_person(connection, store.keys, app, name)
    if person is None:
        return None
    count = await forget_matching(store, recordings_dir, Filter(person_id=person.id))
    async with store.writing() as connection:
        for table in OF_A_PERSON:
            await connection.execute(table.delete().where(table.c.person_id == person.id))
        await forget_person(connection, store.keys, person)
    await store.database.shred()
    return count


def delete_sound(recordings_dir: Path, recording: str | None) -> None:
    """Delete a conversation's folder below `recordings_dir`, if it is there. Raises OSError."""
    if not recording:
        return
    folder = recordings_dir / recording
    inside = folder.resolve().is_relative_to(recordings_dir.resolve()) and folder.resolve() != recordings_dir.resolve()
    if inside and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
