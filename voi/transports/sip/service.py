"""SIP in a server: opens its sockets when phones.json has accounts, follows the file, and leaves in order."""

import asyncio
import contextlib
import ipaddress
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from voi.calls.calls import Calls
from voi.config.config import Config
from voi.config.phones import Phones
from voi.config.sip_accounts import SipListening
from voi.errors import ConfigError, VoiError
from voi.tasks import Tasks
from voi.transports.sip.account import CountCall, LiveAccount
from voi.transports.sip.dialer import SipDialer
from voi.transports.sip.faults import SipFaults
from voi.transports.sip.incoming import IncomingCalls
from voi.transports.sip.media import OpenMedia
from voi.transports.sip.referred import Permit, Referrals
from voi.transports.sip.registration import AccountState
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import Flow, ServerTransaction
from voi.transports.telephone.consultation import RingUpOf
from voi.transports.telephone.dialing import Dialer

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LEAVE_S = 3.0
NO_STATE = AccountState("stopped", 0.0)


@dataclass(frozen=True)
class SipCounters:
    """`call`: see `CountCall`. `fault`: what is wrong with messages, by kind. `state`: an account's name and state;
    None: it is gone."""

    call: CountCall
    fault: Callable[[str], None]
    state: Callable[[str, AccountState | None], None]


OpenMediaOf = Callable[[SipListening], OpenMedia]


