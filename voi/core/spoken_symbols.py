"""Reduces a text to the symbols that are heard, for comparing phrases: folded letters and digits, and one space between
two words. A word has the same symbols however it is written, marked up or disguised.

Case, the composition of accents, quotes, emphasis marks, tags, link targets and invisible characters are not heard.
Letters of other alphabets that look like Latin ones count as those. In scripts without spaces (Chinese, Japanese, Thai
and their neighbours) each character is a word. What may be heard in two ways has a symbol of its own: an apostrophe,
and what may separate words (PERHAPS).
"""

import html
import re
import unicodedata
from functools import lru_cache

SPACE = " "
NARROW = "\u2009"
"""In a pattern: a SPACE between two letters, as in "A.I." or "A I". A comma, a colon or the end of a sentence does not
match it; nor does a blank if one of the letters is small (Czech "a i" is two words) or is the name of what the word
before means ("Plan A I like")."""
LOOSE = "\u2008"
"""In a pattern: like NARROW, but a point and a blank match it as well, as in "as an A. I. model"."""
PARTED = "\u2029"
"""The newest SPACE turns out to be wide."""
DOTTED = "\u2028"
"""The newest SPACE turns out to be a point and a blank."""
PERHAPS = "\u3164"
"""A tag, a comment or an invisible blank: it may separate two words, or be inside one."""
APOSTROPHE = "'"
"""Not heard, except that an "s" after it may be a word's ending: AI's."""
NOT_HEARD = frozenset((PERHAPS, APOSTROPHE, PARTED, DOTTED))
"""Symbols that only tell how the others may be taken."""
_NARROW_GAPS = frozenset(".-\u00b7\u2010\u2011\u2022_")
ENTITY_MAX_CHARACTERS = 32
TAG_MAX_CHARACTERS = 200
TARGET_MAX_CHARACTERS = 500
"""Longest entity, tag or link target. A longer run is text and is not held any longer."""

