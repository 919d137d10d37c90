"""What agents remember of a person: facts, summaries of conversations, a name; readable with the person's key."""

from sqlalchemy import select, update

from voi.errors import RowRefused, StoreError
from voi.session.memory import MemoryItem, MemoryKind
from voi.store.clean import clean
from voi.store.database import Connection
from voi.store.keys import Keys, opened, sealed
from voi.store.people import Person
from voi.store.schema import NAME_MAX, conversations, memories, people
from voi.store.upsert import put

MEMORY_MAX = 20_000
"""Longest text, in characters."""
KEPT_MAX: dict[MemoryKind, int] = {"name": 1, "fact": 200, "summary": 50}
"""How many of each kind are kept of a person. The oldest make room, and what the app told does so last."""
NAME_ID = "name"
"""The id of what the person is called."""


async def remember(connection: Connection, keys: Keys, person: Person, item: MemoryItem) -> bool:
    """Keep this of a person who is in the store, in place of what has its id, or of a fact with the same words. Returns
    whether something made room for it. Raises StoreError if it is too long, RowRefused if only facts that the app told
    could make room for an agent's."""
    if len(item.text) > MEMORY_MAX or not 0 < len(item.id) <= NAME_MAX:
        raise StoreError(f"A memory has at most {MEMORY_MAX} characters, and its id {NAME_MAX}.")
    there = await recall(connection, keys, person)
    same = [each for each in there if each.kind == item.kind and each.id != item.id]
    again = [each for each in same if item.kind == "fact" and each.text.casefold() == item.text.casefold()]
    gone = [*again, *_made_room([each for each in same if each not in again], item)]
    for each in gone:
        await unlearn(connection, person, each.id)
    if keys.seals and await keys.find(connection, person.id) is None:  # the person is from before there were keys
        await keys.make(connection, key_id=person.id)
    value = sealed(await keys.find(connection, person.id), item.text, _place(person, item.id))
    row = {
        "person_id": person.id, "name": item.id, "kind": item.kind, "agent": clean(item.agent),
        "saved_ms": item.saved_ms, "words": value,
    }  # fmt: skip
    await put(connection, memories, [row])
    return bool(gone) or any(each.id == item.id for each in there)


def _made_room(others: list[MemoryItem], item: MemoryItem) -> list[MemoryItem]:
    """Which of the others of its kind, the oldest first, make room for it. Raises RowRefused."""
    count = max(0, len(others) + 1 - KEPT_MAX[item.kind])
    if item.kind != "fact":
        return others[:count]
    of_agents = [each for each in others if each.agent]
    if item.agent and count > len(of_agents):
        raise RowRefused(f"There is no room: the app keeps {KEPT_MAX['fact']} facts of this person.")
    return [*of_agents, *(each for each in others if not each.agent)][:count]


async def recall(connection: Connection, keys: Keys, person: Person) -> list[MemoryItem]:
    """Everything remembered of the person, the oldest first."""
    key = await keys.find(connection, person.id)
    rows = await connection.execute(
        select(memories).where(memories.c.person_id == person.id).order_by(memories.c.saved_ms, memories.c.name)
    )
    found = [(row, opened(key, row.words, _place(person, row.name))) for row in rows]
    return [MemoryItem(row.name, row.kind, text, row.saved_ms, row.agent) for row, text in found if text is not None]


async def unlearn(connection: Connection, person: Person, memory_id: str) -> bool:
    """Delete what has that id. False: nothing has."""
    table = memories.c
    where = table.person_id == person.id, table.name == memory_id
    found = (await connection.execute(select(table.name).where(*where))).first()
    await connection.execute(memories.delete().where(*where))
    return found is not None


async def unlearn_all(connection: Connection, person: Person, now_ms: int) -> int:
    """Delete all that is remembered of the person, and have no summary kept of what was said until now. Returns how
    many memories there were."""
    where = memories.c.person_id == person.id
    count = len((await connection.execute(select(memories.c.name).where(where))).all())
    await connection.execute(memories.delete().where(where))
    await connection.execute(update(people).where(people.c.id == person.id).values(forgot_ms=now_ms))
    return count


async def was_forgotten(connection: Connection, person: Person, since_ms: int) -> bool:
    """Whether all that was remembered of the person was deleted at that time or later."""
    forgot_ms = (await connection.execute(select(people.c.forgot_ms).where(people.c.id == person.id))).scalar()
    return forgot_ms is not None and forgot_ms >= since_ms


async def unlearn_summary_of(connection: Connection, conversation_id: str) -> None:
    """Delete the summary of that conversation."""
    table = memories.c
    await connection.execute(memories.delete().where(table.kind == "summary", table.name == conversation_id))


async def unlearn_older(connection: Connection, until_ms: int) -> None:
    """Delete what was saved before that, of all people."""
    await connection.execute(memories.delete().where(memories.c.saved_ms < until_ms))


async def person_of(connection: Connection, conversation_id: str) -> Person | None:
    """Whom the conversation is with; None if it is not stored, or of nobody."""
    table = conversations.c
    row = (await connection.execute(select(table.person_id, table.app).where(table.id == conversation_id))).first()
    return None if row is None or row.person_id is None else Person(row.person_id, row.app)


def _place(person: Person, memory_id: str) -> str:
    return f"memory {person.id} {memory_id}"
