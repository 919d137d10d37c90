"""Formats facts and actions as log lines, without what people said unless the operator asked for it."""

from collections.abc import Sized
from dataclasses import fields
from typing import Any

_WORDS = frozenset(
    {
        "text",
        "message",
        "messages",
        "error",
        "url",
        "image_urls",
        "reason",
        "words",
        "arguments",
        "result",
        "segments",
        "kept",
        "summary",
        "own_summary",
    }
)


def log_line(thing: Any, *, words: bool) -> str:
    """One log line for `thing`, a fact or an action. `words` False: texts are replaced by their length."""
    if words:
        return repr(thing)
    parts = []
    for field in fields(thing):
        value = getattr(thing, field.name)
        if field.name in _WORDS and value:
            parts.append(f"{field.name}=<{len(value) if isinstance(value, Sized) else '…'}>")
        else:
            parts.append(f"{field.name}={value!r}")
    return f"{type(thing).__name__}({', '.join(parts)})"
