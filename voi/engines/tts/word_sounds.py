"""Words, their sounds as espeak-ng writes them, and their times: what neural voices with phonemes have in common."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy.typing as npt

from voi.dialogue import SpokenWord

CLAUSE_ENDS = ".,;:!?…—"
_CLOSERS = "\"'”’»)]*"
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")

Phonemize = Callable[[str], str]
WordPlace = tuple[int, int] | tuple[()]
"""Where a word's sounds begin and end in a network's input; (): it has none."""


def word_sounds(words: Sequence[str], phonemize: Phonemize, signs: Collection[str]) -> list[str]:
    """The phonemes of each word with the punctuation after it, if it is one of `signs`. `phonemize`: espeak-ng, which
    leaves punctuation out and runs some words together."""
    found: list[str] = []
    clause: list[str] = []
    for number, word in enumerate(words):
        clause.append(word)
        end = word.rstrip(_CLOSERS)[-1:]
        if end in CLAUSE_ENDS or number == len(words) - 1:
            found += _clause(clause, phonemize)
            sign = "." if end == "…" and "…" not in signs else end
            if end and end in CLAUSE_ENDS and sign in signs:
                found[-1] += sign
            clause = []
    return found


def _clause(words: Sequence[str], phonemize: Phonemize) -> list[str]:
    spoken = [word for word in words if any(map(str.isalnum, word))]
    sounds = _LANGUAGE_SWITCH.sub("", phonemize(" ".join(spoken))).split() if spoken else []
    if len(sounds) != len(spoken):  # "of the" is one word to espeak-ng
        sounds = [_LANGUAGE_SWITCH.sub("", phonemize(word)).replace(" ", "") for word in spoken]
    left = iter(sounds)
    return [next(left) if any(map(str.isalnum, word)) else "" for word in words]


def timed(
    words: Sequence[str], places: Sequence[WordPlace], ends_ms: npt.NDArray[Any], total_ms: int
) -> tuple[SpokenWord, ...]:
    """The words with their times. `ends_ms`: when each item of the network's input ends, from the first sample that is
    kept on. `total_ms`: of the sound that is kept."""
    found, at_ms = [], 0
    for word, place in zip(words, places, strict=True):
        start_ms = end_ms = at_ms
        if place:
            start_ms = max(at_ms, round(min(max(0.0, ends_ms[place[0] - 1]), total_ms)))
            end_ms = max(start_ms, round(min(max(0.0, ends_ms[place[1] - 1]), total_ms)))
        found.append(SpokenWord(word, start_ms, end_ms))
        at_ms = end_ms
    return tuple(found)
