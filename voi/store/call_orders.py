"""The calls that Voi is to make, as they wait, are made, and were made: a queue for each account that survives servers.

Several servers may share it. The one that takes an order claims it for a while and renews that; what a server claimed
that died is found and ended by another one, or by the next. All limits of an account are counted in here, in the
transaction that takes an order: calls at once by the rows that are claimed, so that no place can be lost; the time of
the next call and the day's budget in the account's own row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, select, update

from voi.sealing.box import Unreadable
from voi.store.database import Connection
from voi.store.keys import Keys, opened, sealed
from voi.store.never_called import number_hashes
from voi.store.people import ensure_person
from voi.store.schema import call_accounts, call_orders
from voi.store.upsert import insert_new
from voi.store.usage import day_of

QUEUED, DIALLING, RINGING, TALKING, OVER = "queued", "dialling", "ringing", "talking", "over"
UNDER_WAY = (DIALLING, RINGING, TALKING)
CLAIM_MS = 45_000
"""How long a claim holds that is not renewed."""
RESERVED_MS = 60_000
"""So much of an account's minutes is reserved at a time: when a call is dialled, and whenever it has used that up."""
LISTED_MAX = 500
_T = call_orders.c


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What goes through one account at most. `spacing_ms`: from one call to the next; `spent_ms`: of answered calls a
    day."""

    spacing_ms: int
    at_once: int
    calls_a_day: int
    spent_ms: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """`number`: who is called, as it is compared with others. `details`: the order as its writer reads it. `repeat_key`
    "": it has none. `person` "": nobody in particular."""

    id: str
    app: str
    account: str
    agent: str
    number: str
    details: str
    repeat_key: str = ""
    person: str = ""
    redial: bool = False
    not_before_ms: int = 0
    expires_ms: int = 0


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order with what became of it. `details` None: its key was deleted. Times are ms since 1970."""

    id: str
    app: str
    account: str
    agent: str
    state: str
    outcome: str | None
    cause: str | None
    taken_by: str | None
    ordered_ms: int
    not_before_ms: int
    expires_ms: int
    dialled_ms: int | None
    answered_ms: int | None
    ended_ms: int | None
    conversation_id: str | None
    reserved_ms: int
    redial: bool
    details: str | None


@dataclass(frozen=True, slots=True)
class NextOrder:
    """Whose turn it is: an order that was claimed, or None and when to ask again (ms since 1970; None: when something
    changes)."""

    order: KeptOrder | None
    again_ms: int | None = None


class RepeatedDifferently(Exception):
    """The idempotency key was used for another order."""


class QueueFull(Exception):
    """So many orders wait already."""


async def add_order(
    connection: Connection, keys: Keys, order: NewOrder, position: int, queue_max: int, now_ms: int
) -> tuple[KeptOrder, bool]:
    """Queue it. Returns it, and whether it is new: one with the same key and details was there before. Raises
    RepeatedDifferently, QueueFull."""
    digest = hashlib.sha256(order.details.encode()).digest()
    repeat = keys.lookups(f"\0order {order.app}", order.repeat_key) if order.repeat_key else []
    if repeat:
        before = (await connection.execute(select(call_orders).where(_T.repeat_key.in_(repeat)))).first()
        if before is not None:
            if before.body_hash != digest:
                raise RepeatedDifferently
            return await _kept(connection, keys, before), False
    waiting = (await connection.execute(select(func.count()).where(_T.state == QUEUED))).scalar() or 0
    if waiting >= queue_max:
        raise QueueFull
    person = await ensure_person(connection, keys, order.app, order.person, now_ms) if order.person else None
    key_id = await keys.make(connection, parent_id=person.id if person else "")
    key = await keys.find(connection, key_id)
    row = {
        "id": order.id, "app": order.app, "account": order.account, "agent": order.agent,
        "person_id": person.id if person else None, "position": position, "state": QUEUED, "outcome": None,
        "cause": None, "taken_by": None, "repeat_key": repeat[0] if repeat else None, "body_hash": digest,
        "number": number_hashes(keys, order.number)[0], "redial": order.redial, "ordered_ms": now_ms,
        "not_before_ms": order.not_before_ms, "expires_ms": order.expires_ms, "dialled_ms": None, "answered_ms": None,
        "ended_ms": None, "conversation_id": None, "server": "", "claimed_until_ms": 0, "day": "", "reserved_ms": 0,
        "key_id": key_id, "details": sealed(key, order.details, _place(order.id)),
    }  # fmt: skip
    await connection.execute(call_orders.insert().values(**row))
    made = (await connection.execute(select(call_orders).where(_T.id == order.id))).one()
    return await _kept(connection, keys, made), True


