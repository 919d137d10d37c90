"""Accounts at telephone providers and exchanges. Passwords are encrypted where the operator has set a key."""

from dataclasses import dataclass, field

from sqlalchemy import select

from voi.store.database import Connection
from voi.store.keys import Keys, opened, sealed
from voi.store.schema import phone_accounts
from voi.store.upsert import put


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """`server`: host, or host:port. `agent`: the agent that answers. `password` None: its key was deleted."""

    name: str
    server: str
    username: str
    password: str | None = field(repr=False)
    agent: str


async def save_account(connection: Connection, keys: Keys, account: PhoneAccount, now_ms: int) -> None:
    """Store the account, replacing one of the same name."""
    await forget_account(connection, keys, account.name)
    key_id = await keys.make(connection)
    password = sealed(await keys.find(connection, key_id), account.password or "", _place(account.name))
    row = {
        "name": account.name, "server": account.server, "username": account.username, "key_id": key_id,
        "password": password, "agent": account.agent, "since_ms": now_ms,
    }  # fmt: skip
    await put(connection, phone_accounts, [row])


async def read_accounts(connection: Connection, keys: Keys) -> list[PhoneAccount]:
    rows = (await connection.execute(select(phone_accounts).order_by(phone_accounts.c.name))).all()
    return [
        PhoneAccount(
            row.name, row.server, row.username,
            opened(await keys.find(connection, row.key_id), row.password, _place(row.name)), row.agent,
        )
        for row in rows
    ]  # fmt: skip


async def forget_account(connection: Connection, keys: Keys, name: str) -> None:
    table = phone_accounts.c
    found = await connection.execute(select(table.key_id).where(table.name == name))
    await keys.delete(connection, list(found.scalars()))
    await connection.execute(phone_accounts.delete().where(table.name == name))


def _place(name: str) -> str:
    return f"phone account {name}"
