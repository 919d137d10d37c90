"""What managers and operators changed: over HTTP and by the commands of `voi`."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from voi.store.database import Connection
from voi.store.schema import audit

WHO_MAX, WHAT_MAX, RESULT_MAX = 200, 400, 40


@dataclass(frozen=True, slots=True)
class Act:
    """`at_ms`: since 1970. `who`: a key's fingerprint and an address, or an account of the machine; never a secret.
    `what`: the request or the command. `result`: an HTTP status, "done" or "failed"."""

    at_ms: int
    who: str
    what: str
    result: str


async def note_acts(connection: Connection, acts: Iterable[Act]) -> None:
    """Stores what operators did. Texts that are too long are cut."""
    rows = [
        {
            "id": secrets.token_hex(16), "at_ms": act.at_ms, "who": _short(act.who, WHO_MAX),
            "what": _short(act.what, WHAT_MAX), "result": _short(act.result, RESULT_MAX),
        }
        for act in acts
    ]  # fmt: skip
    if rows:
        await connection.execute(audit.insert(), rows)


async def list_acts(connection: Connection, most: int, since_ms: int = 0) -> list[Act]:
    """The newest first."""
    columns = (audit.c.at_ms, audit.c.who, audit.c.what, audit.c.result)
    query = select(*columns).where(audit.c.at_ms >= since_ms).order_by(audit.c.at_ms.desc())
    return [Act(*row) for row in await connection.execute(query.limit(most))]


async def forget_acts(connection: Connection, until_ms: int) -> None:
    """Delete those before that."""
    await connection.execute(audit.delete().where(audit.c.at_ms < until_ms))


def _short(text: str, most: int) -> str:
    """What every database accepts, on one line."""
    one_line = "".join(letter if letter.isprintable() else "?" for letter in text)
    return one_line[:most].encode("utf-8", "replace").decode()
