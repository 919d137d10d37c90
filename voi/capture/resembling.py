"""Remarks about how a word is written: "Smyth, S M Y T H", "Schmidt with double t". What is spelled counts."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from voi.capture.dictated import Unit
from voi.capture.vocabulary import Vocabulary

SPELLED_MIN_LETTERS = 3
RESEMBLES = 0.5
"""Likeness from which on a spelling is that of the word before it, 0 to 1."""
WORD_MAX_CHARACTERS = 40
"""Longer words are not compared: that takes time by the square of their length."""


def as_spelled(units: Sequence[Unit], words: Vocabulary) -> list[Unit]:
    """The units with each word as the person says that it is written."""
    kept: list[Unit] = []
    run: list[Unit] = []
    for unit in (*_with_doubled(_with_letters(units, words), words), None):
        if unit is not None and unit.kind == "letter":
            run.append(unit)
            continue
        if len(run) >= SPELLED_MIN_LETTERS:
            _drop_spelled_word(kept, "".join(each.characters for each in run), words)
        kept += run
        run = []
        if unit is not None:
            kept.append(unit)
    return kept


def _drop_spelled_word(kept: list[Unit], spelled: str, words: Vocabulary) -> None:
    """Remove the word of which the spelling follows, with what is between them."""
    place = len(kept) - 1
    while place > 0 and kept[place].kind in ("word", "sign") and _is_between(kept[place], words):
        place -= 1
    if place >= 0 and kept[place].kind == "word" and resembles(kept[place], spelled):
        del kept[place:]


def _is_between(unit: Unit, words: Vocabulary) -> bool:
    return unit.characters == "," or unit.characters.casefold() in words.table.respells


def resembles(word: Unit, spelled: str) -> bool:
    """True if that may be the spelling of the word."""
    one, other = word.characters.casefold()[:WORD_MAX_CHARACTERS], spelled[:WORD_MAX_CHARACTERS]
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= RESEMBLES


ALIKE = ("ckq", "sz", "iy", "fv", "gj", "vw", "dt")
"""Letters that stand for the same sound: "Catherine with a K"."""


def _with_letters(units: Sequence[Unit], words: Vocabulary) -> list[Unit]:
    """ "Catherine with a K" is Katherine, and "Schmidt with d t" Schmidt. A word of which it is not certain what the
    remark changes is weak."""
    kept: list[Unit] = []
    at = 0
    while at < len(units):
        begin, end = _letters_of_remark(units, at, words)
        if end and kept and kept[-1].kind == "word":
            kept[-1] = _written_with(kept[-1], units[begin:end])
            at = end
        else:
            kept.append(units[at])
            at += 1
    return kept


def _letters_of_remark(units: Sequence[Unit], at: int, words: Vocabulary) -> tuple[int, int]:
    """Where the letters of "with a K" or "with d t" stand, from and to; 0 and 0: no such thing stands there."""
    if units[at].kind != "word" or units[at].characters.casefold() not in words.table.doubled:
        return 0, 0
    first = at + 1
    if first + 1 < len(units) and units[first].text.casefold() in words.table.articles:
        first += 1
    end = first
    while end < len(units) and units[end].kind == "letter" and len(units[end].characters) == 1:
        end += 1
    return (first, end) if 1 <= end - first <= 2 else (0, 0)


def _written_with(word: Unit, letters: Sequence[Unit]) -> Unit:
    wanted, text = "".join(each.characters for each in letters), word.characters
    if wanted in text.casefold():
        return word
    alike = {c for each in ALIKE if wanted in each for c in each} if len(wanted) == 1 else set()
    places = [place for place, c in enumerate(text.casefold()) if c in alike]
    if len(places) != 1 or len(text.casefold()) != len(text):
        return replace(word, weak=True)
    place = places[0]
    letter = wanted.upper() if text[place].isupper() else wanted
    return replace(word, characters=text[:place] + letter + text[place + 1 :])


def _with_doubled(units: Sequence[Unit], words: Vocabulary) -> list[Unit]:
    """ "Schmit with double t" is Schmitt, and so is "Schmitt with double t"."""
    kept: list[Unit] = []
    for unit in units:
        remark = len(kept) > 1 and kept[-1].kind == "word" and kept[-1].characters.casefold() in words.table.doubled
        doubled = unit.kind == "letter" and len(unit.characters) == 2 and unit.characters[0] == unit.characters[1]
        if remark and doubled:
            kept.pop()
            word = kept[-1].characters
            if unit.characters not in word.casefold() and (place := word.casefold().rfind(unit.characters[0])) >= 0:
                kept[-1] = replace(kept[-1], characters=word[:place] + unit.characters + word[place + 1 :])
        else:
            kept.append(unit)
    return kept