class SipService:
    """`config`: the one of now. `open_media` opens ports for sound as that part of phones.json says. `ring_up_of`:
    what rings up colleagues for calls of an account. `permit`: see `Referrals`."""

    def __init__(
        self, calls: Calls, config: Callable[[], Config], counters: SipCounters, open_media: OpenMediaOf,
        ring_up_of: RingUpOf = lambda account: None, permit: Permit | None = None,
    ) -> None:  # fmt: skip
        self._calls = calls
        self._ring_up_of = ring_up_of
        self._permit = permit
        self._referrals: Referrals | None = None
        self._config = config
        self._counters = counters
        self._open_media_of = open_media
        self._open_media: OpenMedia | None = None
        self._stack: SipStack | None = None
        self._incoming: IncomingCalls | None = None
        self._accounts: dict[str, LiveAccount] = {}
        self._listening: SipListening | None = None
        self._seen: Phones | None = None
        self._tasks = Tasks()
        self._leaving = False

    # ---- what others ask ----------------------------------------------------------------------------

    @property
    def accounts(self) -> Mapping[str, LiveAccount]:
        """Those that are at work, by name."""
        return self._accounts

    @property
    def states(self) -> dict[str, AccountState]:
        return {name: account.state for name, account in self._accounts.items()}

    @property
    def stack(self) -> SipStack | None:
        """None: there are no accounts."""
        return self._stack

    def dialer(self, name: str) -> Dialer | None:
        """Makes calls through that account; None: there is none of that name."""
        if self._stack is None or self._open_media is None or name not in self._accounts:
            return None
        account = partial(self._account, name)
        return SipDialer(self._stack, account, self._open_media, self._counters.call, self._referrals)

    def _account(self, name: str) -> LiveAccount:
        if self._leaving or name not in self._accounts:
            raise VoiError(f"There is no account {name}.")
        return self._accounts[name]

    # ---- its life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin. Raises ConfigError if an address is taken, or an account lacks a secret."""
        try:
            await self._apply(strict=True)
        except BaseException:
            await self.close()
            raise
        self._tasks.start(self._watch(), "SIP accounts")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._leaving:
                return
            try:
                await self._apply(strict=False)
            except VoiError as error:
                log.error("SIP accounts of phones.json cannot be used: %s", error)
            except Exception as error:  # a fault of Voi in here must end no call
                self._tasks.fault("SIP accounts cannot be renewed", error)

    async def _apply(self, *, strict: bool) -> None:
        """Do what phones.json says now: only accounts that are different start anew."""
        phones = self._config().phones
        if phones is self._seen:
            return
        self._seen = phones
        wanted = dict(phones.accounts) if phones else {}
        if phones is not None and wanted and self._stack is None:
            await self._listen(phones.sip)
        elif phones is not None and self._listening is not None and phones.sip != self._listening:
            log.warning("phones.json: sip has changed, which needs a restart of the server")
        for name, account in list(self._accounts.items()):
            if wanted.get(name) != account.config:
                del self._accounts[name]
                self._tasks.start(self._closed(name, account), f"end of SIP account {name}")
        stack = self._stack
        for name, config in wanted.items():
            if name in self._accounts or stack is None:
                continue
            try:
                account = LiveAccount(name, config, stack, self._state_changed)
            except ConfigError as error:
                if strict:
                    raise
                log.error("%s", error)
                continue
            self._accounts[name] = account
            self._counters.state(name, account.state)
            account.start()

    async def _closed(self, name: str, account: LiveAccount) -> None:
        await account.close()
        if name not in self._accounts:
            self._counters.state(name, None)

    def _state_changed(self, account: LiveAccount) -> None:
        state = account.state
        if self._accounts.get(account.name) is account:
            self._counters.state(account.name, state)
        level = logging.WARNING if state.name in ("retrying", "failed") else logging.INFO
        where = f" at {state.server}" if state.server else ""
        log.log(level, "SIP account %s: %s%s%s", account.name, state.name, where,
                f": {state.reason}" if state.reason else "")  # fmt: skip

    async def _listen(self, listening: SipListening) -> None:
        context = await asyncio.to_thread(server_context, listening) if listening.tls_cert_file else None
        local = [ipaddress.ip_network(each, strict=False) for each in listening.local_networks]

        def advertised(host: str) -> str | None:
            with contextlib.suppress(ValueError):
                address = ipaddress.ip_address(host)
                if any(address in network for network in local):
                    return None
            return listening.external_address

        stack = SipStack(SipFaults(self._counters.fault), self._invited, advertised, self._trusts)
        stack.on_lost = self._flow_lost
        try:
            await stack.sockets.listen_udp(listening.host, listening.port)
            port = stack.sockets.port("udp")
            if listening.tcp:
                await stack.sockets.listen("tcp", listening.host, port, None)
            if context is not None:
                await stack.sockets.listen("tls", listening.host, listening.tls_port, context)
        except OSError as error:
            await stack.close()
            raise ConfigError(f"phones.json: sip: cannot listen: {error.strerror or error}.") from None
        self._stack, self._listening = stack, listening
        self._open_media = self._open_media_of(listening)
        self._referrals = Referrals(stack, self._permit, self._counters.call, self._tasks)
        self._incoming = IncomingCalls(
            stack, self._calls, lambda: list(self._accounts.values()), lambda: self._config().phones, self._open_media,
            self._counters.call, self._counters.fault, self._tasks, ring_up_of=self._ring_up_of,
            referrals=self._referrals,
        )  # fmt: skip
        log.info("SIP listens on %s, port %d", listening.host, port)

    def _invited(self, transaction: ServerTransaction) -> None:
        assert self._incoming is not None
        self._incoming.invite(transaction)

    def _trusts(self, host: str) -> bool:
        return any(account.trusts(host) for account in self._accounts.values())

    def _flow_lost(self, flow: Flow) -> None:
        for account in self._accounts.values():
            account.flow_lost(flow)

    async def leave(self) -> None:
        """The server stops: take back the registrations. Calls under way go on, and requests of them are answered."""
        if self._leaving:
            return
        self._leaving = True
        leaving = [asyncio.ensure_future(account.close()) for account in self._accounts.values()]
        if leaving:
            await asyncio.wait(leaving, timeout=LEAVE_S)

    async def close(self) -> None:
        """End all. Safe to call twice."""
        await self.leave()
        for account in self._accounts.values():
            for leg in list(account.legs):
                leg.hang_up()
        await self._tasks.close()
        stack, self._stack = self._stack, None
        if stack is not None:
            await asyncio.sleep(0)  # for the BYEs
            await stack.close()


def server_context(listening: SipListening) -> ssl.SSLContext:
    """For TLS. Raises ConfigError. Blocks: it reads files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(listening.tls_cert_file or "", listening.tls_key_file)
    except OSError as error:
        raise ConfigError(f"phones.json: sip: the certificate cannot be used: {error.strerror or error}.") from None
    return context
