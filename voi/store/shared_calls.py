"""What servers that share the store tell of telephone calls, and ask each other to do with them: calls that ring, until
somebody takes them, and what was asked of a call, until the server that has it has answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import select, update

from voi.errors import ConfigError
from voi.sealing.box import Unreadable
from voi.store.database import Connection
from voi.store.keys import Keys, opened, sealed
from voi.store.schema import call_asks, ringing_calls
from voi.store.upsert import insert_new

DEAD_MS = 15_000
"""What a server told that has not renewed it for so long counts no more."""
_R, _A = ringing_calls.c, call_asks.c


@dataclass(frozen=True, slots=True)
class SharedRinging:
    """A call that rings at some server. `caller`: number or name; "": not told, or its key is gone."""

    id: str
    account: str
    since_ms: int
    caller: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CallAsk:
    """What is to be done with a call."""

    id: str
    call_id: str
    what: str


# ---- calls that ring


async def tell_ringing(
    connection: Connection, keys: Keys, server: str, calls: Iterable[SharedRinging], now_ms: int
) -> None:
    """Note that these, and no others, ring at that server; forget those of dead servers."""
    wanted = {call.id: call for call in calls}
    rows = (await connection.execute(select(_R.id, _R.server, _R.seen_ms, _R.key_id))).all()
    gone = [row for row in rows if row.seen_ms < now_ms - DEAD_MS or (row.server == server and row.id not in wanted)]
    if gone:
        await keys.delete(connection, [row.key_id for row in gone])
        await connection.execute(ringing_calls.delete().where(_R.id.in_([row.id for row in gone])))
    await connection.execute(update(ringing_calls).where(_R.server == server).values(seen_ms=now_ms))
    for call_id in wanted.keys() - ({row.id for row in rows} - {row.id for row in gone}):
        call = wanted[call_id]
        key_id = await keys.make(connection)
        caller = sealed(await keys.find(connection, key_id), call.caller, _place(call_id))
        await insert_new(connection, ringing_calls, [
            {"id": call_id, "server": server, "account": call.account, "since_ms": call.since_ms, "seen_ms": now_ms,
             "key_id": key_id, "caller": caller},
        ])  # fmt: skip


async def read_ringing(connection: Connection, keys: Keys, now_ms: int, server: str) -> list[SharedRinging]:
    """Those that ring at other servers than this, the oldest first."""
    query = select(ringing_calls).where(_R.seen_ms >= now_ms - DEAD_MS, _R.server != server).order_by(_R.since_ms)
    found = []
    for row in (await connection.execute(query)).all():
        try:
            caller = opened(await keys.find(connection, row.key_id), row.caller, _place(row.id))
        except (Unreadable, ConfigError):  # also where that server has another VOI_STORE_KEY
            caller = None
        found.append(SharedRinging(row.id, row.account, row.since_ms, caller or ""))
    return found


def _place(call_id: str) -> str:
    return f"caller of {call_id}"


# ---- what is asked of calls


async def ask_of_call(connection: Connection, call_id: str, what: str, now_ms: int) -> str:
    """Ask the server that has the call, whichever it is. Returns the id of the question; those that nobody answered in
    time are forgotten."""
    await connection.execute(call_asks.delete().where(_A.asked_ms < now_ms - 2 * DEAD_MS))
    ask_id = uuid4().hex
    row = {"id": ask_id, "call_id": call_id, "what": what, "asked_ms": now_ms, "result": None}
    await connection.execute(call_asks.insert().values(**row))
    return ask_id


async def read_asks(connection: Connection, call_ids: Sequence[str], now_ms: int) -> list[CallAsk]:
    """What is asked of these calls and was not answered yet."""
    query = select(_A.id, _A.call_id, _A.what).where(
        _A.result.is_(None), _A.asked_ms >= now_ms - DEAD_MS, _A.call_id.in_(call_ids)
    )
    return [CallAsk(*row) for row in (await connection.execute(query.order_by(_A.asked_ms))).all()]


async def answer_ask(connection: Connection, ask_id: str, result: str) -> None:
    """`result`: "": it was done; else why not. The first answer stays: who reads a question again while it is being
    answered finds the call gone."""
    await connection.execute(update(call_asks).where(_A.id == ask_id, _A.result.is_(None)).values(result=result))


async def result_of(connection: Connection, ask_id: str) -> str | None:
    """None: nobody has answered yet."""
    found: str | None = (await connection.execute(select(_A.result).where(_A.id == ask_id))).scalar()
    return found


async def take_back(connection: Connection, ask_id: str) -> None:
    """Nobody waits for the answer any more."""
    await connection.execute(call_asks.delete().where(_A.id == ask_id))
