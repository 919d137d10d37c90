"""Years and decades: 1999, the '90s."""

import re

from voi.text.numerals import whole, year
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set

_YEAR = re.compile(r"[12]\d{3}(?![\w%]|[.,]\d)")
_FIRST_YEAR = re.compile(r"(?<![\w$€£¥#.,/-])[12]\d{3}(?:\s?[-–—]\s?|,?\s(?:to|through|until|till|and)\s)\Z")
_SECOND_YEAR = re.compile(r"(?P<dash>\s?[-–—]\s?)(?=\d)|\s(?:(?:up\s)?to|through|until|till)\s")
_SECOND_YEAR_AND = re.compile(r"\sand\s")
_COUNTED = re.compile(
    r"\s(?:(?:square|cubic|sq|metric|nautical|new|daily|active|more)\s)?(?:people|feet|ft|[^\W\d_]*[^\Ws]s)(?!\w)"
    r"|\s?(?:[kmc]?m|[kmμ]?g|k?cal|m?l|[kM]?W|[kMG]?B)(?!\w)"
)
"""What makes two such numbers quantities: 1250 to 1500 square meters."""
_NO_NOUNS = _set("is was has does its his this thus less always his years across perhaps")
_TO_NOW = re.compile(r"\s?[-–—]\s?(?=(?:present|today|now)\b)", re.IGNORECASE)
_ERA = re.compile(r"\s(?:B\.C\.|A\.D\.|C\.E\.)")
_DECADE = re.compile(r"'?(?P<century>1[1-9]|20)?(?P<tens>\d)0'?s\b")


def decade(scan: Scan, at: int) -> Reading | None:
    """1990s, '80s, the 90s (30s as seconds was ruled out before)."""
    match = _DECADE.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    century, tens = match["century"], match["tens"]
    if tens == "0":
        said = "two thousands" if century == "20" else f"{whole(century, 'en')} hundreds" if century else "zeros"
    else:
        said = f"{whole(century, 'en')} {_tens(tens)}" if century else _tens(tens)
    return said, match.end(), "year"


def _tens(digit: str) -> str:
    return "tens" if digit == "1" else f"{whole(digit + '0', 'en')[:-1]}ies"


def is_span(text: str, first: int, end: int, second: int) -> bool:
    """True if the four digits that end at `end` and those at `second` are the years of a span: 1861-1865. `first`:
    where it begins."""
    years = text[first:end], _YEAR.match(text, second)
    if end - first != 4 or years[1] is None or text[first - 1 : first] in _CURRENCIES:
        return False
    if not 1000 <= int(years[0]) < int(years[1][0]) <= 2100:
        return False
    counted = _COUNTED.match(text, years[1].end())
    return counted is None or counted[0].split()[-1].lower() in _NO_NOUNS


_CURRENCIES = tuple("$€£¥#")


def _in_span(scan: Scan, at: int, end: int) -> bool:
    """True for either year of 1850 to 1899, between 1776 and 1783."""
    text = scan.text
    if before := _FIRST_YEAR.search(text, max(0, at - 14), at):
        paired = "and" not in before[0] or text[: before.start()].rstrip().lower().endswith("between")
        return paired and is_span(text, before.start(), before.start() + 4, at)
    between = scan.word_before(at).lower() == "between"
    after = (_SECOND_YEAR_AND if between else _SECOND_YEAR).match(text, end)
    return after is not None and is_span(text, at, end, after.end())


def year_alone(scan: Scan, at: int) -> Reading | None:
    """A number of four digits that is a year: after a word that shows it, or from the last or this century."""
    match = _YEAR.match(scan.text, at)
    language = scan.language
    if not match or language.year not in ("pairs", "hundreds"):
        return None
    digits = match[0]
    if language.code == "en" and (open_end := _TO_NOW.match(scan.text, match.end())):  # 1861-present
        return f"{year(digits, language)} to", open_end.end(), "to"
    if language.year == "hundreds":
        return (year(digits, language), match.end(), "year") if 11 <= int(digits[:2]) <= 19 else None
    after = scan.word_after(match.end())
    if (
        digits[:2] in ("19", "20")
        or scan.word_before(at).lower() in language.year_after
        or after in ("BC", "BCE", "AD", "CE")
        or _ERA.match(scan.text, match.end())
        or _in_span(scan, at, match.end())
    ):
        if after.lower() in _QUANTITIES and digits[2:] != "00" and digits[:2] != "20":
            return None
        return year(digits, language), match.end(), "year"
    return None


_QUANTITIES = _set("calories steps people users dollars euros pounds miles meters metres words points units copies")
