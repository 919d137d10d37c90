"""Makes the calls that were ordered: takes each in its turn, dials, has the agent talk, and notes what came of it.

Each order under way is one task, which is never cancelled while the server lives: whoever wants a call to end says so
(`UnderWay.stop`), and the task gives back what the call has taken. It has a place among the server's calls before it is
dialled, so nobody who answers is told that all are busy. All that outlives the task is in the store
(`voi.store.call_orders`): what a dead server was doing is found by the next.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.calls import Calls
from voi.config.config import Config
from voi.config.outgoing import OutgoingSettings
from voi.core.answering_machine import AnswerVerdict
from voi.core.end_reason import EndReason
from voi.errors import ClientError, StoreError
from voi.tasks import Tasks
from voi.transports.telephone.answering import left
from voi.transports.telephone.dialing import AnsweredCall, Dial, Dialer, NotAnswered
from voi.transports.telephone.outgoing.dialers import Dialers
from voi.transports.telephone.outgoing.dialled import dialled, hang_up
from voi.transports.telephone.outgoing.order import CallOrder, order_of
from voi.transports.telephone.outgoing.policy import OrderRefused, Permitted, permitted, refused_because
from voi.transports.telephone.outgoing.quiet_hours import quiet_until_ms
from voi.transports.telephone.outgoing.screening import Screening
from voi.transports.telephone.outgoing.second_calls import SecondCalls
from voi.transports.telephone.outgoing.talking import begin_call, outcome_of

if TYPE_CHECKING:
    from voi.store.call_orders import KeptOrder
    from voi.transports.telephone.outgoing.order_store import OrderStore

log = logging.getLogger(__name__)

POLL_S = 2.0
"""How often it is looked for orders that came to other servers."""
TEND_S = 10.0
"""How often claims are renewed, and what dead servers left is looked for."""
NO_PLACE_MS = 1_000
"""An order that finds no place among the calls waits so long."""
RESERVE_AHEAD_MS = 20_000
"""So long before what a call has reserved of the budget is used up, more is reserved."""
END_S = 15.0
"""A call that was told to end has so long."""
STORE_TRIES, STORE_AGAIN_S = 8, 1.0
"""How often an end is tried to be noted; the waits double. After that the next server finds the call interrupted."""
CLOSE_S = 8.0


class OutgoingMetrics(Protocol):
    def order_taken(self) -> None: ...

    def order_refused(self, reason: str) -> None: ...

    def order_over(self, outcome: str) -> None: ...

    def call_taken_by(self, taken_by: str, why: str) -> None: ...

    def line_fault(self, fault: str) -> None: ...

    def orders_waiting(self, counts: Mapping[str, int], left: Mapping[str, tuple[int, int]]) -> None:
        """`counts`: by state. `left`: calls and ms that each account may still make and talk today."""


@dataclass(slots=True)
class UnderWay:
    """An order that is carried out. `stop`: done when it is to end, with why: "cancelled", "interrupted"."""

    kept: "KeptOrder"
    stop: "asyncio.Future[str]"
    over: "asyncio.Future[None]"
    addresses: tuple[str, ...] = ()
    """Who is called, in each form in which they may be called again."""
    gone: bool = False
    answered_ms: int | None = None
    call: Call | None = None
    screening: Screening | None = None
    noting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Notes reach the store in their order."""

    def end(self, why: str) -> None:
        if not self.stop.done():
            self.stop.set_result(why)


