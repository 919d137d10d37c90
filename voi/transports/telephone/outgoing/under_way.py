"""An order that is carried out: what is known of it while it lasts, and what comes of it."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voi.calls.call import Call
from voi.transports.telephone.outgoing.screening import Screening

if TYPE_CHECKING:
    from voi.store.call_orders import KeptOrder


@dataclass(slots=True)
class UnderWay:
    """`stop`: done when it is to end, with why: "cancelled", "interrupted". `over`: done when its call is."""

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
class OrderResult:
    """`outcome`: answered, busy, … (docs/telephone.md). `cause`: more exactly, in the network's words or ours."""

    outcome: str
    cause: str = ""
