"""Where SIP is listened to: the sockets that all accounts share, and who takes the calls that come in by them."""

import asyncio
import contextlib
import errno
import ipaddress
import os
import ssl
from collections.abc import Callable, Iterable

from voi.calls.calls import Calls
from voi.config.phones import Phones
from voi.config.sip_accounts import SipListening
from voi.errors import ConfigError
from voi.tasks import Tasks
from voi.transports.sip.account import CountCall, LiveAccount
from voi.transports.sip.faults import SipFaults
from voi.transports.sip.incoming import IncomingCalls
from voi.transports.sip.media import OpenMedia, SipMedia
from voi.transports.sip.referred import Permit, Referrals
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import Flow, ServerTransaction
from voi.transports.telephone.consultation import RingUpOf

OpenMediaOf = Callable[[SipListening], OpenMedia]


def _why(error: OSError) -> str:
    """Why an address is not to be had, and what to do."""
    cause = (
        error.__cause__ if isinstance(error.__cause__, OSError) and not error.errno else error
    )  # as uvloop raises it
    why = os.strerror(cause.errno) if cause.errno else str(error)
    if cause.errno == errno.EADDRINUSE:
        why += ". Another program has it: stop that, or choose another sip.port in phones.json"
    return why


class SipEndpoint:
    """`accounts`, `phones`: those of now; an endpoint without accounts takes no calls. `ring_up_of`, `permit`: see
    `IncomingCalls` and `Referrals`. `in_use`: accounts that calls may go on with which began here, also when the
    accounts are at another endpoint; None: `accounts`. `open` it, and `close` it in the end."""

    def __init__(
        self, listening: SipListening, calls: Calls, accounts: Callable[[], Iterable[LiveAccount]],
        phones: Callable[[], Phones | None], open_media_of: OpenMediaOf, count: CountCall,
        on_fault: Callable[[str], None], tasks: Tasks, ring_up_of: RingUpOf = lambda account: None,
        permit: Permit | None = None, in_use: Callable[[], Iterable[LiveAccount]] | None = None,
    ) -> None:  # fmt: skip
        self.listening = listening
        self._accounts = accounts
        self._open_media_of = open_media_of
        self._media: OpenMedia | None = None
        self._context: ssl.SSLContext | None = None
        self.stack = SipStack(SipFaults(on_fault), self._invited, self._advertised, self._trusts)
        self.stack.on_lost = self._flow_lost
        self.referrals = Referrals(self.stack, permit, in_use or accounts, count, tasks)
        self._incoming = IncomingCalls(
            self.stack, calls, accounts, phones, self.open_media, count, on_fault, tasks, ring_up_of=ring_up_of,
            referrals=self.referrals,
        )  # fmt: skip

    async def open(self) -> None:
        """Raises ConfigError if an address is taken, or the certificate cannot be used."""
        listening, sockets = self.listening, self.stack.sockets
        try:
            if listening.tls_cert_file:
                self._context = await asyncio.to_thread(server_context, listening)
            await sockets.listen_udp(listening.host, listening.port)
            if listening.tcp:
                await self._listen_tcp()
            if self._context is not None:
                await sockets.listen("tls", listening.host, listening.tls_port, self._context)
            self._media = self._open_media_of(listening)
        except OSError as error:
            await self.stack.close()
            raise ConfigError(
                f"phones.json: sip: cannot listen on {listening.host}, port {listening.port}: {_why(error)}."
            ) from None
        except BaseException:
            await self.stack.close()
            raise

    async def _listen_tcp(self) -> None:
        """At the same number as UDP. Raises OSError."""
        listening, sockets = self.listening, self.stack.sockets
        try:
            await sockets.listen("tcp", listening.host, self.port or listening.port, None)
        except OSError:
            if listening.port:
                raise
            await sockets.listen(
                "tcp", listening.host, 0, None
            )  # any port will do, and another program has that number

    @property
    def port(self) -> int | None:
        return self.stack.sockets.port("udp")

    def can_become(self, listening: SipListening) -> bool:
        """Whether its sockets serve that as well."""
        return _sockets_of(listening) == _sockets_of(self.listening)

    async def become(self, listening: SipListening) -> None:
        """Go by that from now on, with the same sockets; calls under way keep their ports. Raises ConfigError if the
        certificate cannot be used: then all stays as it was."""
        if self._context is not None:
            await asyncio.to_thread(server_context, listening)  # a broken one must not take the place of a good one
            await asyncio.to_thread(_load, self._context, listening)
        if (listening.host, listening.rtp_ports) != (self.listening.host, self.listening.rtp_ports):
            self._media = self._open_media_of(listening)
        self.listening = listening

    @property
    def idle(self) -> bool:
        """It has no calls."""
        return not self.stack.dialogs and not self.stack.invites

    async def open_media(self, host: str) -> SipMedia:
        """`OpenMedia`."""
        assert self._media is not None
        return await self._media(host)

    def _advertised(self, host: str) -> str | None:
        listening = self.listening
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(host)
            if any(address in ipaddress.ip_network(each, strict=False) for each in listening.local_networks):
                return None
        return listening.external_address

    def _invited(self, transaction: ServerTransaction) -> None:
        self._incoming.invite(transaction)

    def _trusts(self, host: str) -> bool:
        return any(account.trusts(host) for account in self._accounts())

    def _flow_lost(self, flow: Flow) -> None:
        for account in self._accounts():
            account.flow_lost(flow)

    async def close(self) -> None:
        await self.stack.close()


def _sockets_of(listening: SipListening) -> tuple[object, ...]:
    tls = listening.tls_cert_file is not None
    return listening.host, listening.port, listening.tcp, tls, listening.tls_port if tls else 0


def server_context(listening: SipListening) -> ssl.SSLContext:
    """For TLS. Raises ConfigError. Blocks: it reads files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, listening)
    return context


def _load(context: ssl.SSLContext, listening: SipListening) -> None:
    try:
        context.load_cert_chain(listening.tls_cert_file or "", listening.tls_key_file)
    except OSError as error:
        raise ConfigError(f"phones.json: sip: the certificate cannot be used: {error.strerror or error}.") from None
