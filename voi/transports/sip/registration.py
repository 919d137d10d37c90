"""Keeps an account in touch with its server: REGISTER before it expires, OPTIONS in between, the next server when one
fails (RFC 3261, section 10)."""

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

from voi.config.sip_accounts import SipAccount
from voi.transports.sip.asking import SipCredentials
from voi.transports.sip.dialog import new_tag
from voi.transports.sip.fields import parse_address, parse_number
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.reasons import reason_of
from voi.transports.sip.resolving import ServerAddress, addresses_of
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import Flow
from voi.transports.sip.uri import SipUri

AccountStateName = Literal["starting", "registered", "ready", "retrying", "failed", "unusable", "stopped", "deleted"]
RETRY_FIRST_S, RETRY_MAX_S = 2.0, 120.0
REFUSED_FIRST_S, REFUSED_MAX_S = 60.0, 3_600.0
"""Servers shut out who is refused too often."""
LEAVE_S = 2.0
_UNKNOWN_NAME = "no address is known for %s: is the server's name right?"
NOT_AUTHORIZED = (401, 403, 407, 404)


@dataclass(frozen=True, slots=True)
class AccountState:
    """What the operator sees. `ready`: a trunk that can be used. `retrying`: the server is not reached, and is tried
    again. `failed`: it refuses the account. `unusable`: this machine cannot use it. `since`: Unix time. `reason`:
    without secrets and numbers. `next_try`: Unix time at which it is tried again; 0: that is not planned."""

    name: AccountStateName
    since: float
    reason: str = ""
    server: str = ""
    next_try: float = 0.0