async def read_order(connection: Connection, keys: Keys, order_id: str, app: str = "") -> KeptOrder | None:
    """`app` "": of any app."""
    query = select(call_orders).where(_T.id == order_id)
    row = (await connection.execute(query.where(_T.app == app) if app else query)).first()
    return None if row is None else await _kept(connection, keys, row)


async def list_orders(
    connection: Connection, keys: Keys, *, app: str = "", account: str = "", state: str = "", outcome: str = "",
    before: int | None = None, limit: int = 50,
) -> list[tuple[int, KeptOrder]]:  # fmt: skip
    """The newest first, each with its position; `before`: only those before that one."""
    query = select(call_orders).order_by(_T.position.desc()).limit(min(limit, LISTED_MAX))
    for column, value in ((_T.app, app), (_T.account, account), (_T.state, state), (_T.outcome, outcome)):
        if value:
            query = query.where(column == value)
    if before is not None:
        query = query.where(_T.position < before)
    return [(row.position, await _kept(connection, keys, row)) for row in (await connection.execute(query)).all()]


async def anything_queued(connection: Connection, accounts: Sequence[str]) -> bool:
    """Whether an order of these accounts waits, for whatever it waits."""
    query = select(_T.id).where(_T.state == QUEUED, _T.account.in_(accounts)).limit(1)
    return (await connection.execute(query)).first() is not None


async def take_turn(
    connection: Connection, keys: Keys, limits: Mapping[str, AccountLimits], server: str, now_ms: int
) -> NextOrder:
    """Claim the next order of one of these accounts, if one may be dialled now."""
    again_ms: int | None = None
    for account, limit in limits.items():
        turn = await _turn_of(connection, keys, account, limit, server, now_ms)
        if turn.order is not None:
            return turn
        if turn.again_ms is not None:
            again_ms = turn.again_ms if again_ms is None else min(again_ms, turn.again_ms)
    return NextOrder(None, again_ms)


async def _turn_of(
    connection: Connection, keys: Keys, account: str, limit: AccountLimits, server: str, now_ms: int
) -> NextOrder:
    waits = and_(_T.state == QUEUED, _T.account == account, _T.expires_ms > now_ms)
    due_ms = (await connection.execute(select(func.min(_T.not_before_ms)).where(waits))).scalar()
    if due_ms is None:
        return NextOrder(None)
    if due_ms > now_ms:
        return NextOrder(None, int(due_ms))
    books = await _books(connection, account, now_ms)
    if books.next_ms > now_ms:
        return NextOrder(None, int(books.next_ms))
    busy = select(func.count()).where(_T.account == account, _T.state.in_(UNDER_WAY))
    if ((await connection.execute(busy)).scalar() or 0) >= limit.at_once:
        return NextOrder(None)  # the end of one of them is told
    if books.calls >= limit.calls_a_day or books.spent_ms >= limit.spent_ms:
        return NextOrder(None, _tomorrow_ms(now_ms))
    first = select(_T.id).where(waits, _T.not_before_ms <= now_ms).order_by(_T.position).limit(1).scalar_subquery()
    claim = {
        "state": DIALLING, "server": server, "claimed_until_ms": now_ms + CLAIM_MS, "dialled_ms": now_ms,
        "day": books.day, "reserved_ms": RESERVED_MS,
    }  # fmt: skip
    claimed = update(call_orders).where(_T.id == first, _T.state == QUEUED).values(**claim).returning(*call_orders.c)
    row = (await connection.execute(claimed)).first()
    if row is None:
        return NextOrder(None, now_ms)
    a = call_accounts.c
    await connection.execute(
        update(call_accounts).where(a.name == account).values(
            next_ms=now_ms + limit.spacing_ms, calls=a.calls + 1, spent_ms=a.spent_ms + RESERVED_MS
        )
    )  # fmt: skip
    return NextOrder(await _kept(connection, keys, row))


async def _books(connection: Connection, account: str, now_ms: int) -> Any:
    """The account's row, of today, locked until the transaction is over."""
    today, a = day_of(now_ms), call_accounts.c
    await insert_new(
        connection, call_accounts, [{"name": account, "next_ms": 0, "day": today, "calls": 0, "spent_ms": 0}]
    )
    await connection.execute(update(call_accounts).where(a.name == account).values(name=account))  # PostgreSQL locks
    # only forwards: at midnight a server whose clock is a little behind must not open a new day as well
    await connection.execute(
        update(call_accounts).where(a.name == account, a.day < today).values(day=today, calls=0, spent_ms=0)
    )
    return (await connection.execute(select(call_accounts).where(a.name == account))).one()


