"""Calls that ring until somebody takes or refuses them: they have no conversation yet, and no place."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Refusal = Literal["busy", "declined", "unavailable"]
RingDecision = Literal["answer", "busy", "declined", "unavailable"]
RESULT_S = 5.0
"""Longest wait for what comes of a decision."""


class NotRinging(Exception):
    """No call of that id rings, or it did not come to an answer: `args[0]` says why."""


@dataclass(slots=True, eq=False)
class UnansweredCall:
    """`id`: of the conversation that it becomes. `caller`: number or name, for those who may see it; never logged.
    `since`: Unix time."""

    id: str
    account: str
    caller: str
    since: float
    _decision: "asyncio.Future[RingDecision]" = field(repr=False)
    result: "asyncio.Future[str]" = field(repr=False)
    """Done when nothing is left to decide; "": it was answered, or refused as somebody said; else why it was not."""

    async def decided(self, most_s: float) -> RingDecision | None:
        """What somebody has decided; None: nobody within that time."""
        await asyncio.wait({self._decision}, timeout=most_s)
        return self._decision.result() if self._decision.done() else None

    def decide(self, decision: RingDecision) -> None:
        """The first decision counts."""
        if not self._decision.done():
            self._decision.set_result(decision)

    def came_to(self, why: str = "") -> None:
        """What came of it; see `result`."""
        if not self.result.done():
            self.result.set_result(why)


class RingingCalls:
    """All of one server. `clock`: Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._calls: dict[str, UnansweredCall] = {}

    def listed(self) -> list[UnansweredCall]:
        """The oldest first."""
        return list(self._calls.values())

    @contextmanager
    def ring(self, call_id: str, account: str, caller: str) -> Iterator[UnansweredCall]:
        """It rings while the context lasts. Code that leaves it before the call was answered or refused says nothing:
        the caller has given up."""
        loop = asyncio.get_running_loop()
        call = self._calls[call_id] = UnansweredCall(
            call_id, account, caller, self._clock(), loop.create_future(), loop.create_future()
        )
        try:
            yield call
        finally:
            del self._calls[call_id]
            call.came_to("the caller has given up")

    async def answer(self, call_id: str) -> None:
        """Take it. Returns when it is answered. Raises NotRinging."""
        await self._decide(call_id, "answer")

    async def refuse(self, call_id: str, why: Refusal) -> None:
        """Raises NotRinging."""
        await self._decide(call_id, why)

    async def _decide(self, call_id: str, decision: RingDecision) -> None:
        call = self._calls.get(call_id)
        if call is None:
            raise NotRinging("")
        call.decide(decision)
        await asyncio.wait({call.result}, timeout=RESULT_S)
        why = call.result.result() if call.result.done() else "it was not answered in time"
        if why:
            raise NotRinging(why)
