"""phones.json: who answers which telephone number, and through which carrier or account it is called."""

import re
from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from voi.config.ari_apps import AsteriskServer, check_asterisk
from voi.config.json_file import is_comment, read_object, validated
from voi.config.outgoing import OutgoingSettings, check_outgoing
from voi.config.parts import FileModel, LanguageCode, PhrasesOrText
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.secret_refs import missing_variables, plain_secrets, told
from voi.config.sip_accounts import ACCOUNT_NAME, SipAccount, SipListening, check_accounts, check_listening
from voi.errors import ConfigError

CarrierKind = Literal["twilio", "telnyx", "plivo", "vonage", "exotel", "genesys"]
MediaFormat = Literal["ulaw", "alaw", "l16"]
ANY_NUMBER = "*"
_KEY_FIELDS: dict[CarrierKind, str] = {
    "twilio": "auth_token",
    "telnyx": "public_key",
    "plivo": "auth_token",
    "vonage": "signature_secret",
    "exotel": "password",
    "genesys": "client_secret",
}
"""What the requests of each kind are checked with."""
SOCKET_KINDS: frozenset[CarrierKind] = frozenset({"exotel", "genesys"})
"""Kinds that open a WebSocket for each call without asking by a webhook first."""
_RATES_HZ: dict[CarrierKind, dict[MediaFormat, tuple[int, ...]]] = {
    "twilio": {"ulaw": (8_000,)},
    "telnyx": {"ulaw": (8_000,), "alaw": (8_000,), "l16": (8_000, 16_000)},
    "plivo": {"ulaw": (8_000,), "l16": (8_000, 16_000)},
    "vonage": {"l16": (8_000, 16_000, 24_000)},
    "exotel": {"l16": (8_000,)},
    "genesys": {"ulaw": (8_000,)},
}
"""Formats and sample rates that each kind can send, the usual ones first."""
_NUMBER = re.compile(r"\+[1-9]\d{5,14}", re.ASCII)
_EXTENSION = re.compile(r"[A-Za-z0-9*#_-]{1,32}", re.ASCII)
_CARRIER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}", re.ASCII)


def _public(url: str) -> str:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        port = parts.port
    except ValueError:
        right, port = False, None
    if not right or port == 0:
        raise ValueError(f"must be the address at which carriers reach the server, such as https://voice.example.com, "
                         f"not {quoted(url)}")  # fmt: skip
    return url.rstrip("/")


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError(f"must be an IP address or network, such as 10.0.0.0/8, not {quoted(text)}") from None


