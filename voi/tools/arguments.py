"""Reads the arguments that a model writes, and checks them against the tool's JSON Schema. What is wrong is told in
words by which the model can write them again."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from voi.errors import VoiError

MAX_CHARACTERS = 50_000
"""Longest arguments of one call."""
DEPTH_MAX = 64
"""Deepest nesting of lists and objects. orjson reads 1,024 levels, and writes 254."""
PROBLEMS_MAX = 5
PROBLEM_MAX_CHARACTERS = 300
AGAIN = "Call the tool again with arguments that are right."


class WrongArguments(VoiError):
    """The arguments cannot be used. The text tells the model why."""


class Arguments:
    """The arguments of one tool. `schema`: JSON Schema, draft 2020-12, of an object; references stay inside of it.
    `foreign`: a client or another server may have brought it, so its regular expressions are not tried."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any], *, foreign: bool = False) -> None:
        from referencing import Registry

        from voi.tools.bounded_schema import ForeignValidator, OwnValidator

        kind = ForeignValidator if foreign else OwnValidator
        self._validator = kind(
            dict(schema),
            registry=Registry(),  # the default one fetches documents from the network
            format_checker=kind.FORMAT_CHECKER,
        )

    def read(self, written: str) -> dict[str, Any]:
        """The arguments. Raises WrongArguments."""
        if len(written) > MAX_CHARACTERS:
            raise WrongArguments(f"The arguments are longer than {MAX_CHARACTERS:,} characters. {AGAIN}")
        from voi.tools.bounded_schema import check

        value = parse(written)
        problems = []
        try:
            for error in check(self._validator, value):
                place = ".".join(map(str, error.absolute_path))
                problems.append(f"{place}: {error.message}"[:PROBLEM_MAX_CHARACTERS] if place else error.message)
                if len(problems) == PROBLEMS_MAX:
                    break
        except Exception as error:  # a schema of somebody else's server may be anything
            raise WrongArguments(f"The arguments cannot be checked ({type(error).__name__}).") from None
        if problems:
            listed = "\n".join(f"- {problem[:PROBLEM_MAX_CHARACTERS]}" for problem in problems)
            raise WrongArguments(f"The arguments are wrong:\n{listed}\n{AGAIN}")
        return value


def parse(written: str) -> dict[str, Any]:
    """The JSON object that a model wrote. Nothing at all counts as an empty one, and an object in a JSON string as that
    object. Raises WrongArguments."""
    if not written.strip():
        return {}
    try:
        value = orjson.loads(written)
        if isinstance(value, str):
            value = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise WrongArguments(
            f"The arguments are not valid JSON (at character {error.pos + 1}). Call again with one JSON object."
        ) from None
    if not isinstance(value, dict):
        raise WrongArguments("The arguments are not a JSON object. Call again with one JSON object.")
    if is_deeper(value, DEPTH_MAX):
        raise WrongArguments(f"The arguments are nested deeper than {DEPTH_MAX} levels. {AGAIN}")
    return value


def is_deeper(value: Any, levels: int) -> bool:
    """Whether a JSON value has more than so many lists and objects within each other."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        containers = (each.values() if isinstance(each, dict) else each for each in level)
        level = [item for each in containers for item in each if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def without(written: str, private: frozenset[str]) -> str:
    """The arguments as they were written, without the private ones. What cannot be read is left out as a whole."""
    if not private or not written.strip():
        return written
    try:
        value = parse(written)
    except WrongArguments:
        return "{}"
    return json.dumps({name: item for name, item in value.items() if name not in private}, ensure_ascii=False)
