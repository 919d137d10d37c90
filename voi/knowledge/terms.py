"""Cuts texts into the terms that passages are found by, in any language.

A term is a word without case and accents. Scripts without spaces between words (Chinese, Japanese, Thai and others),
and Korean, whose words carry their particles, give characters and pairs of characters. Words of other scripts give
their first letters as well (`~open` for "opening"), so that "opens" finds them: in most languages endings change and
beginnings stay. Cutting words off does about as much for a search as the rules of each language's grammar (McNamee and
Mayfield, "Character N-Gram Tokenization for European Language Text Retrieval", 2004), and needs none of them.
"""

import re
import unicodedata
from collections.abc import Iterator

STEM = "~"
"""Begins a term that is the beginning of words."""
STEM_LETTERS = 4
STEM_MIN_LETTERS = 3
"""Of short words, whose ending may be one letter."""
WORD_MAX_LETTERS = 64
"""Longer words are cut: nobody says them, and the text may be hostile."""

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


def terms(text: str) -> Iterator[str]:
    """The terms of a text of a document, in its order."""
    for run in _RUNS.findall(folded(text)):
        if _PAIRS_BEGIN.match(run):
            yield from run
            yield from _pairs(run)
        else:
            yield from _word_terms(run)


def query_terms(text: str) -> Iterator[str]:
    """The terms that a question is asked by: of a script in pairs, characters only where they stand alone."""
    for run in _RUNS.findall(folded(text)):
        if not _PAIRS_BEGIN.match(run):
            yield from _word_terms(run)
        elif len(run) == 1:
            yield run
        else:
            yield from _pairs(run)


def folded(text: str) -> str:
    """The text without case, accents and variants of letters."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", bare).translate(_UNIFIED)


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))


def _word_terms(run: str) -> Iterator[str]:
    word = _ARABIC_ARTICLE.sub("", run.strip("_")[:WORD_MAX_LETTERS])
    if not word:
        return
    yield word
    if word.isdecimal() or len(word) < STEM_MIN_LETTERS:
        return
    yield STEM + word[:STEM_LETTERS]
    if len(word) == STEM_LETTERS:
        yield STEM + word[:STEM_MIN_LETTERS]  # "dogs" is found by "dog"
