"""The state of one reading of one text: the position, what was read before, and the words so far."""

import re
from functools import lru_cache

from voi.text.tables.shape import Language

Reading = tuple[str, int, str]
"""What is said, where the token ends, and its class."""

_WORDS_BEFORE = re.compile(r"[^\W\d_]+")
_LOOK_BACK = 48
_SEPARATORS = re.compile(r"[^\d]")


class Scan:
    """State of one reading. `kind`: class of the token before ("" after plain words); `end`: where that ended.
    `dated`: where the last date ended."""

    __slots__ = (
        "_before", "_before_at", "_near", "_near_at", "_number", "_number_at", "at", "dated", "day_first", "end",
        "kind", "language", "numbers", "out", "shouted", "text",
    )  # fmt: skip

    def __init__(self, text: str, language: Language, day_first: bool) -> None:
        self.text = text
        self.language = language
        self.day_first = day_first
        self.at = 0
        self.out: list[str] = []
        self.kind = ""
        self.end = self.dated = -1
        self._before_at = self._near_at = self._number_at = -1
        self._before = ""
        self._near: list[str] = []
        self._number: tuple[str, int] | None = None
        self.numbers = number_pattern(language.decimal, language.groups)
        self.shouted = text.isupper() and is_shouted(text, language)

    def say(self, said: str, end: int, kind: str) -> None:
        """Say these words for the text up to `end`; a space is added if they would touch other letters."""
        if said and self.language.gap:
            last = self.out[-1] if self.out else ""
            glued = last == "و" and self.language.code == "ar"  # و30 دقيقة
            if last and not glued and (last[-1].isalnum() or last[-1] in ".,;:!?%") and said[0].isalnum():
                self.out.append(" ")
            after = self.text[end : end + 1]
            if after.isalnum() and said[-1] not in "'-":
                said = f"{said} "
        if said:
            self.out.append(said)
        self.at = self.end = end
        self.kind = kind
        if kind == "date":
            self.dated = end

    def copy(self, end: int) -> None:
        self.out.append(self.text[self.at : end])
        self.at = end

    def elide(self, said: str, end: int) -> None:
        """French "de" and "que" before un euro, une heure: d'un euro; but de un à dix."""
        counts = said.startswith(("un ", "une ")) and not said.startswith("un virgule")
        noun = self.word_after(end)
        if self.out and (
            counts or (said in ("un", "une") and noun.islower() and noun not in self.language.counted_stops)
        ):
            last = self.out[-1]
            if last.lower() in ("de ", "que "):
                self.out[-1] = f"{last[:-2]}'"

    def words_before(self, count: int, at: int | None = None) -> list[str]:
        """The last words of the sentence before this place, in lower case, the nearest last."""
        end = self.at if at is None else at
        if self._near_at != end:  # many rules ask at the same place
            part = self.text[max(0, end - _LOOK_BACK) : end].lower()
            self._near_at, self._near = end, _WORDS_BEFORE.findall(part)
        return self._near[-count:]

    def rest(self, end: int) -> str:
        """The next few characters, without leading blanks."""
        return self.text[end : end + _LOOK_BACK].lstrip()

    def word_before(self, at: int | None = None) -> str:
        """The word right before, as it is written; "" if anything but spaces, `No.`, `:` or `#` is between."""
        end = self.at if at is None else at
        if self._before_at != end:
            found = _RIGHT_BEFORE.search(self.text, max(0, end - _LOOK_BACK), end)
            self._before_at, self._before = end, found[1] if found else ""
        return self._before

    def word_after(self, end: int) -> str:
        """The word after this place, as it is written; "" if anything but spaces is between."""
        found = _RIGHT_AFTER.match(self.text, end)
        return found[1] if found else ""

    def joint(self) -> str:
        """The word between the ends of a range; in some languages only a hyphen: tre-cinque."""
        to, gap = self.language.say.get("to", ""), self.language.gap
        return to if to == "-" else f"{gap}{to}{gap}"

    def number(self, at: int) -> tuple[str, int] | None:
        """The number that begins here (1234.50, without grouping signs, with a point), and its end."""
        if self._number_at != at:  # several rules ask for the same one
            self._number_at, self._number = at, self._number_from(at)
        return self._number

    def _number_from(self, at: int) -> tuple[str, int] | None:
        if foreign := _foreign_number(self.text, at, self.language.decimal):
            return foreign
        if self.language.decimal == "," and (dotted := _DOTTED.match(self.text, at)):
            return f"{dotted[1]}.{dotted[2]}", dotted.end()
        if self.language.decimal == "." and (spaced := _SPACED.match(self.text, at)):
            return spaced[0].replace(" ", ""), spaced.end()
        found = self.numbers.match(self.text, at)
        return (plain_number(found[0], self.language.decimal), found.end()) if found else None

    def stands_free(self, at: int) -> bool:
        """True if nothing is attached directly before this place. Chinese, Japanese and Korean attach words to
        numbers."""
        before = self.text[at - 1 : at] if at else ""
        return not before.isalnum() or (before >= _WIDE and not before.isdigit())


