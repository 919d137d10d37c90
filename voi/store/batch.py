"""Writes entries of calls into the store, in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, update

from voi.store.agent_versions import note_version
from voi.store.audit import note_acts
from voi.store.clean import clean
from voi.store.conversations import place_of, place_of_lookup, place_of_tool
from voi.store.database import Connection
from voi.store.entries import (
    Acted,
    Began,
    Changed,
    Entry,
    FailureTold,
    LookupTold,
    ToolTold,
    TurnTaken,
    UsageTold,
    UsedApart,
    WordsShown,
)
from voi.store.keys import Keys, sealed
from voi.store.people import PERSON_MAX, ensure_person
from voi.store.schema import conversations, failures, lookups, messages, tool_calls, turns
from voi.store.upsert import insert_new, put
from voi.store.usage import write_apart, write_usage


async def write(connection: Connection, keys: Keys, entries: Sequence[Entry], key_ids: dict[str, str]) -> None:
    """Write the entries. `key_ids`: the key of each conversation that runs; new ones are added. Entries of
    conversations that are not there (deleted while they ran) are left out."""
    for entry in entries:
        if isinstance(entry, Began):
            key_ids[entry.conversation_id] = await _begin(connection, keys, entry)
    await write_apart(connection, [entry for entry in entries if isinstance(entry, UsedApart)])
    await note_acts(connection, [entry.act for entry in entries if isinstance(entry, Acted)])
    of_calls = [entry for entry in entries if not isinstance(entry, Began | UsedApart | Acted)]
    rest = await _known(connection, of_calls, key_ids)
    said = [entry for entry in rest if isinstance(entry, WordsShown)]
    await put(connection, messages, [await _message(connection, keys, each, key_ids) for each in said])
    taken = [entry for entry in rest if isinstance(entry, TurnTaken)]
    await insert_new(
        connection, turns, [{"conversation_id": each.conversation_id, **each.times.as_dict()} for each in taken]
    )
    await insert_new(connection, failures, [_failure(each) for each in rest if isinstance(each, FailureTold)])
    tools = [each for each in rest if isinstance(each, ToolTold)]
    await insert_new(connection, tool_calls, [await _tool(connection, keys, each, key_ids) for each in tools])
    looked = [each for each in rest if isinstance(each, LookupTold)]
    await insert_new(connection, lookups, [await _lookup(connection, keys, each, key_ids) for each in looked])
    await write_usage(connection, [each for each in rest if isinstance(each, UsageTold)])
    for entry in rest:
        if isinstance(entry, Changed):
            where = conversations.c.id == entry.conversation_id
            await connection.execute(update(conversations).where(where).values(**entry.values))


async def _begin(connection: Connection, keys: Keys, began: Began) -> str:
    """The id of the conversation's key. An existing conversation continues, such as after a restart of the server."""
    known = await connection.execute(
        update(conversations)
        .where(conversations.c.id == began.conversation_id)
        .values(ended_ms=None, end_reason=None)
        .returning(conversations.c.key_id)
    )
    if row := known.first():
        return str(row.key_id)
    name = clean(began.person, PERSON_MAX)
    person = await ensure_person(connection, keys, began.app, name, began.began_ms) if name else None
    key_id = await keys.make(connection, person.id if person else "")
    agent = clean(began.agent)
    if began.agent_version:
        await note_version(connection, agent, began.agent_version, began.config, began.began_ms)
    row = {
        "id": began.conversation_id, "app": clean(began.app), "person_id": person.id if person else None,
        "key_id": key_id, "door": clean(began.door), "agent": agent, "agent_version": began.agent_version,
        "mode": began.mode, "began_ms": began.began_ms, "recording": began.recording, "told_ai": False,
        "told_recording": False, "redacted": began.redacted, "answers": 0, "heard_ms": 0, "spoken_ms": 0,
        "written_characters": 0,
    }  # fmt: skip
    await insert_new(connection, conversations, [row])
    return key_id


async def _known(connection: Connection, entries: Sequence[Entry], key_ids: dict[str, str]) -> list[Entry]:
    ids = {entry.conversation_id for entry in entries}
    found = await connection.execute(
        select(conversations.c.id, conversations.c.key_id).where(conversations.c.id.in_(ids))
    )
    known = {row.id: row.key_id for row in found}
    key_ids |= known
    return [entry for entry in entries if entry.conversation_id in known]


async def _sealed(connection: Connection, keys: Keys, key_id: str, words: str, place: str) -> bytes:
    key = await keys.find(connection, key_id)
    # Without its key (deleted a moment ago) the words are dropped, never written in plain text.
    return sealed(key, "" if key_id and key is None else words, place)


async def _message(connection: Connection, keys: Keys, said: WordsShown, key_ids: dict[str, str]) -> dict[str, Any]:
    key_id, place = key_ids[said.conversation_id], place_of(said.conversation_id, said.message_id)
    return {
        "conversation_id": said.conversation_id, "message_id": said.message_id, "role": said.role, "at_ms": said.at_ms,
        "words": await _sealed(connection, keys, key_id, said.text, place),
    }  # fmt: skip


async def _tool(connection: Connection, keys: Keys, told: ToolTold, key_ids: dict[str, str]) -> dict[str, Any]:
    use, place = told.use, place_of_tool(told.conversation_id, told.number)
    return {
        "conversation_id": told.conversation_id, "number": told.number, "at_ms": told.at_ms, "tool": clean(use.name),
        "kind": use.kind, "took_ms": use.took_ms, "result_characters": use.result_characters, "error": use.error,
        "arguments": await _sealed(connection, keys, key_ids[told.conversation_id], use.arguments, place),
    }  # fmt: skip


async def _lookup(connection: Connection, keys: Keys, told: LookupTold, key_ids: dict[str, str]) -> dict[str, Any]:
    lookup, place = told.lookup, place_of_lookup(told.conversation_id, told.number)
    sources = "\n".join(lookup.sources)
    return {
        "conversation_id": told.conversation_id, "number": told.number, "at_ms": told.at_ms, "use": lookup.use,
        "took_ms": lookup.took_ms, "characters": lookup.characters,
        "sources": await _sealed(connection, keys, key_ids[told.conversation_id], sources, place),
    }  # fmt: skip


def _failure(failed: FailureTold) -> dict[str, Any]:
    failure = failed.failure
    return {
        "conversation_id": failed.conversation_id, "number": failed.number, "kind": failure.kind,
        "engine": clean(failure.engine), "model": clean(failure.model), "took_ms": failure.took_ms,
    }  # fmt: skip


def by_conversation(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The entries of each conversation, in order."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.conversation_id, []).append(entry)
    return list(groups.values())
