"""Years and decades: 1999, the '90s."""

import re

from voi.text.numerals import whole, year
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set

_YEAR = re.compile(r"[12]\d{3}(?![\w%]|[.,]\d)")
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


def year_alone(scan: Scan, at: int) -> Reading | None:
    """A number of four digits that is a year: after a word that shows it, or from the last or this century."""
    match = _YEAR.match(scan.text, at)
    language = scan.language
    if not match or language.year not in ("pairs", "hundreds"):
        return None
    digits = match[0]
    if language.year == "hundreds":
        return (year(digits, language), match.end(), "year") if 11 <= int(digits[:2]) <= 19 else None
    after = scan.word_after(match.end())
    if (
        digits[:2] in ("19", "20")
        or scan.word_before(at).lower() in language.year_after
        or after in ("BC", "BCE", "AD", "CE")
        or _ERA.match(scan.text, match.end())
    ):
        if after.lower() in _QUANTITIES and digits[2:] != "00" and digits[:2] != "20":
            return None
        return year(digits, language), match.end(), "year"
    return None


_QUANTITIES = _set("calories steps people users dollars euros pounds miles meters metres words points units copies")
