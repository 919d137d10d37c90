"""The calls that Voi makes: through which accounts, to whom, when, and how many. Part of phones.json.

Nothing is allowed that is not written down: without `allow` no number may be called.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from voi.config.parts import FileModel
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.secret_refs import missing_variables, plain_secrets, told

OnVoicemail = Literal["hang_up", "leave_message", "talk"]
OnMenu = Literal["hang_up", "talk"]
OnScreening = Literal["say_who", "hang_up", "talk"]
_PATTERN = re.compile(
    r"\+[1-9]\d{0,14}\*?|sips?:(?:\*|[A-Za-z0-9._~+%-]{1,64})@(?:\*\.)?[A-Za-z0-9.-]{1,120}(?::\d{1,5})?", re.ASCII
)
_CALLER_ID = re.compile(r"\+[1-9]\d{2,14}|[A-Za-z0-9._+-]{1,40}", re.ASCII)
_PREFIX = re.compile(r"\+[1-9]\d{0,14}", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+")
"""What RFC 3986 lets stand in an address."""
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def _pattern(text: str) -> str:
    if not _PATTERN.fullmatch(text):
        raise ValueError(
            f"must be like +49*, +4930123456, sip:*@pbx.example.com or sip:anna@example.com, not {quoted(text)}"
        )
    return text


def _time_of_day(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"must be a time like 21:00, not {quoted(text)}")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"must be a time zone like Europe/Berlin, not {quoted(text)}") from None
    return text


DestinationPattern = Annotated[str, AfterValidator(_pattern)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
ZoneName = Annotated[str, AfterValidator(_zone)]


class QuietHours(FileModel):
    """When nobody is called, by the clock where they are."""

    begin: TimeOfDay = "21:00"
    """From then on nobody is called."""
    end: TimeOfDay = "08:00"
    """From then on people are called again."""
    time_zone: ZoneName = "UTC"
    """The zone of numbers that `time_zones` says nothing of, and of SIP addresses."""
    time_zones: dict[str, ZoneName] = Field(default_factory=dict, max_length=1_000)
    """Zones by the beginning of a number, such as {"+1": "America/New_York"}. The longest that fits counts."""
    sundays: bool = True
    """People may be called on Sundays."""


class MachinesSettings(FileModel):
    """What happens when no person takes a call."""

    detect: bool = True
    """Find out who, or what, took the call. Without it every call counts as taken by a person."""
    on_voicemail: OnVoicemail = "hang_up"
    """hang_up; leave_message: say `message` after the beep, and hang up; talk: as if it were a person."""
    message: str = Field(default="", max_length=2_000)
    """What a voicemail is told. {vars:NAME} stands for the order's variables."""
    on_ivr: OnMenu = "hang_up"
    """What happens when a menu of keys answers. talk: the agent talks and presses keys, if it has the tool for it."""
    on_screening: OnScreening = "say_who"
    """What happens when a service asks who is calling."""
    who: str = Field(default="", max_length=500)
    """What a screening service is told: who calls, and why. Without it, the agent answers it itself."""
    on_music_s: float = Field(default=60, ge=0, le=3_600)
    """How long a queue is waited in for a person; 0: hang up at once."""


class OutgoingAccount(FileModel):
    """How many calls go through one account at most."""

    calls_per_second: float = Field(default=1.0, gt=0, le=50)
    """Calls that begin per second at most."""
    calls_at_once: int = Field(default=2, ge=1, le=1_000)
    """Calls that are dialled or spoken at once at most."""
    calls_per_day: int = Field(default=100, ge=0, le=1_000_000)
    """Calls a day (UTC) at most, answered or not."""
    minutes_per_day: int = Field(default=120, ge=0, le=1_000_000)
    """Minutes of answered calls a day (UTC) at most. Calls under way are ended when they are used up."""
    longest_minutes: float = Field(default=30, gt=0, le=1_440)
    """Longest call, in minutes."""
    caller_ids: tuple[str, ...] = Field(default=(), max_length=1_000)
    """Numbers that an order may have shown, the usual one first; none: the account's own."""
    allow: tuple[DestinationPattern, ...] | None = None
    """Who may be called through this account, within the list for all; without it, all of that."""

    @model_validator(mode="after")
    def _shows_numbers(self) -> Self:
        for caller_id in self.caller_ids:
            if not _CALLER_ID.fullmatch(caller_id):
                raise ValueError(f"has the caller id {quoted(caller_id)}, which is no number or name of a line")
        return self


