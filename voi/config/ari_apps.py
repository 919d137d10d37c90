"""phones.json: Asterisk servers whose calls agents answer, over the Asterisk REST Interface (ARI)."""

import re
from collections.abc import Collection
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from voi.config.parts import FileModel, LanguageCode, PhrasesOrText
from voi.config.problems import Problems, did_you_mean, quoted

AriMedia = Literal["auto", "rtp", "audiosocket", "websocket"]
AriFormat = Literal["ulaw", "alaw", "g722", "slin", "slin16"]
FORMATS: dict[AriMedia, tuple[AriFormat, ...]] = {
    "auto": (),
    "rtp": ("ulaw", "alaw", "g722"),
    "audiosocket": ("slin", "slin16"),
    "websocket": ("ulaw", "alaw", "slin", "slin16"),
}
"""What each kind of media can carry, the usual one first."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?", re.ASCII)
_DIALPLAN = r"^[A-Za-z0-9_.+*#-]{1,79}$"
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,59}", re.ASCII)


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        right = right and parts.username is None
        port = parts.port
    except ValueError:
        right, port = False, None
    if not right or port == 0:
        raise ValueError(f"must be the address of Asterisk's HTTP server, such as http://127.0.0.1:8088, without a "
                         f"password, not {quoted(url)}")  # fmt: skip
    return url.rstrip("/").removesuffix("/ari")


def _host(host: str) -> str:
    if host and not _HOST.fullmatch(host):
        raise ValueError(f"must be an IP address or a host name, not {quoted(host)}")
    return host


def _template(name: str, endpoint: str) -> str:
    if endpoint.count("{" + name + "}") != 1 or "/" not in endpoint or not endpoint.isprintable():
        example = f"PJSIP/{{{name}}}@trunk" if name == "number" else f"PJSIP/trunk/{{{name}}}"
        raise ValueError(f"must be an endpoint of Asterisk with {{{name}}} in it, such as {example}, "
                         f"not {quoted(endpoint)}")  # fmt: skip
    return endpoint


def _of_number(endpoint: str) -> str:
    return _template("number", endpoint)


def _of_address(endpoint: str) -> str:
    return _template("address", endpoint)


class StasisApp(FileModel):
    """What happens with the calls that the dialplan gives to Stasis(NAME)."""

    agent: str | None = None
    """Name of the agent that answers; without it, `numbers` says who answers the extension that was dialled, or the
    first argument of Stasis(NAME,…) if it has one."""
    greeting: PhrasesOrText | None = None
    """What the agent opens a call with, in place of its own greetings."""
    language: LanguageCode | None = None
    """ISO code of the callers' language, in place of the agent's."""


class AriTransfer(FileModel):
    """How a call is passed on: back into the dialplan (`context`), or by a SIP REFER (`endpoint`)."""

    context: str | None = Field(default=None, pattern=_DIALPLAN)
    """The context of the dialplan where the call goes on. The target is in the channel variable VOI_TARGET."""
    extension: str | None = Field(default=None, pattern=_DIALPLAN)
    """The extension there; without it, the number that the call is passed on to."""
    priority: int = Field(default=1, ge=1, le=1_000)
    """The priority there."""
    variables: dict[str, str] = Field(default_factory=dict)
    """Channel variables that are set before."""
    endpoint: Annotated[str, AfterValidator(_of_number)] | None = None
    """In place of the context: where the caller's telephone is referred to, such as PJSIP/{number}@trunk."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.context is None) is (self.endpoint is None):
            raise ValueError("needs either context or endpoint")
        if self.endpoint is not None and (self.extension is not None or self.variables):
            raise ValueError("has an endpoint, so extension and variables have no meaning")
        if wrong := [name for name in self.variables if not _VARIABLE.fullmatch(name)]:
            raise ValueError(f"names a variable {quoted(wrong[0])}; names have letters, digits and underscores")
        return self


