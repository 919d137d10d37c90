"""One account at work: its registration, its calls, and the way to its server."""

import asyncio
import contextlib
import hmac
import ipaddress
import secrets
import ssl
from collections.abc import Callable, Mapping

from voi.audio.libopus import load_libopus
from voi.config.sip_accounts import SipAccount, host_and_port
from voi.errors import ConfigError, VoiError
from voi.tasks import Tasks
from voi.transports.sip.account_calls import AccountCalls
from voi.transports.sip.asking import SipCredentials
from voi.transports.sip.negotiation import OfferAnswer
from voi.transports.sip.registration import AccountState, Registration
from voi.transports.sip.resolving import ServerAddress
from voi.transports.sip.stack import SipStack
from voi.transports.sip.transactions import Flow
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.srtp import srtp_is_there

CountCall = Callable[[str, str, str], None]
"""Counts a call by account, direction ("in", "out") and outcome."""


def lacking(name: str, config: SipAccount) -> str:
    """What the account needs and this machine lacks; empty: nothing."""
    if config.srtp == "required" and not srtp_is_there():
        return f"SIP account {name}: srtp needs pylibsrtp. Run: ./install.sh telephone"
    if set(config.codecs) == {"opus"} and not _opus_is_there():
        return f"SIP account {name}: codecs has opus alone, and this machine has no libopus. Run: ./install.sh webrtc"
    return ""


class LiveAccount:
    """`known_secrets`: the values of `config.secrets`. `calls`: those that a former account of that name has under way.
    `on_state` is told each change of its state. Raises ConfigError for what this machine lacks. `start` it, and `close`
    it in the end; its calls go on without it."""

    def __init__(
        self, name: str, config: SipAccount, known_secrets: Mapping[str, str], stack: SipStack, calls: AccountCalls,
        on_state: Callable[["LiveAccount"], None],
    ) -> None:  # fmt: skip
        self.name = name
        self.config = config
        self.user = secrets.token_hex(8)
        """The user of our Contact: everybody who calls it knows it from the registrar."""
        password = known_secrets.get("password", "")
        self.password = password
        self.secret = known_secrets.get("secret", "")
        self.credentials = SipCredentials(config.auth_user or config.user or "", password) if password else None
        self.address = SipUri("sip", config.user or "voi", self._domain() or stack.sockets.local_host("192.0.2.1"))
        if mistake := lacking(name, config):
            raise ConfigError(mistake)
        self._srtp = config.srtp if srtp_is_there() else "off"
        self._codecs = [codec.upper() for codec in config.codecs if codec != "opus" or _opus_is_there()]
        self.legs = calls
        """Its calls under way, those that ring included."""
        self.stack = stack
        self._networks = [ipaddress.ip_network(each, strict=False) for each in config.allow]
        self._tasks = Tasks()
        self._registration: Registration | None = None
        self._state = AccountState("ready", 0.0)
        self._context: ssl.SSLContext | None = None
        if config.server:
            self._registration = Registration(
                stack, config, self.credentials, self.address, self.user, self._connect, lambda state: on_state(self)
            )

    def _domain(self) -> str:
        return self.config.domain or (host_and_port(self.config.server[0])[0] if self.config.server else "")

    def start(self) -> None:
        if self._registration is not None:
            self._tasks.start(self._registration.run(), f"SIP account {self.name}")

    async def close(self) -> None:
        """Leave the server. Calls under way go on."""
        await self._tasks.close()
        if self._registration is not None:
            await self._registration.leave()

    @property
    def state(self) -> AccountState:
        return self._registration.state if self._registration is not None else self._state

    @property
    def is_full(self) -> bool:
        return bool(self.config.max_calls) and len(self.legs) >= self.config.max_calls

    def trusts(self, host: str) -> bool:
        """Whether its calls may come from that address."""
        if self._registration is not None and host in self._registration.known:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def is_secret(self, user: str) -> bool:
        """Whether that user name is the trunk's secret."""
        said, secret = (each.encode("utf-8", "surrogateescape") for each in (user, self.secret))  # user: of any bytes
        return bool(secret) and hmac.compare_digest(said, secret)

    def flow_lost(self, flow: Flow) -> None:
        if self._registration is not None:
            self._registration.flow_lost(flow)

    def talks(self, host: str, port: int, *, encrypted: bool) -> OfferAnswer:
        """Offers and answers for one call. `encrypted`: its signalling is."""
        return OfferAnswer(host, port, self._codecs, self._srtp, offers_srtp=encrypted)

    @property
    def route(self) -> list[str]:
        """Values of Route of requests that begin a call."""
        return self._registration.route if self._registration is not None else []

    @property
    def awaits_server(self) -> bool:
        """Its server is not reached now, and may be in a moment. One that has refused the account is not waited for."""
        registration = self._registration
        if registration is None or self.state.name == "failed":
            return False
        return registration.flow is None or registration.flow.closed

    def flow(self) -> Flow:
        """The way to its server. Raises VoiError if there is none now."""
        registration = self._registration
        flow = registration.flow if registration is not None else None
        if flow is None or flow.closed:
            raise VoiError(f"The account {self.name} does not reach its server ({self.state.name}).")
        return flow

    async def _connect(self, address: ServerAddress) -> Flow:
        """Raises OSError."""
        kind = self.config.transport
        sockets = self.stack.sockets
        if kind == "udp":
            if sockets.udp is None:
                raise ConnectionError("SIP is not listened to over UDP")
            return sockets.udp.to(address.host, address.port)
        if (known := sockets.connection_to(kind, address.host, address.port)) is not None and kind == "tcp":
            return known
        if kind == "tls" and self._context is None:
            self._context = await asyncio.to_thread(client_context, self.config)
        return await sockets.connect(kind, address.host, address.port, self._context, address.name)


def _opus_is_there() -> bool:
    try:
        load_libopus()
    except ConfigError:
        return False
    return True


def client_context(config: SipAccount) -> ssl.SSLContext:
    """For connections to an account's servers. Raises OSError. Blocks: it reads certificates."""
    context = ssl.create_default_context(cafile=config.tls_ca_file)
    if not config.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(NotImplementedError):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
