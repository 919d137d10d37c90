"""A validator for JSON Schema that cannot hold up the event loop, whatever the schema and the arguments are.

Some schemas take exponential time: references that double at each step, regular expressions that go back and forth.
Schemas of authors are trusted with regular expressions; those that a client or another server brings are not, and who
brought them checks the arguments itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

CHECK_MAX_S = 0.05
"""Longest time on the CPU for the arguments of one call. A usual check takes less than a thousandth of it."""
_Keyword = Callable[[Any, Any, Any, Mapping[str, Any]], Iterator[ValidationError]]
_FOR_OWN_ONLY = (  # regular expressions, and what follows references in a way of its own
    "pattern",
    "patternProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
)


class TooMuchToCheck(Exception):
    """The check took too long."""


class _Clock:
    """When the check under way must be over, by the time of this thread on the CPU."""

    until_s = 0.0


def check(validator: Draft202012Validator, value: Any) -> Iterator[ValidationError]:
    """What is wrong with the value. Raises TooMuchToCheck, and whatever a schema that is none makes the library raise.
    Take all of it before the next check begins."""
    _Clock.until_s = time.thread_time() + CHECK_MAX_S
    errors: Iterator[ValidationError] = validator.iter_errors(value)
    return errors


def _in_time(keyword: _Keyword) -> _Keyword:
    def checked(validator: Any, wanted: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        if time.thread_time() > _Clock.until_s:
            raise TooMuchToCheck
        yield from keyword(validator, wanted, value, schema) or ()

    return checked


def _unique(_: Any, wanted: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    """The library's own compares each item with each."""
    if wanted is True and isinstance(value, list):
        different = {orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in value}
        if len(different) < len(value):
            yield ValidationError("has an item twice")


_OWN: dict[str, Any] = {
    name: _in_time(keyword) for name, keyword in {**Draft202012Validator.VALIDATORS, "uniqueItems": _unique}.items()
}


def _additional(validator: Any, wanted: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if "patternProperties" not in schema:
        yield from _OWN["additionalProperties"](validator, wanted, value, schema)


def _nothing(*_: Any) -> Iterator[ValidationError]:
    yield from ()


OwnValidator = extend(Draft202012Validator, _OWN)
"""For schemas of the server's configuration."""
ForeignValidator = extend(OwnValidator, dict.fromkeys(_FOR_OWN_ONLY, _nothing) | {"additionalProperties": _additional})
"""For schemas that a client or another server may have brought."""
