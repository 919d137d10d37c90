"""Reads tool calls that a model printed as text, instead of calling. They are not spoken in any case
(`printed_calls.py`); here the notations that are certain are understood.

    {"name": "find", "arguments": {…}}          also in lists, fences and tags, and with other names for the fields
    find {…}, <function=find>{…}                a name directly before its arguments
    find(day="Monday", people=2)                Python
"""

import ast
import json
import re
import warnings
from collections.abc import Collection, Iterator
from typing import Any

from voi.dialogue import ToolCall

TEXT_MAX_CHARACTERS = 20_000
CALLS_MAX = 8
TRIES_MAX = 200
"""Most places of a text that are looked at."""
READ_MAX_CHARACTERS = 5 * TEXT_MAX_CHARACTERS
PARSED_MAX_CHARACTERS = TEXT_MAX_CHARACTERS
"""Most characters in which the ends of Python calls are looked for, and most that are parsed: calls within calls would
else be read over and over."""
_NAMES = ("name", "tool", "tool_name", "function", "function_name", "action", "recipient_name")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "action_input", "tool_input", "kwargs", "params")
_BEFORE = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[\"'`*]{0,3}[>:=]?\s{0,4}(?:Action Input:|json)?\s{0,4}\Z")
_QUOTED_OR_BRACKET = re.compile(r"""'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|[()]""")


def calls_in(text: str, names: Collection[str]) -> list[ToolCall]:
    """The calls of tools with these names that the text holds, without ids."""
    text = text[:TEXT_MAX_CHARACTERS]
    found = list(_in_json(text, names)) or list(_in_python(text, names))
    return found[:CALLS_MAX]


def _in_json(text: str, names: Collection[str]) -> Iterator[ToolCall]:
    decoder, at = json.JSONDecoder(), 0
    for _ in range(TRIES_MAX):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        named = list(_calls_of(value, names))
        before = _BEFORE.search(text[max(0, at - 100) : at])
        if not named and before and _bare(before[1]) in names:
            named = [ToolCall("", _bare(before[1]), json.dumps(value, ensure_ascii=False))]
        yield from named
        at = end


def _calls_of(value: Any, names: Collection[str]) -> Iterator[ToolCall]:
    if not isinstance(value, dict):
        return
    for key in ("tool_calls", "function_calls", "calls"):
        if isinstance(listed := value.get(key), list):
            for item in listed[:CALLS_MAX]:
                yield from _calls_of(item, names)
            return
    for key in ("function", "function_call", "tool_call"):
        if isinstance(inner := value.get(key), dict):
            yield from _calls_of(inner, names)
            return
    name = next((_bare(value[key]) for key in _NAMES if isinstance(value.get(key), str)), "")
    if name in names:
        arguments: Any = next((value[key] for key in _ARGUMENTS if key in value), {})
        yield ToolCall("", name, arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False))


def _bare(name: str) -> str:
    """A name without the namespace that some models write before it."""
    return name.strip().removeprefix("functions.").removeprefix("tools.")


def _in_python(text: str, names: Collection[str]) -> Iterator[ToolCall]:
    if not names:
        return
    opened = re.compile(rf"(?<![\w.])(?:functions\.|tools\.)?({'|'.join(map(re.escape, names))})\(")
    end, to_read, to_parse = 0, READ_MAX_CHARACTERS, PARSED_MAX_CHARACTERS
    for tries, found in enumerate(opened.finditer(text)):
        if found.start() < end or tries >= TRIES_MAX:
            continue
        closing = _end_of_call(text, found.end())
        to_read -= (closing or len(text)) - found.end()
        to_parse -= (closing or found.end()) - found.end()
        if to_read < 0 or to_parse < 0:
            return
        arguments = _keywords(f"f({text[found.end() : closing]}") if closing else None
        if closing and arguments is not None:
            end = closing
            yield ToolCall("", found[1], json.dumps(arguments, ensure_ascii=False))


def _end_of_call(text: str, begin: int) -> int | None:
    """The end of the call whose bracket was opened before `begin`; None: it is not closed."""
    depth = 1
    for found in _QUOTED_OR_BRACKET.finditer(text, begin):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return None


def _keywords(call: str) -> dict[str, Any] | None:
    """The arguments of a call in Python whose values are all literals; None if it is none."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that Python does not know
            parsed = ast.parse(call, mode="eval").body
        if not isinstance(parsed, ast.Call) or parsed.args or any(each.arg is None for each in parsed.keywords):
            return None
        values = {str(each.arg): ast.literal_eval(each.value) for each in parsed.keywords}
        json.dumps(values)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    return values
