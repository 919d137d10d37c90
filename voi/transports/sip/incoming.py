"""Calls that come in: whose account is it, may they call, who answers, is there a place; then it rings."""

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.calls.ringing import Refusal, UnansweredCall
from voi.config.phones import PhoneNumber, Phones
from voi.core.end_reason import EndReason
from voi.core.facts import AnswerAsked, TextTyped
from voi.tasks import Tasks
from voi.transports.sip.account import CountCall, LiveAccount
from voi.transports.sip.digest import DigestGate, read_fields
from voi.transports.sip.incoming_call import IncomingCall
from voi.transports.sip.media import BY_INFO, OpenMedia, SipMedia, SipPhoneLine
from voi.transports.sip.message import SipRequest
from voi.transports.sip.numbers import NUMBER, called_in, caller_of, number_of
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.referred import Referrals
from voi.transports.sip.replaces import Replaces, replaces_in
from voi.transports.sip.signalling import SipSignalling, bye_headers_of_transfer
from voi.transports.sip.stack import SipStack
from voi.transports.sip.statuses import refusal_of
from voi.transports.sip.transactions import ServerTransaction
from voi.transports.sip.uri import SipUri, parse_uri
from voi.transports.telephone.answering import admit_call, open_call
from voi.transports.telephone.consultation import RingUpOf
from voi.transports.telephone.door import TelephoneDoor
from voi.transports.telephone.rtp_line import RTP_TAIL_S

log = logging.getLogger(__name__)

