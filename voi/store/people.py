"""People, as the apps name them. A name is known to Voi by its keyed hash, and readable with the person's own key."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import insert, select

from voi.store.database import Connection
from voi.store.keys import Keys, sealed
from voi.store.schema import people

PERSON_MAX = 200
"""Longest name of a person, in characters."""


@dataclass(frozen=True, slots=True)
class Person:
    """`id` is also the id of their key."""

    id: str
    app: str


async def find_person(connection: Connection, keys: Keys, app: str, name: str) -> Person | None:
    """The person that an app knows by that name; None: it is not stored."""
    lookups = keys.lookups(app, name)
    rows = (
        await connection.execute(
            select(people.c.id, people.c.lookup).where(people.c.app == app, people.c.lookup.in_(lookups))
        )
    ).all()
    found = min(rows, key=lambda row: lookups.index(row.lookup), default=None)
    return Person(found.id, app) if found else None


async def ensure_person(connection: Connection, keys: Keys, app: str, name: str, now_ms: int) -> Person:
    """The person of that name, made if need be."""
    known = await find_person(connection, keys, app, name)
    if known is not None:
        return known
    person_id = await keys.make(connection) or uuid4().hex
    key = await keys.find(connection, person_id)
    await connection.execute(
        insert(people).values(
            id=person_id, app=app, lookup=keys.lookups(app, name)[0], name=sealed(key, name, f"person {person_id}"),
            since_ms=now_ms,
        )
    )  # fmt: skip
    return Person(person_id, app)


async def forget_person(connection: Connection, keys: Keys, person: Person) -> None:
    """Delete the row and the key, and every key under it."""
    await keys.delete(connection, [person.id])
    await connection.execute(people.delete().where(people.c.id == person.id))
