"""Fills arguments into the texts of an HTTP request."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from voi.config.tools import PLACEHOLDER
from voi.tools.base import ToolFailed
from voi.tools.written import WRITE

LEFT_OUT = object()
"""In place of a value whose argument was not given."""


class Values:
    """The arguments of one call, what is known of its conversation, and what was dictated in it."""

    __slots__ = ("_arguments", "_captured", "_of_call")

    def __init__(
        self, arguments: Mapping[str, Any], of_call: Mapping[str, Any], captured: Mapping[str, str] | None = None
    ) -> None:
        self._arguments = arguments
        self._of_call = of_call
        self._captured = captured or {}

    def _value(self, found: "re.Match[str]") -> Any:
        """The value behind a placeholder, written as its kind says; or LEFT_OUT. Raises ToolFailed for a value that
        cannot be written so, or that should have been dictated and was not."""
        kind, source, name = found.groups()
        if source == "captured":
            if name not in self._captured:
                raise ToolFailed(f"{name} was not taken down yet. Ask the person for it first.")
            value: Any = self._captured[name]
        else:
            value = (self._of_call if source == "call" else self._arguments).get(name, LEFT_OUT)
        return WRITE[kind](as_text(value)) if kind else value

    def text(self, template: str, write: Callable[[str], str] = str) -> str:
        """The template with its values as text. `write` encodes each. Raises ToolFailed."""
        return PLACEHOLDER.sub(lambda found: write(as_text(self._value(found))), template)

    def optional(self, template: str) -> Any:
        """The value itself if the template is nothing but a placeholder; LEFT_OUT if it was not given. Raises
        ToolFailed."""
        whole = PLACEHOLDER.fullmatch(template)
        return self._value(whole) if whole else self.text(template)

    def json(self, value: Any) -> Any:
        """A JSON value with all its templates filled in. Raises ToolFailed."""
        if isinstance(value, str):
            return self.optional(value)
        if isinstance(value, dict):
            items = ((name, self.json(item)) for name, item in value.items())
            return {name: item for name, item in items if item is not LEFT_OUT}
        if isinstance(value, list):
            return [item for item in map(self.json, value) if item is not LEFT_OUT]
        return value


def as_text(value: Any) -> str:
    """A value inside of a text."""
    if value is LEFT_OUT or value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def url_part(text: str) -> str:
    """A value inside of a URL."""
    return quote(text.encode("utf-8", "replace"), safe="")
