"""Telephone accounts that were made over HTTP, each sealed with a key of its own where the operator has set one; which
server has them, and what each server tells of its accounts.

Several servers may share them. The one that takes a started account claims it for a while and renews that; what a
server claimed that died is taken over by another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import and_, func, or_, select, update

from voi.errors import NameTaken
from voi.sealing.box import Unreadable
from voi.store.database import Connection
from voi.store.keys import Keys, is_plain, opened, sealed
from voi.store.schema import phone_accounts, phone_servers
from voi.store.upsert import insert_new, put

CLAIM_MS = 15_000
"""How long a claim holds that is not renewed."""
TOLD_MS = 15_000
"""A server that told nothing for so long counts as dead."""
ACCOUNTS_MAX = 1_000
_T = phone_accounts.c


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """`details`: the account as its writer reads it; None: its key was deleted, or is another. `started`: it is to be
    used. `version`: another after each change."""

    name: str
    details: str | None = field(repr=False)
    started: bool
    version: str
    since_ms: int
    plain: bool = False
    """It can be read without a key: there was none when it was stored."""


@dataclass(frozen=True, slots=True)
class AccountClaim:
    """Who has an account: a server, until that time (ms since 1970)."""

    name: str
    version: str
    started: bool
    server: str
    until_ms: int


class TooManyAccounts(Exception):
    """There are ACCOUNTS_MAX."""


# ---- accounts


async def add_account(
    connection: Connection, keys: Keys, name: str, details: str, now_ms: int, *, started: bool
) -> PhoneAccount:
    """Raises NameTaken, TooManyAccounts."""
    if (await connection.execute(select(func.count()).select_from(phone_accounts))).scalar_one() >= ACCOUNTS_MAX:
        raise TooManyAccounts
    version = uuid4().hex
    row = {"name": name, "started": started, "version": version, "server": "", "claimed_until_ms": 0,
           "since_ms": now_ms, "key_id": "", "details": b""}  # fmt: skip
    await insert_new(connection, phone_accounts, [row])
    there = (await connection.execute(select(_T.version).where(_T.name == name))).scalar_one()
    if there != version:
        raise NameTaken(f"There is an account {name}.")
    await _seal(connection, keys, name, details)
    return PhoneAccount(name, details, started, version, now_ms, plain=not keys.seals)


async def change_account(
    connection: Connection, keys: Keys, name: str, *, details: str | None = None, started: bool | None = None
) -> bool:
    """What is None stays. False: there is no such account."""
    values: dict[str, object] = {"version": uuid4().hex}
    if started is not None:
        values["started"] = started
    changed = await connection.execute(update(phone_accounts).where(_T.name == name).values(**values))
    if not changed.rowcount:
        return False
    if details is not None:
        key_id = (await connection.execute(select(_T.key_id).where(_T.name == name))).scalar_one()
        await keys.delete(connection, [key_id])  # copies of what was are unreadable from now on
        await _seal(connection, keys, name, details)
    return True


async def _seal(connection: Connection, keys: Keys, name: str, details: str) -> None:
    key_id = await keys.make(connection)
    box = sealed(await keys.find(connection, key_id), details, _place(name))
    await connection.execute(update(phone_accounts).where(_T.name == name).values(key_id=key_id, details=box))


async def read_accounts(connection: Connection, keys: Keys) -> list[PhoneAccount]:
    """All, by name. Raises ConfigError if the operator's key is another."""
    rows = (await connection.execute(select(phone_accounts).order_by(_T.name))).all()
    return [await _read(connection, keys, row) for row in rows]


async def read_account(
    connection: Connection, keys: Keys, name: str, *, to_change: bool = False
) -> PhoneAccount | None:
    """`to_change`: nobody else changes it until the transaction ends."""
    query = select(phone_accounts).where(_T.name == name)
    row = (await connection.execute(query.with_for_update() if to_change else query)).first()
    return None if row is None else await _read(connection, keys, row)


async def _read(connection: Connection, keys: Keys, row: object) -> PhoneAccount:
    name, key_id, details = row.name, row.key_id, row.details  # type: ignore[attr-defined]
    try:
        words = opened(await keys.find(connection, key_id), details, _place(name))
    except Unreadable:
        words = None
    return PhoneAccount(name, words, row.started, row.version, row.since_ms, is_plain(details))  # type: ignore[attr-defined]


async def seal_plain_accounts(connection: Connection, keys: Keys) -> int:
    """Seal what was stored before the operator set a key. Returns how many accounts that were. What was is overwritten
    by `Database.shred`."""
    if not keys.seals:
        return 0
    rows = (await connection.execute(select(_T.name, _T.details).where(_T.key_id == "").with_for_update())).all()
    for name, details in rows:
        await _seal(connection, keys, name, opened(None, details, _place(name)) or "")
    return len(rows)


async def forget_account(connection: Connection, keys: Keys, name: str) -> bool:
    """Delete it and its key. False: there is no such account."""
    found = list((await connection.execute(select(_T.key_id).where(_T.name == name))).scalars())
    await keys.delete(connection, found)
    await connection.execute(phone_accounts.delete().where(_T.name == name))
    return bool(found)


def _place(name: str) -> str:
    return f"phone account {name}"


# ---- who has them


async def read_claims(connection: Connection) -> list[AccountClaim]:
    """For each account, by name: its version, whether it is started, and which server has it until when."""
    columns = (_T.name, _T.version, _T.started, _T.server, _T.claimed_until_ms)
    rows = (await connection.execute(select(*columns).order_by(_T.name))).all()
    return [AccountClaim(row.name, row.version, row.started, row.server, row.claimed_until_ms) for row in rows]


async def claim_accounts(connection: Connection, server: str, now_ms: int) -> None:
    """Take the started accounts that nobody has, and renew what this server has."""
    free = or_(_T.server == server, _T.claimed_until_ms < now_ms)
    await connection.execute(
        update(phone_accounts).where(and_(_T.started, free)).values(server=server, claimed_until_ms=now_ms + CLAIM_MS)
    )


async def release_accounts(connection: Connection, server: str) -> None:
    """This server ends: others may take its accounts at once, and it tells nothing any more."""
    await connection.execute(update(phone_accounts).where(_T.server == server).values(claimed_until_ms=0))
    await connection.execute(phone_servers.delete().where(phone_servers.c.server == server))


# ---- what servers tell of them


async def tell_accounts(connection: Connection, server: str, told: str, now_ms: int) -> None:
    """Note what that server's accounts do (JSON), and drop the notes of dead servers."""
    await connection.execute(phone_servers.delete().where(phone_servers.c.seen_ms < now_ms - TOLD_MS))
    await put(connection, phone_servers, [{"server": server, "seen_ms": now_ms, "told": told}])


async def read_told(connection: Connection, now_ms: int) -> Mapping[str, str]:
    """What the servers that live have told, by server."""
    table = phone_servers.c
    rows = await connection.execute(select(table.server, table.told).where(table.seen_ms >= now_ms - TOLD_MS))
    return {row.server: row.told for row in rows}
