"""Deletes conversations, with their sound and their keys: by age, by person, by id.

Each transaction deletes few conversations, so that calls can be stored meanwhile. Their sound is deleted first: if the
process dies in between, the row is still there and the next try finishes.
"""

import asyncio
import shutil
from pathlib import Path

from sqlalchemy import exists, select

from voi.store.audit import forget_acts
from voi.store.conversations import Filter, forget_conversations, list_conversations
from voi.store.database import Connection
from voi.store.memories import unlearn_older, unlearn_summary_of
from voi.store.observer import now_ms
from voi.store.people import Person, find_person, forget_person
from voi.store.saved_states import forget_state
from voi.store.schema import OF_A_PERSON, conversations, people, saved_states
from voi.store.store import Store
from voi.store.tokens import forget_expired, revoke_tokens_of
from voi.store.usage import day_of, forget_days

AT_ONCE_MAX = 50
STATES_AT_ONCE_MAX = 500
DAY_MS = 24 * 60 * 60 * 1_000


async def forget_older(store: Store, recordings_dir: Path, keep_days: int, now: int | None = None) -> int:
    """Delete conversations that began more than `keep_days` days ago, states that were saved before that, tokens that
    expired before that, and people with nothing else stored; 0: nothing is deleted. `now`: ms since 1970. Returns how
    many conversations. Raises StoreError, and OSError for sound that cannot be deleted."""
    if keep_days <= 0:
        return 0
    until_ms = (now_ms() if now is None else now) - keep_days * DAY_MS
    count = await forget_matching(store, recordings_dir, Filter(until_ms=until_ms))
    async with store.writing() as connection:
        old = select(saved_states).where(saved_states.c.saved_ms < until_ms).limit(STATES_AT_ONCE_MAX)
        for state in (await connection.execute(old)).all():
            await forget_state(connection, store.keys, state.app, state.name)
        await forget_expired(connection, until_ms)
        for person in await _left_alone(connection, until_ms):
            await forget_person(connection, store.keys, person)
    return count


async def forget_usage(store: Store, keep_days: int, now: int | None = None) -> None:
    """Delete the usage of days that are more than `keep_days` ago, and what managers did then; 0: nothing is deleted.
    Raises StoreError."""
    if keep_days > 0:
        until_ms = (now_ms() if now is None else now) - keep_days * DAY_MS
        async with store.writing() as connection:
            await forget_days(connection, day_of(until_ms))
            await forget_acts(connection, until_ms)


async def forget_memories(store: Store, keep_days: int, now: int | None = None) -> None:
    """Delete what agents remembered more than `keep_days` days ago; 0: nothing is deleted. Raises StoreError."""
    if keep_days > 0:
        async with store.writing() as connection:
            await unlearn_older(connection, (now_ms() if now is None else now) - keep_days * DAY_MS)


async def _left_alone(connection: Connection, until_ms: int) -> list[Person]:
    """People who were first seen before that, and have nothing stored but their name."""
    query = select(people.c.id, people.c.app).where(people.c.since_ms < until_ms)
    for table in (conversations, *OF_A_PERSON):
        query = query.where(~exists().where(table.c.person_id == people.c.id))
    return [Person(row.id, row.app) for row in await connection.execute(query.limit(STATES_AT_ONCE_MAX))]


async def forget_matching(store: Store, recordings_dir: Path, which: Filter) -> int:
    """Delete all conversations that fit. Returns how many. Raises StoreError, OSError."""
    count = await _forget_all(store, recordings_dir, which)
    if count:
        await store.database.shred()
    return count


async def _forget_all(store: Store, recordings_dir: Path, which: Filter) -> int:
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
    return count


async def forget_conversation(store: Store, recordings_dir: Path, conversation_id: str) -> int:
    """Delete that conversation, and its summary. Returns how many there were. Raises StoreError, OSError."""
    async with store.writing() as connection:
        await unlearn_summary_of(connection, conversation_id)
    return await forget_matching(store, recordings_dir, Filter(ids=[conversation_id]))


async def forget_everything_of(store: Store, recordings_dir: Path, app: str, name: str) -> int | None:
    """Delete all that is known of a person: conversations, sound, saved states, what is remembered, name and key. Their
    tokens are revoked: what is left of each, until it expires, is its number, which names nobody. Returns how many
    conversations there were; None: nobody of that name is known. Raises StoreError, OSError."""
    async with store.reading() as connection:
        person = await find_person(connection, store.keys, app, name)
    if person is None:
        return None
    count = await _forget_all(store, recordings_dir, Filter(person_id=person.id))
    async with store.writing() as connection:
        await revoke_tokens_of(connection, person.id, now_ms())
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
