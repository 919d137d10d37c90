"""Cuts texts into the terms that passages are found by, in any language.

A term is a word without case and accents. Scripts without spaces between words (Chinese, Japanese, Thai and others),
and Korean, whose words carry their particles, give characters and pairs of characters. Words of other scripts give
their first letters as well (`~open` for "opening"), so that "opens" finds them: in most languages endings change and
beginnings stay. Cutting words off does about as much for a search as the rules of each language's grammar (McNamee and
Mayfield, "Character N-Gram Tokenization for European Language Text Retrieval", 2004), and needs none of them.

German, Dutch, Finnish and others write compounds as one word, and put "ge" before participles. So long words give the
letters at all their other places, too, by which "Parkplatz" finds "Besucherparkplatz".

Words of up to three letters are mostly those that every sentence has ("the", "ist", "que"): the more often a word is
used, the shorter it is (Zipf's law of abbreviation). They weigh less, as parts of long words do.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Column = Literal["words", "short", "stems", "parts"]
"""What a term is: a word, a pair of characters; a short word; the beginning of a word; a part of a long word."""
Term = tuple[Column, str]
WEIGHTS: dict[Column, float] = {"words": 1.0, "short": 0.3, "stems": 1.0, "parts": 0.4}
"""How much each counts. Which answers are found hardly changes with them, as long as these two are below 1."""

STEM = "~"
"""Begins a term that is the beginning of words."""
STEM_LETTERS = 4
STEM_MIN_LETTERS = 3
"""Of short words, whose ending may be one letter."""
SHORT_LETTERS = 3
COMPOUND_LETTERS = 8
"""Words with so many letters may be made of several."""
PREFIX_LETTERS = 2
"""The shortest first part of one: "ge" in "geöffnet"."""
WORD_MAX_LETTERS = 64
"""Longer words are cut: nobody says them, and the text may be hostile."""

_OTHER_SCRIPTS = "\u0530"
"""Before it are Latin, Greek and Cyrillic."""
_PAIRED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u1100-\u11ff\uac00-\ud7af"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_RUNS = re.compile(rf"[{_PAIRED}]+|(?:(?![{_PAIRED}])(?:\w|[\u0900-\u0dff]))+")
"""Runs of one kind of script. `\\w` lacks the vowel signs of Indian scripts."""
_PAIRS_BEGIN = re.compile(rf"[{_PAIRED}]")
_ACCENTS = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u0640]")
"""Accents of European scripts, vowel marks of Arabic. Signs of other scripts are letters of their own."""
_ARABIC_ARTICLE = re.compile("^[وف]?(?:[بك]?ال|لل)(?=\\w{3})")
_UNIFIED = str.maketrans({"ß": "ss", "ı": "i", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ى": "ي", "ة": "ه"})


def terms(text: str) -> Iterator[Term]:
    """The terms of a text of a document."""
    for run in _RUNS.findall(folded(text)):
        if _PAIRS_BEGIN.match(run):
            yield from (("words", character) for character in run)
            yield from _pairs(run)
        elif word := _word(run):
            yield from _word_terms(word)
            yield from (("parts", part) for part in _parts(word))


def query_terms(text: str) -> Iterator[Term]:
    """The terms that a question is asked by: of a script in pairs, characters only where they stand alone."""
    for run in _RUNS.findall(folded(text)):
        if not _PAIRS_BEGIN.match(run):
            if word := _word(run):
                yield from _word_terms(word)
        elif len(run) == 1:
            yield "words", run
        else:
            yield from _pairs(run)


def compound_terms(text: str) -> Iterator[Term]:
    """What a question is asked by besides: its words as parts of longer ones ("Parkplatz" in "Besucherparkplatz"), and
    the parts of its own long words ("Kinder" of "Schulkinder")."""
    for run in _RUNS.findall(folded(text)):
        if not _PAIRS_BEGIN.match(run) and (word := _word(run)):
            if len(word) >= STEM_LETTERS and word.isalpha():
                yield "parts", STEM + word[:STEM_LETTERS]
            yield from (("stems", part) for part in _parts(word))


def folded(text: str) -> str:
    """The text without case, accents and variants of letters."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", bare).translate(_UNIFIED)


def _pairs(run: str) -> Iterator[Term]:
    return (("words", run[at : at + 2]) for at in range(len(run) - 1))


def _word(run: str) -> str:
    return _ARABIC_ARTICLE.sub("", run.strip("_")[:WORD_MAX_LETTERS])


def _word_terms(word: str) -> Iterator[Term]:
    short = len(word) <= SHORT_LETTERS and word < _OTHER_SCRIPTS and not word.isdecimal()
    yield "short" if short else "words", word
    if word.isdecimal() or len(word) < STEM_MIN_LETTERS:
        return
    yield "short" if short else "stems", STEM + word[:STEM_LETTERS]
    if len(word) == STEM_LETTERS:
        yield "short" if word < _OTHER_SCRIPTS else "stems", STEM + word[:STEM_MIN_LETTERS]  # "dogs" is found by "dog"


def _parts(word: str) -> Iterator[str]:
    """The beginnings of all words that may be in a compound, as stems: four letters each."""
    if len(word) >= COMPOUND_LETTERS and word.isalpha() and word < _OTHER_SCRIPTS:
        yield from (STEM + word[at : at + STEM_LETTERS] for at in range(PREFIX_LETTERS, len(word) - STEM_LETTERS + 1))