class CarrierAccount(FileModel):
    """An account at a carrier whose calls come as media over WebSocket."""

    kind: CarrierKind
    """Which carrier it is."""
    auth_token: str | None = None
    """Twilio and Plivo: the account's auth token, as "${NAME}" of an environment variable. It checks their requests."""
    public_key: str | None = None
    """Telnyx: the account's public key (base64). It checks their requests."""
    signature_secret: str | None = None
    """Vonage: the account's signature secret, as "${NAME}" of an environment variable. It checks their requests."""
    password: str | None = None
    """Exotel: the password in its WebSocket's address, as "${NAME}" of an environment variable."""
    api_key: str | None = None
    """Genesys: the API key of the Audio Connector's credentials, as "${NAME}" of an environment variable. It says whose
    a request is."""
    client_secret: str | None = None
    """Genesys: the client secret of those credentials (base64), as "${NAME}" of an environment variable. It checks the
    signatures of their requests."""
    allow_from: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(default=(), max_length=1_000)
    """Exotel and Genesys: IP addresses and networks, such as 10.0.0.0/8, from which it may open WebSockets; without it,
    any."""
    account_sid: str | None = Field(default=None, pattern=r"^AC[0-9a-fA-F]{32}$")
    """Twilio: the account's SID. With it, calls can be passed on (transfer), which Twilio does over its REST API."""
    media: MediaFormat | None = None
    """How sound travels: ulaw (Twilio, Telnyx, Plivo, Genesys), alaw (Telnyx), l16 (Telnyx, Plivo, Vonage, Exotel).
    Without it, the first of these."""
    rate_hz: int | None = None
    """Sample rate of l16: 8000 or 16000, with Vonage also 24000; without it, 16000. Exotel's is in its WebSocket's
    address."""
    app: str = Field(default="telephone", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """The app that its calls belong to, for limits, quotas and usage."""

    @property
    def key_field(self) -> str:
        """The field that its requests are checked with."""
        return _KEY_FIELDS[self.kind]

    @property
    def key(self) -> str:
        """What its requests are checked with, perhaps a reference to an environment variable."""
        return str(getattr(self, self.key_field))

    @property
    def secrets(self) -> dict[str, str]:
        """Its secrets by their fields, perhaps references to environment variables."""
        named = {"api_key": self.api_key} if self.api_key else {}
        return {self.key_field: self.key, **named}

    @property
    def media_format(self) -> MediaFormat:
        usual: MediaFormat = next(iter(_RATES_HZ[self.kind]))
        return self.media or usual

    @property
    def media_rate_hz(self) -> int:
        rates = _RATES_HZ[self.kind][self.media_format]
        return self.rate_hz or (16_000 if 16_000 in rates else rates[0])

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if not getattr(self, self.key_field):
            raise ValueError(f"lacks {self.key_field}, which the requests of {self.kind} are checked with")
        if self.kind == "genesys" and not self.api_key:
            raise ValueError("lacks api_key, which says that a request of genesys is this account's")
        if self.allow_from and self.kind not in SOCKET_KINDS:
            raise ValueError(f"has allow_from, which is for {' and '.join(sorted(SOCKET_KINDS))}")
        rates = _RATES_HZ[self.kind]
        if self.media_format not in rates:
            raise ValueError(f"has media {quoted(self.media)}; {self.kind} sends {' or '.join(rates)}")
        if self.media_rate_hz not in rates[self.media_format]:
            can = " or ".join(map(str, rates[self.media_format]))
            raise ValueError(f"has rate_hz {self.rate_hz}; {self.kind} sends {self.media_format} at {can} Hz")
        return self


class PhoneNumber(FileModel):
    """What happens when a number is called."""

    agent: str
    """Name of the agent that answers."""
    carrier: str | None = None
    """The carrier, the SIP account or the Asterisk through which it may be called; without it, any of them."""
    greeting: PhrasesOrText | None = None
    """What the agent opens a call to this number with, in place of its own greetings."""
    language: LanguageCode | None = None
    """ISO code of the language of callers to this number, in place of the agent's."""


class Phones(FileModel):
    """phones.json: the numbers that agents answer."""

    public_url: Annotated[str, AfterValidator(_public)] = ""
    """Where carriers reach this server, such as https://voice.example.com. Signatures are made over this address.
    SIP accounts and Asterisk need none."""
    carriers: dict[str, CarrierAccount] = Field(default_factory=dict)
    """Accounts at carriers, by a name that is part of their webhook's address: /telephone/NAME/voice."""
    accounts: dict[str, SipAccount] = Field(default_factory=dict)
    """Telephone lines over SIP, by a name of yours: accounts at a PBX or a provider, and trunks."""
    sip: SipListening = SipListening()
    """Addresses, ports and certificate that all accounts share."""
    asterisk: dict[str, AsteriskServer] = Field(default_factory=dict)
    """Asterisk servers whose calls agents answer, by a name of yours."""
    numbers: dict[str, PhoneNumber] = Field(default_factory=dict)
    """By the number that is called, such as +4930123456; "*" for all others. With Asterisk also by extension, such as
    200."""
    callers: dict[str, str] = Field(default_factory=dict)
    """Who calls, by their number, in the words of `person` elsewhere. Numbers can be forged, so this proves nothing:
    nothing that is remembered of the person is told before they have proven who they are."""
    outgoing: OutgoingSettings | None = None
    """The calls that Voi makes; without it, it makes none."""

    @model_validator(mode="after")
    def _carriers_know_where(self) -> Self:
        if self.carriers and not self.public_url:
            raise ValueError("lacks public_url, the address at which its carriers reach the server")
        return self

    def answering(self, called: str, carrier: str) -> PhoneNumber | None:
        """What happens when that number is called through that carrier; None: nobody answers."""
        number = self.numbers.get(called) or self.numbers.get(ANY_NUMBER)
        return number if number is not None and number.carrier in (None, carrier) else None

    def answering_account(self, called: str, name: str) -> PhoneNumber | None:
        """What happens when that number is called through the SIP account of that name: what is said of the number,
        what is said of the account, what is said of all others; None: nobody answers."""
        account = self.accounts[name]
        number = self.numbers.get(called) if called != ANY_NUMBER else None
        if number is None or number.carrier not in (None, name):
            own = account.agent is not None
            number = PhoneNumber(agent=account.agent or "") if own else self.numbers.get(ANY_NUMBER)
        if number is None or number.carrier not in (None, name):
            return None
        update = {"greeting": number.greeting or account.greeting, "language": number.language or account.language}
        return number.model_copy(update=update)


_OVER_HTTP = re.compile(r", unless an account (\S+) was added over HTTP$")


def unless_over_http(name: str) -> str:
    """The end of a warning of an account that phones.json lacks: accounts of the store are not known here, and come and
    go while the file stays. "": none of the store can have that name."""
    return "" if not ACCOUNT_NAME.fullmatch(name) else f", unless an account {name} was added over HTTP"


def settled_over_http(warnings: Iterable[str], names: Collection[str]) -> list[str]:
    """The same warnings for one who knows which accounts the store has: without those that are not so, and without
    `unless` in others."""
    found = ((warning, _OVER_HTTP.search(warning)) for warning in warnings)
    return [warning[: end.start()] if end else warning for warning, end in found if not end or end[1] not in names]


def _check_transfers(phones: Phones, agents: Mapping[str, Any], source: str, problems: Problems) -> None:
    """Accounts that agents' transfers name, and accounts that call for others without a permission."""
    ways = (*phones.accounts, *phones.asterisk)
    for agent_name, agent in agents.items():
        telephone = getattr(agent, "telephone", None)
        for name, transfer in telephone.transfers.items() if telephone is not None else ():
            if transfer.account is not None and transfer.account not in ways:
                where = f"{agent_name}.telephone.transfers.{name}.account"
                known = did_you_mean(transfer.account, ways)
                text = f"names {quoted(transfer.account)}, which is none{known}{unless_over_http(transfer.account)}"
                problems.warnings.append(f"{source}: {where} {text}")
    outgoing = phones.outgoing.accounts if phones.outgoing is not None else {}
    for name, account in phones.accounts.items():
        if account.takes_refer and name not in outgoing:
            text = "is of no use: outgoing.accounts has no such account, so REFER is declined"
            problems.warn(source, ("accounts", name, "takes_refer"), text)


def read_phones(path: Path, agents: Mapping[str, Any], problems: Problems) -> Phones | None:
    """The file's content as far as it is right; None: there is no such file, or it has mistakes, which are added to
    `problems`."""
    if not path.exists():
        return None
    source = str(path)
    try:
        raw = read_object(path, problems, missing="")
    except ConfigError as error:
        problems.errors += error.problems
        return None
    raw = {name: value for name, value in raw.items() if not is_comment(name)}
    phones = validated(Phones, raw, source, (), problems)
    if phones is None:
        return None
    for name, carrier in phones.carriers.items():
        at = ("carriers", name)
        if not _CARRIER_NAME.fullmatch(name):
            problems.error(source, at, "has a name that cannot be part of an address: use a-z, 0-9, - and _")
        for field, secret in carrier.secrets.items():
            for missing in missing_variables({field: secret}):
                text = f"the environment variable {missing} is not set; put it into .env"
                problems.error(source, (*at, field), text)
        problems.warnings += [told(f"{source}: carriers.{name}", path) for path in plain_secrets(carrier.secrets)]
    for name, server in phones.asterisk.items():
        at = ("asterisk", name)
        key = {"password": server.password}
        for missing in missing_variables(key):
            text = f"the environment variable {missing} is not set; put it into .env"
            problems.error(source, (*at, "password"), text)
        problems.warnings += [told(f"{source}: asterisk.{name}", path) for path in plain_secrets(key)]
    check_asterisk(phones.asterisk, agents, phones.numbers, source, problems)
    for both in (phones.carriers.keys() | phones.accounts.keys()) & phones.asterisk.keys():
        problems.error(source, ("asterisk", both), "is the name of a carrier or account as well")
    check_listening(phones.sip, source, problems)
    check_accounts(phones.accounts, agents, phones.carriers, source, problems)
    for called, number in phones.numbers.items():
        at = ("numbers", called)
        extension = bool(phones.asterisk) and _EXTENSION.fullmatch(called)
        if called != ANY_NUMBER and not _NUMBER.fullmatch(called) and not extension:
            problems.error(source, at, 'must be a number with its country code, such as +4930123456, or "*"')
        if number.agent not in agents:
            text = f"there is no agent {quoted(number.agent)}{did_you_mean(number.agent, agents)}"
            problems.error(source, (*at, "agent"), text)
        ways = (*phones.carriers, *phones.accounts, *phones.asterisk)
        if number.carrier is not None and number.carrier not in ways:
            text = f"there is no carrier or account {quoted(number.carrier)}{did_you_mean(number.carrier, ways)}"
            if unless := unless_over_http(number.carrier):
                problems.warn(source, (*at, "carrier"), f"{text}{unless}")
            else:
                problems.error(source, (*at, "carrier"), text)
    _check_transfers(phones, agents, source, problems)
    if phones.outgoing is not None:
        check_outgoing(phones.outgoing, agents, source, problems)
    for caller in phones.callers:
        if not _NUMBER.fullmatch(caller):
            problems.error(source, ("callers", caller), "must be a number with its country code, such as +4930123456")
    return phones
