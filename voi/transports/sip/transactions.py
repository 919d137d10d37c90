"""Transactions (RFC 3261, section 17, with the state "accepted" of RFC 6026): requests and responses are sent again
until they arrive, and each request is seen once.

Timers are those of the event loop; nothing here opens a socket or waits.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Literal, Protocol

from voi.transports.sip.fields import MAGIC
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.problem import SipProblem

T1_S = 0.5
T2_S = 4.0
T4_S = 5.0
GIVE_UP_S = 64 * T1_S
TIMER_D_S = 32.0
TRYING_AFTER_S = 0.2
TRANSACTIONS_MAX = 20_000
"""More requests than this at once are not looked at."""

FailedWhy = Literal["timeout", "transport"]


class Flow(Protocol):
    """The way to one peer, and from it: a UDP address or a connection."""

    @property
    def transport(self) -> Literal["udp", "tcp", "tls"]: ...

    @property
    def remote(self) -> tuple[str, int]: ...

    @property
    def local(self) -> tuple[str, int]: ...

    @property
    def closed(self) -> bool: ...

    def send(self, data: bytes) -> bool:
        """Send one message. False: it cannot be sent."""
        ...


def new_branch() -> str:
    """A new branch: the name of a transaction (RFC 3261, section 8.1.1.7)."""
    return MAGIC + secrets.token_hex(12)


class _Timers:
    """Timers by name, of one transaction."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def start(self, name: str, delay_s: float, then: Callable[[], None]) -> None:
        self.stop(name)
        self._handles[name] = self._loop.call_later(delay_s, then)

    def stop(self, *names: str) -> None:
        """These timers; without names, all."""
        for name in names or list(self._handles):
            if (handle := self._handles.pop(name, None)) is not None:
                handle.cancel()


class ClientTransaction:
    """One request of ours. `on_response` is told each provisional response and the final one; of an INVITE also 2xx
    that come again or from other branches. `on_failed`: there will be none."""

    def __init__(
        self,
        layer: "Transactions",
        request: SipRequest,
        flow: Flow,
        on_response: Callable[[SipResponse], None],
        on_failed: Callable[[FailedWhy], None],
    ) -> None:
        self.request = request
        self.flow = flow
        self.state: Literal["calling", "proceeding", "accepted", "completed", "over"] = "calling"
        self.key = client_key(request)
        self._layer = layer
        self._on_response = on_response
        self._on_failed = on_failed
        self._timers = _Timers(layer.loop)
        self._reliable = flow.transport != "udp"
        self._invite = request.method == "INVITE"
        self._again_s = T1_S
        self._ack: bytes | None = None

    def begin(self) -> None:
        self._timers.start("give up", GIVE_UP_S, self._timed_out)
        if not self.flow.send(self.request.encode()):
            # not at once: its sender does not expect to be told yet
            self._timers.start("give up", 0, lambda: self._fail("transport"))
        elif not self._reliable:
            self._timers.start("again", self._again_s, self._again)

    def _again(self) -> None:
        self.flow.send(self.request.encode())
        self._again_s *= 2
        if not self._invite:
            self._again_s = T2_S if self.state == "proceeding" else min(self._again_s, T2_S)
        self._timers.start("again", self._again_s, self._again)

    def _timed_out(self) -> None:
        self._fail("timeout")

    def _fail(self, why: FailedWhy) -> None:
        if self.state in ("calling", "proceeding"):
            self.end()
            self._on_failed(why)

    def lost(self) -> None:
        """Its connection broke."""
        self._fail("transport")

    def give_up_after(self, delay_s: float) -> None:
        """A cancelled INVITE whose final response does not come (RFC 3261, section 9.1)."""
        self._timers.start("give up", delay_s, self._timed_out)

    def receive(self, response: SipResponse) -> None:
        if self.state == "completed":
            if self._ack is not None and response.code >= 300:
                self.flow.send(self._ack)
            return
        if self.state == "accepted":
            if 200 <= response.code < 300:
                self._on_response(response)
            return
        if response.code < 200:
            self.state = "proceeding"
            if self._invite:
                self._timers.stop()  # a telephone may ring for long: who called decides for how long
            self._on_response(response)
            return
        self._timers.stop()
        if not self._invite:
            self.state = "completed"
            self._timers.start("over", 0 if self._reliable else T4_S, self.end)
        elif response.code < 300:
            self.state = "accepted"
            self._timers.start("over", GIVE_UP_S, self.end)
        else:
            self.state = "completed"
            self._ack = self._acknowledging(response).encode()
            self.flow.send(self._ack)
            self._timers.start("over", 0 if self._reliable else TIMER_D_S, self.end)
        self._on_response(response)

    def _acknowledging(self, response: SipResponse) -> SipRequest:
        """RFC 3261, section 17.1.1.3."""
        request = self.request
        vias = request.all("via")
        headers = [("via", vias[0]), *[each for each in request.headers if each[0] == "route"],
                   ("max-forwards", "70"), ("from", request.get("from")), ("to", response.get("to")),
                   ("call-id", request.call_id), ("cseq", f"{request.cseq[0]} ACK")]  # fmt: skip
        return SipRequest(headers, b"", "ACK", request.uri)

    def cancelling(self) -> SipRequest:
        """The CANCEL of this INVITE."""
        request = self.request
        headers = [("via", request.all("via")[0]), *[each for each in request.headers if each[0] == "route"],
                   ("max-forwards", "70"), ("from", request.get("from")), ("to", request.get("to")),
                   ("call-id", request.call_id), ("cseq", f"{request.cseq[0]} CANCEL")]  # fmt: skip
        return SipRequest(headers, b"", "CANCEL", request.uri)

    def end(self) -> None:
        self._timers.stop()
        self.state = "over"
        self._layer.forget_client(self)


