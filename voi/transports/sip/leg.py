"""One call as SIP sees it: what both sides may ask of each other once its dialog stands (RFC 3261, from section 12)."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from voi.errors import VoiError
from voi.transports.sip.acks import AwaitedAck
from voi.transports.sip.asking import Asking, SipCredentials
from voi.transports.sip.bodies import SDP, key_in, sdp_in
from voi.transports.sip.dialog import SipDialog
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.negotiation import MediaPlan, OfferAnswer
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.refer import Transferring, refer_request
from voi.transports.sip.sdp import Direction
from voi.transports.sip.session_timer import SessionTimer
from voi.transports.sip.stack import ALLOW, SUPPORTED, SipStack
from voi.transports.sip.transactions import FailedWhy, Flow, ServerTransaction
from voi.transports.sip.uri import SipUri

log = logging.getLogger(__name__)

GLARE_OWNER_S = (2.1, 4.0)
GLARE_OTHER_S = (0.0, 2.0)
"""RFC 3261, section 14.1: who made the Call-ID waits longer."""
GLARES_MAX = 5
KEY_MS = 160
KEY_EVERY_S = 0.25
WAIT_S = 0.5
SipFields = Sequence[tuple[str, str]]


class SipLeg:
    """`talks`: its offers and answers. `user`: of our Contact. `session_s`: see `SessionTimer`. `owner`: the Call-ID is
    ours."""

    def __init__(
        self, stack: SipStack, dialog: SipDialog, flow: Flow, talks: OfferAnswer, user: str,
        credentials: SipCredentials | None, session_s: int, *, owner: bool,
    ) -> None:  # fmt: skip
        self.stack = stack
        self.dialog = dialog
        self.flow = flow
        self.talks = talks
        self.user = user
        self.credentials = credentials
        self.timer = SessionTimer(session_s, self._refresh, self._expired)
        self.on_plan: Callable[[MediaPlan], None] = lambda plan: None
        """Sound travels differently from now on."""
        self.on_key: Callable[[str], None] = lambda key: None
        self.on_over: Callable[[str], None] = lambda why: None
        """The other side has ended the call, or it broke: told once, and not after `hang_up`."""
        self.on_closed: Callable[[], None] = lambda: None
        """The call is over, no matter who ended it."""
        self.on_replaced: Callable[[SipLeg], None] | None = None
        """Has the call go on over another dialog, which takes the place of this one; None: it cannot."""
        self.on_refer: Callable[[ServerTransaction], None] | None = None
        """The other side asks us to call somebody. Raises SipProblem; None: that is declined."""
        self.over = False
        self.established = False
        self.passed_on = False
        """They have taken a REFER of ours, and hung up or were hung up."""
        self._owner = owner
        self._awaited: AwaitedAck | None = None
        self._offered = False
        """The ACK that is awaited answers our offer."""
        self._inviting: Asking | None = None
        self._ack: tuple[int, bytes] | None = None
        """The ACK of our last INVITE, and its number."""
        self._glares = 0
        self._later: asyncio.TimerHandle | None = None
        self._transferring: Transferring | None = None
        self._their_methods: set[str] = set()

    # ---- theirs -------------------------------------------------------------------------------------

    def belongs(self, request: SipRequest) -> bool:
        return self.dialog.belongs(request)

    def receive(self, transaction: ServerTransaction) -> None:
        """A request within the dialog. Raises SipProblem."""
        request = transaction.request
        if self.over:
            raise SipProblem(481)
        self.dialog.take(request)
        match request.method:
            case "BYE":
                transaction.respond(request.response(200))
                self._end("the other side hung up")
            case "INVITE":
                self._reinvited(transaction)
            case "UPDATE":
                self._updated(transaction)
            case "INFO":
                self._informed(transaction)
            case "OPTIONS":
                transaction.respond(request.response(200, headers=self.stack.capabilities()))
            case "NOTIFY":
                self._notified(transaction)
            case "PRACK":
                self.pracked(transaction)
            case "REFER":
                if self.on_refer is None:
                    raise SipProblem(603)
                self.on_refer(transaction)
            case _:
                raise SipProblem(405, headers=(("Allow", ALLOW),))

    def pracked(self, transaction: ServerTransaction) -> None:
        """They have seen a provisional response of ours. Raises SipProblem."""
        raise SipProblem(481)

    def acknowledged(self, request: SipRequest) -> None:
        """An ACK within the dialog."""
        awaited = self._awaited
        if awaited is None or request.cseq[0] != awaited.seq:
            return
        awaited.stop()
        self._awaited = None
        if self._offered:
            self._offered = False
            try:
                self.talks.take_answer(sdp_in(request))
            except SipProblem as problem:
                self.stack.faults.note("bad_answer", self.flow.remote[0], str(problem))
                self.hang_up((("Reason", f"SIP;cause={problem.code}"),))
                self.on_over("the answer cannot be used")
                return
            self._planned()
        self.confirmed()

    def confirmed(self) -> None:
        """The ACK of our 2xx is here."""

    def _reinvited(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self._inviting is not None:
            raise SipProblem(491)
        if self._awaited is not None or not self.established:
            raise SipProblem(500, headers=(("Retry-After", str(random.randint(1, 9))),))
        headers = self.timer.answer(request)
        offer = sdp_in(request)
        body = self.talks.answer(offer) if offer else self.talks.offer(self.talks.wanted)
        self.dialog.retarget(request)
        self._offered = not offer
        self.accept_invite(transaction, body, headers)
        if offer:
            self._planned()

    def accept_invite(self, transaction: ServerTransaction, body: bytes, headers: SipFields = ()) -> None:
        """Answer an INVITE by 200, which is sent again until it is acknowledged."""
        response = transaction.request.response(200, headers=[*self.described(), *headers], tag=self.dialog.local_tag)
        response.headers[1:1] = [("record-route", each) for each in transaction.request.all("record-route")]
        response.add("Content-Type", SDP)
        response.body = body
        self._awaited = AwaitedAck(transaction, response, self._no_ack)

    def _no_ack(self) -> None:
        self._awaited = None
        self.stack.faults.note("no_ack", self.flow.remote[0])
        self.hang_up((("Reason", 'SIP;cause=408;text="ACK missing"'),))
        self.on_over("no ACK came")

    def _updated(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        offer = sdp_in(request)
        if offer and self._inviting is not None:
            raise SipProblem(491)
        if offer and (self._awaited is not None or not self.established):
            raise SipProblem(500, headers=(("Retry-After", str(random.randint(1, 9))),))
        headers = self.timer.answer(request) if self.established else []
        answer = self.talks.answer(offer) if offer else b""
        self.dialog.retarget(request)
        response = request.response(200, headers=[*self.described(), *headers])
        if answer:
            response.add("Content-Type", SDP)
            response.body = answer
        transaction.respond(response)
        if answer:
            self._planned()

    def _informed(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        key = key_in(request)
        if not key and request.body and not request.content_type.startswith("application/dtmf"):
            raise SipProblem(415, headers=(("Accept", "application/dtmf-relay, application/dtmf"),))
        transaction.respond(request.response(200))
        if key:
            self.on_key(key)

    def _notified(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.get("event").partition(";")[0].strip().lower() != "refer" or self._transferring is None:
            raise SipProblem(481)
        transaction.respond(request.response(200))
        self._transferring.notified(request)

    def _planned(self) -> None:
        if self.talks.plan is not None and not self.over:
            self.on_plan(self.talks.plan)

    def described(self) -> list[tuple[str, str]]:
        """Headers of requests and responses that tell where and what we are."""
        return [("Contact", self.stack.contact(self.user, self.flow)), ("Allow", ALLOW), ("Supported", SUPPORTED)]

    # ---- ours ---------------------------------------------------------------------------------------

    def ask(
        self, method: str, headers: SipFields, body: bytes, on_response: Callable[[SipResponse], None],
        on_failed: Callable[[FailedWhy], None],
    ) -> Asking:  # fmt: skip
        """Send a request within the dialog."""

        def make() -> SipRequest:
            request = self.dialog.request(method)
            for name, value in headers:
                request.add(name, value)
            request.body = body
            return request

        return self.stack.ask(make, self._way(), self.credentials, on_response, on_failed)

    def _way(self) -> Flow:
        try:
            return self.stack.way_to(self.dialog.next_hop(), self.flow)
        except SipProblem:
            return self.flow

    def hang_up(self, headers: SipFields = ()) -> None:
        """End the call; nobody is told. Safe to call twice."""
        if self.over:
            return
        self._close()
        self.ask("BYE", headers, b"", lambda response: None, lambda why: None)

    def hold(self, direction: Direction) -> None:
        """Tell the other side which way sound goes: sendonly holds the call, sendrecv resumes it."""
        self.talks.wanted = direction
        self._invite(self.talks.offer(direction))

    def press(self, keys: str) -> None:
        """Press keys by INFO, one after the other; w: wait half a second."""
        loop, at_s = asyncio.get_running_loop(), 0.0
        for key in keys:
            if key == "w":
                at_s += WAIT_S
            else:
                loop.call_later(at_s, self._press, key)
                at_s += KEY_EVERY_S

    def _press(self, key: str) -> None:
        if not self.over:
            body = f"Signal={key}\r\nDuration={KEY_MS}\r\n".encode()
            self.ask("INFO", (("Content-Type", "application/dtmf-relay"),), body, self._mind, lambda why: None)

    def _mind(self, response: SipResponse) -> None:
        """They may no longer know this call."""
        if response.code in (408, 481) and not self.over:
            self._end("the other side no longer knows the call")

    async def transfer(self, target: SipUri, referred_by: str, replaces: SipDialog | None = None) -> None:
        """Pass the call on (RFC 3515). `replaces`: another call of ours, with the target, that takes its place (RFC
        3891). Returns when the target has answered, or when it is not known after a while. Raises VoiError."""
        if self.over or not self.established:
            raise VoiError("The call is over.")
        if self._transferring is not None:
            raise VoiError("The call is being passed on already.")
        transferring = self._transferring = Transferring()
        headers = refer_request(target, referred_by, replaces)
        headers.append(("Contact", self.stack.contact(self.user, self.flow)))
        self.ask("REFER", headers, b"", transferring.answered, transferring.failed)
        try:
            await transferring.outcome()
            self.passed_on = True
        finally:
            self._transferring = None

    def _refresh(self) -> None:
        if self.over:
            return
        if "update" in self._their_methods:
            headers = [*self.described(), *self.timer.request_headers()]
            self.ask("UPDATE", headers, b"", self._refreshed, self._refresh_failed)
        else:
            self._invite(self.talks.offer(self.talks.wanted))

    def _refreshed(self, response: SipResponse) -> None:
        if response.code < 200:
            return
        if response.code < 300:
            self.timer.answered(response)
        elif response.code in (405, 501):
            self._their_methods.discard("update")
            self._refresh()
        elif response.code == 422 and self.timer.too_small(response):
            self._refresh()
        else:
            self._mind(response)

    def _refresh_failed(self, why: FailedWhy) -> None:
        if not self.over:
            self.hang_up()
            self.on_over("the other side no longer answers")

    def _expired(self) -> None:
        if not self.over:
            self.hang_up((("Reason", 'SIP;cause=408;text="Session expired"'),))
            self.on_over("the session was not refreshed")

    def _invite(self, offer: bytes) -> None:
        """A re-INVITE; later, if one is under way."""
        if self.over or not self.established:
            return
        if self._inviting is not None or self._awaited is not None:
            self._soon(1.0)
            return
        headers = [*self.described(), *self.timer.request_headers(), ("Content-Type", SDP)]
        self._inviting = self.ask("INVITE", headers, offer, self._reinvite_answered, self._reinvite_failed)

    def _soon(self, delay_s: float) -> None:
        if self._later is not None:
            self._later.cancel()
        offer = self.talks.offer(self.talks.wanted)
        self._later = asyncio.get_running_loop().call_later(delay_s, self._invite, offer)

    def _reinvite_answered(self, response: SipResponse) -> None:
        if response.code < 200:
            return
        seq = response.cseq[0]
        if self._ack is not None and self._ack[0] == seq:
            self._way().send(self._ack[1])  # the 200 came again
            return
        self._inviting = None
        if response.code >= 300:
            self._reinvite_refused(response)
            return
        self._glares = 0
        if not self.over:
            self.dialog.retarget(response)
        self.acknowledge(seq)
        self.note_methods(response)
        self.timer.answered(response)
        try:
            self.talks.take_answer(sdp_in(response))
        except SipProblem as problem:
            self.stack.faults.note("bad_answer", self.flow.remote[0], str(problem))
        else:
            self._planned()

    def acknowledge(self, seq: int) -> None:
        """ACK a 2xx to our INVITE of that number."""
        self._ack = (seq, self.stack.send_ack(self.dialog.request("ACK", seq), self._way()))

    def _reinvite_refused(self, response: SipResponse) -> None:
        if response.code == 491 and self._glares < GLARES_MAX:
            self._glares += 1
            self._soon(random.uniform(*(GLARE_OWNER_S if self._owner else GLARE_OTHER_S)))
        elif response.code == 422 and self.timer.too_small(response):
            self._invite(self.talks.offer(self.talks.wanted))
        else:
            self._mind(response)

    def _reinvite_failed(self, why: FailedWhy) -> None:
        self._inviting = None
        self._refresh_failed(why)

    def note_methods(self, message: SipRequest | SipResponse) -> None:
        """What the other side can."""
        if message.has("allow"):
            self._their_methods = message.tokens("allow")

    # ---- the end ------------------------------------------------------------------------------------

    def _end(self, why: str) -> None:
        if not self.over:
            self._close()
            self.on_over(why)

    def _close(self) -> None:
        self.over = True
        self.stack.leave(self.dialog.key)
        self.timer.stop()
        if self._awaited is not None:
            self._awaited.stop()
            self._awaited = None
        if self._later is not None:
            self._later.cancel()
        if self._transferring is not None:
            self.passed_on = self._transferring.gone()
        self.on_closed()