@dataclass(frozen=True, slots=True)
class _Result:
    outcome: str
    cause: str = ""


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
        self.dialers.on_change = self._wake
        self._calls = calls
        self._config = config
        self._store = store
        self._metrics = metrics
        self._on_over = on_over
        self._clock_ms = clock_ms
        self._server = uuid4().hex
        self.second_calls = SecondCalls(self.dialers, config, store, clock_ms)
        """To colleagues that calls are passed on to."""
        self._tasks = Tasks()
        self._under_way: dict[str, UnderWay] = {}
        self._by_call: dict[str, UnderWay] = {}
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
        store = self._kept()
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
        store = self._kept()
        kept = await store.read(order_id, app)
        if kept is None:
            return None
        if under_way := self._under_way.get(order_id):
            under_way.end("cancelled")
        elif await store.cancel_queued(order_id, self._clock_ms()):
            self._finished(order_id, _Result("cancelled"), order_of(kept.details))
        else:
            await store.ask_to_end(order_id)
        return await store.read(order_id, app)

    async def never_call(self, number: str, how: str) -> None:
        """Keep for good that nobody calls there, and take the orders to there out of the queue. `number`: +49… or
        sip:…, as `Destination.address`. Raises StoreError."""
        for order_id in await self._kept().never_call(number, how, self._clock_ms()):
            self._finished(order_id, _Result("not_allowed", "never call"), None)

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
        """The call is over, whoever it was of."""
        if (under_way := self._by_call.pop(call.id, None)) is not None and not under_way.over.done():
            under_way.over.set_result(None)

    def _kept(self) -> "OrderStore":
        if self._store is None:
            raise OrderRefused("no_store", "VOI_STORE is off: calls are made only where orders can be kept.", 503)
        return self._store

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
            accounts = [name for name in outgoing.accounts if self.dialers.get(name) is not None]
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
            self._finished(order_id, _Result(outcome), order_of(details))
        self._metrics.orders_waiting(counts, left)

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
        result: _Result | None = _Result("failed", "a fault in Voi")
        try:
            result = await self._call(under_way)
        except asyncio.CancelledError:
            result = _Result("interrupted", "the server ended")
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
                    await self._note_end(under_way, result)
            finally:
                self._under_way.pop(kept.id, None)
                self._wake()

    async def _call(self, under_way: UnderWay) -> _Result | None:
        """Returns what came of it; None: it was put back into the queue."""
        kept, order = under_way.kept, order_of(under_way.kept.details)
        if order is None:
            return _Result("failed", "the order cannot be read")
        try:
            found = permitted(self._config(), order)
            if await self._kept().is_never_called(found.destination.address, found.destination.number):
                raise refused_because("never")
        except OrderRefused as refused:
            return _Result("not_allowed", refused.reason)
        quiet_ms = quiet_until_ms(found.outgoing.quiet_hours, found.destination.number, self._clock_ms())
        dialer = self.dialers.get(order.account)
        if quiet_ms or dialer is None:
            await self._put_back(under_way, quiet_ms or self._clock_ms() + NO_PLACE_MS)
            return None
        admission = self._calls.admission
        try:
            admission.admit(kept.app)
        except Refused:
            await self._put_back(under_way, self._clock_ms() + NO_PLACE_MS)
            return None
        placed = True
        try:
            try:
                answered = await self._dial(under_way, dialer, order, found)
            except NotAnswered as not_answered:
                if under_way.stop.done():
                    return await self._stopped(under_way, order)
                return _Result(not_answered.kind, _plain(not_answered.cause))
            try:
                self._start(under_way, order, found, answered)
            except Exception as error:
                hang_up(answered, self._tasks)
                if under_way.call is not None:  # it has the place, and gives it back
                    placed = False
                    under_way.call.end(EndReason.FAULT)
                if not isinstance(error, ClientError):
                    raise
                log.error("order %s: the agent cannot run: %s", kept.id, error)
                return _Result("failed", "the agent cannot run")
            placed = False
        finally:
            if placed:
                admission.leave(kept.app)
        return await self._talk(under_way, found)

    async def _stopped(self, under_way: UnderWay, order: CallOrder) -> _Result | None:
        why = under_way.stop.result()
        if why == "interrupted" and order.redial_interrupted:
            await self._put_back(under_way, self._clock_ms())
            return None
        return _Result(why)

    async def _dial(self, under_way: UnderWay, dialer: Dialer, order: CallOrder, found: Permitted) -> AnsweredCall:
        def gone() -> None:
            under_way.gone = True
            if under_way.call is not None and not under_way.call.ending:
                left(under_way.call)

        ring_s = order.ring_timeout_s or found.outgoing.ring_timeout_s
        dial = Dial(found.destination.address, found.caller_id, ring_timeout_s=ring_s)
        ringing = lambda: self._note(under_way, state="ringing")  # noqa: E731
        return await dialled(dialer, dial, under_way.stop, self._tasks, ringing, gone)

    def _start(self, under_way: UnderWay, order: CallOrder, found: Permitted, answered: AnsweredCall) -> None:
        """Begin the conversation, which takes over the place. Raises ClientError."""

        def prepare(call: Call) -> None:
            under_way.call = call
            self._by_call[call.id] = under_way

        under_way.answered_ms = self._clock_ms()
        forms = (found.destination.address, found.destination.number)
        under_way.addresses = tuple(dict.fromkeys(form for form in forms if form))
        call, under_way.screening = begin_call(
            self._calls, answered, order, under_way.kept.id, under_way.kept.app, found.destination,
            order.machines.over(found.outgoing.machines), self._verdict_of(under_way), self._metrics.line_fault,
            prepare, self.second_calls.of(order.account),
        )  # fmt: skip
        self._note(under_way, state="talking", answered_ms=under_way.answered_ms, conversation_id=call.id)
        if under_way.gone:
            call.hang_up()

    def _verdict_of(self, under_way: UnderWay) -> Callable[[AnswerVerdict], None]:
        def noted(verdict: AnswerVerdict) -> None:
            self._metrics.call_taken_by(verdict.taken_by.value, verdict.why)
            log.info(
                "order %s: the call was taken by %s (%s, after %d ms)",
                under_way.kept.id, verdict.taken_by.value, verdict.why, verdict.at_ms,
            )  # fmt: skip

        return noted

    async def _talk(self, under_way: UnderWay, found: Permitted) -> _Result:
        """Until the conversation is over, within the account's budget."""
        call, screening = under_way.call, under_way.screening
        assert call is not None
        assert under_way.answered_ms is not None
        longest_ms = round(found.account.longest_minutes * 60_000)
        reserved_ms, parting = under_way.kept.reserved_ms, False
        while not under_way.over.done():
            used_ms = self._clock_ms() - under_way.answered_ms
            waits_ms = [longest_ms - used_ms, reserved_ms - RESERVE_AHEAD_MS - used_ms]
            wait_s = max(0.0, END_S if parting else min(waits_ms) / 1_000)
            ends: set[asyncio.Future[Any]] = {under_way.over, under_way.stop}
            await asyncio.wait(ends, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if under_way.over.done():
                break
            used_ms = self._clock_ms() - under_way.answered_ms
            if under_way.stop.done() or parting:
                call.end(EndReason.FINISHED if under_way.stop.done() else EndReason.DURATION_LIMIT)
                await asyncio.wait({under_way.over}, timeout=END_S)
                break
            if used_ms >= longest_ms:
                parting = True
                call.part(EndReason.DURATION_LIMIT)
            elif used_ms >= reserved_ms - RESERVE_AHEAD_MS:
                if await self._reserve_more(under_way, found):
                    reserved_ms += self._kept().reserved_ms
                else:
                    parting = True
                    log.warning("order %s: the account %s has used up its minutes of today", under_way.kept.id,
                                under_way.kept.account)  # fmt: skip
                    call.part(EndReason.QUOTA_USED)
        taken_by = screening.taken_by if screening else None
        talked = screening.talked if screening else False
        outcome = outcome_of(taken_by, talked=talked)
        reason = call.end_reason
        return _Result(outcome, reason.value if reason else "")

    async def _reserve_more(self, under_way: UnderWay, found: Permitted) -> bool:
        most_ms = found.account.minutes_per_day * 60_000
        try:
            return await self._kept().reserve_more(under_way.kept.id, self._server, most_ms, self._clock_ms())
        except StoreError as error:  # the next renewal shows whether it is lasting
            log.warning("order %s: the budget cannot be asked: %s", under_way.kept.id, error)
            return True

    # ---- notes ------------------------------------------------------------------------------------------------

    def _note(self, under_way: UnderWay, **values: object) -> None:
        self._tasks.start(self._noted(under_way, values), f"note of {under_way.kept.id}")

    async def _noted(self, under_way: UnderWay, values: Mapping[str, object]) -> None:
        async with under_way.noting:
            if values.get("state") == "ringing" and under_way.answered_ms is not None:
                return  # it came late
            try:
                await self._kept().note_progress(under_way.kept.id, self._server, values)
            except StoreError as error:
                log.warning("order %s: its progress is not kept: %s", under_way.kept.id, error)

    async def _note_end(self, under_way: UnderWay, result: _Result) -> None:
        kept, now_ms = under_way.kept, self._clock_ms()
        used_ms = 0 if under_way.answered_ms is None else max(0, now_ms - under_way.answered_ms)
        screening = under_way.screening
        taken_by = screening.taken_by.value if screening and screening.taken_by else None
        wait_s = STORE_AGAIN_S
        async with under_way.noting:
            for _ in range(STORE_TRIES):
                try:
                    ours = await self._kept().end(
                        kept.id, self._server, result.outcome, now_ms, cause=result.cause, used_ms=used_ms,
                        taken_by=taken_by,
                    )  # fmt: skip
                    break
                except StoreError as error:
                    log.warning("order %s: its end is not kept yet: %s", kept.id, error)
                    await asyncio.sleep(wait_s)
                    wait_s *= 2
            else:
                log.error("order %s: its end (%s) is not kept", kept.id, result.outcome)
                return
        if ours:
            self._finished(kept.id, result, order_of(kept.details))

    async def _put_back(self, under_way: UnderWay, not_before_ms: int) -> None:
        try:
            await self._kept().put_back(under_way.kept.id, self._server, not_before_ms)
        except StoreError as error:  # found by `recover` later
            log.warning("order %s: it cannot be put back: %s", under_way.kept.id, error)

    def _finished(self, order_id: str, result: _Result, order: CallOrder | None) -> None:
        self._metrics.order_over(result.outcome)
        log.info("order %s is over: %s%s", order_id, result.outcome, f" ({result.cause})" if result.cause else "")
        if order is not None and order.webhook:
            self._on_over(order_id, order.webhook)

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


def _plain(cause: str) -> str:
    """A protocol's words, as a log and a database take them."""
    return "".join(each if each.isprintable() else " " for each in cause)[:200]
