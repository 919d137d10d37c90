"""Whether a text says what a scenario expects."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NoReturn

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})

_FLAGGED = re.compile(r"/.+/[gimsuxy]{1,4}", re.DOTALL)
_TIGHT = re.compile(r"\w\|\w|\w\| |\w \|\w")

PATTERN_LIMIT_S = 2.0
"""Longest search for a regular expression in a text. Usual ones take microseconds."""
_SPACELESS = 0x2E80
"""From this code point on, scripts put no spaces between words."""


class SlowPattern(Exception):
    """A regular expression takes too long: some, such as (a+)+, try every way to divide a text."""


def says(text: str, wanted: str) -> bool:
    """Whether `wanted` is in the text, as whole words. Case, white space and the form of quotes do not count; `a | b`
    is one of both, `/…/` a regular expression. Raises SlowPattern."""
    if (pattern := _regex(wanted)) is not None:
        with _deadline(wanted):
            return pattern.search(text) is not None
    plain = folded(text)
    return any(_words(folded(choice)).search(plain) for choice in wanted.split(" | "))


def regex_fault(wanted: str) -> str:
    """What is wrong with a regular expression; "": nothing, or it is none."""
    try:
        _regex(wanted)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is no regular expression: {error}"
    return ""


def fault_of(wanted: str) -> str:
    """What is wrong with words that are looked for, so that they are always found, or never; "": nothing."""
    if not wanted.strip():
        return "is empty, and every text has that; give it words"
    if _FLAGGED.fullmatch(wanted):
        return "has letters behind its last /; leave them out: upper and lower case are the same already"
    if fault := regex_fault(wanted):
        return fault
    if (pattern := _regex(wanted)) is not None:
        everywhere = pattern.search("") is not None and pattern.search("~") is not None
        return "is found in every text; ask for something" if everywhere else ""
    if not all(choice.strip() for choice in wanted.split(" | ")) or wanted.strip()[0] == "|" or wanted[-1] == "|":
        return "has a choice without words; write this | that"
    if _TIGHT.search(wanted):
        return "has a | without spaces around it, which is no choice; write this | that"
    return ""


@contextmanager
def _deadline(wanted: str) -> Iterator[None]:
    """Inside of `with`, a search that takes too long raises SlowPattern. Python's `re` can only be stopped by a signal,
    and signals reach the main thread alone: in other threads there is no deadline."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> NoReturn:
        raise SlowPattern(
            f"{wanted} takes longer than {PATTERN_LIMIT_S:g} s: repeat nothing that repeats something, as in (a+)+"
        )

    before = signal.signal(signal.SIGALRM, ring)
    left_s, again_s = signal.setitimer(signal.ITIMER_REAL, PATTERN_LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left_s, again_s)
        signal.signal(signal.SIGALRM, before)


def folded(text: str) -> str:
    """The text as it is compared: without case, with plain quotes and single spaces."""
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
    return not isinstance(given, bool) and (given == wanted or str(given) in (str(wanted), repr(wanted)))
