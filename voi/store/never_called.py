"""Who is never called again: numbers as keyed hashes, which nobody can read back while the store has a key."""

from voi.store.database import Connection
from voi.store.keys import Keys
from voi.store.schema import never_called
from voi.store.upsert import insert_new

_SCOPE = "\0number"


def number_hashes(keys: Keys, number: str) -> list[bytes]:
    """Hashes to find a number (or SIP address) by; the first is what new rows get."""
    return keys.lookups(_SCOPE, number.casefold())


async def never_call(connection: Connection, keys: Keys, number: str, how: str, now_ms: int) -> None:
    """Keep for good that nobody calls that number again."""
    await insert_new(
        connection, never_called, [{"number": number_hashes(keys, number)[0], "since_ms": now_ms, "how": how}]
    )


async def is_never_called(connection: Connection, keys: Keys, number: str) -> bool:
    """Whether it is kept that nobody calls there. `number`: +49… or sip:…"""
    hashes = number_hashes(keys, number)
    found = await connection.execute(never_called.select().where(never_called.c.number.in_(hashes)).limit(1))
    return found.first() is not None


async def may_be_called_again(connection: Connection, keys: Keys, number: str) -> bool:
    """Take it back: the person asked for it. False: the number was not kept."""
    hashes = number_hashes(keys, number)
    return bool((await connection.execute(never_called.delete().where(never_called.c.number.in_(hashes)))).rowcount)
