"""Whether a text says what a scenario expects."""

import re
from functools import lru_cache
from typing import Any

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})

_SPACELESS = 0x2E80
"""From this code point on, scripts put no spaces between words."""


def says(text: str, wanted: str) -> bool:
    """Whether `wanted` is in the text, as whole words. Case, white space and the form of quotes do not count; `a | b`
    is one of both, `/…/` a regular expression."""
    if (pattern := _regex(wanted)) is not None:
        return pattern.search(text) is not None
    plain = folded(text)
    return any(_words(folded(choice)).search(plain) for choice in wanted.split(" | "))


def regex_fault(wanted: str) -> str:
    """What is wrong with a regular expression; "": nothing, or it is none."""
    try:
        _regex(wanted)
    except re.error as error:
        return str(error)
    return ""


def folded(text: str) -> str:
    return " ".join(text.translate(_QUOTES).casefold().split())


@lru_cache(maxsize=512)
def _regex(wanted: str) -> "re.Pattern[str] | None":
    if len(wanted) > 2 and wanted[0] == "/" == wanted[-1]:
        return re.compile(wanted[1:-1], re.IGNORECASE)
    return None


@lru_cache(maxsize=2_048)
def _words(text: str) -> "re.Pattern[str]":
    """Finds the text where no letter or digit goes on at its ends. Scripts without spaces have no such ends."""
    before = r"(?<!\w)" if text and _ends(text[0]) else ""
    after = r"(?!\w)" if text and _ends(text[-1]) else ""
    return re.compile(before + re.escape(text) + after)


def _ends(char: str) -> bool:
    return char.isalnum() and ord(char) < _SPACELESS


def fits(given: Any, wanted: Any) -> bool:
    """Whether an argument of a call is as expected. Objects may have more fields than the expected one; of a list,
    every item must fit its own. A number may come as its text."""
    if isinstance(wanted, dict):
        return isinstance(given, dict) and all(
            key in given and fits(given[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(given, list) and len(given) == len(wanted) and all(map(fits, given, wanted))
    if isinstance(wanted, str):
        if isinstance(given, str | int | float) and not isinstance(given, bool):
            whole = str(given)
            return says(whole, wanted) if _regex(wanted) else folded(whole) in map(folded, wanted.split(" | "))
        return False
    if isinstance(wanted, bool) or wanted is None:
        return given is wanted
    return not isinstance(given, bool) and (given == wanted or str(given) == str(wanted))