class ServerTransaction:
    """One request of theirs. `on_over`: told once, when nothing more can be sent in it."""

    def __init__(self, layer: "Transactions", request: SipRequest, flow: Flow, key: str) -> None:
        self.request = request
        self.flow = flow
        self.key = key
        self.state: Literal["trying", "proceeding", "accepted", "completed", "confirmed", "over"] = "trying"
        self.on_again: Callable[[], None] = lambda: None
        """The INVITE came again after a 2xx to it."""
        self._layer = layer
        self._timers = _Timers(layer.loop)
        self._last: bytes | None = None
        self._again_s = T1_S
        self._reliable = flow.transport != "udp"
        if request.method == "INVITE":
            self._timers.start("trying", TRYING_AFTER_S, self._trying)
        else:
            # a request that nobody answers is forgotten
            self._timers.start("over", GIVE_UP_S, self.end)

    @property
    def answered(self) -> bool:
        """A final response was sent."""
        return self.state not in ("trying", "proceeding")

    def _trying(self) -> None:
        if self.state == "trying":
            self.respond(self.request.response(100))

    def respond(self, response: SipResponse) -> None:
        """Send a response; dropped after the final one."""
        if self.answered:
            return
        self._timers.stop("trying")
        self._last = response.encode()
        self._layer.send_response(self, self._last)
        if response.code < 200:
            self.state = "proceeding"
        elif self.request.method != "INVITE":
            self.state = "completed"
            self._timers.start("over", 0 if self._reliable else GIVE_UP_S, self.end)
        elif response.code < 300:
            self.state = "accepted"
            self._timers.start("over", GIVE_UP_S, self.end)
        else:
            self.state = "completed"
            self._timers.start("over", GIVE_UP_S, self.end)
            if not self._reliable:
                self._timers.start("again", self._again_s, self._again)

    def _again(self) -> None:
        assert self._last is not None
        self._layer.send_response(self, self._last)
        self._again_s = min(2 * self._again_s, T2_S)
        self._timers.start("again", self._again_s, self._again)

    def receive_again(self) -> None:
        """The request came again."""
        if self.state == "accepted":
            self.on_again()
        elif self._last is not None and self.state in ("proceeding", "completed"):
            self._layer.send_response(self, self._last)

    def acknowledged(self) -> None:
        """The ACK of a final response that is no 2xx."""
        if self.state == "completed":
            self.state = "confirmed"
            self._timers.stop()
            self._timers.start("over", 0 if self._reliable else T4_S, self.end)

    def end(self) -> None:
        self._timers.stop()
        self.state = "over"
        self._layer.forget_server(self)


