"""The user agent's core: what comes in is bounded, checked and given to whom it belongs; what we ask gets its Via, and
credentials where they are asked for."""

import asyncio
import contextlib
import ipaddress
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from voi import __version__
from voi.transports.sip.asking import Asking, SipCredentials
from voi.transports.sip.faults import SipFaults
from voi.transports.sip.fields import params_text
from voi.transports.sip.limits import SourceLimits
from voi.transports.sip.message import MESSAGE_MAX_BYTES, SipRequest, SipResponse, read_message
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.sockets import SipSockets, UdpFlow, is_address
from voi.transports.sip.transactions import (
    ClientTransaction,
    FailedWhy,
    Flow,
    ServerTransaction,
    Transactions,
    new_branch,
)
from voi.transports.sip.uri import SipUri, host_port, parse_uri

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "NOTIFY", "REFER")
ALLOW = ", ".join(METHODS)
SUPPORTED = "timer, 100rel, replaces"
EXTENSIONS = frozenset({"timer", "100rel", "norefersub", "replaces"})
"""What a Require may name."""
KNOWN_METHODS = frozenset({*METHODS, "REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH"})
BODIES = frozenset({"", "application/sdp", "multipart/mixed"})
USER_AGENT = f"Voi/{__version__}"
MERGED_S = 32.0
MERGED_MAX = 4_096
DEFAULT_PORTS = {"udp": 5_060, "tcp": 5_060, "tls": 5_061}


class InDialog(Protocol):
    """A call that requests within its dialog belong to: a `SipLeg`, which needs the stack itself."""

    def belongs(self, request: SipRequest) -> bool: ...

    def receive(self, transaction: ServerTransaction) -> None: ...

    def acknowledged(self, request: SipRequest) -> None: ...


