"""Calls that Voi makes, as seen by the code that wants one: what is dialled, and how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from voi.errors import VoiError
from voi.transports.telephone.line import PhoneLine, Signalling

NotAnsweredKind = Literal["busy", "no_answer", "refused", "unreachable", "failed"]


class NotAnswered(VoiError):
    """Nobody took the call. `cause`: in the protocol's words, such as "486 Busy Here", without data of the peer."""

    def __init__(self, kind: NotAnsweredKind, cause: str) -> None:
        super().__init__(f"The call was not answered: {kind} ({cause}).")
        self.kind = kind
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Dial:
    """`destination`: "+49…" or "sip:…", checked for its form and allowed. `caller_id`: the number to show; "": the
    account's own."""

    destination: str
    caller_id: str = ""
    display_name: str = ""
    ring_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A call that was answered: its sound, and what can end it or pass it on."""

    line: PhoneLine
    signalling: Signalling


class Dialer(Protocol):
    """One account that can make calls."""

    async def dial(self, dial: Dial, on_ringing: Callable[[], None], on_gone: Callable[[], None]) -> AnsweredCall:
        """Ring somebody up, and return when they have answered. `on_ringing` is called at most once, before that;
        `on_gone`, at most once, when the other side has hung up afterwards. Raises NotAnswered, for a ring time that is
        over too. Cancelled: the call is given up, and the other side stops ringing."""
        ...
