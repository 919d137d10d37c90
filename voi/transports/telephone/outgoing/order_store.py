"""The orders in the store, one transaction for each thing that is asked."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from voi.config.outgoing import OutgoingAccount, OutgoingSettings
from voi.errors import RowRefused
from voi.store import call_orders, conversations, never_called
from voi.store.call_orders import AccountLimits, KeptOrder, NewOrder, NextOrder, QueueFull, RepeatedDifferently
from voi.store.store import Store
from voi.transports.telephone.outgoing.order import CallOrder
from voi.transports.telephone.outgoing.policy import OrderRefused

DAY_MS = 24 * 3_600 * 1_000
EndedOrder = tuple[str, str, str | None]
"""Its id, its outcome, its details."""


class OrderStore:
    """All methods raise StoreError."""

    reserved_ms = call_orders.RESERVED_MS

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(
        self, app: str, order: CallOrder, address: str, position: int, queue_max: int, not_before_ms: int,
        expires_ms: int, now_ms: int,
    ) -> tuple[KeptOrder, bool]:  # fmt: skip
        """Queue it. Raises OrderRefused for a full queue, and an idempotency key that was used for another order."""
        new = NewOrder(
            f"order-{uuid4().hex}", app, order.account, order.agent, address, order.as_details(),
            order.idempotency_key, order.person, order.redial_interrupted, not_before_ms, expires_ms,
        )  # fmt: skip
        try:
            try:
                return await self._add(new, position, queue_max, now_ms)
            except RowRefused:  # the same order came twice at the same moment: now the first is there
                return await self._add(new, position, queue_max, now_ms)
        except RepeatedDifferently:
            words = "idempotency_key: it was used for another order."
            raise OrderRefused("repeated", words, 409) from None
        except QueueFull:
            raise OrderRefused("queue_full", f"{queue_max} orders wait already (outgoing.queue_max).", 429) from None

    async def _add(self, new: NewOrder, position: int, queue_max: int, now_ms: int) -> tuple[KeptOrder, bool]:
        async with self._store.writing() as connection:
            return await call_orders.add_order(connection, self._store.keys, new, position, queue_max, now_ms)

    async def read(self, order_id: str, app: str = "") -> KeptOrder | None:
        async with self._store.reading() as connection:
            return await call_orders.read_order(connection, self._store.keys, order_id, app)

    async def newest(self, **which: Any) -> list[tuple[int, KeptOrder]]:
        """See `list_orders`."""
        async with self._store.reading() as connection:
            return await call_orders.list_orders(connection, self._store.keys, **which)

    async def transcript(self, conversation_id: str) -> list[dict[str, Any]]:
        """What was said in that conversation, as far as it is kept."""
        async with self._store.reading() as connection:
            found = await conversations.read_conversation(connection, self._store.keys, conversation_id)
        said = found.transcript if found else ()
        return [{"role": each.role, "text": each.words, "at_ms": each.at_ms} for each in said if each.words is not None]

    async def cancel_queued(self, order_id: str, now_ms: int) -> bool:
        async with self._store.writing() as connection:
            return await call_orders.cancel_queued(connection, order_id, now_ms)

    async def ask_to_end(self, order_id: str) -> None:
        async with self._store.writing() as connection:
            await call_orders.ask_to_end(connection, order_id)

    # ---- whose turn it is -----------------------------------------------------------------------------

    async def anything_queued(self, accounts: Sequence[str]) -> bool:
        """Whether an order of these accounts waits. It only reads, so it may be asked often."""
        async with self._store.reading() as connection:
            return await call_orders.anything_queued(connection, accounts)

    async def take_turn(
        self, outgoing: OutgoingSettings, accounts: Sequence[str], server: str, now_ms: int
    ) -> NextOrder:
        limits = {name: limits_of(outgoing.accounts[name]) for name in accounts}
        async with self._store.writing() as connection:
            return await call_orders.take_turn(connection, self._store.keys, limits, server, now_ms)

    async def tend(
        self, outgoing: OutgoingSettings | None, server: str, now_ms: int
    ) -> tuple[list[str], list[EndedOrder], dict[str, int], dict[str, tuple[int, int]]]:
        """Renew this server's claims, and clear up. Returns the ids of orders that are to be ended, those that are over
        by this, how many are in each state, and what is left of each account's day: calls and ms."""
        keys = self._store.keys
        async with self._store.writing() as connection:
            to_end = await call_orders.renew(connection, server, now_ms)
            ids = dict.fromkeys(await call_orders.recover(connection, now_ms), "interrupted")
            ids |= dict.fromkeys(await call_orders.expire(connection, now_ms), "expired")
            if outgoing is not None:
                await call_orders.forget_orders(connection, keys, now_ms - outgoing.keep_days * DAY_MS)
            over: list[EndedOrder] = []
            for order_id, outcome in ids.items():
                kept = await call_orders.read_order(connection, keys, order_id)
                over.append((order_id, outcome, kept.details if kept else None))
            counts = await call_orders.count_orders(connection)
            books = await call_orders.read_books(connection, now_ms)
        left = {}
        for name, account in outgoing.accounts.items() if outgoing else ():
            limits, (calls, spent_ms) = limits_of(account), books.get(name, (0, 0))
            left[name] = (max(0, limits.calls_a_day - calls), max(0, limits.spent_ms - spent_ms))
        return to_end, over, counts, left

    # ---- a call under way -------------------------------------------------------------------------------

    async def note_progress(self, order_id: str, server: str, values: Mapping[str, Any]) -> bool:
        async with self._store.writing() as connection:
            return await call_orders.note_progress(connection, order_id, server, values)

    async def reserve_more(self, order_id: str, server: str, most_ms: int, now_ms: int) -> bool:
        async with self._store.writing() as connection:
            return await call_orders.reserve_more(connection, order_id, server, most_ms, now_ms)

    async def end(
        self, order_id: str, server: str, outcome: str, now_ms: int, *, cause: str, used_ms: int, taken_by: str | None
    ) -> bool:
        async with self._store.writing() as connection:
            return await call_orders.end_order(
                connection, order_id, server, outcome, now_ms, cause=cause, used_ms=used_ms, taken_by=taken_by
            )

    async def put_back(self, order_id: str, server: str, not_before_ms: int, *, dialled: bool) -> bool:
        async with self._store.writing() as connection:
            return await call_orders.put_back(connection, order_id, server, not_before_ms, dialled=dialled)

    # ---- calls that are no orders ------------------------------------------------------------------------

    async def take_second_call(self, name: str, account: OutgoingAccount, now_ms: int) -> str:
        """See `voi.store.call_orders`, as for the next two."""
        async with self._store.writing() as connection:
            return await call_orders.take_second_call(connection, name, limits_of(account), now_ms)

    async def reserve_second_call(self, name: str, most_ms: int, now_ms: int) -> str:
        async with self._store.writing() as connection:
            return await call_orders.reserve_second_call(connection, name, most_ms, now_ms)

    async def end_second_call(self, name: str, day: str, unused_ms: int) -> None:
        async with self._store.writing() as connection:
            await call_orders.end_second_call(connection, name, day, unused_ms)

    # ---- who is never called ------------------------------------------------------------------------------

    async def is_never_called(self, address: str, number: str = "") -> bool:
        """Whether nobody calls there. `number`: the digits in a SIP address."""
        async with self._store.reading() as connection:
            for each in {address, number} - {""}:
                if await never_called.is_never_called(connection, self._store.keys, each):
                    return True
        return False

    async def never_call(self, address: str, how: str, now_ms: int) -> list[str]:
        """Keep it. Returns the ids of orders that waited to call there and are over now."""
        async with self._store.writing() as connection:
            await never_called.never_call(connection, self._store.keys, address, how, now_ms)
            return await call_orders.cancel_queued_to(connection, self._store.keys, address, now_ms)

    async def may_call_again(self, address: str) -> bool:
        async with self._store.writing() as connection:
            return await never_called.may_be_called_again(connection, self._store.keys, address)


def limits_of(account: OutgoingAccount) -> AccountLimits:
    """An account's limits, as the store counts them: in ms."""
    return AccountLimits(
        round(1_000 / account.calls_per_second), account.calls_at_once, account.calls_per_day,
        account.minutes_per_day * 60_000,
    )  # fmt: skip