_INSIDE_WORDS = frozenset("\"'`´‘’‚‛“”„‟′″‴‵‶«»‹›ʹʺʻʼʽˈˊˋ＇＂「」『』〝〞〟*~\\™®©℠")
"""Quotes, emphasis marks, backslashes and signs of ownership: they do not separate words."""
_PERHAPS_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u200b")
"""Hangul fillers and the space without a width: drawn as a space, or not at all."""
_APOSTROPHES = frozenset("'’ʼ＇")
_ELIDED = frozenset(
    {
        "l",
        "d",
        "j",
        "n",
        "s",
        "c",
        "m",
        "t",
        "qu",
        "jusqu",
        "lorsqu",
        "puisqu",
        "dell",
        "all",
        "nell",
        "sull",
        "dall",
        "un",
    }
)
"""Words of their own before an apostrophe: l'IA, d'accord, dell'arte."""
LETTERED = frozenset(
    {
        "answer", "appendix", "block", "box", "building", "candidate", "case", "category", "choice", "class",
        "column", "exhibit", "figure", "gate", "grade", "group", "hall", "hepatitis", "item", "key", "level", "list",
        "model", "note", "option", "part", "phase", "plan", "platform", "point", "question", "room", "route", "row",
        "scenario", "section", "series", "side", "step", "table", "team", "terminal", "tier", "track", "type",
        "unit", "version", "vitamin", "ward", "wing", "zone",
    }
)  # fmt: skip
"""Words that a letter may follow as a name: Plan A, Vitamin C."""
_WORD_MAX = max(map(len, LETTERED)) + 1
_TAG = re.compile(r"</?[A-Za-z][^<>]*\Z|<[!?](?!-?-?\Z)[^<>]*\Z|<(?:!-?)?\Z")
_ENTITY = re.compile(r"&(?:amp;){0,4}#?\w{0,26}\Z")
_REFERENCE = re.compile(r"\]\[[\w.-]{0,32}\Z")
"""Of a link, `[words][1]`: a name that has a digit or a hyphen, or none."""
_REFERENCE_NAME = re.compile(r"\]\[(?:[\w.-]*[\d-][\w.-]*)?\]")
_PARTING_TAG = re.compile(r"</?(?:br|p|li|ul|ol|div|h[1-6]|tr|td|th|hr|table|section)\b", re.IGNORECASE)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana and Han characters."""
_LETTER_NAME = re.compile(r"(?:.* )?LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL )?([A-Z])")
_LOOKS_LIKE = str.maketrans(
    {
        alike: latin
        for latin, alikes in {
            "a": "аαɑᎪⲁꓮ𐊠", "b": "ьβвᏴⲃꓐ", "c": "сϲᏟⲥꓚ𐐽", "d": "ԁᎠꓓ", "e": "еεᎬⲉꓰ", "f": "ϝƒꓝք", "g": "ɡԍᏀցꓖ",
            "h": "һнηհᎻⲏꓧ", "i": "іιɩıᎥⲓꓲ", "j": "јϳȷᎫյꓙ", "k": "кκᏦⲕꓗ", "l": "ӏᏞꓡլ", "m": "мμᎷⲙꓟ", "n": "νոⲛꓠ",
            "o": "оοօᎤⲟꓳ𐐬", "p": "рρᏢⲣꓑ", "q": "ԛզ", "r": "гґᎡꓣ", "s": "ѕᏕᏚꓢ𐑈", "t": "тτᎢⲧꓔ", "u": "υսꓴ", "v": "ѵᏙꓦ",
            "w": "ԝᎳꓪɯ", "x": "хχⲭꓫ", "y": "уүყⲩꓬᎩ", "z": "ζᏃⲍꓜ", "3": "з",
        }.items()
        for alike in alikes
    }
)  # fmt: skip
"""Letters of other scripts, after case folding, and the Latin ones that they look like: Cyrillic, Greek, Armenian,
Cherokee, Coptic, Lisu and a few more. Both sides of a comparison are mapped, so phrases in those scripts are found as
well."""


class SpokenSymbols:
    """`feed` characters, get units of text with their symbols; `close` gives the text that is still held."""

    __slots__ = ("_before", "_last", "_pending", "_pointed", "_small", "_spelt", "_word")

    def __init__(self) -> None:
        self._pending = ""
        """The beginning of an entity, a tag or a link target."""
        self._last = SPACE
        """The newest symbol; SPACE at the beginning."""
        self._word = self._before = ""
        """The word so far, and the one before it."""
        self._small = False
        """The newest letter is a small one."""
        self._spelt = False
        """The newest character is a blank after one letter."""
        self._pointed = False
        """The newest character is the point of a gap."""

    def feed(self, char: str) -> list[tuple[str, str]]:
        """The units that this character completes: pairs of text and its symbols, which may be ""."""
        if self._pending:
            self._pending += char
            return self._resume()
        if char in "&<]":
            self._pending = char
            return []
        return [(char, self._symbols(char))]

    def part(self) -> str:
        """Start a new word, such as for another voice. Returns the symbols of the gap."""
        return self._gap("\n")

    def close(self) -> list[tuple[str, str]]:
        """End of the text: the remaining units. An unfinished entity, tag or link target is text."""
        rest, self._pending = self._pending, ""
        return [(char, self._symbols(char)) for char in rest]

    def _resume(self) -> list[tuple[str, str]]:
        written, last = self._pending, self._pending[-1]
        if written[0] == "&":
            if _ENTITY.match(written) and len(written) <= ENTITY_MAX_CHARACTERS:
                return []
            if last == ";" and (meant := _unescaped(written)) != written:
                return self._whole(written, "".join(map(self._symbols, meant)))
        elif written[0] == "<":
            is_comment = written.startswith("<!--")
            if last == ">" and len(written) > 2 and (not is_comment or written.endswith("-->")):
                return self._whole(written, self._symbols("\n" if _PARTING_TAG.match(written) else PERHAPS))
            if len(written) <= TAG_MAX_CHARACTERS and (is_comment or written == "</" or _TAG.match(written)):
                return []
        elif written.startswith("]("):
            in_title = last in "()[]" and written.count('"') % 2 == 1
            if last == ")" and not in_title:
                return self._whole(written, self._symbols(SPACE))
            is_text = last == "\n" or (last in "[]" and not in_title) or written.endswith("](", 2)
            if len(written) <= TARGET_MAX_CHARACTERS and not is_text:
                return []
        elif written.startswith("]["):
            if last == "]" and _REFERENCE_NAME.fullmatch(written):
                return self._whole(written, self._symbols(SPACE))
            if _REFERENCE.match(written):
                return []
        self._pending = ""  # it was text after all, in which another one may begin
        units = [(written[0], self._symbols(written[0]))]
        for char in written[1:]:
            units += self.feed(char)
        return units

    def _whole(self, written: str, symbols: str) -> list[tuple[str, str]]:
        self._pending = ""
        return [(written, symbols)]

    def _symbols(self, char: str) -> str:
        if char in _PERHAPS_BLANKS:
            return PERHAPS if self._last != SPACE else ""
        folded = _folded(char)
        if folded is None:
            return self._gap(char)
        if not folded and char in _APOSTROPHES:
            return self._gap() if self._word in _ELIDED else APOSTROPHE if self._word else ""
        self._small = char.islower()
        symbols = PARTED if self._spelt and self._small else ""
        self._spelt = self._spelt and not folded
        for symbol in folded:
            unspaced = _is_unspaced(symbol)
            if self._last != SPACE and unspaced != _is_unspaced(self._last):
                symbols += SPACE
                self._word = ""
            symbols += symbol
            self._last = symbol
            self._word = (self._word + symbol)[-_WORD_MAX:]
        return symbols

    def _gap(self, char: str = SPACE) -> str:
        """The symbols of a character that separates words. A gap of one blank, point or hyphen is narrow."""
        before, letter = self._before, self._word
        if letter:
            self._before, self._word = letter, ""
        pointed, self._pointed = self._pointed, char == "."
        is_blank = unicodedata.category(char) == "Zs"
        if self._last == SPACE or _is_unspaced(self._last):
            return "" if self._last != SPACE else DOTTED if pointed and is_blank else PARTED
        self._last = SPACE
        is_name = self._small or before in LETTERED
        self._spelt = is_blank and len(letter) == 1
        narrow = char in _NARROW_GAPS or (is_blank and not (self._spelt and is_name))
        return SPACE if narrow else SPACE + PARTED


def symbols_of(text: str) -> str:
    """All symbols of a text that are certain, without spaces at its ends."""
    reader = SpokenSymbols()
    units = [unit for char in text for unit in reader.feed(char)] + reader.close()
    symbols = "".join(symbols for _, symbols in units)
    return "".join(symbol for symbol in symbols if symbol not in NOT_HEARD).strip(SPACE)


def _unescaped(entity: str) -> str:
    """`&amp;#39;` is an apostrophe that was escaped twice."""
    while (meant := html.unescape(entity)) != entity and meant.startswith("&"):
        entity = meant
    return meant


def _is_unspaced(symbol: str) -> bool:
    return _UNSPACED.match(symbol) is not None


def is_bounded(symbol: str) -> bool:
    """True if a word that begins or ends with this symbol needs a space there."""
    return not _is_unspaced(symbol)


@lru_cache(maxsize=4_096)
def _folded(char: str) -> str | None:
    """Letters, digits and marks that stand for the character in comparisons. "": it is not heard. None: it separates
    words.

    Accents are split off (NFD), so that a composed letter and a combined one are the same; Hangul syllables stay whole.
    """
    if char in _INSIDE_WORDS:
        return ""
    out, parts = [], False
    for whole in unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold()):
        hangul = "\uac00" <= whole <= "\ud7a3"
        for symbol in whole if hangul else unicodedata.normalize("NFD", _letter(whole)):
            category = unicodedata.category(symbol)
            if symbol in _INSIDE_WORDS or category == "Cf":
                continue
            if category == "Mn" or category == "Me":
                if unicodedata.combining(symbol) and symbol in _composing():
                    out.append(symbol)
            elif symbol.isalnum() or category == "Mc":
                out.append(symbol.translate(_LOOKS_LIKE))
            else:
                parts = True
    if out:
        return "".join(out)
    return None if parts else ""


def _letter(char: str) -> str:
    """The Latin letter that a letter in a box or a small capital is."""
    named = None if char.isascii() else _LETTER_NAME.fullmatch(unicodedata.name(char, ""))
    return named[1].lower() if named else char


@lru_cache(maxsize=1)
def _composing() -> frozenset[str]:
    """Combining marks that form letters of living alphabets; others, such as strokes through a letter, do not."""
    letters = (
        chr(code) for code in (*range(0xC0, 0x250), *range(0x380, 0x590), *range(0x900, 0xE00), *range(0x1E00, 0x2000))
    )
    composed = {mark for letter in letters for mark in unicodedata.normalize("NFD", letter)[1:]}
    vowels = {
        chr(code)
        for code in (*range(0x610, 0x660), *range(0x5B0, 0x5C8), *range(0x900, 0xE00))
        if unicodedata.category(chr(code)) == "Mn"
    }
    return frozenset(composed | vowels | {"\u3099", "\u309a"})
