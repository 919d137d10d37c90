"""Asterisk's events, read from any text: what matters here, each as one fact.

Source: github.com/asterisk/asterisk, rest-api/api-docs/events.json.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from voi.errors import ClientError

ID_MAX = 150
"""Asterisk's own limit on ids of channels."""
ARGS_MAX = 16
TEXT_MAX = 256


@dataclass(frozen=True, slots=True)
class AriChannel:
    """A channel as an event shows it. `extension`: what was dialled. `caller`: the number that calls; "": unknown."""

    id: str
    name: str = ""
    state: str = ""
    caller: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class StasisStarted:
    """A channel was given to a Stasis application, and waits to be told what to do."""

    app: str
    channel: AriChannel
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StasisEnded:
    """A channel has left the application: it goes on in the dialplan, or was hung up."""

    channel: AriChannel


@dataclass(frozen=True, slots=True)
class ChannelEnded:
    """A channel is being hung up (`final` False), or is no more. `cause`: by Q.850; 0: not told."""

    channel: AriChannel
    cause: int
    final: bool


@dataclass(frozen=True, slots=True)
class KeyReceived:
    """The person of that channel pressed a key: 0-9, *, # or A-D."""

    channel: AriChannel
    key: str


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """The person of that channel was put on hold, or taken off it."""

    channel: AriChannel
    held: bool


@dataclass(frozen=True, slots=True)
class DialProgressed:
    """A channel that is dialled rings, or was not answered (`status`: RINGING, BUSY, NOANSWER, …)."""

    channel: AriChannel
    status: str


@dataclass(frozen=True, slots=True)
class AppReplaced:
    """Another client has taken over the application: it gets the events from now on."""

    app: str


AriEvent = StasisStarted | StasisEnded | ChannelEnded | KeyReceived | HoldChanged | DialProgressed | AppReplaced


def read_event(text: bytes | str) -> AriEvent | None:
    """The event; None: one that does not matter here. Raises ClientError for what is none."""
    try:
        event = orjson.loads(text)
    except ValueError:
        raise ClientError("An event of Asterisk is no JSON.") from None
    if not isinstance(event, dict) or not isinstance(kind := event.get("type"), str):
        raise ClientError("An event of Asterisk has no type.")
    match kind:
        case "StasisStart":
            return StasisStarted(_text(event, "application"), channel_of(event.get("channel")), _args(event))
        case "StasisEnd":
            return StasisEnded(channel_of(event.get("channel")))
        case "ChannelHangupRequest" | "ChannelDestroyed":
            cause = event.get("cause", 0)
            cause = cause if type(cause) is int and 0 <= cause <= 127 else 0
            return ChannelEnded(channel_of(event.get("channel")), cause, kind == "ChannelDestroyed")
        case "ChannelDtmfReceived":
            return KeyReceived(channel_of(event.get("channel")), _text(event, "digit"))
        case "ChannelHold" | "ChannelUnhold":
            return HoldChanged(channel_of(event.get("channel")), kind == "ChannelHold")
        case "ChannelStateChange":
            channel = channel_of(event.get("channel"))
            return DialProgressed(channel, "RINGING") if channel.state == "Ringing" else None
        case "Dial":
            return DialProgressed(channel_of(event.get("peer")), _text(event, "dialstatus"))
        case "ApplicationReplaced":
            return AppReplaced(_text(event, "application"))
    return None


def channel_of(value: Any) -> AriChannel:
    """The channel of an event or an answer. Raises ClientError if it is none."""
    if not isinstance(value, dict):
        raise ClientError("An event of Asterisk lacks its channel.")
    channel_id = _text(value, "id")
    if not 0 < len(channel_id) <= ID_MAX or not channel_id.isprintable():
        raise ClientError("A channel of Asterisk has no usable id.")
    return AriChannel(
        channel_id, _text(value, "name"), _text(value, "state"), _inside(value, "caller", "number"),
        _inside(value, "dialplan", "exten"),
    )  # fmt: skip


def _inside(value: Mapping[str, Any], outer: str, inner: str) -> str:
    inside = value.get(outer)
    return _text(inside, inner) if isinstance(inside, dict) else ""


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name, "")
    if not isinstance(text, str) or len(text) > TEXT_MAX:
        raise ClientError(f"{name} of an event of Asterisk is no text, or too long.")
    return text


def _args(event: Mapping[str, Any]) -> tuple[str, ...]:
    args = event.get("args", [])
    if not isinstance(args, list) or len(args) > ARGS_MAX or not all(isinstance(arg, str) for arg in args):
        raise ClientError("The arguments of a Stasis application are no texts.")
    return tuple(arg[:TEXT_MAX] for arg in args)