class RegisterRefused(Exception):
    """The server does not register the account. `code`: of its response. `retry_after_s`: when to ask again; 0: not
    said."""

    def __init__(self, code: int, retry_after_s: float = 0.0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s


class Registration:
    """Of one account. `connect` opens a way to a server; it raises OSError. `on_state` is told each change. `run` until
    it is cancelled; then `leave`."""

    def __init__(
        self,
        stack: SipStack,
        account: SipAccount,
        credentials: SipCredentials | None,
        address: SipUri,
        contact_user: str,
        connect: Callable[[ServerAddress], Awaitable[Flow]],
        on_state: Callable[[AccountState], None],
    ) -> None:
        self.flow: Flow | None = None
        """The way to the server, as long as it is there."""
        self.route: list[str] = []
        """What the server wants in our requests (Service-Route, RFC 3608)."""
        self.known: frozenset[str] = frozenset()
        """All addresses of the account's servers."""
        self.state = AccountState("starting", time.time())
        self._stack = stack
        self._account = account
        self._credentials = credentials
        self._address = address
        self._contact_user = contact_user
        self._connect = connect
        self._on_state = on_state
        self._call_id = secrets.token_hex(16)
        self._tag = new_tag()
        self._seq = secrets.randbelow(1 << 16)
        self._expires_s = account.expires_s
        self._lost = asyncio.Event()

    def flow_lost(self, flow: Flow) -> None:
        """That connection broke."""
        if flow is self.flow:
            self.flow = None
            self._lost.set()

    async def run(self) -> None:
        failures = 0
        while True:
            wait_s, refused = await self._round()
            if not wait_s:
                failures += 1
                first, most = (REFUSED_FIRST_S, REFUSED_MAX_S) if refused else (RETRY_FIRST_S, RETRY_MAX_S)
                pause_s = min(most, first * 2.0 ** min(failures - 1, 16)) * random.uniform(0.8, 1.2)
                pause_s = max(pause_s, refused.retry_after_s if refused else 0.0)
                self.state = replace(self.state, next_try=time.time() + pause_s)
                await asyncio.sleep(pause_s)
                continue
            failures = 0
            await self._stay(wait_s)

    async def _round(self) -> tuple[float, RegisterRefused | None]:
        """Try all servers. Returns for how many seconds it is good; 0: for none, and what the last refusal was."""
        self._wait_for(f"looking up {', '.join(self._account.server)}")
        addresses = await addresses_of(self._account.server, self._account.transport)
        self.known = frozenset(each.host for each in addresses)
        reason, refused = _UNKNOWN_NAME % ", ".join(self._account.server) if not addresses else "", None
        current = self.flow
        if current is not None and not current.closed:  # the one that works first
            addresses.sort(key=lambda each: (each.host, each.port) != current.remote)
        for address in addresses:
            where = f"{address.name}:{address.port}"
            self._wait_for(f"waiting for an answer of {where} over {self._account.transport.upper()}")
            try:
                flow = current if current is not None and not current.closed and (
                    (address.host, address.port) == current.remote) else await self._connect(address)  # fmt: skip
                wait_s = await self._greet(flow)
            except OSError as error:
                reason, refused = _not_reached(where, error), None
                continue
            except RegisterRefused as error:
                reason = f"{where} says {error.code} {reason_of(error.code)}{self._advice(error.code)}"
                refused = error if error.code in NOT_AUTHORIZED else None
                if refused:
                    break  # another server would say the same
                continue
            self.flow = flow
            self._lost.clear()
            self._become(AccountState("registered" if self._account.registers else "ready", time.time(), "", where))
            return wait_s, None
        self.flow = None
        self._become(AccountState("failed" if refused else "retrying", time.time(), reason))
        return 0.0, refused

    def _advice(self, code: int) -> str:
        """What the operator can do about a refusal."""
        if code in (401, 407) and self._credentials is None:
            return ": it asks for a password, and the account has none"
        if code in (401, 403, 407):
            return ": are user, password and, if it is another, auth_user right?"
        return ": are user and domain right?" if code == 404 else ""

    def _wait_for(self, what: str) -> None:
        """Say what the account waits for, until there is something better to say: a server at a wrong port of UDP is
        not known to be away for half a minute."""
        if self.state.name == "starting":
            self.state = replace(self.state, reason=what)

    def _become(self, state: AccountState) -> None:
        before = self.state
        if before.name == state.name:
            state = replace(state, since=before.since)
        self.state = state
        if replace(before, next_try=0.0) != state:
            self._on_state(state)

    async def _greet(self, flow: Flow) -> float:
        """REGISTER, or OPTIONS of a trunk. Returns when the next is due. Raises OSError, RegisterRefused."""
        if not self._account.registers:
            response = await self._asked(flow, self._options)
            if response.code in (408, 503):
                raise RegisterRefused(response.code)
            return 3_600.0
        response = await self._asked(flow, lambda: self._register(flow, self._expires_s))
        if response.code == 423:
            try:
                self._expires_s = parse_number(response.get("min-expires"), 86_400, "Min-Expires")
            except SipProblem:
                raise RegisterRefused(423) from None
            response = await self._asked(flow, lambda: self._register(flow, self._expires_s))
        if not 200 <= response.code < 300:
            raise RegisterRefused(response.code, _retry_after(response))
        self.route = response.all("service-route")[:4]
        granted_s = self._granted(response)
        return max(granted_s * 0.5, granted_s - 60.0) if granted_s > 20 else max(1.0, granted_s * 0.5)

    def _granted(self, response: SipResponse) -> float:
        """For how many seconds: at most as long as was asked for, since a registrar that says more may have forgotten
        the account long before."""
        return min(self._told(response), float(self._expires_s))

    def _told(self, response: SipResponse) -> float:
        for value in response.all("contact"):
            try:
                contact = parse_address(value)
                if contact.parsed.user == self._contact_user and contact.param("expires"):
                    return float(parse_number(contact.param("expires") or "", 2**32 - 1, "expires"))
            except SipProblem:
                continue
        try:
            return float(parse_number(response.get("expires") or str(self._expires_s), 2**32 - 1, "Expires"))
        except SipProblem:
            return float(self._expires_s)

    async def _asked(self, flow: Flow, make: Callable[[], SipRequest]) -> SipResponse:
        """The final response. Raises OSError if there is none."""
        got: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()

        def answered(response: SipResponse) -> None:
            if response.code >= 200 and not got.done():
                got.set_result(response)

        def failed(why: str) -> None:
            if not got.done():
                got.set_exception(TimeoutError() if why == "timeout" else ConnectionError())

        self._stack.ask(make, flow, self._credentials, answered, failed)
        return await got

    def _register(self, flow: Flow, expires_s: int) -> SipRequest:
        domain = SipUri("sip", "", self._address.host)
        request = self._request("REGISTER", domain)
        request.add("Contact", f"{self._stack.contact(self._contact_user, flow)};expires={expires_s}")
        request.add("Expires", str(expires_s))
        request.add("Supported", "path")
        return request

    def _options(self) -> SipRequest:
        return self._request("OPTIONS", SipUri("sip", "", self._address.host))

    def _request(self, method: str, uri: SipUri) -> SipRequest:
        self._seq += 1
        headers = [("max-forwards", "70"), ("from", f"<{self._address}>;tag={self._tag}"), ("to", f"<{self._address}>"),
                   ("call-id", self._call_id), ("cseq", f"{self._seq} {method}")]  # fmt: skip
        return SipRequest(headers, b"", method, str(uri))

    async def _stay(self, wait_s: float) -> None:
        """Wait until the next REGISTER is due, or the server is gone."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_s
        every_s = self._account.keep_alive_s or wait_s
        while (left_s := until_s - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(every_s, left_s)):
                    await self._lost.wait()
            except TimeoutError:
                pass
            if self.flow is None or self._lost.is_set():
                await asyncio.sleep(random.uniform(0.2, 1.0))  # all clients of a server that starts again come at once
                return
            if self._account.keep_alive_s and until_s - loop.time() > 0:
                try:
                    await self._asked(self.flow, self._options)
                except OSError:
                    self.flow = None
                    return

    async def leave(self) -> None:
        """Take the registration back, as far as the server still listens."""
        flow = self.flow
        if flow is not None and self._account.registers and not flow.closed:
            try:
                async with asyncio.timeout(LEAVE_S):
                    await self._asked(flow, lambda: self._register(flow, 0))
            except OSError:
                pass
        self.flow = None
        self._become(AccountState("stopped", time.time()))


def _not_reached(where: str, error: OSError) -> str:
    what = "no answer" if isinstance(error, TimeoutError) else type(error).__name__
    return f"{where} is not reached ({what}): are host, port and transport right, and the way through a firewall free?"


def _retry_after(response: SipResponse) -> float:
    try:
        value = response.get("retry-after").partition(";")[0].partition("(")[0]
        return float(parse_number(value, 3_600, "Retry-After"))
    except SipProblem:
        return 0.0