class OutgoingSettings(FileModel):
    """The calls that Voi makes."""

    accounts: dict[str, OutgoingAccount] = Field(default_factory=dict, max_length=100)
    """By the name of the account, trunk or Asterisk: how many calls go through each. An account that is not here makes
    none."""
    allow: tuple[DestinationPattern, ...] = Field(default=(), max_length=10_000)
    """Who may be called: +49* (all numbers that begin so), +4930123456, sip:*@pbx.example.com, sip:anna@example.com.
    Without any, nobody."""
    deny: tuple[DestinationPattern, ...] = Field(default=(), max_length=10_000)
    """Who may not be called, whatever is allowed. Emergency, premium and satellite numbers never are."""
    apps: tuple[str, ...] = Field(default=(), max_length=100)
    """Apps whose tokens may order calls, too. Without it only the API key may."""
    agents: tuple[str, ...] | None = None
    """Agents that may be ordered; without it, all."""
    quiet_hours: QuietHours | None = None
    """When nobody is called; without it, people are called day and night."""
    consent_required: bool = False
    """Each order must name a consent: where it is written down that the person agreed to be called."""
    machines: MachinesSettings = Field(default_factory=MachinesSettings)
    """What happens when no person takes a call; an order may say otherwise."""
    queue_max: int = Field(default=1_000, ge=1, le=100_000)
    """So many orders wait at most."""
    expires_s: float = Field(default=3_600, ge=10, le=30 * 86_400)
    """An order that could not be dialled within this time is given up, unless it says otherwise."""
    ring_timeout_s: float = Field(default=30, ge=5, le=180)
    """How long it rings, unless the order says otherwise."""
    webhook_secret: str | None = None
    """Key of the signatures of orders' webhooks, as "${NAME}" of an environment variable. Without it orders can name no
    webhook."""
    webhooks: tuple[str, ...] = Field(default=(), max_length=100)
    """Beginnings of the addresses that an order's webhook may have, such as https://crm.example.com/."""
    keep_days: int = Field(default=30, ge=1, le=3_650)
    """How long orders that are over are kept."""

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if self.webhook_secret is not None and "${" not in self.webhook_secret:
            raise ValueError("needs a webhook_secret by reference, like ${CALLS_WEBHOOK_SECRET}")
        if self.webhooks and self.webhook_secret is None:
            raise ValueError("needs a webhook_secret, with which what webhooks are sent is signed")
        for url in self.webhooks:
            if not re.match(r"https?://[^/?#@]+/", url):
                raise ValueError(
                    f"has the webhook {quoted(url)}; write the host and its slash, like https://crm.example.com/"
                )
        if self.machines.on_voicemail == "leave_message" and not self.machines.message.strip():
            raise ValueError("leaves voicemails a message, and has none: machines.message")
        if self.quiet_hours is not None:
            for prefix in self.quiet_hours.time_zones:
                if not _PREFIX.fullmatch(prefix):
                    raise ValueError(f"has a time zone for {quoted(prefix)}, which is no beginning of a number like +1")
        return self

    def takes_webhook(self, url: str) -> bool:
        """Whether an order may name that address. Orders come from outside: an address with a reference to a secret
        (${NAME}), or whose path leads out of what is allowed (`..`), is none."""
        if not _ADDRESS.fullmatch(url) or not url.startswith(self.webhooks):
            return False
        path = unquote(url.partition("?")[0].partition("#")[0])
        return "\\" not in path and not {".", ".."} & set(path.split("/"))


def check_outgoing(outgoing: OutgoingSettings, agents: Mapping[str, object], source: str, problems: Problems) -> None:
    """Add what is wrong beyond the form: agents that do not exist, secrets that are not set."""
    for name in outgoing.agents or ():
        if name not in agents:
            text = f"there is no agent {quoted(name)}{did_you_mean(name, agents)}"
            problems.error(source, ("outgoing", "agents"), text)
    if outgoing.webhook_secret:
        for missing in missing_variables({"secret": outgoing.webhook_secret}):
            text = f"the environment variable {missing} is not set; put it into .env"
            problems.error(source, ("outgoing", "webhook_secret"), text)
    problems.warnings += [
        told(f"{source}: outgoing", path) for path in plain_secrets({"webhook_secret": outgoing.webhook_secret})
    ]
    if outgoing.accounts and not outgoing.allow:
        problems.warnings.append(f"{source}: outgoing: nobody may be called, because allow is empty")