class AriOutgoing(FileModel):
    """How Voi calls somebody through this Asterisk."""

    endpoint: Annotated[str, AfterValidator(_of_number)] | None = None
    """What is dialled for a number, such as PJSIP/{number}@trunk or Local/{number}@from-internal."""
    sip_endpoint: Annotated[str, AfterValidator(_of_address)] | None = None
    """What is dialled for a SIP address, such as PJSIP/trunk/{address}; without it, none may be called."""
    caller_id: str = Field(default="", pattern=r'^[^\x00-\x1f\x7f"<>]{0,80}$')
    """The number that is shown, unless the call names another."""
    plus: bool = True
    """Numbers are dialled with their plus sign: +4930123456; false: 4930123456."""

    @model_validator(mode="after")
    def _dials(self) -> Self:
        if self.endpoint is None and self.sip_endpoint is None:
            raise ValueError("needs an endpoint")
        return self


class AsteriskServer(FileModel):
    """An Asterisk whose calls agents answer."""

    url: Annotated[str, AfterValidator(_url)]
    """Asterisk's HTTP server, such as http://127.0.0.1:8088 (http.conf)."""
    user: str = Field(pattern=r"^[^\x00-\x20:]{1,80}$")
    """The user of ari.conf."""
    password: str = Field(min_length=1)
    """Its password, as "${NAME}" of an environment variable."""
    stasis: dict[str, StasisApp] = Field(min_length=1, max_length=32)
    """Stasis applications, by the name that the dialplan calls: Stasis(NAME)."""
    media: AriMedia = "auto"
    """How sound travels: websocket (chan_websocket, from Asterisk 20.18, 22.8 and 23.2 on), audiosocket, rtp, or the
    first of these that this Asterisk has."""
    format: AriFormat | None = None
    """Codec of the sound: with rtp, ulaw (the usual one), alaw or g722; with websocket, ulaw (the usual one), alaw,
    slin or slin16; with audiosocket, slin (the usual one) or slin16. g722 and slin16 are wideband (16 kHz)."""
    websocket_client: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$")
    """With websocket: the connection of websocket_client.conf by which Asterisk connects to Voi; without it, Voi
    connects to Asterisk."""
    listen_host: Annotated[str, AfterValidator(_host)] = ""
    """Where Voi listens for Asterisk's sound, an IP address; without it, the one by which this machine reaches
    Asterisk."""
    listen_port: int = Field(default=0, ge=0, le=65_535)
    """The TCP port for audiosocket, and for websocket with a websocket_client; 0: any that is free."""
    address: Annotated[str, AfterValidator(_host)] = ""
    """Where Asterisk reaches this server, if that is another address than listen_host: in a container, or behind a
    NAT."""
    transfer: AriTransfer | None = None
    """How calls are passed on; without it, they cannot be."""
    outgoing: AriOutgoing | None = None
    """How Voi calls somebody; without it, it cannot."""
    app: str = Field(default="telephone", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """The app that its calls belong to, for limits, quotas and usage."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.format is not None and self.format not in FORMATS[self.media]:
            can = f"carries {' or '.join(FORMATS[self.media])}" if FORMATS[self.media] else "chooses it"
            raise ValueError(f"has format {self.format}; {self.media} {can}")
        if self.websocket_client is not None and self.media != "websocket":
            raise ValueError('has a websocket_client, so "media" must be "websocket"')
        if self.websocket_client is not None and not self.listen_port:
            raise ValueError("has a websocket_client, so listen_port must be the port of its uri")
        return self


def check_asterisk(
    servers: dict[str, AsteriskServer],
    agents: Collection[str],
    numbers: Collection[str],
    source: str,
    problems: Problems,
) -> None:
    """Adds to `problems` what is wrong beyond each field: names, and agents that there are not."""
    taken: dict[tuple[str, str], str] = {}
    for name, server in servers.items():
        at = ("asterisk", name)
        if not NAME.fullmatch(name):
            problems.error(source, at, "has a name of other characters than letters, digits, - and _")
        for app, what in server.stasis.items():
            place = (*at, "stasis", app)
            if not NAME.fullmatch(app):
                problems.error(source, place, "has a name of other characters than letters, digits, - and _")
            if what.agent is not None and what.agent not in agents:
                text = f"there is no agent {quoted(what.agent)}{did_you_mean(what.agent, agents)}"
                problems.error(source, (*place, "agent"), text)
            if what.agent is None and not numbers:
                problems.error(source, (*place, "agent"), "is missing, and numbers has no entry that says who answers")
            if (other := taken.setdefault((server.url, app), name)) != name:
                text = f"is the application of {quoted(other)} as well; Asterisk tells only one client of its calls"
                problems.error(source, place, text)
