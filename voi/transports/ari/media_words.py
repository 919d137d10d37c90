"""The words that chan_websocket and its client exchange, as text messages beside the sound: in JSON, or in the plain
form of older settings.

Source: docs.asterisk.org, "WebSocket" (channel drivers); github.com/asterisk/asterisk, channels/chan_websocket.c.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from voi.errors import ClientError

WORD_MAX_CHARS = 16 * 1024
"""Longest message: MEDIA_START tells all variables of its channel."""


@dataclass(frozen=True, slots=True)
class MediaWord:
    """`name`: such as MEDIA_START. `mark`: the id of a mark that was reached. `json`: it came in JSON."""

    name: str
    mark: str = ""
    connection_id: str = ""
    form: str = ""
    frame_bytes: int = 0
    json: bool = False


def read_word(text: str) -> MediaWord:
    """What Asterisk says. Raises ClientError for what it never says."""
    if len(text) > WORD_MAX_CHARS:
        raise ClientError("A message of chan_websocket is too long.")
    if text.lstrip().startswith("{"):
        return _of_json(text)
    name, _, rest = text.strip().partition(" ")
    if not name.isascii() or not name.replace("_", "").isalpha():
        raise ClientError("A message of chan_websocket has no name.")
    told = dict(each.split(":", 1) for each in rest.split(" ") if ":" in each)
    return _word(name, told, "" if ":" in rest else rest.strip(), json=False)


def command(name: str, mark: str = "", *, json: bool) -> bytes:
    """A command for Asterisk."""
    if not json:
        return f"{name} {mark}".strip().encode()
    return orjson.dumps({"command": name, "correlation_id": mark} if mark else {"command": name})


def _of_json(text: str) -> MediaWord:
    try:
        said = orjson.loads(text)
    except ValueError:
        raise ClientError("A message of chan_websocket is no JSON.") from None
    name = said.get("event") if isinstance(said, dict) else None
    if not isinstance(name, str):
        raise ClientError("A message of chan_websocket has no name.")
    told = {key: str(value) for key, value in said.items() if isinstance(value, str | int)}
    return _word(name, told, told.get("correlation_id", ""), json=True)


def _word(name: str, told: Mapping[str, str], mark: str, *, json: bool) -> MediaWord:
    size = told.get("optimal_frame_size", "0")
    if not (size.isascii() and size.isdecimal() and len(size) <= 6):
        raise ClientError("chan_websocket tells a size that is none.")
    return MediaWord(name, mark, told.get("connection_id", ""), told.get("format", ""), int(size), json)
