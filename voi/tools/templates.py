"""Fills arguments into the texts of an HTTP request."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from voi.config.tools import PLACEHOLDER

LEFT_OUT = object()
"""In place of a value whose argument was not given."""


class Values:
    """The arguments of one call, and what is known of its conversation."""

    __slots__ = ("_arguments", "_of_call")

    def __init__(self, arguments: Mapping[str, Any], of_call: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._of_call = of_call

    def get(self, of_call: bool, name: str) -> Any:
        """The value behind a placeholder, or LEFT_OUT."""
        return (self._of_call if of_call else self._arguments).get(name, LEFT_OUT)

    def text(self, template: str, write: Callable[[str], str] = str) -> str:
        """The template with its values as text. `write` encodes each."""
        return PLACEHOLDER.sub(lambda found: write(as_text(self.get(bool(found[1]), found[2]))), template)

    def optional(self, template: str) -> Any:
        """The value itself if the template is nothing but a placeholder; LEFT_OUT if it was not given."""
        whole = PLACEHOLDER.fullmatch(template)
        return self.get(bool(whole[1]), whole[2]) if whole else self.text(template)

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