class SipStack:
    """`advertised`: the address of ours that a peer is told, by the peer's. `on_invite`: a new call. `trusts`: see
    `SourceLimits`."""

    def __init__(
        self,
        faults: SipFaults,
        on_invite: Callable[[ServerTransaction], None],
        advertised: Callable[[str], str | None] = lambda host: None,
        trusts: Callable[[str], bool] = lambda host: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults = faults
        self.sockets = SipSockets(self.receive, self._flow_lost, trusts)
        self.limits = SourceLimits(clock, trusts)
        self.transactions = Transactions(asyncio.get_running_loop(), self._request, self._ack)
        self.invites: dict[ServerTransaction, Callable[[], None]] = {}
        """Calls that ring here, and what is called when one is cancelled."""
        self.on_lost: Callable[[Flow], None] = lambda flow: None
        self._on_invite = on_invite
        self._advertised = advertised
        self._trusts = trusts
        self._clock = clock
        self._dialogs: dict[tuple[str, str], InDialog] = {}
        self._merged: dict[tuple[str, str, int], tuple[float, str]] = {}

    # ---- what comes in ------------------------------------------------------------------------------

    def receive(self, data: bytes, flow: Flow) -> None:
        """One message of a peer. Never raises."""
        host = flow.remote[0]
        try:
            if not self.limits.takes(host):
                self.faults.note("flood", host, "a source sends too much, or was refused too often")
                return
            self._read(data, flow, host)
        except SipProblem as problem:
            self.faults.note("malformed", host, f"a response of {problem.code} is due to nobody")
        except Exception as error:  # a fault of Voi in here must harm no other call
            self.faults.note("fault", host, f"a fault in Voi: {type(error).__name__} at {_place(error)}", 40)

    def _read(self, data: bytes, flow: Flow, host: str) -> None:
        if not data.strip(b"\r\n\0 "):
            return  # a keep-alive
        message = read_message(data, stream=flow.transport != "udp")
        if message is None:
            self.faults.note("malformed", host, "a message is none of SIP")
            self.limits.refused(host)
        elif isinstance(message, SipResponse):
            if not self.transactions.receive_response(message):
                self.faults.note("stray", host, "a response belongs to no request", 20)
        elif message.problem is not None:
            self.faults.note("malformed", host, f"a request was answered by {message.problem.code}")
            self.limits.refused(host)
            if message.answerable and len(data) <= MESSAGE_MAX_BYTES:
                back = flow
                with contextlib.suppress(SipProblem):  # the Via may be what is wrong
                    back = self._mark_source(message, flow)
                problem = message.problem
                answer = message.response(problem.code, problem.reason, problem.headers, secrets.token_hex(8))
                back.send(answer.encode())
        else:
            self.transactions.receive_request(message, self._mark_source(message, flow))

    def _mark_source(self, request: SipRequest, flow: Flow) -> Flow:
        """Note in the Via where it came from (RFC 3261, section 18.2.1; RFC 3581). Returns the way back."""
        via = request.via
        host, port = flow.remote
        wants_port = via.param("rport") is not None
        params = [each for each in via.params if each[0] not in ("received", "rport")]
        if wants_port:
            params.append(("rport", str(port)))
        if via.host != host or wants_port:
            params.append(("received", host))
        vias = request.all("via")
        marked = f"SIP/2.0/{via.transport} {host_port(via.host, via.port)}{params_text(tuple(params))}"
        at = next(at for at, (name, _) in enumerate(request.headers) if name == "via")
        rest = [each for each in request.headers if each[0] != "via"]
        rest[at:at] = [("via", each) for each in (marked, *vias[1:])]
        request.headers = rest
        if isinstance(flow, UdpFlow) and not wants_port and self.sockets.udp is not None:
            return self.sockets.udp.to(host, via.port or DEFAULT_PORTS["udp"])
        return flow

    def _request(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        try:
            self._dispatch(transaction, request)
        except SipProblem as problem:
            self.refuse(transaction, problem)

    def refuse(self, transaction: ServerTransaction, problem: SipProblem) -> None:
        """Answer a request by a problem."""
        tag = secrets.token_hex(8)
        transaction.respond(transaction.request.response(problem.code, problem.reason, problem.headers, tag))

    def _dispatch(self, transaction: ServerTransaction, request: SipRequest) -> None:
        method = request.method
        if method == "CANCEL":
            self._cancel(transaction, request)
            return
        unknown = sorted(request.tokens("require") - EXTENSIONS)
        if unknown:
            raise SipProblem(420, headers=(("Unsupported", ", ".join(unknown)),))
        tag = request.receiver.tag
        if tag:
            dialog = self._dialogs.get((request.call_id, tag))
            if dialog is not None and dialog.belongs(request):
                dialog.receive(transaction)
                return
            raise SipProblem(481)
        if method not in KNOWN_METHODS:
            raise SipProblem(501)
        if parse_uri(request.uri).scheme not in ("sip", "sips", "tel"):
            raise SipProblem(416)
        match method:
            case "INVITE":
                self._check_merged(request)
                if request.content_type not in BODIES and request.body:
                    raise SipProblem(415, headers=(("Accept", "application/sdp"),))
                if request.has("accept") and not _accepts_sdp(request):
                    raise SipProblem(406)
                self._on_invite(transaction)
            case "OPTIONS":
                transaction.respond(request.response(200, headers=self.capabilities(), tag=secrets.token_hex(8)))
            case "NOTIFY":  # some registrars tell of messages that wait, though nobody asked
                waits = request.get("event").partition(";")[0].strip().lower() in ("message-summary", "keep-alive")
                raise SipProblem(200 if waits else 481)
            case "BYE" | "INFO" | "UPDATE" | "PRACK":
                raise SipProblem(481)
            case "REFER":
                raise SipProblem(603)
            case _:
                raise SipProblem(405, headers=(("Allow", ALLOW),))

    def capabilities(self) -> list[tuple[str, str]]:
        """Headers that say what we can."""
        return [("Allow", ALLOW), ("Accept", "application/sdp, application/dtmf-relay"),
                ("Accept-Encoding", "identity"), ("Accept-Language", "en"), ("Supported", SUPPORTED),
                ("User-Agent", USER_AGENT)]  # fmt: skip

    def _check_merged(self, request: SipRequest) -> None:
        """The same request by another way (RFC 3261, section 8.2.2.2)."""
        now_s = self._clock()
        key = (request.call_id, request.sender.tag, request.cseq[0])
        while self._merged and (len(self._merged) > MERGED_MAX or
                                next(iter(self._merged.values()))[0] < now_s - MERGED_S):  # fmt: skip
            del self._merged[next(iter(self._merged))]
        if key in self._merged:
            raise SipProblem(482)
        self._merged[key] = now_s, request.via.branch

    def _cancel(self, transaction: ServerTransaction, request: SipRequest) -> None:
        invite = self.transactions.invite_of(request)
        if invite is None:
            raise SipProblem(481)
        transaction.respond(request.response(200, tag=secrets.token_hex(8)))
        if (cancelled := self.invites.get(invite)) is not None and not invite.answered:
            cancelled()

    def _ack(self, request: SipRequest, flow: Flow) -> None:
        try:
            dialog = self._dialogs.get((request.call_id, request.receiver.tag))
        except SipProblem:
            return
        if dialog is not None and dialog.belongs(request):
            dialog.acknowledged(request)

    def _flow_lost(self, flow: Flow) -> None:
        self.transactions.flow_lost(flow)
        self.on_lost(flow)

    # ---- dialogs ------------------------------------------------------------------------------------

    def join(self, key: tuple[str, str], dialog: InDialog) -> None:
        """Requests with that Call-ID and that tag of ours go there from now on."""
        self._dialogs[key] = dialog

    def leave(self, key: tuple[str, str]) -> None:
        self._dialogs.pop(key, None)

    @property
    def dialogs(self) -> int:
        return len(self._dialogs)

    # ---- what goes out ------------------------------------------------------------------------------

    def our_address(self, flow: Flow) -> tuple[str, int]:
        """Host and port of ours that the peer of that flow is told."""
        host = self._advertised(flow.remote[0]) or self._local_host(flow)
        return host, self.sockets.port(flow.transport) or flow.local[1]

    def media_host(self, flow: Flow) -> str:
        """The address of this machine, as the machine knows it, where sound from that peer arrives."""
        return self._local_host(flow)

    def _local_host(self, flow: Flow) -> str:
        host = flow.local[0]
        return host if host not in ("", "0.0.0.0", "::") else self.sockets.local_host(flow.remote[0])

    def contact(self, user: str, flow: Flow) -> str:
        """The value of our Contact. `user`: may be ""."""
        host, port = self.our_address(flow)
        params = () if flow.transport == "udp" else (("transport", flow.transport),)
        return f"<{SipUri('sip', user, host, port, params)}>"

    def _add_via(self, request: SipRequest, flow: Flow) -> None:
        host, port = self.our_address(flow)
        via = f"SIP/2.0/{flow.transport.upper()} {host_port(host, port)};branch={new_branch()};rport"
        request.headers.insert(0, ("via", via))
        if not request.has("user-agent"):
            request.add("User-Agent", USER_AGENT)

    def send_ack(self, request: SipRequest, flow: Flow) -> bytes:
        """Send the ACK of a 2xx, which has no transaction. Returns its bytes, to be sent again when the 2xx comes
        again."""
        self._add_via(request, flow)
        data = request.encode()
        flow.send(data)
        return data

    def way_to(self, hop: SipUri, known: Flow) -> Flow:
        """The flow for the next request of a dialog. `known`: by which its last request or response came. A name is not
        looked up, and an address behind a NAT not tried: the known flow leads there."""
        leaves = (hop.param("transport") or "").lower() == "udp"  # a connection, because they say so
        if known.transport != "udp" and not leaves:
            if not known.closed:
                return known
            kind = hop.transport
            port = hop.port or DEFAULT_PORTS.get(kind, 0)
            return self.sockets.connection_to(kind, hop.host, port) or known
        if hop.transport != "udp" or not is_address(hop.host) or self.sockets.udp is None:
            return known
        if _private(hop.host) and not _private(known.remote[0]):
            return known
        return self.sockets.udp.to(hop.host, hop.port or DEFAULT_PORTS["udp"])

    def ask(
        self,
        make: Callable[[], SipRequest],
        flow: Flow,
        credentials: SipCredentials | None,
        on_response: Callable[[SipResponse], None],
        on_failed: Callable[[FailedWhy], None],
    ) -> Asking:
        """Send a request; see `Asking`."""

        def send(
            request: SipRequest, received: Callable[[SipResponse], None], failed: Callable[[FailedWhy], None]
        ) -> ClientTransaction:
            self._add_via(request, flow)
            return self.transactions.send(request, flow, received, failed)

        return Asking(send, make, credentials, on_response, on_failed)

    async def close(self) -> None:
        self.transactions.close()
        await self.sockets.close()


def _accepts_sdp(request: SipRequest) -> bool:
    kinds = {each.partition(";")[0].strip() for each in request.tokens("accept")}
    return not kinds.isdisjoint({"application/sdp", "application/*", "*/*"})


def _private(host: str) -> bool:
    """An address that only a local network knows."""
    address = ipaddress.ip_address(host)
    return not address.is_global and not address.is_loopback


def _place(error: BaseException) -> str:
    """File and line where it was raised, without its text, which may hold what a peer sent."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}" if at else "an unknown place"