async def take_second_call(connection: Connection, account: str, limit: AccountLimits, now_ms: int) -> str:
    """A call that is no order, such as to a colleague, counts in the account's books: one call, and the first minute.
    Returns the day that it counts for; "": the day is used up."""
    books = await _books(connection, account, now_ms)
    if books.calls >= limit.calls_a_day or books.spent_ms + RESERVED_MS > limit.spent_ms:
        return ""
    a = call_accounts.c
    await connection.execute(
        update(call_accounts).where(a.name == account).values(calls=a.calls + 1, spent_ms=a.spent_ms + RESERVED_MS)
    )
    return str(books.day)


async def reserve_second_call(connection: Connection, account: str, most_ms: int, now_ms: int) -> str:
    """Reserve another piece of the account's minutes for such a call. Returns the day; "": they are used up."""
    books = await _books(connection, account, now_ms)
    if books.spent_ms + RESERVED_MS > most_ms:
        return ""
    a = call_accounts.c
    await connection.execute(update(call_accounts).where(a.name == account).values(spent_ms=a.spent_ms + RESERVED_MS))
    return str(books.day)


async def end_second_call(connection: Connection, account: str, day: str, unused_ms: int) -> None:
    """Such a call is over: give back what it reserved last and did not use."""
    a = call_accounts.c
    back = {"spent_ms": a.spent_ms - unused_ms}
    await connection.execute(update(call_accounts).where(a.name == account, a.day == day).values(**back))


async def put_back(
    connection: Connection, order_id: str, server: str, not_before_ms: int, *, dialled: bool = False
) -> bool:
    """It waits again, in its old place, and what it reserved is given back. `dialled`: perhaps it was, so it counts as
    one of the day's calls."""
    again = {"state": QUEUED, "not_before_ms": not_before_ms, "server": "", "claimed_until_ms": 0, "dialled_ms": None}
    return await _let_go(connection, order_id, server, again, undone=not dialled)


async def note_progress(connection: Connection, order_id: str, server: str, values: Mapping[str, Any]) -> bool:
    """Note a new state, when it was answered, its conversation. False: it is not this server's any more."""
    mine = and_(_T.id == order_id, _T.server == server, _T.state.in_(UNDER_WAY))
    return bool((await connection.execute(update(call_orders).where(mine).values(**values))).rowcount)


async def reserve_more(connection: Connection, order_id: str, server: str, most_ms: int, now_ms: int) -> bool:
    """Reserve another piece of the account's minutes for a call that goes on. False: they are used up."""
    row = (await connection.execute(select(call_orders).where(_T.id == order_id, _T.server == server))).first()
    if row is None:
        return False
    books = await _books(connection, row.account, now_ms)
    if books.spent_ms + RESERVED_MS > most_ms:
        return False
    a = call_accounts.c
    await connection.execute(
        update(call_accounts).where(a.name == row.account).values(spent_ms=a.spent_ms + RESERVED_MS)
    )
    reserved = RESERVED_MS if row.day != books.day else row.reserved_ms + RESERVED_MS  # after midnight: of today's only
    await connection.execute(update(call_orders).where(_T.id == order_id).values(reserved_ms=reserved, day=books.day))
    return True


async def end_order(
    connection: Connection, order_id: str, server: str, outcome: str, now_ms: int, *, cause: str = "",
    used_ms: int = 0, taken_by: str | None = None,
) -> bool:  # fmt: skip
    """It is over. What it reserved and did not use is given back. False: it is not this server's any more."""
    values = {"state": OVER, "outcome": outcome, "cause": cause[:200] or None, "ended_ms": now_ms, "taken_by": taken_by,
              "claimed_until_ms": 0}  # fmt: skip
    return await _let_go(connection, order_id, server, values, used_ms=used_ms, now_ms=now_ms)


async def _let_go(
    connection: Connection, order_id: str, server: str, values: Mapping[str, Any], *, used_ms: int = 0,
    now_ms: int = 0, undone: bool = False,
) -> bool:  # fmt: skip
    mine = and_(_T.id == order_id, _T.server == server, _T.state.in_(UNDER_WAY))
    row = (await connection.execute(select(call_orders).where(mine))).first()
    if row is None:
        return False
    await connection.execute(update(call_orders).where(_T.id == order_id).values(**values, reserved_ms=0))
    a = call_accounts.c
    if used_ms:  # of what was reserved today, no more can be used than since midnight
        used_ms = min(used_ms, max(0, now_ms - _began_ms(row.day)))
    unused_ms = max(0, row.reserved_ms - used_ms)
    back = {"spent_ms": a.spent_ms - unused_ms, **({"calls": a.calls - 1} if undone else {})}
    await connection.execute(update(call_accounts).where(a.name == row.account, a.day == row.day).values(**back))
    return True


