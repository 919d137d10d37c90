"""Compares names of voices: é may be written as one character or as two, which look the same."""

import unicodedata
from collections.abc import Iterable


def composed(name: str) -> str:
    """With é as one character (Unicode's form NFC)."""
    return unicodedata.normalize("NFC", name)


def known_as(name: str, there: Iterable[str]) -> str | None:
    """How a voice of that name is written among those that there are; None: there is none."""
    alike = [other for other in there if composed(other) == composed(name)]
    return name if name in alike else next(iter(alike), None)
