"""Two SIP user agents with a wire between them, which can lose messages; and sound that notes what is done to it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from voi.transports.sip.asking import SipCredentials
from voi.transports.sip.faults import SipFaults
from voi.transports.sip.incoming_call import IncomingCall
from voi.transports.sip.message import SipRequest, SipResponse, read_message
from voi.transports.sip.negotiation import MediaPlan, OfferAnswer, SrtpWanted
from voi.transports.sip.outgoing_call import OutgoingCall
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import ServerTransaction
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.line import LineListener

DELAY_S = 0.01
Kind = Literal["udp", "tcp", "tls"]


class WireFlow:
    """`Flow` to the other end of a wire."""

    def __init__(self, end: "WireEnd", transport: Kind) -> None:
        self.transport: Kind = transport
        self._end = end
        self.remote = end.other.address
        self.local = end.address
        self.closed = False

    def send(self, data: bytes) -> bool:
        if self.closed:
            return False
        self._end.send(data)
        return True


class WireEnd:
    def __init__(self, address: tuple[str, int], transport: Kind) -> None:
        self.address = address
        self.other: WireEnd = self
        self.faults: Counter[str] = Counter()
        self.sent: list[SipRequest | SipResponse] = []
        self.loses: Callable[[SipRequest | SipResponse], bool] = lambda message: False
        self.invited: list[ServerTransaction] = []
        self.on_invite: Callable[[ServerTransaction], None] = self.invited.append
        self._transport = transport
        self.stack = SipStack(SipFaults(self._count), lambda transaction: self.on_invite(transaction),
                              clock=asyncio.get_running_loop().time)  # fmt: skip

    def _count(self, kind: str) -> None:
        self.faults[kind] += 1

    @property
    def flow(self) -> WireFlow:
        return WireFlow(self, self._transport)

    def send(self, data: bytes) -> None:
        message = read_message(data)
        if message is None:  # an answer to something broken repeats what is broken
            message = SipResponse([], b"", int(data.split(b" ")[1]))
        self.sent.append(message)
        if not self.loses(message):
            loop = asyncio.get_running_loop()
            loop.call_later(DELAY_S, self.other.stack.receive, data, self.other.flow)

    def methods(self) -> list[str]:
        """What was sent: methods and codes, in order."""
        return [each.method if isinstance(each, SipRequest) else str(each.code) for each in self.sent]

    def last(self, what: str) -> Any:
        return next(each for each in reversed(self.sent)
                    if (each.method if isinstance(each, SipRequest) else str(each.code)) == what)  # fmt: skip


def wire(transport: Kind = "udp") -> tuple[WireEnd, WireEnd]:
    """Both ends."""
    one, two = WireEnd(("192.0.2.1", 5_060), transport), WireEnd(("192.0.2.2", 5_060), transport)
    one.other, two.other = two, one
    return one, two


def talks(host: str, port: int, codecs: tuple[str, ...] = ("PCMU", "PCMA"), srtp: SrtpWanted = "off", **more: Any
          ) -> OfferAnswer:  # fmt: skip
    return OfferAnswer(host, port, codecs, srtp, **more)


def caller(end: WireEnd, user: str = "anna", session_s: int = 0, **more: Any) -> OutgoingCall:
    return OutgoingCall(
        end.stack, end.flow, SipUri("sip", "bob", "192.0.2.2"), SipUri("sip", user, "192.0.2.1"), "Anna",
        more.pop("talks", None) or talks("192.0.2.1", 4_000), user,
        SipCredentials("anna", "password1"), session_s, more.pop("headers", []),
    )  # fmt: skip


def callee(end: WireEnd, session_s: int = 0, **more: Any) -> IncomingCall:
    """The call that has come in."""
    offers = more.pop("talks", None) or talks("192.0.2.2", 6_000)
    return IncomingCall(end.stack, end.invited.pop(0), offers, "bob", None, session_s)


async def talking(one: WireEnd, two: WireEnd, **more: Any) -> tuple[OutgoingCall, IncomingCall]:
    """A call that was answered."""
    out = caller(one, **more)
    asked = asyncio.ensure_future(out.answered(30.0))
    await asyncio.sleep(0.05)
    into = callee(two, **more)
    into.accept()
    await asyncio.sleep(0.05)
    await asked
    return out, into


async def soon(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Begin it, and let messages pass."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.05)
    return task


class NotedMedia:
    """`SipMedia`, and its line."""

    rate_hz = 8_000
    backlog_bytes = 0

    def __init__(self, port: int = 7_000) -> None:
        self.port = port
        self.plans: list[MediaPlan] = []
        self.played: list[tuple[int, int]] = []
        self.keys = ""
        self.closed = 0
        self.listener: LineListener | None = None

    def begin(self, plan: MediaPlan, send_key: Callable[[str], None] | None) -> "NotedMedia":
        self.plans.append(plan)
        return self

    def change(self, plan: MediaPlan) -> None:
        self.plans.append(plan)

    def open(self, listener: LineListener) -> None:
        self.listener = listener

    def play(self, message_id: int, pcm: bytes) -> None:
        self.played.append((message_id, len(pcm)))
        if self.listener is not None:
            total = sum(size for number, size in self.played if number == message_id)
            asyncio.get_running_loop().call_later(len(pcm) / 16_000, self.listener.played, message_id, total)

    def finish(self, message_id: int) -> None: ...

    def clear(self, message_id: int) -> None: ...

    def press(self, keys: str) -> bool:
        self.keys += keys
        return True

    async def aclose(self) -> None:
        self.closed += 1