async def cancel_queued(connection: Connection, order_id: str, now_ms: int) -> bool:
    """Take it out of the queue. False: it waits there no more."""
    values = {"state": OVER, "outcome": "cancelled", "ended_ms": now_ms}
    done = await connection.execute(update(call_orders).where(_T.id == order_id, _T.state == QUEUED).values(**values))
    return bool(done.rowcount)


async def ask_to_end(connection: Connection, order_id: str) -> None:
    """Have the server that makes the call end it, when it next renews its claims."""
    await connection.execute(
        update(call_orders).where(_T.id == order_id, _T.state.in_(UNDER_WAY)).values(cause="cancel")
    )


async def cancel_queued_to(connection: Connection, keys: Keys, number: str, now_ms: int) -> list[str]:
    """Nobody is called there any more: take the orders out of the queue. Returns their ids."""
    values = {"state": OVER, "outcome": "not_allowed", "cause": "never call", "ended_ms": now_ms}
    these = and_(_T.number.in_(number_hashes(keys, number)), _T.state == QUEUED)
    return list(
        (await connection.execute(update(call_orders).where(these).values(**values).returning(_T.id))).scalars()
    )


async def expire(connection: Connection, now_ms: int) -> list[str]:
    """End what waited for too long. Returns their ids."""
    values = {"state": OVER, "outcome": "expired", "ended_ms": now_ms}
    late = and_(_T.state == QUEUED, _T.expires_ms <= now_ms)
    return list((await connection.execute(update(call_orders).where(late).values(**values).returning(_T.id))).scalars())


async def recover(connection: Connection, now_ms: int) -> list[str]:
    """Find the calls of servers that died. Their places are free again. Nobody knows whether somebody was reached, so
    they are over, `interrupted`; those that may be dialled again, and had not been answered, wait again. Returns the
    ids of the former."""
    dead = and_(_T.state.in_(UNDER_WAY), _T.claimed_until_ms < now_ms)
    rows = (await connection.execute(select(call_orders).where(dead))).all()
    over = []
    for row in rows:
        if row.redial and row.answered_ms is None and row.expires_ms > now_ms and row.cause != "cancel":
            await put_back(connection, row.id, row.server, now_ms, dialled=True)
            continue
        used_ms = 0 if row.answered_ms is None else max(0, row.claimed_until_ms - row.answered_ms)
        if await end_order(
            connection, row.id, row.server, "interrupted", now_ms, cause="the server ended", used_ms=used_ms,
            taken_by=row.taken_by,
        ):  # fmt: skip
            over.append(row.id)
    return over


async def renew(connection: Connection, server: str, now_ms: int) -> list[str]:
    """Say that this server lives and makes its calls. Returns the ids of those that are to be ended."""
    mine = and_(_T.server == server, _T.state.in_(UNDER_WAY))
    await connection.execute(update(call_orders).where(mine).values(claimed_until_ms=now_ms + CLAIM_MS))
    return list((await connection.execute(select(_T.id).where(mine, _T.cause == "cancel"))).scalars())


async def forget_orders(connection: Connection, keys: Keys, until_ms: int, at_most: int = LISTED_MAX) -> int:
    """Delete orders that were over before that, with their keys."""
    old = select(_T.id, _T.key_id).where(_T.state == OVER, _T.ended_ms < until_ms).limit(at_most)
    rows = (await connection.execute(old)).all()
    if rows:
        await keys.delete(connection, [row.key_id for row in rows])
        await connection.execute(delete(call_orders).where(_T.id.in_([row.id for row in rows])))
    return len(rows)


async def count_orders(connection: Connection) -> dict[str, int]:
    """How many are in each state but `over`."""
    query = select(_T.state, func.count()).where(_T.state != OVER).group_by(_T.state)
    return {state: int(count) for state, count in await connection.execute(query)}


async def read_books(connection: Connection, now_ms: int) -> dict[str, tuple[int, int]]:
    """Calls and ms of today, by account."""
    a, today = call_accounts.c, day_of(now_ms)
    rows = await connection.execute(select(a.name, a.calls, a.spent_ms).where(a.day == today))
    return {row.name: (int(row.calls), int(row.spent_ms)) for row in rows}


async def _kept(connection: Connection, keys: Keys, row: "Row[Any]") -> KeptOrder:
    try:
        details = opened(await keys.find(connection, row.key_id), row.details, _place(row.id))
    except Unreadable:
        details = None
    names = KeptOrder.__dataclass_fields__.keys() - {"details"}
    return KeptOrder(**{name: row._mapping[name] for name in names}, details=details)


def _place(order_id: str) -> str:
    return f"call order {order_id}"


def _tomorrow_ms(now_ms: int) -> int:
    day_ms = 24 * 3_600 * 1_000
    return (now_ms // day_ms + 1) * day_ms


def _began_ms(day: str) -> int:
    """When that day (UTC) began."""
    return round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1_000)