class Transactions:
    """All transactions of a user agent. `on_request`: a request that was not seen before. `on_ack`: an ACK of a 2xx.
    `send_response`: by which way a response leaves; the flow that the request came by, unless told otherwise."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_request: Callable[[ServerTransaction], None],
        on_ack: Callable[[SipRequest, Flow], None],
    ) -> None:
        self.loop = loop
        self._on_request = on_request
        self._on_ack = on_ack
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[str, ServerTransaction] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def send(
        self,
        request: SipRequest,
        flow: Flow,
        on_response: Callable[[SipResponse], None],
        on_failed: Callable[[FailedWhy], None],
    ) -> ClientTransaction:
        """Send a request, with its Via."""
        transaction = ClientTransaction(self, request, flow, on_response, on_failed)
        self._clients[transaction.key] = transaction
        transaction.begin()
        return transaction

    def receive_response(self, response: SipResponse) -> bool:
        """False: it belongs to no request of ours."""
        transaction = self._clients.get(client_key(response))
        if transaction is None:
            return False
        transaction.receive(response)
        return True

    def receive_request(self, request: SipRequest, flow: Flow) -> None:
        """A request with a Via, From, To, Call-ID and CSeq that can be read."""
        key = server_key(request)
        known = self._servers.get(key)
        if request.method == "ACK":
            if known is not None and known.state != "accepted":
                known.acknowledged()
            else:
                self._on_ack(request, flow)
            return
        if known is not None:
            known.receive_again()
            return
        if len(self._servers) >= TRANSACTIONS_MAX:
            return
        transaction = self._servers[key] = ServerTransaction(self, request, flow, key)
        self._on_request(transaction)

    def invite_of(self, cancel: SipRequest) -> ServerTransaction | None:
        """The INVITE that a CANCEL is about."""
        return self._servers.get(server_key(cancel, "INVITE"))

    def send_response(self, transaction: ServerTransaction, data: bytes) -> None:
        transaction.flow.send(data)

    def flow_lost(self, flow: Flow) -> None:
        """That connection broke: what was asked over it gets no answer."""
        for transaction in [each for each in self._clients.values() if each.flow is flow]:
            transaction.lost()

    def forget_client(self, transaction: ClientTransaction) -> None:
        self._clients.pop(transaction.key, None)

    def forget_server(self, transaction: ServerTransaction) -> None:
        self._servers.pop(transaction.key, None)

    def close(self) -> None:
        """End all without telling anybody."""
        for client in list(self._clients.values()):
            client.end()
        for server in list(self._servers.values()):
            server.end()


def client_key(message: SipRequest | SipResponse) -> str:
    """RFC 3261, section 17.1.3."""
    return f"{message.via.branch}\n{message.cseq[1]}"


def server_key(request: SipRequest, method: str = "") -> str:
    """RFC 3261, section 17.2.3; of requests without a branch as it should be, what RFC 2543 compares. `method`: of the
    request that is meant, in place of its own."""
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    via = request.via
    if via.branch.startswith(MAGIC) and len(via.branch) > len(MAGIC):
        return f"{via.branch}\n{via.host}:{via.port}\n{method}"
    try:
        tag = request.sender.tag
    except SipProblem:
        tag = ""
    parts = (request.call_id, tag, str(request.cseq[0]), f"{via.host}:{via.port}", via.branch, method)
    return "2543\n" + "\n".join(parts)
