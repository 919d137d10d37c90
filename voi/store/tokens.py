"""Apps, and the tokens that were issued to them. A token is known by its claim `jti`, its text is not stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from voi.store.database import Connection
from voi.store.keys import Keys
from voi.store.people import ensure_person
from voi.store.schema import apps, tokens
from voi.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Issued:
    """`person`: whom it is for, in the app's own words; "": it does not say. `names_people`: its holder may name the
    person of each conversation. `own_agents`: its client may bring an agent of its own."""

    id: str
    app: str
    person: str
    issued_ms: int
    expires_ms: int
    names_people: bool = False
    own_agents: bool = False


@dataclass(frozen=True, slots=True)
class Revoked:
    """`ids`: of tokens. `apps_until_ms`: tokens of these apps issued until then."""

    ids: frozenset[str] = frozenset()
    apps_until_ms: Mapping[str, int] | None = None

    def has(self, token_id: str, app: str, issued_ms: int) -> bool:
        until_ms = (self.apps_until_ms or {}).get(app)
        return token_id in self.ids or (until_ms is not None and issued_ms <= until_ms)


async def note_token(connection: Connection, keys: Keys, issued: Issued) -> None:
    """Stores a token that was issued, with its app and person."""
    person = (
        await ensure_person(connection, keys, issued.app, issued.person, issued.issued_ms) if issued.person else None
    )
    await insert_new(connection, apps, [{"name": issued.app, "since_ms": issued.issued_ms, "revoked_ms": None}])
    row = {
        "id": issued.id, "app": issued.app, "person_id": person.id if person else None, "issued_ms": issued.issued_ms,
        "expires_ms": issued.expires_ms, "revoked_ms": None, "names_people": issued.names_people,
        "own_agents": issued.own_agents,
    }  # fmt: skip
    await insert_new(connection, tokens, [row])


async def list_tokens(connection: Connection, app: str = "") -> list[dict[str, Any]]:
    """Tokens of that app, or of all apps; the newest first."""
    query = select(tokens).order_by(tokens.c.issued_ms.desc())
    found = await connection.execute(query.where(tokens.c.app == app) if app else query)
    return [dict(row._mapping) for row in found]


def shown_token(row: Mapping[str, Any]) -> dict[str, Any]:
    """What services and operators are shown of a token; not whose it is."""
    shown = ("id", "app", "issued_ms", "expires_ms", "revoked_ms", "names_people", "own_agents")
    return {name: row[name] for name in shown}


async def revoke_token(connection: Connection, token_id: str, now_ms: int) -> bool:
    """Revoke a token. False if there is no such token, or it was already revoked."""
    where = (tokens.c.id == token_id, tokens.c.revoked_ms.is_(None))
    done = await connection.execute(update(tokens).where(*where).values(revoked_ms=now_ms))
    return bool(done.rowcount)


async def revoke_app(connection: Connection, app: str, now_ms: int) -> None:
    """Revoke all tokens that the app has now. It may be issued new ones."""
    await insert_new(connection, apps, [{"name": app, "since_ms": now_ms, "revoked_ms": now_ms}])
    await connection.execute(update(apps).where(apps.c.name == app).values(revoked_ms=now_ms))


async def revoke_tokens_of(connection: Connection, person_id: str, now_ms: int) -> None:
    """Revoke all tokens of a person, and forget that they were theirs."""
    revoked = func.coalesce(tokens.c.revoked_ms, now_ms)
    where = tokens.c.person_id == person_id
    await connection.execute(update(tokens).where(where).values(revoked_ms=revoked, person_id=None))


async def read_revoked(connection: Connection, now_ms: int) -> Revoked:
    """Everything that is revoked and has not expired."""
    ids = await connection.execute(
        select(tokens.c.id).where(tokens.c.revoked_ms.is_not(None), tokens.c.expires_ms > now_ms)
    )
    whole = await connection.execute(select(apps.c.name, apps.c.revoked_ms).where(apps.c.revoked_ms.is_not(None)))
    return Revoked(frozenset(ids.scalars()), {row.name: row.revoked_ms for row in whole})


async def forget_expired(connection: Connection, until_ms: int) -> None:
    """Delete tokens that expired before that."""
    await connection.execute(tokens.delete().where(tokens.c.expires_ms < until_ms))
