"""Telephone calls of all servers that share the store: those that ring are listed, taken and refused, and calls under
way are ended, at whichever server somebody asks. Without servers beside this one, the store is not asked.

A server that is asked for a call of another writes that into the store, where the one that has the call looks every
`LOOK_EVERY_S` while one rings (`LOOK_AT_TALKS_EVERY_S` while calls are under way), and writes what came of it.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from voi.calls.calls import Calls
from voi.calls.ringing import RESULT_S, NotRinging, Refusal
from voi.core.end_reason import EndReason
from voi.errors import StoreError
from voi.tasks import Tasks

if TYPE_CHECKING:
    from voi.store.shared_calls import CallAsk
    from voi.store.store import Store

LOOK_EVERY_S = 0.25
LOOK_AT_TALKS_EVERY_S = 1.0
RENEW_S = 5.0
RESULT_EVERY_S = 0.1
GONE = "it is over"
ID_MAX = 200
"""Longest id of a call that the store can hold."""
UNKNOWN_S = 3.0
"""A call that no server has within this time is none."""
UNTOLD_MAX = 256
"""How many results wait for a store that cannot be written. Who asked waits for seconds only."""
ANSWER, HANG_UP = "answer", "hang_up"
_REFUSALS: dict[str, Refusal] = {"busy": "busy", "declined": "declined", "unavailable": "unavailable"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ringing:
    """`caller` "": not told. `since`: Unix time."""

    id: str
    account: str
    since: float
    caller: str = field(default="", repr=False)


class SharedCalls:
    """`store`: shared with other servers; None: there are no others. Methods raise StoreError."""

    def __init__(
        self, calls: Calls, store: "Store | None",
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:  # fmt: skip
        self._calls = calls
        self._store = store
        self._clock_ms = clock_ms
        self._server = uuid4().hex
        self._told: frozenset[str] = frozenset()
        self._told_s = self._looked_s = 0.0
        self._doing: set[str] = set()
        self._untold: dict[str, str] = {}
        """What came of asks, by id, that the store could not be told yet: nothing is done twice."""
        self._failing = False
        self._tasks = Tasks()

    # ---- what managers ask --------------------------------------------------------------------------

    async def ringing(self) -> list[Ringing]:
        """The oldest first."""
        found = [Ringing(call.id, call.account, call.since, call.caller) for call in self._calls.ringing.listed()]
        if self._store is not None:
            from voi.store.shared_calls import read_ringing

            async with self._store.reading() as connection:
                others = await read_ringing(connection, self._store.keys, self._clock_ms(), self._server)
            found += [Ringing(call.id, call.account, call.since_ms / 1_000, call.caller) for call in others]
        return sorted(found, key=lambda call: call.since)

    async def answer(self, call_id: str) -> None:
        """Returns when it is answered. Raises NotRinging."""
        await self._ask(call_id, ANSWER)

    async def refuse(self, call_id: str, why: Refusal) -> None:
        """Raises NotRinging."""
        await self._ask(call_id, why)

    async def hang_up(self, call_id: str) -> None:
        """End a call under way. Raises NotRinging if there is none."""
        await self._ask(call_id, HANG_UP)

    async def _ask(self, call_id: str, what: str) -> None:
        if self._has(call_id) or self._store is None:
            await self._do(call_id, what)
            return
        if len(call_id) > ID_MAX or "\0" in call_id:
            raise NotRinging("")
        store = self._store
        if what != HANG_UP and call_id not in {call.id for call in await self.ringing()}:
            raise NotRinging("")
        result = await self._asked(store, call_id, what, UNKNOWN_S if what == HANG_UP else RESULT_S + UNKNOWN_S)
        if result is None:
            raise NotRinging("")
        if result:
            raise NotRinging(result)

    async def _asked(self, store: "Store", call_id: str, what: str, most_s: float) -> str | None:
        """What the server says that has the call; None: nobody said anything."""
        from voi.store import shared_calls as table

        async with store.writing() as connection:
            ask_id = await table.ask_of_call(connection, call_id, what, self._clock_ms())
        result, until_s = None, time.monotonic() + most_s
        while result is None and time.monotonic() < until_s:
            await asyncio.sleep(RESULT_EVERY_S)
            async with store.reading() as connection:
                result = await table.result_of(connection, ask_id)
        async with store.writing() as connection:
            await table.take_back(connection, ask_id)
        return result

    # ---- the server that has the call -----------------------------------------------------------------

    def _has(self, call_id: str) -> bool:
        return self._calls.find(call_id) is not None or any(call.id == call_id for call in self._calls.ringing.listed())

    async def _do(self, call_id: str, what: str) -> None:
        """Raises NotRinging."""
        if what == HANG_UP:
            call = self._calls.find(call_id)
            if call is None or not call.started:
                raise NotRinging("")
            log.info("the call %s is ended by a request over HTTP", call_id)
            call.end(EndReason.FINISHED)
        elif what == ANSWER:
            await self._calls.ringing.answer(call_id)
        else:
            await self._calls.ringing.refuse(call_id, _REFUSALS.get(what, "busy"))

    async def run(self) -> None:
        """Tell what rings here, and do what others ask, for ever."""
        if self._store is None:
            return
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                await self.look()
        finally:
            await self._tasks.close()

    async def look(self) -> None:
        """Do that once."""
        store, now_s = self._store, time.monotonic()
        if store is None or not store.is_open:
            return
        ringing, before = self._calls.ringing.listed(), self._told
        try:
            if before != (ids := frozenset(call.id for call in ringing)) or (ids and now_s - self._told_s >= RENEW_S):
                await self._tell(store)
                self._told, self._told_s = ids, now_s
            talks = now_s - self._looked_s >= LOOK_AT_TALKS_EVERY_S and len(self._calls)
            if ringing or before or talks:
                self._looked_s = now_s
                await self._take_asks(store, [*(ids | before), *(call.id for call in self._calls)])
        except StoreError as error:
            if not self._failing:
                log.error("calls are not shown to other servers, nor ended by them: %s", error)
            self._failing = True
        else:
            self._failing = False

    async def _tell(self, store: "Store") -> None:
        from voi.store.shared_calls import SharedRinging, tell_ringing

        ringing = [
            SharedRinging(call.id, call.account, int(call.since * 1_000), call.caller)
            for call in self._calls.ringing.listed()
        ]
        async with store.writing() as connection:
            await tell_ringing(connection, store.keys, self._server, ringing, self._clock_ms())

    async def _take_asks(self, store: "Store", call_ids: list[str]) -> None:
        from voi.store.shared_calls import read_asks

        async with store.reading() as connection:
            asks = await read_asks(connection, call_ids, self._clock_ms())
        for ask in asks:
            if ask.id not in self._doing:
                self._doing.add(ask.id)
                self._tasks.start(self._answered(store, ask), "what another server asked of a call")

    async def _answered(self, store: "Store", ask: "CallAsk") -> None:
        from voi.store.shared_calls import answer_ask

        result = self._untold.get(ask.id)
        if result is None:
            result = ""
            try:
                await self._do(ask.call_id, ask.what)
            except NotRinging as error:
                result = str(error) or GONE
        try:
            async with store.writing() as connection:
                await answer_ask(connection, ask.id, result[:200])
            self._untold.pop(ask.id, None)
        except StoreError as error:
            log.warning("what came of a request about a call could not be told yet: %s", error)
            self._untold[ask.id] = result
            while len(self._untold) > UNTOLD_MAX:
                del self._untold[next(iter(self._untold))]
        finally:
            self._doing.discard(ask.id)
