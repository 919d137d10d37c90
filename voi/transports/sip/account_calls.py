"""The calls under way of one account. They outlive the account: when it is changed, the next one goes on with them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from voi.transports.sip.leg import SipLeg


@dataclass(frozen=True, slots=True)
class CallUnderWay:
    """`id`: of its conversation; "": of a call that Voi makes it is not known here. `since`: Unix time at which it was
    begun."""

    direction: Literal["in", "out"]
    state: Literal["ringing", "talking"]
    since: float
    id: str = ""


class AccountCalls:
    """`clock`: Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._legs: dict[SipLeg, tuple[Literal["in", "out"], float, str]] = {}

    def add(self, leg: "SipLeg", direction: Literal["in", "out"], call_id: str = "") -> None:
        self._legs[leg] = direction, self._clock(), call_id

    def id_of(self, leg: "SipLeg") -> str:
        """Id of its conversation; "": not known here."""
        return self._legs[leg][2] if leg in self._legs else ""

    def find(self, call_id: str, tag: str) -> "SipLeg | None":
        """The call with that Call-ID and that tag of ours, whichever sockets it came in by."""
        return next((leg for leg in self._legs if leg.dialog.key == (call_id, tag)), None)

    def discard(self, leg: "SipLeg") -> None:
        self._legs.pop(leg, None)

    def __len__(self) -> int:
        return len(self._legs)

    def __iter__(self) -> Iterator["SipLeg"]:
        return iter(list(self._legs))

    def listed(self) -> list[CallUnderWay]:
        """The oldest first."""
        return [
            CallUnderWay(direction, "talking" if leg.established else "ringing", since, call_id)
            for leg, (direction, since, call_id) in self._legs.items()
        ]
