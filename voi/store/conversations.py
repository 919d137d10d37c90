"""Conversations: what is known of each, its transcript, its latencies and its failures."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Select, select

from voi.store.database import Connection
from voi.store.keys import Keys, opened
from voi.store.schema import OF_A_CONVERSATION, conversations, failures, lookups, messages, tool_calls, turns, usage

LISTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the transcript. `words` None: its key was deleted."""

    message_id: int
    role: str
    at_ms: int
    words: str | None


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation as it is stored. `facts`: the columns of the table, without those that name keys."""

    id: str
    facts: dict[str, Any]
    transcript: tuple[Said, ...] = ()
    turns: tuple[dict[str, Any], ...] = ()
    failures: tuple[dict[str, Any], ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    """Calls of tools. `arguments` None: their key was deleted."""
    lookups: tuple[dict[str, Any], ...] = ()
    """Searches of files. `sources` None: their key was deleted."""
    usage: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        said = [asdict(message) for message in self.transcript]
        told = {"turns": list(self.turns), "failures": list(self.failures)}
        told |= {"tools": list(self.tools), "lookups": list(self.lookups), "usage": list(self.usage)}
        return {**self.facts, "transcript": said, **told}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conversations: all that fit everything given. `since_ms`, `until_ms`: when they began."""

    app: str = ""
    agent: str = ""
    person_id: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    ids: Sequence[str] = field(default=())

    def apply(self, query: "Select[Any]") -> "Select[Any]":
        table = conversations.c
        for column, value in ((table.app, self.app), (table.agent, self.agent), (table.person_id, self.person_id)):
            if value:
                query = query.where(column == value)
        if self.since_ms is not None:
            query = query.where(table.began_ms >= self.since_ms)
        if self.until_ms is not None:
            query = query.where(table.began_ms < self.until_ms)
        return query.where(table.id.in_(self.ids)) if self.ids else query


async def list_conversations(
    connection: Connection, which: Filter, limit: int = LISTED_MAX
) -> list[StoredConversation]:
    """The newest first, without transcripts."""
    query = which.apply(select(conversations)).order_by(conversations.c.began_ms.desc()).limit(limit)
    return [StoredConversation(row.id, _facts(row)) for row in await connection.execute(query)]


async def each_conversation(connection: Connection, keys: Keys, which: Filter) -> AsyncIterator[StoredConversation]:
    """The oldest first, with transcripts; one at a time, however many there are."""
    query = which.apply(select(conversations.c.id)).order_by(conversations.c.began_ms, conversations.c.id)
    for conversation_id in (await connection.execute(query)).scalars().all():
        if kept := await read_conversation(connection, keys, conversation_id):
            yield kept


async def read_conversation(connection: Connection, keys: Keys, conversation_id: str) -> StoredConversation | None:
    """The conversation with its transcript; None if the id is unknown."""
    row = (await connection.execute(select(conversations).where(conversations.c.id == conversation_id))).first()
    return None if row is None else await _whole(connection, keys, row)


async def is_stored(connection: Connection, conversation_id: str) -> bool:
    """Return whether there is a conversation of that id."""
    query = select(conversations.c.id).where(conversations.c.id == conversation_id)
    return (await connection.execute(query)).first() is not None


async def key_of(connection: Connection, keys: Keys, conversation_id: str) -> bytes | None:
    """The key of the conversation's sound and words; None if it has none, or the key was deleted."""
    query = select(conversations.c.key_id).where(conversations.c.id == conversation_id)
    return await keys.find(connection, (await connection.execute(query)).scalar() or "")


async def forget_conversations(connection: Connection, keys: Keys, which: Filter, at_most: int) -> list[str | None]:
    """Delete the oldest ones with their keys. Returns the folder of each one's sound, which is not deleted here."""
    table = conversations.c
    query = which.apply(select(table.id, table.key_id, table.recording)).order_by(table.began_ms).limit(at_most)
    rows = (await connection.execute(query)).all()
    ids = [row.id for row in rows]
    if ids:
        await keys.delete(connection, [row.key_id for row in rows])
        for of_one in OF_A_CONVERSATION:
            await connection.execute(of_one.delete().where(of_one.c.conversation_id.in_(ids)))
        await connection.execute(conversations.delete().where(table.id.in_(ids)))
    return [row.recording for row in rows]


def in_order(said: Sequence[Said]) -> tuple[Said, ...]:
    """The transcript in the order of the dialogue: by id, and messages that a client put into it (ids below 0, counted
    down) where they came. By time alone it would not do: the clock of a call starts again when another process goes on
    with it."""
    ordered: list[Said] = []
    put_in = deque(sorted((each for each in said if each.message_id < 0), key=lambda each: -each.message_id))
    for one in sorted((each for each in said if each.message_id >= 0), key=lambda each: each.message_id):
        while put_in and put_in[0].at_ms < one.at_ms:
            ordered.append(put_in.popleft())
        ordered.append(one)
    return (*ordered, *put_in)


async def _whole(connection: Connection, keys: Keys, row: Any) -> StoredConversation:
    key = await keys.find(connection, row.key_id)
    said = await connection.execute(select(messages).where(messages.c.conversation_id == row.id))
    return StoredConversation(
        row.id,
        _facts(row),
        in_order(
            [
                Said(one.message_id, one.role, one.at_ms, opened(key, one.words, place_of(row.id, one.message_id)))
                for one in said
            ]
        ),
        await _rows(connection, turns, turns.c.turn, row.id),
        await _rows(connection, failures, failures.c.number, row.id),
        tuple(
            {**one, "arguments": opened(key, one["arguments"], place_of_tool(row.id, one["number"]))}
            for one in await _rows(connection, tool_calls, tool_calls.c.number, row.id)
        ),
        tuple(
            {**one, "sources": opened(key, one["sources"], place_of_lookup(row.id, one["number"]))}
            for one in await _rows(connection, lookups, lookups.c.number, row.id)
        ),
        await _rows(connection, usage, usage.c.since_ms, row.id),
    )


async def _rows(connection: Connection, table: Any, order: Any, conversation_id: str) -> tuple[dict[str, Any], ...]:
    found = await connection.execute(select(table).where(table.c.conversation_id == conversation_id).order_by(order))
    return tuple({name: value for name, value in row._mapping.items() if name != "conversation_id"} for row in found)


def _facts(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "key_id"}


def place_of_lookup(conversation_id: str, number: int) -> str:
    """The place for which the sources of a search are sealed."""
    return f"lookup {conversation_id} {number}"


def place_of_tool(conversation_id: str, number: int) -> str:
    """The place for which the arguments of a tool's call are sealed."""
    return f"tool {conversation_id} {number}"


def place_of(conversation_id: str, message_id: int) -> str:
    """The place for which a message's words are sealed."""
    return f"message {conversation_id} {message_id}"
