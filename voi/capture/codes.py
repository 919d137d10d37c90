"""Codes of a known form: order numbers, number plates, PINs. The form is a mask: 9 is a digit, A a letter, X either;
what follows a backslash, and all else, stands as it is and need not be said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voi.capture.dictated import Unit
from voi.capture.taken import Taken, failed

MASK_MAX_CHARACTERS = 64
SPELLED_WORD_MAX = 10
"""Longest word in capitals that is read as letters: transcripts write AB1234."""


@dataclass(frozen=True, slots=True)
class Mask:
    """`places`: each a class of characters (9, A, X) and "", or "" and the character that stands there."""

    places: tuple[tuple[str, str], ...]

    @property
    def length(self) -> int:
        """How many characters have to be said."""
        return sum(bool(kind) for kind, _ in self.places)


def mask(text: str) -> Mask:
    """Read a mask. Raises ValueError, with words for its author."""
    if not 0 < len(text) <= MASK_MAX_CHARACTERS:
        raise ValueError(f"has 1 to {MASK_MAX_CHARACTERS} characters")
    places: list[tuple[str, str]] = []
    escaped = False
    for character in text:
        if not escaped and character == "\\":
            escaped = True
            continue
        places.append((character, "") if character in "9AX" and not escaped else ("", character))
        escaped = False
    found = Mask(tuple(places))
    if escaped or not found.length:
        raise ValueError("has at least one of 9 (a digit), A (a letter) and X (either)")
    return found


def code(units: Sequence[Unit], masks: Sequence[Mask]) -> Taken:
    """A code that fits one of the masks."""
    longest = ""
    for said in _characters(units):
        for each in masks:
            value = _fitted(said, each)
            if value is not None and len(said) >= each.length:
                longer = any(other.length > each.length and _fitted(said, other) is not None for other in masks)
                return Taken(value, so_far=value, complete=not longer)
        shown = "".join(first for first, _ in said).upper()
        longest = max(longest, shown, key=len)
    if not longest:
        return failed("nothing")
    most = max(each.length for each in masks)
    fits = any(_fitted(said, each) is not None for said in _characters(units) for each in masks)
    return failed("too_short" if fits else "too_long" if len(longest) > most else "no_fit", longest)


def _characters(units: Sequence[Unit]) -> Iterator[list[tuple[str, str]]]:
    """What was said, each character with what it may be instead: all of it, and without what may be mere words."""
    for weak in (True, False):
        said: list[tuple[str, str]] = []
        for unit in units:
            letters = unit.kind == "word" and unit.text.isupper() and len(unit.text) <= SPELLED_WORD_MAX
            if (unit.kind in ("digits", "letter") or letters) and (weak or not unit.weak):
                others = unit.other.ljust(len(unit.characters), "\0")
                said += zip(unit.characters.upper(), others.upper(), strict=False)
        yield said


def _fitted(said: Sequence[tuple[str, str]], form: Mask) -> str | None:
    """What was said in the form of the mask, as far as it goes; None: it does not fit."""
    value, place = [], 0
    for kind, literal in form.places:
        if not kind:
            if place < len(said) and literal.upper() in said[place]:
                place += 1
            value.append(literal)
            continue
        if place == len(said):
            break
        fitting = next((character for character in said[place] if _is_of(character, kind)), None)
        if fitting is None:
            return None
        value.append(fitting)
        place += 1
    return "".join(value) if place == len(said) else None


def _is_of(character: str, kind: str) -> bool:
    digit, letter = character.isdecimal(), character.isalpha()
    return digit if kind == "9" else letter if kind == "A" else digit or letter
