"""Fills arguments into the texts of an HTTP request."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from voi.config.tools import PLACEHOLDER
from voi.tools.base import ToolFailed

LEFT_OUT = object()
"""In place of a value whose argument was not given."""


class Values:
    """The arguments of one call, what is known of its conversation, and what was dictated in it."""

    __slots__ = ("_arguments", "_captured", "_of_call")

    def __init__(
        self, arguments: Mapping[str, Any], of_call: Mapping[str, str], captured: Mapping[str, str] | None = None
    ) -> None:
        self._arguments = arguments
        self._of_call = of_call
        self._captured = captured or {}

    def get(self, source: str | None, name: str) -> Any:
        """The value behind a placeholder, or LEFT_OUT. Raises ToolFailed if it should have been dictated and was
        not."""
        if source == "captured:":
            if name not in self._captured:
                raise ToolFailed(f"{name} was not taken down yet. Ask the person for it first.")
            return self._captured[name]
        return (self._of_call if source else self._arguments).get(name, LEFT_OUT)

    def text(self, template: str, write: Callable[[str], str] = str) -> str:
        """The template with its values as text. `write` encodes each."""
        return PLACEHOLDER.sub(lambda found: write(as_text(self.get(found[1], found[2]))), template)

    def optional(self, template: str) -> Any:
        """The value itself if the template is nothing but a placeholder; LEFT_OUT if it was not given."""
        whole = PLACEHOLDER.fullmatch(template)
        return self.get(whole[1], whole[2]) if whole else self.text(template)

    def json(self, value: Any) -> Any:
        """A JSON value with all its templates filled in."""
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
