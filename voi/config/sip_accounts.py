"""The SIP part of phones.json: accounts at registrars, trunks, and where SIP is listened to."""

import ipaddress
import re
import ssl
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from voi.config.parts import FileModel, LanguageCode, Lines, PhrasesOrText
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.secret_refs import missing_variables, plain_secrets, told

SipTransport = Literal["udp", "tcp", "tls"]
SipCodec = Literal["opus", "g722", "pcmu", "pcma"]
SrtpChoice = Literal["off", "optional", "required"]
ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}", re.ASCII)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9.-]{0,252})(?::(\d{1,5}))?", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,128}", re.ASCII)
_CALLER = re.compile(r"\+?[A-Za-z0-9._-]{1,64}\*?|\*", re.ASCII)


def _server(text: str) -> str:
    found = _HOST.fullmatch(text)
    if found is None or (found[2] and not 0 < int(found[2]) < 65_536):
        raise ValueError(f"must be a host with or without a port, such as sip.example.com, not {quoted(text)}")
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"must be an address or a network, such as 203.0.113.0/24, not {quoted(text)}") from None
    return text


def host_and_port(server: str) -> tuple[str, int | None]:
    """Of a server as it stands in the file; without a port, None."""
    found = _HOST.fullmatch(server)
    assert found is not None, "it was checked"
    return found[1].strip("[]"), int(found[2]) if found[2] else None


Networks = Annotated[Lines, AfterValidator(lambda found: tuple(_network(each) for each in found))]


