"""`Signalling` of a SIP call: ends it in SIP's words, passes it on, and follows it."""

import asyncio
from collections.abc import Callable

from voi.errors import VoiError
from voi.session.events import Ended
from voi.transports.sip.dialog import SipDialog
from voi.transports.sip.incoming_call import IncomingCall
from voi.transports.sip.leg import SipLeg
from voi.transports.sip.media import SipMedia, SipPhoneLine
from voi.transports.sip.negotiation import MediaPlan
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.statuses import bye_headers, refusal_of
from voi.transports.sip.transactions import ServerTransaction
from voi.transports.sip.uri import SipUri, parse_uri
from voi.transports.telephone.line import Signalling, TransferUnsupported


class SipSignalling:
    """`address`: of our account, whose host numbers are dialled at. `on_hold` is told when the other side holds the
    call (True) and resumes it (False)."""

    def __init__(self, leg: SipLeg, media: SipMedia, address: SipUri) -> None:
        self.leg = leg
        self.address = address
        self.on_refer: Callable[[ServerTransaction], None] = declined
        """The other side passes us on. Raises SipProblem."""
        self.referring = False
        """That is under way."""
        self.on_somebody_else: Callable[[], None] = lambda: None
        """The call goes on with somebody else."""
        self.line: SipPhoneLine | None = None
        self.on_hold: Callable[[bool], None] = lambda held: None
        self._media = media
        self.held = False
        """The other side holds the call."""
        self._join(leg)

    def _join(self, leg: SipLeg) -> None:
        leg.on_plan = self.plan
        leg.on_replaced = self.follow
        leg.on_refer = lambda transaction: self.on_refer(transaction)

    def follow(self, leg: SipLeg) -> None:
        """The call goes on over that dialog, whose sound comes to the same port. What becomes of the one before
        concerns nobody any more; the caller of this ends it."""
        before, self.leg = self.leg, leg
        leg.on_over, before.on_over = before.on_over, lambda why: None
        leg.on_key, before.on_key = before.on_key, lambda key: None
        before.on_plan, before.on_replaced, before.on_refer = lambda plan: None, None, declined
        self._join(leg)
        if self.line is not None:
            self.line.leg = leg
        if leg.talks.plan is not None:
            self.plan(leg.talks.plan)
        asyncio.get_running_loop().call_soon(self.on_somebody_else)  # once it is no longer held

    def plan(self, plan: MediaPlan) -> None:
        """It is agreed again how sound travels."""
        self._media.change(plan)
        held = not plan.sends
        if held != self.held:
            self.held = held
            self.on_hold(held)

    async def transfer(self, target: str) -> None:
        """`Signalling`. The call is over for us once the target has answered."""
        await self._refer(dialled(target, self.address))

    async def connect(self, other: Signalling) -> None:
        """`Signalling`: their telephone takes our place in the other call (RFC 3891, RFC 5589)."""
        if not isinstance(other, SipSignalling) or other.leg.over:
            raise TransferUnsupported
        dialog = other.leg.dialog
        try:
            target = parse_uri(dialog.target)
        except SipProblem:
            raise TransferUnsupported from None
        await self._refer(target, dialog)

    async def _refer(self, target: SipUri, replaces: SipDialog | None = None) -> None:
        await self.leg.transfer(target, str(self.address), replaces)
        if not self.leg.over:
            self.leg.hang_up(bye_headers_of_transfer())
            self.leg.on_over("the call was passed on")

    def hang_up(self, ended: Ended) -> None:
        """`Signalling`."""
        leg = self.leg
        if isinstance(leg, IncomingCall) and not leg.established:
            leg.refuse(refusal_of(ended))
        else:
            leg.hang_up(bye_headers(ended))


def declined(transaction: ServerTransaction) -> None:
    """Answers every request so where a dialog takes none. Raises SipProblem(603)."""
    raise SipProblem(603)


def bye_headers_of_transfer() -> list[tuple[str, str]]:
    """Headers that say that another telephone has taken the call, so that it is not shown as missed."""
    return [("Reason", 'SIP;cause=200;text="Call completed elsewhere"')]


def dialled(target: str, address: SipUri) -> SipUri:
    """The SIP address of a number or an address. Raises VoiError for what is neither."""
    if target.startswith("+"):
        return SipUri("sip", target, address.host, address.port)
    try:
        uri = parse_uri(target)
    except SipProblem as problem:
        raise VoiError(f"The target is no SIP address: {problem.reason}") from None
    if uri.headers or not uri.host:
        raise VoiError("The target is no SIP address.")
    return uri
