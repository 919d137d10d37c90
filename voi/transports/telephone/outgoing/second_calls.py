"""Calls to a colleague, for a call under way: through the account's dialer, within what the operator allows, and in the
account's books of the day.

Where such calls may go is written down by the operator in agents.json, and the model can name no other place: so
`outgoing.allow` is not asked. What is denied there, and what is never called, is not called here either. A target that
a peer names (REFER) is another thing: it has to be allowed.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from voi.config.config import Config
from voi.config.outgoing import OutgoingAccount, OutgoingSettings
from voi.config.transfers import CallTransfer
from voi.errors import ClientError, StoreError
from voi.tasks import Tasks
from voi.transports.telephone.colleague import Colleague
from voi.transports.telephone.consultation import NotConsulted, RingUp
from voi.transports.telephone.dialing import AnsweredCall, Dial
from voi.transports.telephone.outgoing.destinations import Destination, parse_destination, refusal
from voi.transports.telephone.outgoing.dialers import Dialers
from voi.transports.telephone.outgoing.dialled import dialled, hang_up
from voi.transports.telephone.outgoing.policy import OrderRefused, refused_because

if TYPE_CHECKING:
    from voi.transports.telephone.outgoing.order_store import OrderStore

log = logging.getLogger(__name__)

RESERVED_S = 60.0
"""So much of the account's minutes is reserved at a time (`voi.store.call_orders`)."""
STORE_AHEAD_S = 10.0
"""More is reserved so long before it is used up."""


