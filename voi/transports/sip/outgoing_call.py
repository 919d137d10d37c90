"""A call that we make: from our INVITE to their answer (RFC 3261, section 13.2)."""

import asyncio
import secrets
from collections.abc import Callable

from voi.transports.sip.asking import Asking, SipCredentials
from voi.transports.sip.bodies import SDP, sdp_in
from voi.transports.sip.dialog import SipDialog, new_tag
from voi.transports.sip.fields import parse_number, quoted_string
from voi.transports.sip.leg import SipLeg
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.negotiation import OfferAnswer
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import GIVE_UP_S, FailedWhy, Flow
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.dialing import NotAnswered, NotAnsweredKind

KINDS: dict[int, NotAnsweredKind] = {
    401: "refused", 402: "refused", 403: "refused", 407: "refused", 404: "unreachable", 408: "no_answer",
    410: "unreachable", 480: "no_answer", 483: "unreachable", 484: "unreachable", 485: "unreachable", 486: "busy",
    487: "no_answer", 600: "busy", 603: "refused", 604: "unreachable", 607: "refused", 608: "refused",
    502: "unreachable", 503: "unreachable", 504: "unreachable",
}  # fmt: skip
EARLY_MAX = 8
"""So many telephones may ring for one call."""


def kind_of(code: int) -> NotAnsweredKind:
    """What a final response means to the caller."""
    return KINDS.get(code) or ("refused" if 300 <= code < 400 else "failed")