REALM = "voi"
SOMEBODY_ELSE = "[The call was passed on to you: somebody else is on the line now.]"
"""What the agent is told then, in the place of words of the person."""
RINGS_S = 180.0
"""A call that nobody takes rings for so long, if it is not answered by itself."""
_REFUSALS: dict[Refusal, int] = {"busy": 486, "declined": 603, "unavailable": 480}
_OUTCOMES = {403: "not_allowed", 404: "unknown", 480: "unavailable", 486: "busy", 487: "cancelled", 488: "no_codec",
             503: "overloaded"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Arriving:
    """`caller`: number or name, for those who ask; never logged."""

    account: LiveAccount
    number: PhoneNumber
    caller: str
    client: str


class IncomingCalls:
    """`accounts`, `phones`: those of now. `open_media` opens a port for sound. `on_fault` counts what is wrong with a
    line. `ring_up_of`: what rings up colleagues for calls of that account."""

    def __init__(
        self, stack: SipStack, calls: Calls, accounts: Callable[[], Iterable[LiveAccount]],
        phones: Callable[[], Phones | None], open_media: OpenMedia, count: CountCall, on_fault: Callable[[str], None],
        tasks: Tasks, clock: Callable[[], float] = time.time, *, ring_up_of: RingUpOf = lambda account: None,
        referrals: Referrals | None = None,
    ) -> None:  # fmt: skip
        self._stack = stack
        self._calls = calls
        self._accounts = accounts
        self._phones = phones
        self._open_media = open_media
        self._count = count
        self._on_fault = on_fault
        self._tasks = tasks
        self._ring_up_of = ring_up_of
        self._clock = clock
        self._referrals = referrals
        self._gate = DigestGate(REALM)

    def invite(self, transaction: ServerTransaction) -> None:
        """A new call. Raises SipProblem if it is not taken."""
        request, host = transaction.request, transaction.flow.remote[0]
        account = self._account_of(request, host)
        if (replaced := replaces_in(request)) is not None:
            self._replace(transaction, account, replaced)
            return
        try:
            arriving = self._arriving(account, request, host)
            call_id = new_call_id()
            leg = self._leg(account, transaction, call_id)
        except SipProblem as problem:
            self._refused(account, problem, host)
            raise
        context = contextvars.copy_context()
        context.run(conversation_id.set, call_id)
        ringing = context.run(
            self._tasks.start, self._ring(leg, arriving, call_id), "SIP call", lambda error: self._fail(leg, error)
        )
        leg.on_over = lambda why: self._given_up(leg, arriving, ringing)

    def _replace(self, transaction: ServerTransaction, account: LiveAccount, replaced: Replaces) -> None:
        """Somebody takes the place of the other side of a call of that account (RFC 3891). Raises SipProblem."""
        before = account.legs.find(replaced.call_id, replaced.to_tag)
        host = transaction.flow.remote[0]
        if (
            before is None
            or not before.established
            or before.dialog.remote_tag != replaced.from_tag
            or before.on_replaced is None
        ):
            self._stack.limits.refused(host)
            self._stack.faults.note("replaces_unknown", host, "an INVITE replaces a call that is none", 20)
            raise SipProblem(481)
        if replaced.early_only:
            raise SipProblem(486)
        leg = self._leg(account, transaction, account.legs.id_of(before))
        leg.talks.at_port(before.talks.port)
        try:
            leg.prepare()
        except SipProblem as problem:
            leg.refuse(problem)
            return
        before.on_replaced(leg)
        leg.accept()
        before.hang_up(bye_headers_of_transfer())
        self._count(account.name, "in", "replaced")
        log.info("a call of the account %s goes on with somebody else, who has taken it over", account.name)

    def _fail(self, leg: IncomingCall, error: BaseException) -> None:
        self._tasks.fault("a SIP call could not be answered", error)
        leg.refuse(SipProblem(500))

    def _refused(self, account: LiveAccount, problem: SipProblem, host: str) -> None:
        outcome = _OUTCOMES.get(problem.code, "refused")
        self._count(account.name, "in", outcome)
        self._stack.faults.note(f"in_{outcome}", host, f"a call of the account {account.name} got {problem.code}", 20)

    # ---- whose it is --------------------------------------------------------------------------------

    def _account_of(self, request: SipRequest, host: str) -> LiveAccount:
        """Raises SipProblem: 403 for strangers, 401, 404."""
        user = parse_uri(request.uri).user
        accounts = list(self._accounts())
        for account in accounts:
            if user == account.user or account.is_secret(user):
                return account
        trusted = [account for account in accounts if account.trusts(host)]
        named = [account for account in trusted if account.config.user == user]
        trunks = [account for account in trusted if not account.config.registers]
        if named or trunks:
            return (named or trunks)[0]
        if trusted:
            raise SipProblem(404)
        challenging = [account for account in accounts if account.config.challenge]
        if challenging:
            return self._proven(challenging, request)
        self._stack.limits.refused(host)
        self._stack.faults.note("stranger", host, "a call is for no account that may be called from there", 20)
        raise SipProblem(403)

    def _proven(self, accounts: list[LiveAccount], request: SipRequest) -> LiveAccount:
        value = request.get("authorization")
        said = read_fields(value).get("username", "")
        now_s = self._clock()
        stale = False
        for account in accounts:
            known = account.credentials
            if known is None or known.user != said:
                continue
            proven = self._gate.proven(value, known.user, known.password, request.method, now_s)
            if proven:
                return account
            stale = proven is None
        raise SipProblem(401, headers=tuple(self._gate.challenges(now_s, stale=stale)))

    def _arriving(self, account: LiveAccount, request: SipRequest, host: str) -> _Arriving:
        config, phones = account.config, self._phones()
        user = parse_uri(request.uri).user
        if user == account.user or account.is_secret(user):
            called = called_in(request, config.country_code, "p-called-party-id", "to")
        else:
            called = number_of(user, config.country_code)
        number = phones.answering_account(called, account.name) if phones and account.name in phones.accounts else None
        if number is None:
            raise SipProblem(404)
        caller = caller_of(request, config.country_code)
        if not config.takes_caller(caller):
            raise SipProblem(403)
        if account.is_full:
            raise SipProblem(486)
        client = f"{host} ({account.name})"
        try:
            self._calls.admission.check(config.app)
        except Refused as refused:
            self._calls.note_refused(refused.ended, client)
            raise refusal_of(refused.ended) from None
        return _Arriving(account, number, caller, client)

    # ---- it rings -----------------------------------------------------------------------------------

    def _leg(self, account: LiveAccount, transaction: ServerTransaction, call_id: str) -> IncomingCall:
        flow = transaction.flow
        host, _ = self._stack.our_address(flow)
        talks = account.talks(host, 0, encrypted=flow.transport == "tls")
        session_s = account.config.session_expires_s
        leg = IncomingCall(self._stack, transaction, talks, account.user, account.credentials, session_s)
        account.legs.add(leg, "in", call_id)
        leg.on_closed = lambda: account.legs.discard(leg)
        return leg

    def _given_up(self, leg: IncomingCall, arriving: _Arriving, ringing: "asyncio.Task[None]") -> None:
        if not leg.established:
            self._count(arriving.account.name, "in", "cancelled")
        ringing.cancel()

    async def _ring(self, leg: IncomingCall, arriving: _Arriving, call_id: str) -> None:
        account = arriving.account
        config = account.config
        try:
            media = await self._open_media(self._stack.media_host(leg.flow))
        except OSError:
            self._refused(account, SipProblem(503), leg.flow.remote[0])
            leg.refuse(SipProblem(503, headers=(("Retry-After", "30"),)))
            return
        taken = False
        try:
            leg.talks.at_port(media.port)
            leg.prepare()
            if config.auto_answer and not config.ring_s:
                taken = self._take(leg, arriving, media, call_id)
            else:
                with self._calls.ringing.ring(call_id, account.name, arriving.caller) as bell:
                    taken = await self._when_decided(bell, leg, arriving, media)
        except SipProblem as problem:
            self._refused(account, problem, leg.flow.remote[0])
            leg.refuse(problem)
        finally:
            if not taken:
                await media.aclose()

    async def _when_decided(
        self, bell: UnansweredCall, leg: IncomingCall, arriving: _Arriving, media: SipMedia
    ) -> bool:
        """Ring until somebody takes or refuses the call, or the time is over. See `_take`."""
        config = arriving.account.config
        leg.ring()
        decision = await bell.decided(config.ring_s if config.auto_answer else RINGS_S)
        if decision is not None and decision != "answer":
            bell.came_to()
            raise SipProblem(_REFUSALS[decision])
        if decision is None and not config.auto_answer:
            raise SipProblem(480)
        try:
            taken = self._take(leg, arriving, media, bell.id)
        except SipProblem as problem:
            bell.came_to(f"it was refused with {problem.code}")
            raise
        bell.came_to("" if taken else "its agent cannot run")
        return taken

    def _take(self, leg: IncomingCall, arriving: _Arriving, media: SipMedia, call_id: str) -> bool:
        """Answer. False: the call was refused. Raises SipProblem."""
        if leg.offer:
            leg.prepare()
        else:
            leg.talks.narrow()
        plan = leg.talks.plan or leg.talks.expected_plan(leg.flow.remote[0])
        line = SipPhoneLine(media, plan, leg, BY_INFO[arriving.account.config.keys])
        signalling = SipSignalling(leg, media, self._dials_at(arriving.account, leg))
        signalling.line = line
        if self._referrals is not None:
            self._referrals.watch(signalling, arriving.account)
        taking = _Taking(signalling)
        door = TelephoneDoor(line, signalling, on_gone=taking.line_gone, on_fault=self._on_fault, source="sip",
                             tail_s=RTP_TAIL_S, ring_up=self._ring_up_of(arriving.account.name))  # fmt: skip
        taking.door = door
        config, phones = arriving.account.config, self._phones()
        caller = arriving.caller if NUMBER.fullmatch(arriving.caller) else ""
        try:
            call = admit_call(self._calls, door, config.app, arriving.client, call_id, caller,
                              phones.callers if phones else {})  # fmt: skip
        except Refused as refused:
            self._calls.note_refused(refused.ended, arriving.client)
            raise refusal_of(refused.ended) from None
        session = open_call(call, arriving.number, door.heard_rate_hz)
        if session is None:
            self._count(arriving.account.name, "in", "failed")
            return False
        taking.call = call
        try:
            leg.accept()
        except SipProblem as problem:
            call.end(EndReason.BAD_START)
            raise problem
        self._count(arriving.account.name, "in", "answered")
        signalling.on_hold = taking.held
        signalling.on_somebody_else = taking.with_somebody_else
        leg.on_over = lambda why: self._over(taking, media)

        def confirmed() -> None:
            if not call.over:
                door.open(session)
                call.start()
                if signalling.held:
                    taking.held(True)

        leg.on_confirmed = confirmed
        return True

    def _over(self, taking: "_Taking", media: SipMedia) -> None:
        call, door = taking.call, taking.door
        assert call is not None
        if not call.started:
            self._tasks.start(media.aclose(), "sound of a call that never began")
        if taking.passed_on or (door is not None and door.passed_on):
            call.end(EndReason.TRANSFERRED)
        else:
            call.hang_up()

    def _dials_at(self, account: LiveAccount, leg: IncomingCall) -> SipUri:
        if account.config.server or account.config.domain:
            return account.address
        host, port = leg.flow.remote
        return SipUri("sip", account.address.user, host, port if leg.flow.transport == "udp" else None)


class _Taking:
    """What follows from a call's line and signalling for its conversation."""

    def __init__(self, signalling: SipSignalling) -> None:
        self.call: Call | None = None
        self.door: TelephoneDoor | None = None
        self._signalling = signalling

    @property
    def passed_on(self) -> bool:
        """Their telephone was told to call somebody else, and does."""
        return self._signalling.leg.passed_on

    def with_somebody_else(self) -> None:
        """The agent is told, and speaks to them."""
        call, door = self.call, self.door
        if call is not None and call.session is not None and call.started and not (door and door.elsewhere):
            call.session.tell(TextTyped(SOMEBODY_ELSE))
            call.session.tell(AnswerAsked())

    def line_gone(self, why: str) -> None:
        """No sound comes any more."""
        self._signalling.leg.hang_up((("Reason", 'SIP;cause=408;text="No sound"'),))
        if self.call is not None:
            self.call.hang_up()

    def held(self, held: bool) -> None:
        """The caller holds the call: time stands still for the conversation."""
        if self.door is not None:
            self.door.caller_holds = held
            if self.door.elsewhere:
                return
        if self.call is not None and self.call.started:
            if held:
                self.call.stand_still()
            else:
                self.call.go_on({})
