"""Unknown compounds ("Dashwood") for hibari: read as the two words that they are made of, the second stressed less.

The network for unknown words gives a compound one stress alone, so that its second half ("-wood") sounds like a word
in a sentence ("Dash would"). English compounds keep a secondary stress there, as the lexicon has it ("Hollywood").
"""

from collections.abc import Callable
from typing import Any, Protocol

PRIMARY, SECONDARY = "ˈ", "ˌ"
PART_LETTERS_MIN = 3
SUFFIXES = frozenset({"kin", "kins", "let", "ling"})
"""Endings that are words, too, but hardly ever the second half of a compound ("Rowling")."""


class Dictionary(Protocol):
    """The part of hibari's lexicon that is used here. A word with several readings has them by part of speech."""

    def get(self, word: str, /) -> Any: ...


class CompoundReader:
    """Reads words that the lexicon lacks. `net`: reads any word. Without a `lexicon` the network alone reads."""

    def __init__(self, net: Callable[[str], str | None], lexicon: Dictionary | None = None) -> None:
        self._net = net
        self.lexicon: Dictionary = {} if lexicon is None else lexicon

    def __call__(self, word: str) -> str | None:
        """Phonemes of the word. They are the network's; only where these are those of two known words one after the
        other are the stresses theirs."""
        phonemes, letters = self._net(word), word.lower()
        if not phonemes or SECONDARY in phonemes:
            return phonemes
        for at in range(PART_LETTERS_MIN, len(letters) - PART_LETTERS_MIN + 1):
            if letters[at:] in SUFFIXES:
                continue
            first, second = self._known(letters[:at]), self._known(letters[at:])
            if PRIMARY in first and PRIMARY in second and _bare(first + second) == _bare(phonemes):
                return first + second.replace(PRIMARY, SECONDARY)
        return phonemes

    def _known(self, word: str) -> str:
        found = self.lexicon.get(word)
        return (found.get("DEFAULT") if isinstance(found, dict) else found) or ""


def _bare(phonemes: str) -> str:
    return phonemes.replace(PRIMARY, "").replace(SECONDARY, "")
