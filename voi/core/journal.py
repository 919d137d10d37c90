"""The conversation's journal: script, facts and actions <-> plain dicts that JSON keeps exactly, one per line.

    {"voi": 3, "script": {…}}                                                   the first line
    {"t": 1200, "fact": "Heard", "utterance": 1, "text": "hello", "pause": 0, "actions": [{"action": "Show", …}]}

A fact or action is written as its class name and its fields; `t` is the `now_ms` at which it was handled. Feeding the
facts of a journal to a new Conversation with the same script gives the same actions.
"""

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from voi.core.actions import Action
from voi.core.end_reason import EndReason
from voi.core.facts import Fact
from voi.core.script import Script
from voi.dialogue import Message, Part, Role
from voi.errors import ClientError

VERSION = 3
"""2: actions and settings use the field's standard names. 3: the end of a turn is decided as the silence grows, and is
final when the reply sounds. Older recordings can be read, but today's core acts differently at some of their steps."""
_FORMER_ACTIONS = {"Announce": "SendStatus", "Complain": "ReportError"}
_FORMER_TURN_FIELDS = {"contest_ms": "barge_in_ms", "contest_patience_ms": "barge_in_timeout_ms"}
"""Names of these fields in version 1, so that old recordings can be read."""
_FORMER_END_REASONS = {
    "Nobody spoke for a long time.": EndReason.IDLE_LIMIT.value,
    "The conversation reached its maximum duration.": EndReason.DURATION_LIMIT.value,
}
"""What versions 1 and 2 wrote for these reasons."""

FACTS: dict[str, type] = {kind.__name__: kind for kind in typing.get_args(Fact)}
_PARTS: dict[str, type] = {kind.__name__: kind for kind in typing.get_args(Part)}
ACTIONS: dict[str, type] = {kind.__name__: kind for kind in typing.get_args(Action)}

Json = dict[str, Any]


class JournalEntry(NamedTuple):
    """One step of the conversation."""

    now_ms: int
    fact: Fact
    actions: tuple[Action, ...]


def encode_script(script: Script) -> Json:
    """The journal's first line, to be written as JSON."""
    return {"voi": VERSION, "script": encode_value(script)}


def decode_script(line: object) -> Script:
    """The script from the journal's first line. Raises ClientError if it cannot be read."""
    if not isinstance(line, Mapping) or "script" not in line:
        raise ClientError('A journal begins with a line {"voi": 3, "script": {…}}.')
    version = line.get("voi")
    if version not in range(1, VERSION + 1):
        raise ClientError(f"The journal has version {version!r}; this Voi reads versions 1 to {VERSION}.")
    script: Script = decode_value(Script, _script_of_today(line["script"]), "script")
    return script


def _script_of_today(script: Any) -> Any:
    turn = script.get("turn") if isinstance(script, Mapping) else None
    if not isinstance(turn, Mapping):
        return script
    return {**script, "turn": {_FORMER_TURN_FIELDS.get(name, name): value for name, value in turn.items()}}


def encode_entry(now_ms: int, fact: Fact, actions: Iterable[Action]) -> Json:
    """One step as a line of the journal, to be written as JSON."""
    return {
        "t": now_ms,
        "fact": type(fact).__name__,
        **encode_value(fact),
        "actions": [encode_action(action) for action in actions],
    }


def decode_entry(line: object) -> JournalEntry:
    """One step from a parsed journal line. Raises ClientError if it cannot be read."""
    if not isinstance(line, Mapping):
        raise ClientError("A line of the journal is a JSON object.")
    values = dict(line)
    now_ms: int = decode_value(int, values.pop("t", None), "t")
    actions: tuple[object, ...] = decode_value(tuple[object, ...], values.pop("actions", []), "actions")
    fact = _decode_named(FACTS, "fact", values)
    return JournalEntry(now_ms, fact, tuple(decode_action(action) for action in actions))


def encode_action(action: Action) -> Json:
    """The action as a dict: the name of its kind, and its fields."""
    return {"action": type(action).__name__, **encode_value(action)}


def decode_action(value: object) -> Action:
    """One action from its dict. Raises ClientError if it cannot be read."""
    if not isinstance(value, Mapping):
        raise ClientError("An action of the journal is a JSON object.")
    name = str(value.get("action"))
    values = {**value, "action": _FORMER_ACTIONS.get(name, name)}
    if name == "HangUp" and isinstance(reason := value.get("reason"), str):
        values["reason"] = _FORMER_END_REASONS.get(reason, reason)
    action: Action = _decode_named(ACTIONS, "action", values)
    return action


# ---- dataclasses by their type hints --------------------------------------------------------------


def encode_value(value: Any) -> Any:
    """The value in JSON's types. Dataclasses become dicts, tuples become lists."""
    if is_dataclass(value):
        encoded = {field.name: encode_value(getattr(value, field.name)) for field in fields(value)}
        return {"part": type(value).__name__, **encoded} if type(value) in _PARTS.values() else encoded
    if isinstance(value, tuple):
        return [encode_value(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


def _decode_named(kinds: Mapping[str, type], key: str, values: Json) -> Any:
    name = values.pop(key, None)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ClientError(f"The journal names no {key} that this Voi knows: {name!r}.")
    return decode_value(kind, values, name)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def decode_value(hint: Any, value: Any, where: str) -> Any:
    """The value that `encode_value` was given, of that type. Raises ClientError naming the place."""
    if hint is object:
        return value
    if hint == Part:
        if not isinstance(value, Mapping):
            raise _wrong("a part of a message", where)
        return _decode_named(_PARTS, "part", dict(value))
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise _wrong(hint.__name__, where)
        if hint is Message and "parts" not in value:
            return _former_message(value, where)
        hints = _hints(hint)
        unknown = value.keys() - hints.keys()
        if unknown:
            raise ClientError(f"The journal's {where} has fields that this Voi does not know: {sorted(unknown)}.")
        try:
            return hint(**{name: decode_value(hints[name], item, f"{where}.{name}") for name, item in value.items()})
        except TypeError:
            raise ClientError(f"The journal's {where} lacks a field.") from None
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong("list", where)
        return tuple(decode_value(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if origin in (types.UnionType, typing.Union):
        (inner,) = (argument for argument in arguments if argument is not types.NoneType)
        return None if value is None else decode_value(inner, value, where)
    if origin is typing.Literal:
        if value in arguments and isinstance(value, str):
            return value
        raise _wrong(f"one of {arguments}", where)
    if issubclass(hint, StrEnum):
        if value in tuple(hint):
            return hint(value)
        raise _wrong(f"one of {[member.value for member in hint]}", where)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise _wrong(hint.__name__, where)
    return value


def _former_message(value: Mapping[str, Any], where: str) -> Message:
    """A message as version 1 wrote it: a text, and pictures."""
    role = decode_value(Role, value.get("role"), f"{where}.role")
    text = decode_value(str, value.get("text", ""), f"{where}.text")
    image_urls = decode_value(tuple[str, ...], value.get("image_urls", []), f"{where}.image_urls")
    return Message(role, text, image_urls)


def _wrong(wanted: str, where: str) -> ClientError:
    return ClientError(f"The journal's {where} is not {wanted}.")
