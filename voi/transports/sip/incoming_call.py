"""A call that comes in: from its INVITE to our 200 or refusal (RFC 3261, section 13.3; RFC 3262)."""

import asyncio
import secrets
from collections.abc import Callable

from voi.transports.sip.asking import SipCredentials
from voi.transports.sip.bodies import sdp_in
from voi.transports.sip.dialog import SipDialog, new_tag
from voi.transports.sip.leg import SipFields, SipLeg
from voi.transports.sip.message import SipResponse
from voi.transports.sip.negotiation import OfferAnswer
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import GIVE_UP_S, T1_S, ServerTransaction

RING_AGAIN_S = 60.0
"""A provisional response is due every minute, or proxies give up (RFC 3261, section 13.3.1.1)."""


class IncomingCall(SipLeg):
    """`on_gone` is told once when the caller gives up before we have answered. Raises SipProblem for an INVITE that
    makes no dialog; nothing is kept then."""

    def __init__(
        self, stack: SipStack, transaction: ServerTransaction, talks: OfferAnswer, user: str,
        credentials: SipCredentials | None, session_s: int,
    ) -> None:  # fmt: skip
        request = transaction.request
        dialog = SipDialog.of_callee(request, new_tag())
        super().__init__(stack, dialog, transaction.flow, talks, user, credentials, session_s, owner=False)
        self.on_confirmed: Callable[[], None] = lambda: None
        """The caller knows that we have answered; told once."""
        self.note_methods(request)
        self.offer = sdp_in(request)
        self._described_answer = b""
        self._timer_headers: list[tuple[str, str]] | None = None
        self._invite_transaction = transaction
        self._confirmed = False
        self._reliable = "100rel" in request.tokens("require")
        self._rseq = secrets.randbelow(1 << 30) + 1
        self._unpracked = False
        self._again: asyncio.TimerHandle | None = None
        self._ringing: asyncio.TimerHandle | None = None
        stack.join(dialog.key, self)
        stack.invites[transaction] = self._cancelled

    # ---- before the answer --------------------------------------------------------------------------

    def ring(self, code: int = 180) -> None:
        """Tell the caller that it rings."""
        if self.over or self.established or (self._reliable and not self.offer):
            return  # without an offer, the first reliable response would have to make one
        transaction = self._invite_transaction
        response = transaction.request.response(code, headers=self.described(), tag=self.dialog.local_tag)
        response.headers[1:1] = [("record-route", each) for each in transaction.request.all("record-route")]
        if self._reliable and not self._unpracked:
            self._rseq += 1
            response.add("Require", "100rel")
            response.add("RSeq", str(self._rseq))
            self._unpracked = True
            self._send_again(transaction, response, T1_S, T1_S)
        transaction.respond(response)
        loop = asyncio.get_running_loop()
        if self._ringing is not None:
            self._ringing.cancel()
        if not self._reliable:
            self._ringing = loop.call_later(RING_AGAIN_S, self.ring)

    def _send_again(self, transaction: ServerTransaction, response: SipResponse, wait_s: float, past_s: float) -> None:
        def again() -> None:
            if past_s >= GIVE_UP_S:
                self.refuse(SipProblem(504, "No PRACK"))
                self.on_over("no PRACK came")
                return
            transaction.flow.send(response.encode())
            self._send_again(transaction, response, 2 * wait_s, past_s + 2 * wait_s)

        self._again = asyncio.get_running_loop().call_later(wait_s, again)

    def pracked(self, transaction: ServerTransaction) -> None:
        words = transaction.request.get("rack").split()
        if not self._unpracked or len(words) != 3 or words[0] != str(self._rseq):
            raise SipProblem(481)
        self._unpracked = False
        if self._again is not None:
            self._again.cancel()
        transaction.respond(transaction.request.response(200))

    def accept(self) -> None:
        """Answer the call: 200 with our description. Raises SipProblem, 488 if nothing of the offer fits, 422; the call
        is then still to be refused."""
        if self.over or self.established:
            return
        self.prepare()
        if self.offer:
            body = self._described_answer
        else:
            body = self.talks.offer()
            self._offered = True
        self._leave_ringing()
        self.established = True
        self.accept_invite(self._invite_transaction, body, self._timer_headers or ())
        if self.offer:
            self._planned()

    def prepare(self) -> None:
        """Read the caller's offer now, if there is one, and what is said of timers. Raises SipProblem, 488 or 422."""
        if self._timer_headers is None:
            self._timer_headers = self.timer.answer(self._invite_transaction.request)
        if self.offer and not self._described_answer:
            self._described_answer = self.talks.answer(self.offer)

    def refuse(self, problem: SipProblem) -> None:
        """Do not take the call. Nobody is told."""
        if self.over or self.established:
            return
        self._leave_ringing()
        self._close()
        transaction = self._invite_transaction
        transaction.respond(
            transaction.request.response(problem.code, problem.reason, problem.headers, self.dialog.local_tag)
        )

    def hang_up(self, headers: SipFields = ()) -> None:
        if not self.established and not self.over:
            self.refuse(SipProblem(480))
            return
        super().hang_up(headers)

    def receive(self, transaction: ServerTransaction) -> None:
        if transaction.request.method == "BYE" and not self.established and not self.over:
            transaction.respond(transaction.request.response(200))
            self._cancelled()
            return
        super().receive(transaction)

    def confirmed(self) -> None:
        if not self._confirmed:
            self._confirmed = True
            self.on_confirmed()

    def _cancelled(self) -> None:
        if self.over or self.established:
            return
        self.refuse(SipProblem(487))
        self.on_over("the caller gave up")

    def _leave_ringing(self) -> None:
        self.stack.invites.pop(self._invite_transaction, None)
        for handle in (self._again, self._ringing):
            if handle is not None:
                handle.cancel()

    def _close(self) -> None:
        self._leave_ringing()
        super()._close()