_AMERICAN = re.compile(r"(\d{1,3}(?:,\d{3})+)\.(\d{1,2})(?![\d.,]*\d)|(\d{1,3}(?:,\d{3}){2,5})(?![\d.,]*\d)")
_EUROPEAN = re.compile(r"(\d{1,3}(?:\.\d{3})+),(\d{1,2})(?![\d.,]*\d)|(\d{1,3}(?:\.\d{3}){2,5})(?![\d.,]*\d)")


def _foreign_number(text: str, at: int, decimal: str) -> tuple[str, int] | None:
    """1,234.56 where a comma is usual, and 1.234.567,89 where a point is: written so, it can be nothing else."""
    if text[at + 1 : at + 5].isdigit():
        return None
    match = (_AMERICAN if decimal == "," else _EUROPEAN).match(text, at)
    if not match or (match[3] and (decimal == "." or match[3][0] == "0")):
        return None
    whole = (match[1] or match[3]).replace("," if decimal == "," else ".", "")
    return (f"{whole}.{match[2]}" if match[2] else whole), match.end()


_WIDE = "\u2e80"
_SPACED = re.compile(r"\d{1,3}(?: \d{3}){2,5}(?![\w-]| \d)|\d{1,3} 000(?![\w-]| \d)")
"""Thousands separated by spaces, as in tables and in science, in languages that usually write a comma."""
_DOTTED = re.compile(
    r"(\d+)\.(\d{1,2})(?=\s?(?:[%€$£°]|(?:k?m|[km]?g|[cm]m|m?l|h|s|kWh|[GMT]B|кг|г|км|м|см|мм|л|мл|мг|ГБ|МБ|zł|Kč|Ft|Mio|Mrd|millones|millions|milioni)\b))"
)
"""A decimal point before a unit, in languages that usually write a comma."""
_LOUD = re.compile(r"[^\W\d_]{4,}")
_VOWEL = re.compile(r"[AEIOUYÄÖÜÁÉÍÓÚÀÈÌÒÙÂÊÎÔÛĄĘİIАЕЁИОУЫЭЮЯ]")


def is_shouted(text: str, language: Language) -> bool:
    """True if the text is written in capitals, beyond acronyms."""
    words = [word for word in _LOUD.findall(text) if not any(char.lower() == char for char in word)]
    return (len(text) < 5 and text.isascii()) or any(
        _VOWEL.search(word) and word not in language.spelt for word in words
    )


_RIGHT_BEFORE = re.compile(r"([^\W\d_]+)[.'’]?\s*\Z")
_RIGHT_AFTER = re.compile(r"\s*([^\W\d_]+)")


def plain_number(digits: str, decimal: str) -> str:
    """The digits without separators of thousands, and with a point before the fraction. `decimal`: the language's
    sign."""
    whole, point, fraction = digits.rpartition(decimal)
    if not point or (decimal == "." and "," in fraction):
        whole, fraction = digits, ""
    whole = _SEPARATORS.sub("", whole)
    return f"{whole}.{fraction}" if fraction else whole


@lru_cache(maxsize=16)
def number_pattern(decimal: str, groups: str) -> re.Pattern[str]:
    """The pattern of a number. It matches from the first digit on without backtracking, so a million digits take linear
    time."""
    group = f"[{re.escape(groups)}]"
    indian = r"\d{1,2}(?:,\d\d(?=,)){1,6}+,\d{3}(?!\d)|" if decimal == "." else ""
    return re.compile(rf"(?:{indian}\d{{1,3}}(?:{group}\d{{3}})++(?!\d)|\d++)(?:{re.escape(decimal)}\d++)?+")