class SecondCalls:
    """`dialers`: by account. `store` None: no books are kept. `clock_ms`: ms since 1970. `close` it when calls have
    ended."""

    def __init__(
        self, dialers: Dialers, config: Callable[[], Config], store: "OrderStore | None",
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:  # fmt: skip
        self._dialers = dialers
        self._config = config
        self._store = store
        self._clock_ms = clock_ms
        self._tasks = Tasks()
        self._under_way: dict[str, int] = {}
        """Calls by account."""
        self._stopping = False

    def of(self, account: str) -> RingUp:
        """Rings somebody up for a call of that account."""
        return partial(self._ring_up, account)

    # ---- a colleague --------------------------------------------------------------------------------

    async def _ring_up(self, account: str, transfer: CallTransfer) -> Colleague:
        """Raises NotAnswered, NotConsulted."""
        name = transfer.account or account
        dialer = self._dialers.get(name)
        if self._stopping or dialer is None:
            why = "the server stops" if self._stopping else f"the account {name} can make no calls now"
            raise NotConsulted("unreachable", why)
        try:
            destination = parse_destination(transfer.to)
            spending = await self.begin(name, destination, named_by_operator=True)
        except ClientError:
            raise NotConsulted("failed", "its target is no number and no SIP address") from None
        except OrderRefused as refused:
            raise NotConsulted("not_allowed", refused.reason) from None
        never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        colleagues: list[Colleague] = []
        gone: list[bool] = []

        def left() -> None:
            gone.append(True)
            for each in colleagues:
                each.lost("they hung up")

        dial = Dial(destination.address, self._caller_id(name), ring_timeout_s=transfer.ring_timeout_s)
        try:
            answered = await dialled(dialer, dial, never, self._tasks, lambda: None, left)
        except BaseException:
            spending.close()
            raise
        colleague = Colleague(answered, partial(self._over, answered, spending))
        colleagues.append(colleague)
        if gone:
            colleague.lost("they hung up")
        spending.answered(lambda: colleague.lost("the account's minutes of today are used up"))
        return colleague

    def _over(self, answered: AnsweredCall, spending: "Spending") -> None:
        hang_up(answered, self._tasks)
        spending.close()

    def _caller_id(self, account: str) -> str:
        known = self._account(account)
        return next(iter(known.caller_ids), "") if known else ""

    # ---- what it may cost ---------------------------------------------------------------------------

    @property
    def _outgoing(self) -> OutgoingSettings | None:
        phones = self._config().phones
        return phones.outgoing if phones else None

    def _account(self, name: str) -> OutgoingAccount | None:
        outgoing = self._outgoing
        return outgoing.accounts.get(name) if outgoing else None

    async def begin(self, name: str, destination: Destination, *, named_by_operator: bool) -> "Spending":
        """A call through that account is about to be made. Raises OrderRefused. Close what it returns in any case."""
        outgoing, account = self._outgoing, self._account(name)
        if not named_by_operator:
            if outgoing is None or account is None:
                raise OrderRefused("off", "phones.json lets the account make no calls (outgoing.accounts).")
            if self._store is None:
                raise OrderRefused("no_store", "VOI_STORE is off: calls are made only where they can be counted.")
            if self._stopping:
                raise OrderRefused("stopping", "The server stops.")
            allow = outgoing.allow if account.allow is None else account.allow
            why = refusal(destination, outgoing.allow, outgoing.deny) or refusal(destination, allow, ())
            if why:
                raise refused_because(why)
        elif (why := refusal(destination, (), outgoing.deny if outgoing else ())) != "not_allowed":
            raise refused_because(why)
        if account is None or self._store is None:
            return Spending(self, name, None, None, "")
        if self._under_way.get(name, 0) >= account.calls_at_once:
            raise OrderRefused("budget", "The account makes as many calls as it may.")
        try:
            if not named_by_operator and await self._store.is_never_called(destination.address, destination.number):
                raise refused_because("never")
            day = await self._store.take_second_call(name, account, self._clock_ms())
        except StoreError as error:
            raise OrderRefused("no_store", f"The books cannot be read: {error}") from None
        if not day:
            raise OrderRefused("budget", "The account has used up its calls or minutes of today.")
        self._under_way[name] = self._under_way.get(name, 0) + 1
        return Spending(self, name, account, self._store, day)

    async def permit(self, name: str, destination: Destination) -> "Spending":
        """A call that a peer asks for (REFER). Raises OrderRefused."""
        return await self.begin(name, destination, named_by_operator=False)

    def spent(self, name: str) -> None:
        """A call of that account is over."""
        self._under_way[name] = self._under_way.get(name, 1) - 1
        if not self._under_way[name]:
            del self._under_way[name]

    @property
    def tasks(self) -> Tasks:
        return self._tasks

    def now_ms(self) -> int:
        return self._clock_ms()

    # ---- the end ------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ring nobody up any more."""
        self._stopping = True

    async def close(self) -> None:
        self.stop()
        try:
            async with asyncio.timeout(3.0):
                await self._tasks.join()
        except TimeoutError:
            log.warning("the end of %d calls to colleagues is not in the books", len(self._tasks))
        await self._tasks.dismiss()


class Spending:
    """What one call costs its account. `store` None: nothing is counted."""

    def __init__(
        self, calls: SecondCalls, name: str, account: OutgoingAccount | None, store: "OrderStore | None", day: str
    ) -> None:
        self._calls, self._name, self._account, self._store = calls, name, account, store
        self._day = day
        self._reserved_s = RESERVED_S
        self._answered_s: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def answered(self, on_used_up: Callable[[], None]) -> None:
        """They talk from now on. `on_used_up`: called when the account may talk no longer."""
        self._answered_s = asyncio.get_running_loop().time()
        if self._store is not None and self._account is not None and not self._closed:
            work = self._keep_up(self._store, self._account, on_used_up)
            self._task = self._calls.tasks.start(work, "minutes of a second call")

    async def _keep_up(self, store: "OrderStore", account: OutgoingAccount, on_used_up: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        assert self._answered_s is not None
        longest_s = account.longest_minutes * 60
        while True:
            until_s = self._answered_s + min(self._reserved_s - STORE_AHEAD_S, longest_s)
            await asyncio.sleep(until_s - loop.time())
            if self._reserved_s - STORE_AHEAD_S >= longest_s:
                break
            try:
                day = await store.reserve_second_call(
                    self._name, account.minutes_per_day * 60_000, self._calls.now_ms()
                )
            except StoreError as error:  # the next renewal shows whether it is lasting
                log.warning("the minutes of a call to a colleague cannot be asked: %s", error)
                day = self._day
            if not day:
                break
            self._day = day
            self._reserved_s += RESERVED_S
        log.warning("a second call through the account %s is ended: its time is used up", self._name)
        on_used_up()

    def close(self) -> None:
        """The call is over. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        if self._store is None:
            return
        self._calls.spent(self._name)
        used_s = 0.0 if self._answered_s is None else asyncio.get_running_loop().time() - self._answered_s
        unused_ms = round(max(0.0, self._reserved_s - used_s) * 1_000)
        self._calls.tasks.start(self._give_back(self._store, unused_ms), "books of a second call")

    async def _give_back(self, store: "OrderStore", unused_ms: int) -> None:
        try:
            await store.end_second_call(self._name, self._day, unused_ms)
        except StoreError as error:
            log.warning("the end of a second call is not in the books: %s", error)
