"""What the store is told of orders under way: their progress, their end, the minutes that they use."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from voi.errors import StoreError
from voi.tasks import Tasks
from voi.transports.telephone.outgoing.metrics import OutgoingMetrics
from voi.transports.telephone.outgoing.order import CallOrder, order_of
from voi.transports.telephone.outgoing.policy import OrderRefused
from voi.transports.telephone.outgoing.under_way import OrderResult, UnderWay

if TYPE_CHECKING:
    from voi.transports.telephone.outgoing.order_store import OrderStore

log = logging.getLogger(__name__)

STORE_TRIES, STORE_AGAIN_S = 8, 1.0
"""How often an end is tried to be noted; the waits double. After that the next server finds the call interrupted."""


class OrderNotes:
    """`store` None: nothing is kept, so nothing is ordered. `server`: whose orders these are. `on_over` is told an
    order's id and its webhook when it is over. `clock_ms`: ms since 1970."""

    def __init__(
        self, store: "OrderStore | None", server: str, metrics: OutgoingMetrics, on_over: Callable[[str, str], None],
        tasks: Tasks, clock_ms: Callable[[], int],
    ) -> None:  # fmt: skip
        self._store, self._server = store, server
        self._metrics, self._on_over = metrics, on_over
        self._tasks, self._clock_ms = tasks, clock_ms

    def kept(self) -> "OrderStore":
        """Raises OrderRefused if nothing is kept."""
        if self._store is None:
            raise OrderRefused("no_store", "VOI_STORE is off: calls are made only where orders can be kept.", 503)
        return self._store

    async def reserve_more(self, under_way: UnderWay, minutes_a_day: int) -> bool:
        """Reserve the next minute for a call that goes on. False: the account's are used up."""
        most_ms = minutes_a_day * 60_000
        try:
            return await self.kept().reserve_more(under_way.kept.id, self._server, most_ms, self._clock_ms())
        except StoreError as error:  # the next renewal shows whether it is lasting
            log.warning("order %s: the budget cannot be asked: %s", under_way.kept.id, error)
            return True

    def progress(self, under_way: UnderWay, **values: object) -> None:
        self._tasks.start(self._noted(under_way, values), f"note of {under_way.kept.id}")

    async def _noted(self, under_way: UnderWay, values: Mapping[str, object]) -> None:
        async with under_way.noting:
            if values.get("state") == "ringing" and under_way.answered_ms is not None:
                return  # it came late
            try:
                await self.kept().note_progress(under_way.kept.id, self._server, values)
            except StoreError as error:
                log.warning("order %s: its progress is not kept: %s", under_way.kept.id, error)

    async def end(self, under_way: UnderWay, result: OrderResult) -> None:
        kept, now_ms = under_way.kept, self._clock_ms()
        used_ms = 0 if under_way.answered_ms is None else max(0, now_ms - under_way.answered_ms)
        screening = under_way.screening
        taken_by = screening.taken_by.value if screening and screening.taken_by else None
        wait_s = STORE_AGAIN_S
        async with under_way.noting:
            for _ in range(STORE_TRIES):
                try:
                    ours = await self.kept().end(
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
            self.finished(kept.id, result, order_of(kept.details))

    async def put_back(self, under_way: UnderWay, not_before_ms: int, *, dialled: bool = False) -> None:
        """It waits again. `dialled`: it counts as one of the day's calls all the same."""
        try:
            await self.kept().put_back(under_way.kept.id, self._server, not_before_ms, dialled=dialled)
        except StoreError as error:  # found by `recover` later
            log.warning("order %s: it cannot be put back: %s", under_way.kept.id, error)

    def finished(self, order_id: str, result: OrderResult, order: CallOrder | None) -> None:
        self._metrics.order_over(result.outcome)
        log.info("order %s is over: %s%s", order_id, result.outcome, f" ({result.cause})" if result.cause else "")
        if order is not None and order.webhook:
            self._on_over(order_id, order.webhook)
