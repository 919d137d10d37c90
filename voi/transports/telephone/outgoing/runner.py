"""The calls that were ordered: each is taken in its turn and carried out (`one_call.py`), and what comes of it is noted
(`notes.py`).

Each order under way is one task, which is never cancelled while the server lives: code that wants a call to end says so
(`UnderWay.stop`), and the task gives back what the call has taken. It has a place among the server's calls before it is
dialled, so nobody who answers is told that all are busy. All that outlives the task is in the store
(`voi.store.call_orders`): what a dead server was doing is found by the next.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from voi.calls.call import Call
from voi.calls.calls import Calls
from voi.config.config import Config
from voi.config.outgoing import OutgoingSettings
from voi.errors import StoreError
from voi.tasks import Tasks
from voi.transports.telephone.outgoing.dialers import Dialers
from voi.transports.telephone.outgoing.metrics import OutgoingMetrics
from voi.transports.telephone.outgoing.notes import OrderNotes
from voi.transports.telephone.outgoing.one_call import NO_PLACE_MS, CallMaker
from voi.transports.telephone.outgoing.order import CallOrder, order_of
from voi.transports.telephone.outgoing.policy import OrderRefused, permitted, refused_because
from voi.transports.telephone.outgoing.second_calls import SecondCalls
from voi.transports.telephone.outgoing.under_way import OrderResult, UnderWay

if TYPE_CHECKING:
    from voi.store.call_orders import KeptOrder
    from voi.transports.telephone.outgoing.order_store import OrderStore

log = logging.getLogger(__name__)

POLL_S = 2.0
"""How often it is looked for orders that came to other servers."""
TEND_S = 10.0
"""How often claims are renewed, and what dead servers left is looked for."""
CLOSE_S = 8.0


class OutgoingCalls:
    """Call `run` in a task that the server owns, `over` for each call that is over, `stop` when the server begins to
    stop, and `close` when its calls have ended. `on_over`: told the order and its webhook when it is over. `clock_ms`:
    ms since 1970."""

    def __init__(
        self,
        calls: Calls,
        config: Callable[[], Config],
        store: "OrderStore | None",
        metrics: OutgoingMetrics,
        on_over: Callable[[str, str], None] = lambda order_id, webhook: None,
        *,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.dialers = Dialers()
        self._calls = calls
        self._config = config
        self._store = store
        self._metrics = metrics
        self._clock_ms = clock_ms
        self._server = uuid4().hex
        self.second_calls = SecondCalls(self.dialers, config, store, clock_ms)
        """To colleagues that calls are passed on to."""
        self._tasks = Tasks()
        self._under_way: dict[str, UnderWay] = {}
        self._by_call: dict[str, UnderWay] = {}
        self._notes = OrderNotes(store, self._server, metrics, on_over, self._tasks, clock_ms)
        self._maker = CallMaker(
            calls, config, self.dialers, self._notes, self.second_calls, metrics, self._tasks, clock_ms,
            lambda call, under_way: self._by_call.update({call.id: under_way}),
        )  # fmt: skip
        self._waited_for: set[str] = set()
        """Accounts that could make no calls when orders for them were found to wait."""
        self._changed = asyncio.Event()
        self._tended_s = -TEND_S
        self._stopping = False
        self._store_fails = False
        self._last_position = 0

    def __len__(self) -> int:
        return len(self._under_way)

    # ---- what others ask ----------------------------------------------------------------------------------

    async def order(self, app: str, order: CallOrder) -> "tuple[KeptOrder, bool]":
        """Queue an order of that app. Returns it, and whether it is new. Raises OrderRefused, StoreError."""
        try:
            kept = await self._order(app, order)
        except OrderRefused as refused:
            self._metrics.order_refused(refused.reason)
            raise
        if kept[1]:
            self._metrics.order_taken()
            log.info("order %s: a call through %s with %s waits", kept[0].id, order.account, order.agent)
            self._wake()
        return kept

    async def _order(self, app: str, order: CallOrder) -> "tuple[KeptOrder, bool]":
        found = permitted(self._config(), order)
        store = self._notes.kept()
        if await store.is_never_called(found.destination.address, found.destination.number):
            raise refused_because("never")
        if self._stopping:
            raise OrderRefused("stopping", "The server stops. Try again in a moment.", 503)
        now_ms = self._clock_ms()
        not_before_ms = max(now_ms, (order.not_before or 0) * 1_000)
        expires_ms = not_before_ms + round((order.expires_s or found.outgoing.expires_s) * 1_000)
        self._last_position = max(time.time_ns(), self._last_position + 1)
        return await store.add(
            app, order, found.destination.address, self._last_position, found.outgoing.queue_max, not_before_ms,
            expires_ms, now_ms,
        )  # fmt: skip

    async def cancel(self, order_id: str, app: str = "") -> "KeptOrder | None":
        """Take it out of the queue, or end the call. Returns it as it is then; None: there is none of that app. Raises
        StoreError."""
        store = self._notes.kept()
        kept = await store.read(order_id, app)
        if kept is None:
            return None
        if under_way := self._under_way.get(order_id):
            under_way.end("cancelled")
        elif await store.cancel_queued(order_id, self._clock_ms()):
            self._notes.finished(order_id, OrderResult("cancelled"), order_of(kept.details))
        else:
            await store.ask_to_end(order_id)
        return await store.read(order_id, app)

    async def never_call(self, number: str, how: str) -> None:
        """Keep for good that nobody calls there, and take the orders to there out of the queue. `number`: +49… or
        sip:…, as `Destination.address`. Raises StoreError."""
        for order_id in await self._notes.kept().never_call(number, how, self._clock_ms()):
            self._notes.finished(order_id, OrderResult("not_allowed", "never call"), None)

    def never_call_of(self, call: Call) -> "Callable[[], Coroutine[Any, Any, str]] | None":
        """What keeps for good that the person of that telephone call is not called again; None: their number is not
        known, or nothing is kept."""
        under_way = self._by_call.get(call.id)
        addresses = under_way.addresses if under_way else (call.caller,) if call.caller else ()
        if self._store is None or not addresses:
            return None

        async def keep() -> str:
            for address in addresses:
                await self.never_call(address, "agent")
            log.info("the person of the conversation %s is not called again", call.id)
            return "It is kept: this number is never called again. Tell the person so, and say goodbye."

        return keep

    def over(self, call: Call) -> None:
        """The call is over, no matter which."""
        if (under_way := self._by_call.pop(call.id, None)) is not None and not under_way.over.done():
            under_way.over.set_result(None)

    # ---- whose turn it is -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled. Without a store it returns at once."""
        while self._store is not None:
            again_ms: int | None = None
            try:
                again_ms = await self._round(self._store)
                self._store_fails = False
            except StoreError as error:
                if not self._store_fails:
                    log.error("no calls are made at the moment: %s", error)
                self._store_fails = True
            wait_s = POLL_S if again_ms is None else min(POLL_S, max(0.0, (again_ms - self._clock_ms()) / 1_000))
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()

    async def _round(self, store: "OrderStore") -> int | None:
        """Take all orders whose turn it is. Returns when to look again, in ms since 1970; None: in a while."""
        outgoing = self._outgoing
        now_s = asyncio.get_running_loop().time()
        if now_s - self._tended_s >= TEND_S:
            self._tended_s = now_s
            await self._tend(store, outgoing)
        while outgoing is not None and not self._stopping:
            accounts = self._ready_accounts(outgoing)
            if not accounts or not await store.anything_queued(accounts):
                return None
            if not self._calls.admission.has_room:
                return self._clock_ms() + NO_PLACE_MS
            turn = await store.take_turn(outgoing, accounts, self._server, self._clock_ms())
            if turn.order is None:
                return turn.again_ms
            self._begin(turn.order)
        return None

    async def _tend(self, store: "OrderStore", outgoing: OutgoingSettings | None) -> None:
        now_ms = self._clock_ms()
        to_end, over, counts, left = await store.tend(outgoing, self._server, now_ms)
        for order_id in to_end:
            if (under_way := self._under_way.get(order_id)) is not None:
                under_way.end("cancelled")
        for order_id, outcome, details in over:
            self._notes.finished(order_id, OrderResult(outcome), order_of(details))
        self._metrics.orders_waiting(counts, left)
        if outgoing is not None:
            await self._tell_who_waits(store, outgoing)

    def _ready_accounts(self, outgoing: OutgoingSettings) -> list[str]:
        """Those that can make calls now. Orders of the others wait for them, until they expire."""
        return [name for name in outgoing.accounts if self.dialers.get(name) is not None]

    async def _tell_who_waits(self, store: "OrderStore", outgoing: OutgoingSettings) -> None:
        ready = self._ready_accounts(outgoing)
        self._waited_for.difference_update(ready)
        for name in outgoing.accounts.keys() - self._waited_for - set(ready):
            if await store.anything_queued([name]):
                self._waited_for.add(name)
                log.warning("orders wait for the account %s, which can make no calls now", name)

    @property
    def _outgoing(self) -> OutgoingSettings | None:
        phones = self._config().phones
        return phones.outgoing if phones else None

    def _wake(self) -> None:
        self._changed.set()

    def _begin(self, kept: "KeptOrder") -> None:
        loop = asyncio.get_running_loop()
        under_way = self._under_way[kept.id] = UnderWay(kept, loop.create_future(), loop.create_future())
        self._tasks.start(self._carry_out(under_way), f"order {kept.id}")

    # ---- one call -------------------------------------------------------------------------------------------

    async def _carry_out(self, under_way: UnderWay) -> None:
        kept = under_way.kept
        result: OrderResult | None = OrderResult("failed", "a fault in Voi")
        try:
            result = await self._maker.make(under_way)
        except asyncio.CancelledError:
            result = OrderResult("interrupted", "the server ended")
            raise
        except Exception as fault:
            self._tasks.fault(f"the order {kept.id} broke", fault)
        finally:
            if under_way.screening is not None:
                under_way.screening.stop()
            if under_way.call is not None:
                self._by_call.pop(under_way.call.id, None)
            try:
                if result is not None:
                    await self._notes.end(under_way, result)
            finally:
                self._under_way.pop(kept.id, None)
                self._wake()

    # ---- the end ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """The server stops: dial nobody more, and end what is only dialled. Those who talk are told by their calls."""
        self._stopping = True
        self.second_calls.stop()
        for under_way in list(self._under_way.values()):
            if under_way.call is None:
                under_way.end("interrupted")

    async def close(self) -> None:
        """Calls have ended: wait for what is still to be noted, and for some seconds at most."""
        self.stop()
        for under_way in list(self._under_way.values()):
            under_way.end("interrupted")
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._tasks.join()
        except TimeoutError:
            log.warning("%d orders are left as they are; the next server finds them interrupted", len(self._under_way))
        await self._tasks.dismiss()
        await self.second_calls.close()
