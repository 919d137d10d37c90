"""The other side passes us on (RFC 3515): its REFER asks us to call somebody, with whom the conversation then goes on.

It costs the operator money and is asked for from outside, so it is taken only where an account says so, within what
its calls may do (`outgoing` of phones.json: who may be called, and how much a day).
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable

from voi.errors import ClientError, VoiError
from voi.tasks import Tasks
from voi.transports.sip.account import CountCall, LiveAccount
from voi.transports.sip.fields import parse_address
from voi.transports.sip.message import SipRequest
from voi.transports.sip.numbers import NUMBER, number_of
from voi.transports.sip.outgoing_call import OutgoingCall
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.reasons import reason_of
from voi.transports.sip.replaces import Replaces, replaces_asked
from voi.transports.sip.signalling import SipSignalling, dialled
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import ServerTransaction
from voi.transports.sip.uri import SipUri, parse_uri
from voi.transports.telephone.dialing import NotAnswered, NotAnsweredKind
from voi.transports.telephone.outgoing.destinations import Destination, parse_destination
from voi.transports.telephone.outgoing.policy import OrderRefused
from voi.transports.telephone.outgoing.second_calls import Spending

log = logging.getLogger(__name__)

RING_S = 30.0
BYE_WAIT_S = 5.0
"""The one that passed us on hangs up once they know that it went well; if not, we do."""
PERMIT_S = 5.0
_CODES: dict[NotAnsweredKind, int] = {"busy": 486, "no_answer": 480, "refused": 603, "unreachable": 404, "failed": 500}
_CODE = re.compile(r"([3-6]\d\d)\b")


Permit = Callable[[str, Destination], Awaitable[Spending]]
"""Whether a call through that account may be made because a peer asks for it. Raises OrderRefused."""


class Referrals:
    """`permit` None: no REFER is taken. `accounts`: those of now. `count`: see `CountCall`. `tasks` own the calls that
    are begun."""

    def __init__(
        self, stack: SipStack, permit: Permit | None, accounts: Callable[[], Iterable[LiveAccount]], count: CountCall,
        tasks: Tasks,
    ) -> None:  # fmt: skip
        self._stack = stack
        self._accounts = accounts
        self._permit = permit
        self._count = count
        self._tasks = tasks

    def watch(self, signalling: SipSignalling, account: LiveAccount) -> None:
        """Take the REFERs of that call."""
        signalling.on_refer = lambda transaction: self._referred(signalling, account.name, transaction)

    def _referred(self, signalling: SipSignalling, name: str, transaction: ServerTransaction) -> None:
        """Raises SipProblem: 603 where none is taken, 400, 491 while one is under way."""
        request = transaction.request
        account = next((each for each in self._accounts() if each.name == name), None)  # it may be changed, or gone
        if self._permit is None or account is None or not account.config.takes_refer:
            raise SipProblem(603)
        if signalling.referring or not signalling.leg.established:
            raise SipProblem(491)
        target, replaces = _refer_to(request)
        try:
            destination = _destination(target, account)
        except ClientError:
            raise SipProblem(403) from None
        signalling.referring = True
        referral = _Referral(signalling, account, transaction, destination, replaces)
        work = self._carry_out(referral, self._permit, destination)
        self._tasks.start(work, "a REFER", lambda error: self._tasks.fault("a REFER broke", error))

    async def _carry_out(self, referral: "_Referral", permit: Permit, destination: Destination) -> None:
        name, host = referral.account.name, referral.before.flow.remote[0]
        try:
            try:
                async with asyncio.timeout(PERMIT_S):
                    spending = await permit(name, destination)
            except OrderRefused as refused:
                self._stack.faults.note("refer_refused", host, f"a REFER of the account {name}: {refused.reason}")
                referral.refuse(603 if refused.reason == "off" else 403)
                return
            except TimeoutError:
                referral.refuse(503)
                return
            try:
                await referral.call(spending)
            except NotAnswered as error:
                spending.close()
                self._count(name, "out", error.kind)
                log.warning("a call through the account %s was not passed on to us: %s", name, error.kind)
            except BaseException:
                spending.close()
                raise
            else:
                self._count(name, "out", "answered")
                log.info("a call through the account %s goes on with somebody else, as its other side asked", name)
        finally:
            referral.signalling.referring = False


class _Referral:
    """One REFER that was taken."""

    def __init__(
        self, signalling: SipSignalling, account: LiveAccount, transaction: ServerTransaction,
        destination: Destination, replaces: Replaces | None,
    ) -> None:  # fmt: skip
        self.signalling = signalling
        self.account = account
        self.before = signalling.leg
        # other sockets than those of the call, if `sip` of phones.json was changed since it began
        self._stack = account.stack if account.config.server else signalling.leg.stack
        self._transaction = transaction
        self._destination = destination
        self._replaces = replaces
        self._tells = transaction.request.get("refer-sub").strip().lower() != "false"
        self._event = f"refer;id={transaction.request.cseq[0]}"

    def refuse(self, code: int) -> None:
        self.before.stack.refuse(self._transaction, SipProblem(code))

    async def call(self, spending: Spending) -> None:
        """Call, and go on there. Raises NotAnswered; then all is as before, or over if the other side has left."""
        before, signalling = self.before, self.signalling
        request = self._transaction.request
        headers = list(before.described()) if self._tells else [*before.described(), ("Refer-Sub", "false")]
        self._transaction.respond(request.response(202, headers=headers))
        self._notify(100, over=False)
        left: list[str] = []
        on_over, before.on_over = before.on_over, left.append  # they may hang up at once
        stands_still = not signalling.held
        if stands_still:
            signalling.on_hold(True)
        try:
            leg = await self._answered()
        except BaseException as error:
            before.on_over = on_over
            if stands_still and not signalling.held:
                signalling.on_hold(False)
            self._notify(_code_of(error), over=True)
            if left:
                on_over(left[0])
            raise
        before.on_over = on_over
        signalling.follow(leg)
        if stands_still and not signalling.held:
            signalling.on_hold(False)
        self._notify(200, over=True)
        asyncio.get_running_loop().call_later(BYE_WAIT_S, before.hang_up)

        def closed() -> None:
            self.account.legs.discard(leg)
            spending.close()

        def used_up() -> None:
            leg.hang_up()
            leg.on_over("the account's minutes of today are used up")

        leg.on_closed = closed
        spending.answered(used_up)
        if leg.over:
            closed()
            leg.on_over("they hung up at once")

    async def _answered(self) -> OutgoingCall:
        """Raises NotAnswered."""
        account, before = self.account, self.before
        if account.is_full:
            raise NotAnswered("failed", "the account has as many calls as it may")
        try:
            flow = account.flow() if account.config.server else before.flow
            target = dialled(self._destination.address, self.signalling.address)
        except VoiError as error:
            raise NotAnswered("unreachable", str(error)) from None
        host, _ = self._stack.our_address(flow)
        # the sound keeps its port: nothing that comes there is heard before the answer moves the line
        talks = account.talks(host, before.talks.port, encrypted=flow.transport == "tls")
        headers = [*(("Route", each) for each in account.route), ("Referred-By", f"<{self.signalling.address}>")]
        if self._replaces is not None:
            headers.append(("Replaces", str(self._replaces)))
        leg = OutgoingCall(
            self._stack, flow, target, account.address, account.config.display_name, talks, account.user,
            account.credentials, account.config.session_expires_s, headers,
        )  # fmt: skip
        account.legs.add(leg, "out", account.legs.id_of(self.signalling.leg))
        leg.on_closed = lambda: account.legs.discard(leg)
        leg.on_ringing = lambda: self._notify(180, over=False)
        await leg.answered(RING_S)
        if leg.over or leg.talks.plan is None:
            raise NotAnswered("failed", "the other side hung up at once")
        return leg

    def _notify(self, code: int, *, over: bool) -> None:
        """Tell them how far it is."""
        if self.before.over or not self._tells:
            return
        state = "terminated;reason=noresource" if over else "active;expires=60"
        headers = (("Event", self._event), ("Subscription-State", state), *self.before.described(),
                   ("Content-Type", "message/sipfrag;version=2.0"))  # fmt: skip
        body = f"SIP/2.0 {code} {reason_of(code)}\r\n".encode()
        self.before.ask("NOTIFY", headers, body, lambda response: None, lambda why: None)


def _refer_to(request: SipRequest) -> tuple[SipUri, Replaces | None]:
    """Raises SipProblem: 400, or 603 for what is no call."""
    values = request.all("refer-to")
    if len(values) != 1:
        raise SipProblem(400, "One Refer-To")
    target = parse_uri(parse_address(values[0]).uri)
    if (target.param("method") or "INVITE").upper() != "INVITE":
        raise SipProblem(603)
    return target, replaces_asked(target.headers)


def _destination(target: SipUri, account: LiveAccount) -> Destination:
    """Who is to be called, as it is compared with what is allowed. Raises ClientError."""
    number = number_of(target.user, account.config.country_code)
    if target.scheme == "tel" or (target.host == account.address.host and NUMBER.fullmatch(number)):
        return parse_destination(number)
    port = f":{target.port}" if target.port else ""
    return parse_destination(f"{target.scheme}:{target.user}@{target.host}{port}")


def _code_of(error: BaseException) -> int:
    if not isinstance(error, NotAnswered):
        return 500
    found = _CODE.match(error.cause)
    return int(found[1]) if found else _CODES[error.kind]
