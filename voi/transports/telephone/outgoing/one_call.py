"""One ordered call from its turn to its end: asked once more whether it may be made, dialled, talked, hung up."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.calls import Calls
from voi.config.config import Config
from voi.core.answering_machine import AnswerVerdict
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.tasks import Tasks
from voi.transports.telephone.answering import left
from voi.transports.telephone.dialing import AnsweredCall, Dial, Dialer, NotAnswered
from voi.transports.telephone.outgoing.dialers import Dialers
from voi.transports.telephone.outgoing.dialled import dialled, hang_up
from voi.transports.telephone.outgoing.metrics import OutgoingMetrics
from voi.transports.telephone.outgoing.notes import OrderNotes
from voi.transports.telephone.outgoing.order import CallOrder, order_of
from voi.transports.telephone.outgoing.pace import DialPace, PacedDialer
from voi.transports.telephone.outgoing.policy import OrderRefused, Permitted, permitted, refused_because
from voi.transports.telephone.outgoing.quiet_hours import quiet_until_ms
from voi.transports.telephone.outgoing.second_calls import SecondCalls
from voi.transports.telephone.outgoing.talking import begin_call, outcome_of
from voi.transports.telephone.outgoing.under_way import OrderResult, UnderWay

log = logging.getLogger(__name__)

NO_PLACE_MS = 1_000
"""An order that finds no place among the calls waits so long."""
RESERVE_AHEAD_MS = 20_000
"""So long before what a call has reserved of the budget is used up, more is reserved."""
END_S = 15.0
"""A call that was told to end has so long."""


class CallMaker:
    """`on_call` is told each call of an order as soon as there is one. `tasks` own what a dialer leaves behind."""

    def __init__(
        self, calls: Calls, config: Callable[[], Config], dialers: Dialers, notes: OrderNotes,
        second_calls: SecondCalls, metrics: OutgoingMetrics, tasks: Tasks, clock_ms: Callable[[], int],
        on_call: Callable[[Call, UnderWay], None],
    ) -> None:  # fmt: skip
        self._calls, self._config, self._dialers = calls, config, dialers
        self._notes, self._metrics, self._tasks = notes, metrics, tasks
        self._second_calls = second_calls
        self._clock_ms, self._on_call = clock_ms, on_call
        self._pace = DialPace()

    async def make(self, under_way: UnderWay) -> OrderResult | None:
        """Returns what came of it; None: it was put back into the queue."""
        kept, order = under_way.kept, order_of(under_way.kept.details)
        if order is None:
            return OrderResult("failed", "the order cannot be read")
        try:
            found = permitted(self._config(), order)
            if await self._notes.kept().is_never_called(found.destination.address, found.destination.number):
                raise refused_because("never")
        except OrderRefused as refused:
            return OrderResult("not_allowed", refused.reason)
        quiet_ms = quiet_until_ms(found.outgoing.quiet_hours, found.destination.number, self._clock_ms())
        dialer = self._dialers.get(order.account)
        if quiet_ms or dialer is None:
            await self._notes.put_back(under_way, quiet_ms or self._clock_ms() + NO_PLACE_MS)
            return None
        admission = self._calls.admission
        try:
            admission.admit(kept.app)
        except Refused:
            await self._notes.put_back(under_way, self._clock_ms() + NO_PLACE_MS)
            return None
        placed = True
        try:
            try:
                answered = await self._dial(under_way, dialer, order, found)
            except NotAnswered as not_answered:
                if under_way.stop.done():
                    return await self._stopped(under_way, order)
                return OrderResult(not_answered.kind, _plain(not_answered.cause))
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
                return OrderResult("failed", "the agent cannot run")
            placed = False
        finally:
            if placed:
                admission.leave(kept.app)
        return await self._talk(under_way, found)

    async def _stopped(self, under_way: UnderWay, order: CallOrder) -> OrderResult | None:
        why = under_way.stop.result()
        if why == "interrupted" and order.redial_interrupted:
            await self._notes.put_back(under_way, self._clock_ms(), dialled=True)
            return None
        return OrderResult(why)

    async def _dial(self, under_way: UnderWay, dialer: Dialer, order: CallOrder, found: Permitted) -> AnsweredCall:
        def gone() -> None:
            under_way.gone = True
            if under_way.call is not None and not under_way.call.ending:
                left(under_way.call)

        ring_s = order.ring_timeout_s or found.outgoing.ring_timeout_s
        dial = Dial(found.destination.address, found.caller_id, ring_timeout_s=ring_s)
        ringing = lambda: self._notes.progress(under_way, state="ringing")  # noqa: E731
        paced = PacedDialer(dialer, self._pace, order.account, 1.0 / found.account.calls_per_second)
        return await dialled(paced, dial, under_way.stop, self._tasks, ringing, gone)

    def _start(self, under_way: UnderWay, order: CallOrder, found: Permitted, answered: AnsweredCall) -> None:
        """Begin the conversation, which takes over the place. Raises ClientError."""

        def prepare(call: Call) -> None:
            under_way.call = call
            self._on_call(call, under_way)

        under_way.answered_ms = self._clock_ms()
        forms = (found.destination.address, found.destination.number)
        under_way.addresses = tuple(dict.fromkeys(form for form in forms if form))
        call, under_way.screening = begin_call(
            self._calls, answered, order, under_way.kept.id, under_way.kept.app, found.destination,
            order.machines.over(found.outgoing.machines), self._verdict_of(under_way), self._metrics.line_fault,
            prepare, self._second_calls.of(order.account),
        )  # fmt: skip
        self._notes.progress(under_way, state="talking", answered_ms=under_way.answered_ms, conversation_id=call.id)
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

    async def _talk(self, under_way: UnderWay, found: Permitted) -> OrderResult:
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
                if await self._notes.reserve_more(under_way, found.account.minutes_per_day):
                    reserved_ms += self._notes.kept().reserved_ms
                else:
                    parting = True
                    log.warning("order %s: the account %s has used up its minutes of today", under_way.kept.id,
                                under_way.kept.account)  # fmt: skip
                    call.part(EndReason.QUOTA_USED)
        taken_by = screening.taken_by if screening else None
        talked = screening.talked if screening else False
        outcome = outcome_of(taken_by, talked=talked)
        reason = call.end_reason
        return OrderResult(outcome, reason.value if reason else "")


def _plain(cause: str) -> str:
    """A protocol's words, as a log and a database take them."""
    return "".join(each if each.isprintable() else " " for each in cause)[:200]
