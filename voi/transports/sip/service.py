"""SIP in a server: opens its sockets when there are accounts, follows phones.json and the accounts of the store, and
leaves in order."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from voi.calls.calls import Calls
from voi.config.config import Config
from voi.config.phones import Phones
from voi.config.secret_refs import resolved
from voi.config.sip_accounts import SipAccount
from voi.errors import ConfigError, VoiError
from voi.tasks import Tasks
from voi.transports.sip.account import CountCall, LiveAccount
from voi.transports.sip.account_calls import AccountCalls, CallUnderWay
from voi.transports.sip.dialer import SipDialer
from voi.transports.sip.endpoint import OpenMediaOf, SipEndpoint
from voi.transports.sip.referred import Permit
from voi.transports.sip.registration import AccountState
from voi.transports.sip.stack import SipStack
from voi.transports.telephone.consultation import RingUpOf
from voi.transports.telephone.dialing import Dialer

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LISTEN_AGAIN_S = 5.0
LEAVE_S = 3.0
_NO_PHONES = Phones()
_NOTHING: Mapping[str, SipAccount] = {}


@dataclass(frozen=True)
class SipCounters:
    """`call`: see `CountCall`. `fault`: what is wrong with messages, by kind. `state`: an account's name and state;
    None: it is gone."""

    call: CountCall
    fault: Callable[[str], None]
    state: Callable[[str, AccountState | None], None]


class SipService:
    """`config`: the one of now. `open_media` opens ports for sound as that part of phones.json says. `ring_up_of`:
    what rings up colleagues for calls of an account. `permit`: see `Referrals`. `kept`: accounts that are not of
    phones.json, whose secrets are their values; another mapping when they have changed. An account of phones.json goes
    before one of the same name."""

    def __init__(
        self, calls: Calls, config: Callable[[], Config], counters: SipCounters, open_media: OpenMediaOf,
        ring_up_of: RingUpOf = lambda account: None, permit: Permit | None = None,
        kept: Callable[[], Mapping[str, SipAccount]] = lambda: _NOTHING,
    ) -> None:  # fmt: skip
        self._calls = calls
        self._ring_up_of = ring_up_of
        self._permit = permit
        self._config = config
        self._counters = counters
        self._open_media_of = open_media
        self._kept = kept
        self._endpoint: SipEndpoint | None = None
        self._former: list[SipEndpoint] = []
        """Whose addresses have changed, until their last call is over."""
        self._accounts: dict[str, LiveAccount] = {}
        self._under_way: dict[str, AccountCalls] = {}
        """Calls by account, those of accounts that are gone included."""
        self._unusable: dict[str, AccountState] = {}
        """Accounts that this machine cannot use, and why."""
        self._phones: Phones | None = None
        self._seen: tuple[Phones | None, Mapping[str, SipAccount]] | None = None
        self._refused: object = None
        """What could not be listened to, told once."""
        self._listen_again_s = 0.0
        self._turn = asyncio.Lock()
        self._tasks = Tasks()
        self._leaving = False

    # ---- what others ask ----------------------------------------------------------------------------

    @property
    def accounts(self) -> Mapping[str, LiveAccount]:
        """Those that are at work, by name."""
        return self._accounts

    @property
    def states(self) -> dict[str, AccountState]:
        return self._unusable | {name: account.state for name, account in self._accounts.items()}

    @property
    def under_way(self) -> dict[str, list[CallUnderWay]]:
        """Calls by account; of accounts that were stopped or removed as well."""
        return {name: calls.listed() for name, calls in self._under_way.items() if len(calls)}

    @property
    def stack(self) -> SipStack | None:
        """None: there are no accounts."""
        return self._endpoint.stack if self._endpoint is not None else None

    def dialer(self, name: str) -> Dialer | None:
        """Makes calls through that account; None: there is none of that name, or its server is not reached yet."""
        now = self._accounts.get(name)
        if self._endpoint is None or now is None or now.awaits_server:
            return None
        endpoint = self._endpoint
        account = partial(self._account, name)
        return SipDialer(endpoint.stack, account, endpoint.open_media, self._counters.call, endpoint.referrals)

    def _account(self, name: str) -> LiveAccount:
        if self._leaving or name not in self._accounts:
            raise VoiError(f"There is no account {name}.")
        return self._accounts[name]

    # ---- its life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin. Raises ConfigError if an address is taken, or an account of phones.json lacks a secret."""
        try:
            await self.renew(strict=True)
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
                await self.renew()
                await self._close_former()
            except VoiError as error:
                log.error("SIP accounts of phones.json cannot be used: %s", error)
            except Exception as error:  # a fault of Voi in here must end no call
                self._tasks.fault("SIP accounts cannot be renewed", error)

    async def renew(self, *, strict: bool = False) -> None:
        """Do what phones.json and the store say now: only accounts that are different start again. `strict`: raises
        ConfigError for what is wrong in phones.json; else it is logged."""
        async with self._turn:
            if not self._leaving:
                await self._renew(strict=strict)

    async def _renew(self, *, strict: bool) -> None:
        phones, kept = self._config().phones, self._kept()
        seen = self._seen
        late = self._refused is not None and time.monotonic() >= self._listen_again_s
        if seen is not None and seen[0] is phones and seen[1] is kept and not late:
            return
        self._seen = phones, kept
        given = phones or _NO_PHONES
        self._phones = given.model_copy(update={"accounts": {**kept, **given.accounts}})
        wanted = dict(self._phones.accounts)
        moved = False
        if wanted:
            moved = await self._listen(given, strict=strict and bool(given.accounts))
        for name, account in list(self._accounts.items()):
            if moved or wanted.get(name) != account.config:
                del self._accounts[name]
                self._tasks.start(self._closed(name, account), f"end of SIP account {name}")
        if self._endpoint is None or self._leaving:
            return
        self._unusable = {}
        for name, config in wanted.items():
            if name not in self._accounts:
                self._start(name, config, self._endpoint.stack, from_file=name in given.accounts, strict=strict)

    def _start(self, name: str, config: SipAccount, stack: SipStack, *, from_file: bool, strict: bool) -> None:
        calls = self._under_way.setdefault(name, AccountCalls())
        try:
            secrets = resolved(config.secrets, f"phones.json: accounts.{name}") if from_file else config.secrets
            account = LiveAccount(name, config, secrets, stack, calls, self._state_changed)
        except ConfigError as error:
            if strict and from_file:
                raise
            log.error("%s", error)
            self._unusable[name] = AccountState("unusable", time.time(), str(error))
            return
        self._accounts[name] = account
        self._counters.state(name, account.state)
        account.start()

    async def _closed(self, name: str, account: LiveAccount) -> None:
        await account.close()
        if name not in self._accounts:
            self._counters.state(name, None)

    def _state_changed(self, account: LiveAccount) -> None:
        state = account.state
        newest = self._accounts.get(account.name)
        if newest is account:
            self._counters.state(account.name, state)
        elif newest is not None:
            return  # an edited account has taken its place: "stopped" would be read as the end of that one
        level = logging.WARNING if state.name in ("retrying", "failed") else logging.INFO
        where = f" at {state.server}" if state.server else ""
        log.log(level, "SIP account %s: %s%s%s", account.name, state.name, where,
                f": {state.reason}" if state.reason else "")  # fmt: skip

    # ---- where it listens ---------------------------------------------------------------------------

    async def _listen(self, given: Phones, *, strict: bool) -> bool:
        """Listen as phones.json says now. True: other sockets or addresses than before, so accounts have to register
        again."""
        endpoint, listening = self._endpoint, given.sip
        if endpoint is not None and endpoint.listening == listening:
            self._refused = None
            return False
        try:
            if endpoint is not None and endpoint.can_become(listening):
                await endpoint.become(listening)
            else:
                await self._open(given)
        except ConfigError as error:
            self._not_listening(given, error, strict=strict)
            return False
        self._refused = None
        return True

    async def _open(self, given: Phones) -> None:
        """Open sockets beside those that there are, which stay until their last call is over."""
        endpoint = SipEndpoint(
            given.sip, self._calls, lambda: list(self._accounts.values()) if self._endpoint is endpoint else [],
            lambda: self._phones, self._open_media_of, self._counters.call, self._counters.fault, self._tasks,
            self._ring_up_of, self._permit, lambda: list(self._accounts.values()),
        )  # fmt: skip
        await endpoint.open()
        if self._endpoint is not None:
            self._former.append(self._endpoint)
        self._endpoint = endpoint
        log.info("SIP listens on %s, port %d", endpoint.listening.host, endpoint.port)

    def _not_listening(self, given: Phones, error: ConfigError, *, strict: bool) -> None:
        if strict:
            raise error
        again = self._refused == given.sip
        self._refused = given.sip
        self._listen_again_s = time.monotonic() + LISTEN_AGAIN_S
        if self._endpoint is not None:
            if not again:
                log.error("%s What was listened to stays until that works, or the server starts again.", error)
            return
        why = f"{error} Give sip another port there, or end what has it."
        if not again:
            log.error("SIP accounts cannot be used: %s", why)
        state = AccountState("unusable", time.time(), why, next_try=time.time() + LISTEN_AGAIN_S)
        self._unusable = dict.fromkeys((self._phones or given).accounts, state)

    async def _close_former(self) -> None:
        for endpoint in [each for each in self._former if each.idle]:
            self._former.remove(endpoint)
            await endpoint.close()
        for name in [name for name, calls in self._under_way.items() if not len(calls) and name not in self._accounts]:
            del self._under_way[name]

    # ---- the end ------------------------------------------------------------------------------------

    async def leave(self) -> None:
        """The server stops: take back the registrations, and send on who only rings. Calls under way go on, and
        requests of them are answered."""
        if self._leaving:
            return
        self._leaving = True
        for ringing in self._calls.ringing.listed():
            ringing.decide("unavailable")
        leaving = [asyncio.ensure_future(account.close()) for account in self._accounts.values()]
        if leaving:
            await asyncio.wait(leaving, timeout=LEAVE_S)

    async def close(self) -> None:
        """End all. Safe to call twice."""
        await self.leave()
        for calls in self._under_way.values():
            for leg in calls:
                leg.hang_up()
        await self._tasks.close()
        endpoints = [*self._former, *([self._endpoint] if self._endpoint is not None else [])]
        self._endpoint, self._former = None, []
        if endpoints:
            await asyncio.sleep(0)  # for the BYEs
        for endpoint in endpoints:
            await endpoint.close()