class OutgoingCall(SipLeg):
    """`target`: who is called. `route`: values of Route, such as an outbound proxy's. `sender`: our address; `headers`:
    of the INVITE besides."""

    def __init__(
        self, stack: SipStack, flow: Flow, target: SipUri, sender: SipUri, display_name: str, talks: OfferAnswer,
        user: str, credentials: SipCredentials | None, session_s: int, headers: list[tuple[str, str]],
    ) -> None:  # fmt: skip
        tag = new_tag()
        name = f"{quoted_string(display_name)} " if display_name else ""
        dialog = SipDialog(secrets.token_hex(16), tag, "", f"{name}<{sender}>;tag={tag}", f"<{target}>", str(target))
        super().__init__(stack, dialog, flow, talks, user, credentials, session_s, owner=True)
        self.on_ringing: Callable[[], None] = lambda: None
        self._headers = headers
        self._offer = talks.offer()
        self._answer = b""
        """The description of a provisional response, if the 200 has none."""
        self._early: dict[str, tuple[SipDialog, int]] = {}
        """Telephones that ring, by their tag, and the last RSeq of each."""
        self._rang = False
        self._cancelling = False
        self._asking: Asking | None = None
        self._result: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def answered(self, ring_timeout_s: float) -> None:
        """Call, and wait for the answer. Raises NotAnswered. Cancelled: the call is given up."""
        self.stack.join(self.dialog.key, self)
        self._asking = self._call()
        try:
            async with asyncio.timeout(ring_timeout_s):
                await asyncio.shield(self._result)
        except TimeoutError:
            self.give_up()
            raise NotAnswered("no_answer", "rang too long") from None
        except asyncio.CancelledError:
            self.give_up()
            raise

    def _call(self) -> Asking:
        def make() -> SipRequest:
            request = self.dialog.request("INVITE")
            for name, value in (*self.described(), *self.timer.request_headers(), *self._headers):
                request.add(name, value)
            request.add("Content-Type", SDP)
            request.body = self._offer
            return request

        return self.stack.ask(make, self.flow, self.credentials, self._received, self._failed)

    def give_up(self) -> None:
        """Stop the ringing. An answer that crosses it is hung up."""
        if self.established or self._cancelling or self.over:
            return
        self._cancelling = True
        asking = self._asking
        if asking is not None and asking.transaction.state == "proceeding":
            self._cancel(asking)
        # else: a CANCEL may only follow a provisional response (RFC 3261, section 9.1)

    def _cancel(self, asking: Asking) -> None:
        transaction = asking.transaction
        cancel = transaction.cancelling()
        self.stack.transactions.send(cancel, self.flow, lambda response: None, lambda why: None)
        transaction.give_up_after(GIVE_UP_S)

    def _failed(self, why: FailedWhy) -> None:
        self._lose("unreachable" if not self._rang else "no_answer",
                   "no answer from the network" if why == "timeout" else "no connection")  # fmt: skip

    def _lose(self, kind: NotAnsweredKind, cause: str) -> None:
        if not self.over:
            self._close()
        if not self._result.done():
            self._result.set_exception(NotAnswered(kind, cause))
            self._result.exception()  # nobody may wait any more

    def _received(self, response: SipResponse) -> None:
        if response.code < 200:
            self._provisional(response)
        elif response.code < 300:
            self._taken(response)
        elif response.code == 422 and not self._cancelling and self.timer.too_small(response):
            self._asking = self._call()
        else:
            self._lose(kind_of(response.code), SipProblem(response.code).args[0])

    def _provisional(self, response: SipResponse) -> None:
        asking = self._asking
        if self._cancelling:
            if asking is not None and len(self._early) == 0:
                self._early[""] = (self.dialog, 0)  # once
                self._cancel(asking)
            return
        if response.code > 100 and response.tag:
            self._reliable(response)
            if (body := sdp_in(response)) and not self._answer:
                self._answer = body
        if response.code in (180, 181, 182, 183) and not self._rang:
            self._rang = True
            self.on_ringing()

    def _reliable(self, response: SipResponse) -> None:
        """Acknowledge a provisional response that asks for it (RFC 3262)."""
        if "100rel" not in response.tokens("require") or len(self._early) >= EARLY_MAX:
            return
        try:
            rseq = parse_number(response.get("rseq"), 2**31, "RSeq")
            known = self._early.get(response.tag)
            dialog = known[0] if known else SipDialog.of_caller(self._request(), response)
        except SipProblem:
            return
        if known is not None and rseq <= known[1]:
            return  # it came again
        dialog.local_seq = max(dialog.local_seq, self.dialog.local_seq)
        self._early[response.tag] = (dialog, rseq)
        seq = response.cseq[0]

        def make() -> SipRequest:
            request = dialog.request("PRACK")
            request.add("RAck", f"{rseq} {seq} INVITE")
            self.dialog.local_seq = max(dialog.local_seq, self.dialog.local_seq)
            return request

        self.stack.ask(make, self._way_of(dialog), self.credentials, lambda got: None, lambda why: None)

    def _request(self) -> SipRequest:
        assert self._asking is not None
        return self._asking.request

    def _way_of(self, dialog: SipDialog) -> Flow:
        try:
            return self.stack.way_to(dialog.next_hop(), self.flow)
        except SipProblem:
            return self.flow

    def _taken(self, response: SipResponse) -> None:
        seq = response.cseq[0]
        if self.established or self.over:
            if response.tag == self.dialog.remote_tag:
                self.stack.send_ack(self.dialog.request("ACK", seq), self._way())  # the first one was lost
            else:
                self._drop(response, seq)  # another telephone was quicker, or nobody waits any more
            return
        try:
            self.dialog.established(response)
        except SipProblem:
            self._lose("failed", "a 200 that cannot be used")
            return
        self.established = True
        self.acknowledge(seq)
        self.note_methods(response)
        if self._cancelling:
            self.hang_up()
            self._lose("no_answer", "given up")
            return
        try:
            self.talks.take_answer(sdp_in(response) or self._answer)
        except SipProblem as problem:
            self.hang_up((("Reason", f"SIP;cause={problem.code}"),))
            self._lose("failed", "an answer without sound that we know")
            return
        self.timer.answered(response)
        self._planned()
        if not self._result.done():
            self._result.set_result(None)

    def _drop(self, response: SipResponse, seq: int) -> None:
        try:
            dialog = SipDialog.of_caller(self._request(), response)
        except SipProblem:
            return
        way = self._way_of(dialog)
        self.stack.send_ack(dialog.request("ACK", seq), way)
        dialog.local_seq = max(dialog.local_seq, self.dialog.local_seq)
        self.stack.ask(lambda: dialog.request("BYE"), way, self.credentials, lambda got: None, lambda why: None)

    def belongs(self, request: SipRequest) -> bool:
        return not self.established or super().belongs(request)
