"""The wire form of OpenAI's Realtime protocol: JSON events in text messages, ids, and errors as the real server words
them."""

import itertools
import secrets
from collections.abc import Callable
from typing import Any

import orjson

from voi.errors import ClientError

Json = dict[str, Any]
Emit = Callable[[Json], None]
"""Sends an event: its type and fields, without `event_id`."""

EVENT_ID_MAX = 512
QUOTED_MAX = 100


class EventError(ClientError):
    """A client event that cannot be used. `code` is for programs; `param`: the field that is wrong."""

    def __init__(self, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.param = code, param


def new_id(kind: str) -> str:
    """A new id, such as `item_4f…`."""
    return f"{kind}_{secrets.token_hex(12)}"


_RUN = secrets.token_hex(8)
_numbers = itertools.count()


def new_event_id() -> str:
    """A new id for an event of the server. They are numbered, since there are ten a second for each caller: a random
    one takes a call of the kernel."""
    return f"event_{_RUN}{next(_numbers):08x}"


def encode(event: Json) -> bytes:
    """The event, with an id of its own if it has none."""
    return orjson.dumps(event if "event_id" in event else {"event_id": new_event_id(), **event})


def parse(message: bytes | str) -> Json:
    """The client's event: an object with a `type`. Raises EventError."""
    try:
        event = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise EventError("Unable to parse the event: it is not valid JSON.", "invalid_json") from None
    if not isinstance(event, dict):
        raise EventError("Unable to parse the event: it is not a JSON object.", "invalid_json")
    if "type" not in event:
        raise missing("type")
    if not isinstance(event["type"], str):
        raise wrong_type("type", "a string", event["type"])
    return event


def error(
    message: str, code: str | None = None, *, kind: str = "invalid_request_error", param: str | None = None,
    event_id: str | None = None,
) -> Json:  # fmt: skip
    """The event that tells an error. `event_id`: of the client event that caused it."""
    return {
        "type": "error",
        "error": {"type": kind, "code": code, "message": message, "param": param, "event_id": event_id},
    }


def limits(*each: Json) -> Json:
    """The event that follows each response, as by the real server: the limits on requests and tokens that hold for such
    responses. None: there is no such limit."""
    return {"type": "rate_limits.updated", "rate_limits": list(each)}


def event_id_of(event: Json) -> str | None:
    """The id that the client gave its event; None: none."""
    given = event.get("event_id")
    return given[:EVENT_ID_MAX] if isinstance(given, str) else None


def missing(param: str) -> EventError:
    """The error for a field that must be there. `param`: its path, such as session.type."""
    return EventError(f"Missing required parameter: '{param}'.", "missing_required_parameter", param)


def wrong_type(param: str, wanted: str, value: object) -> EventError:
    """The error for a field of another type. `wanted`: such as "a string"."""
    return EventError(
        f"Invalid type for '{param}': expected {wanted}, but got {kind_of(value)} instead.", "invalid_type", param
    )


def wrong_value(param: str, value: object, supported: str) -> EventError:
    """The error for a value that is not supported. `supported`: those that are, in words."""
    return EventError(f"Invalid value: {quoted(value)}. Supported values are: {supported}.", "invalid_value", param)


def quoted(value: object) -> str:
    """The value in quotation marks, cut if it is long."""
    text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else kind_of(value)
    return f"'{text[:QUOTED_MAX]}'"


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    kinds = {str: "a string", bool: "a boolean", int: "an integer", float: "a decimal", list: "an array"}
    return "null" if value is None else kinds.get(type(value), "an object")


def text_at(event: Json, name: str, *, most: int, param: str = "", required: bool = True) -> str:
    """A string of the event; "" if it may be missing and is. Raises EventError."""
    param = param or name
    value = event.get(name)
    if value is None:
        if required:
            raise missing(param)
        return ""
    if not isinstance(value, str):
        raise wrong_type(param, "a string", value)
    if len(value) > most:
        raise EventError(
            f"Invalid '{param}': string too long. Expected a string with maximum length {most}.",
            "string_above_max_length", param,
        )  # fmt: skip
    return value


def whole_number_at(event: Json, name: str, *, most: int, param: str = "") -> int:
    """A whole number from 0 to `most`. Raises EventError."""
    param = param or name
    value = event.get(name)
    if value is None:
        raise missing(param)
    if type(value) is not int:
        raise wrong_type(param, "an integer", value)
    if not 0 <= value <= most:
        raise EventError(f"Invalid '{param}': expected a value from 0 to {most}.", "integer_out_of_range", param)
    return value


def object_at(event: Json, name: str, param: str = "") -> Json | None:
    """An object of the event; None if it is missing. Raises EventError."""
    value = event.get(name)
    if value is not None and not isinstance(value, dict):
        raise wrong_type(param or name, "an object", value)
    return value