class SipAccount(FileModel):
    """A telephone line over SIP: an account at a registrar (a PBX, a provider), or a trunk."""

    server: Annotated[Lines, AfterValidator(lambda found: tuple(_server(each) for each in found))] = ()
    """Where it registers and calls: a host, with a port where it is not the usual one; several are tried in that order.
    A host without a port is looked up by SRV records too. Without it, the trunk only takes calls."""
    domain: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")
    """What stands behind @ in its address; without it, the first server's host."""
    transport: SipTransport = "udp"
    """How its servers are reached: udp, tcp or tls."""
    tls_ca_file: str | None = None
    """Certificates (PEM) by which its servers' are checked, in place of the system's."""
    tls_verify: bool = True
    """Check the servers' certificate. Without that, anybody in between can listen."""
    user: str | None = None
    """Its user name: what stands before @ in its address."""
    auth_user: str | None = Field(default=None, max_length=128)
    """The user name of its credentials, if it is another."""
    password: str | None = None
    """Its password, as "${NAME}" of an environment variable."""
    display_name: str = Field(default="", max_length=80)
    """The name that those who are called may see."""
    registers: bool = True
    """Register at the server, so that calls to the account come here. false: a trunk."""
    expires_s: int = Field(default=300, ge=60, le=86_400)
    """For how many seconds it registers; it is renewed well before."""
    keep_alive_s: float = Field(default=30.0, ge=0, le=3_600)
    """Ask the server that often (OPTIONS) whether it is there, which also keeps a NAT open; 0: never."""
    allow: Networks = ()
    """Addresses from which calls for a trunk come, such as 203.0.113.0/24."""
    secret: str | None = None
    """Calls to this user name are the trunk's, whatever address they come from; as "${NAME}" of an environment
    variable. The number that was called is then taken from To."""
    challenge: bool = False
    """Ask those who call for the account's user and password."""
    callers: Annotated[tuple[str, ...], Field(max_length=1_000)] = ()
    """Who may call: numbers and names, or the beginning of some with * behind it, such as +49*. Empty: everybody."""
    country_code: str = Field(default="", pattern=r"^[1-9]?\d{0,2}$")
    """The country's code, such as 49, for numbers that come without: 030 123456 is +49 30 123456 then."""
    agent: str | None = None
    """The agent that answers its calls, where `numbers` has none for the number that was called."""
    greeting: PhrasesOrText | None = None
    """What the agent opens a call with, in place of its own greetings."""
    language: LanguageCode | None = None
    """ISO code of the callers' language, in place of the agent's."""
    auto_answer: bool = True
    """Answer calls. false: it rings until somebody takes the call over HTTP, or the caller gives up."""
    ring_s: float = Field(default=0.0, ge=0, le=120)
    """Let it ring for that long before it is answered."""
    app: str = Field(default="telephone", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """The app that its calls belong to, for limits, quotas and usage."""
    max_calls: int = Field(default=0, ge=0, le=10_000)
    """At most so many calls at once, in and out; more are busy. 0: no limit of its own."""
    codecs: Annotated[tuple[SipCodec, ...], Field(min_length=1, max_length=4)] = ("opus", "g722", "pcmu", "pcma")
    """How sound may travel; the other side chooses."""
    srtp: SrtpChoice = "optional"
    """Encrypted sound (SDES): off, optional (if the other side offers it), required. Its keys are in the SIP messages:
    they need TLS."""
    keys: Literal["auto", "rtp", "info"] = "auto"
    """How keys are pressed on the line: in the sound's stream (RFC 4733), by SIP INFO, or what the other side can."""
    takes_refer: bool = False
    """Whether the other side may have a call go on with somebody else, whom the account calls (REFER). Whom it may
    call, and how much a day, is said in `outgoing`."""
    session_expires_s: int = Field(default=1_800, ge=0, le=86_400)
    """Calls are refreshed that often, so that one whose other side has vanished ends; 0: never."""

    @field_validator("user")
    @classmethod
    def _user(cls, user: str | None) -> str | None:
        if user is not None and not _USER.fullmatch(user):
            raise ValueError(f"cannot stand in a SIP address: {quoted(user)}")
        return user

    @field_validator("auth_user", "password", "secret", "display_name")
    @classmethod
    def _one_line(cls, text: str | None) -> str | None:
        if text is not None and any(ord(each) < 32 or ord(each) == 127 for each in text):
            raise ValueError("must be one line, without control characters")
        return text

    @field_validator("callers")
    @classmethod
    def _callers(cls, callers: tuple[str, ...]) -> tuple[str, ...]:
        for each in callers:
            if not _CALLER.fullmatch(each):
                raise ValueError(f"must be numbers such as +4915112345678 or +49*, not {quoted(each)}")
        return callers

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.registers and not (self.user and self.server):
            raise ValueError('lacks server and user; a trunk has "registers": false')
        if not self.registers and not (self.server or self.allow or self.secret or self.challenge):
            raise ValueError(
                "lacks allow, secret or challenge: nobody could call it, and without server it calls nobody"
            )
        if self.challenge and not (self.user and self.password):
            raise ValueError("has challenge, and no user and password to ask for")
        return self

    @property
    def secrets(self) -> dict[str, str]:
        """Its secrets by field, perhaps references to environment variables."""
        return {name: value for name in ("password", "secret") if (value := getattr(self, name))}

    def takes_caller(self, caller: str) -> bool:
        """Whether somebody with that number or name may call."""
        return not self.callers or any(
            caller.startswith(each[:-1]) if each.endswith("*") else caller == each for each in self.callers
        )


class SipListening(FileModel):
    """Where SIP is listened to, for all accounts together."""

    host: str = "0.0.0.0"
    """The address of this machine to listen on."""
    port: int = Field(default=5_060, ge=0, le=65_535)
    """Of UDP and TCP; 0: any that is free."""
    tcp: bool = True
    """Listen on TCP as well as on UDP."""
    tls_port: int = Field(default=5_061, ge=0, le=65_535)
    """Of TLS, if there is a certificate."""
    tls_cert_file: str | None = None
    """Certificate (PEM, with its chain); with it, TLS is listened to as well."""
    tls_key_file: str | None = None
    """Its private key (PEM)."""
    external_address: str | None = Field(default=None, pattern=r"^[0-9A-Fa-f:.]{2,45}$")
    """The IP address at which others reach this machine, where a NAT stands in between."""
    local_networks: Networks = ("127.0.0.0/8", "::1/128")
    """Networks whose telephones are told the machine's own address and not `external_address`."""
    rtp_ports: tuple[int, int] = (20_000, 21_999)
    """The first and the last UDP port for sound; each call takes one or two."""

    @field_validator("rtp_ports")
    @classmethod
    def _ports(cls, ports: tuple[int, int]) -> tuple[int, int]:
        first, last = ports
        if not 1_024 <= first < last <= 65_535:
            raise ValueError("must be two ports from 1024 to 65535, the smaller one first")
        return ports

    @field_validator("host", "external_address")
    @classmethod
    def _address(cls, host: str | None) -> str | None:
        if host is not None:
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise ValueError(f"must be an IP address, not {quoted(host)}") from None
        return host

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("has one of tls_cert_file and tls_key_file; TLS needs both")
        return self


def check_listening(sip: SipListening, source: str, problems: Problems) -> None:
    """A certificate that cannot be used goes to `problems`. Reads files."""
    if sip.tls_cert_file is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(sip.tls_cert_file, sip.tls_key_file)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        problems.error(source, ("sip", "tls_cert_file"), f"cannot be used with tls_key_file: {why}")


def check_accounts(
    accounts: Mapping[str, SipAccount], agents: Mapping[str, Any], carriers: Mapping[str, Any], source: str,
    problems: Problems,
) -> None:  # fmt: skip
    """What can only be known beside the rest of the configuration goes to `problems`."""
    for name, account in accounts.items():
        at = ("accounts", name)
        if not ACCOUNT_NAME.fullmatch(name):
            problems.error(source, at, "has a name that cannot be part of an address: use a-z, 0-9, - and _")
        if name in carriers:
            problems.error(source, at, "has the name of a carrier")
        check_account(account, agents, source, at, problems)
        for field, value in account.secrets.items():
            for missing in missing_variables({field: value}):
                text = f"the environment variable {missing} is not set; put it into .env"
                problems.error(source, (*at, field), text)
            problems.warnings += [told(f"{source}: accounts.{name}", path) for path in plain_secrets({field: value})]


def check_account(
    account: SipAccount, agents: Mapping[str, Any], source: str, at: tuple[str | int, ...], problems: Problems
) -> None:
    """What can be said of one account beside the agents goes to `problems`."""
    if account.agent is not None and account.agent not in agents:
        text = f"there is no agent {quoted(account.agent)}{did_you_mean(account.agent, agents)}"
        problems.error(source, (*at, "agent"), text)
    if account.transport != "tls" and account.srtp == "required":
        problems.warn(source, (*at, "srtp"), "encrypts sound with keys that go over the network in plain text: "
                      'use "transport": "tls"')  # fmt: skip
