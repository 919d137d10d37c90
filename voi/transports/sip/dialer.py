"""Calls that we make through an account: the `Dialer` of SIP."""

import asyncio
from collections.abc import Callable

from voi.errors import VoiError
from voi.transports.sip.account import CountCall, LiveAccount
from voi.transports.sip.media import BY_INFO, OpenMedia, SipMedia, SipPhoneLine
from voi.transports.sip.outgoing_call import OutgoingCall
from voi.transports.sip.referred import Referrals
from voi.transports.sip.signalling import SipSignalling, dialled
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import Flow
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.dialing import AnsweredCall, Dial, NotAnswered


class SipDialer:
    """`Dialer`. `account`: the account as it is now; it raises VoiError if there is none any more."""

    def __init__(
        self, stack: SipStack, account: Callable[[], LiveAccount], open_media: OpenMedia, count: CountCall,
        referrals: Referrals | None = None,
    ) -> None:  # fmt: skip
        self._stack = stack
        self._account = account
        self._open_media = open_media
        self._count = count
        self._referrals = referrals

    async def dial(self, dial: Dial, on_ringing: Callable[[], None], on_gone: Callable[[], None]) -> AnsweredCall:
        """`Dialer`."""
        try:
            account = self._account()
            flow = account.flow()
            target = dialled(dial.destination, account.address)
        except VoiError as error:
            raise NotAnswered("unreachable", str(error)) from None
        try:
            answered = await self._dial(account, flow, target, dial, on_ringing, on_gone)
        except NotAnswered as error:
            self._count(account.name, "out", error.kind)
            raise
        except asyncio.CancelledError:
            self._count(account.name, "out", "cancelled")
            raise
        self._count(account.name, "out", "answered")
        return answered

    async def _dial(
        self, account: LiveAccount, flow: Flow, target: SipUri, dial: Dial, on_ringing: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> AnsweredCall:  # fmt: skip
        if account.is_full:
            raise NotAnswered("failed", "the account has as many calls as it may")
        try:
            media = await self._open_media(self._stack.media_host(flow))
        except OSError:
            raise NotAnswered("failed", "there is no free port for sound") from None
        try:
            leg = self._leg(account, flow, target, dial, media)
            account.legs.add(leg, "out")
            leg.on_closed = lambda: account.legs.discard(leg)
            leg.on_ringing = on_ringing
            await leg.answered(dial.ring_timeout_s)
            plan = leg.talks.plan
            if leg.over or plan is None:
                raise NotAnswered("failed", "the other side hung up at once")
            line = SipPhoneLine(media, plan, leg, BY_INFO[account.config.keys])
        except BaseException:
            await media.aclose()
            raise
        signalling = SipSignalling(leg, media, account.address)
        signalling.line = line
        if self._referrals is not None:
            self._referrals.watch(signalling, account)
        leg.on_over = lambda why: on_gone()
        return AnsweredCall(line, signalling)

    def _leg(self, account: LiveAccount, flow: Flow, target: SipUri, dial: Dial, media: SipMedia) -> OutgoingCall:
        config, address = account.config, account.address
        host, _ = self._stack.our_address(flow)
        talks = account.talks(host, media.port, encrypted=flow.transport == "tls")
        shown = SipUri("sip", dial.caller_id or address.user, address.host, address.port)
        headers = [("Route", each) for each in account.route]
        if dial.caller_id:
            headers.append(("P-Preferred-Identity", f"<{shown}>"))
        return OutgoingCall(
            self._stack, flow, target, shown, dial.display_name or config.display_name, talks, account.user,
            account.credentials, config.session_expires_s, headers,
        )  # fmt: skip
