"""Collects every mistake in a configuration file before it is refused, each with its place and its remedy."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from voi.errors import ConfigError

Path = tuple[str | int, ...]
"""Where in a JSON document: object keys and array indexes from the root."""

_LONGEST_NAME = 100  # difflib is quadratic, and names may come from a hostile client
_LONGEST_QUOTE = 60
_SHORTEST_PART = 3  # shortest part of a name such as system_prompt that "promt" may be meant for
_PART_CUTOFF = 0.8


@dataclass
class Problems:
    """Mistakes (`errors`: the file is refused) and oddities (`warnings`) of one load. `limit`: most of them that are
    kept, for untrusted input."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    limit: int | None = None

    def error(self, source: str, path: Path, text: str) -> None:
        if self.limit is None or len(self.errors) < self.limit:
            self.errors.append(f"{source}: {json_path(path)}: {text}")

    def warn(self, source: str, path: Path, text: str) -> None:
        if self.limit is None or len(self.warnings) < self.limit:
            self.warnings.append(f"{source}: {json_path(path)}: {text}")

    def withdraw(self, source: str, path: Path, quote: str) -> None:
        """Take back warnings about what stands there, which `quote` repeats: a better one follows."""
        about = f"{source}: {json_path(path)}: {quote} "
        self.warnings[:] = [warning for warning in self.warnings if not warning.startswith(about)]

    def raise_if_any(self) -> None:
        """Raises ConfigError with every mistake."""
        if self.errors:
            raise ConfigError(self.errors)


def json_path(path: Path) -> str:
    """`("my_bro", "examples", 0)` as `$.my_bro.examples[0]`; keys that are not plain words are quoted."""
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif step.isidentifier():
            parts.append(f".{step}")
        else:
            parts.append(f"[{quoted(step)}]")
    return "".join(parts)


def did_you_mean(name: str, known: Iterable[str], *, list_them: bool = True) -> str:
    """` (did you mean "friend"?)`; when nothing is close, some of the known names (`list_them`) or nothing."""
    names = sorted(known)
    if len(name) <= _LONGEST_NAME:
        parts = {part: each for each in names for part in each.split("_") if len(part) > _SHORTEST_PART}
        close = get_close_matches(name, names, n=1) or [
            parts[part] for part in get_close_matches(name, parts, n=1, cutoff=_PART_CUTOFF)
        ]
        if close:
            return f" (did you mean {quoted(close[0])}?)"
    if not names or not list_them:
        return ""
    listed = ", ".join(quoted(known_name) for known_name in names[:12])
    return f" (there {'is' if len(names) == 1 else 'are'} {listed}{', …' if len(names) > 12 else ''})"


def quoted(value: object) -> str:
    """A value of a JSON document as text, shortened and always printable."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if isinstance(value, str) and len(value) > _LONGEST_QUOTE:
        value = f"{value[:_LONGEST_QUOTE]}…"
    # JSON may spell half of a surrogate pair, which no encoding can print.
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()


def explain(error: ErrorDetails, unknown_siblings: Iterable[str] = (), *, quote: bool = True) -> str:
    """What is wrong and what would be right, for one of pydantic's errors. `unknown_siblings`: unknown keys beside a
    missing one, perhaps misspelt. `quote`: repeat the wrong value; False if it may be a secret."""
    kind = error["type"]
    context: Mapping[str, Any] = error.get("ctx") or {}
    instead = f", not {quoted(error.get('input'))}" if quote else ""
    if kind == "missing":
        name = str(error["loc"][-1])
        close = get_close_matches(name, [key for key in unknown_siblings if len(key) <= _LONGEST_NAME], n=1)
        return f"is missing (is {quoted(close[0])} beside it meant to be this?)" if close else "is missing"
    if kind == "literal_error":
        return f"must be {context['expected']}{instead}"
    if kind in _SHAPES:
        return f"must be {_SHAPES[kind]}{instead}"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"must be {words} {context[key]:g}{instead}"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "too_long":
        return f"must not have more than {context['max_length']} items"
    if kind == "value_error":
        return str(context["error"])
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}{instead}"


_SHAPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "an array […]",
    "list_type": "an array […]",
    "dict_type": "an object {…}",
    "mapping_type": "an object {…}",
    "model_type": "an object {…}",
    "model_attributes_type": "an object {…}",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
