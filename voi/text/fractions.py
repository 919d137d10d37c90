"""Two numbers with a slash between them: fractions (1/2, 2 1/2 cups), ratings (4.5/5), seasons (2010/11), 24/7."""

import re

from voi.text import cldr
from voi.text.agreement import gender
from voi.text.fraction_words import HALF_OF, parts
from voi.text.numerals import cardinal, ordinal, year
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set
from voi.text.units import forms_of, unit_of_words, unit_pattern, units

_FRACTION = re.compile(r"(?:(?P<whole>\d{1,4})\s)?\s?(?P<top>\d{1,4})/(?P<bottom>\d{1,4})(?![A-Za-z\d_/]|[.,]\d)")
_RATING = re.compile(r"(\d{1,3}[.,]\d{1,2})\s?/\s?(\d{1,3}(?:[.,]\d)?)(?![\w/]|[.,]\d)")
_CLAUSE = re.compile(r"[,;:.!?]\s")
_WORDS = re.compile(r"[^\W\d_]+")
_HYPHENED = re.compile(r"(\d{1,3})-([1-7])/([23458]|16)(?![\w/]|[.,]\d)")
_NAMED = frozenset((("24", "7"), ("7", "24"), ("9", "11"), ("50", "50"), ("20", "20")))
_RATING_WORDS = _set(
    "rate rated rates rating score scored scores stars star review reviews gave give gives got "
    "earned grade graded note noté bewertung "
    "bewertet note sterne puntuación nota valoración voto valutazione"
)


def rating(scan: Scan, at: int) -> Reading | None:
    """4.5/5."""
    match = _RATING.match(scan.text, at)
    if not match or "out_of" not in scan.language.say:
        return None
    first, best = match[1].replace(",", "."), match[2].replace(",", ".")
    return (
        f"{cardinal(first, scan.language)} {scan.language.say['out_of']} {cardinal(best, scan.language)}",
        match.end(),
        "ratio",
    )


def exposure(scan: Scan, at: int) -> Reading | None:
    """1/250 s: how long a shutter is open."""
    match = _EXPOSURE.match(scan.text, at)
    form = _PART_OF_SECOND.get(scan.language.code)
    if not match or not form:
        return None
    code = scan.language.code
    part = cardinal(match[1], scan.language) if code == "de" else ordinal(match[1], scan.language)
    return form.format(part), match.end(), "measure"


_EXPOSURE = re.compile(r"1/(\d{1,5})\s?(?:s|sec)(?![^\W_])")
_PART_OF_SECOND = {
    "en": "one {} of a second", "de": "eine {}stel Sekunde", "fr": "un {} de seconde", "it": "un {} di secondo"
}  # fmt: skip


def fraction(scan: Scan, at: int) -> Reading | None:
    """1/2, 1 1/2, 8/10, 24/7; anything else is read number by number."""
    match = _FRACTION.match(scan.text, at)
    if not match:
        return None
    language = scan.language
    integer, top, bottom = match["whole"], match["top"], match["bottom"]
    if (top, bottom) in _NAMED and not integer:
        return _named(scan, top, bottom), match.end(), "ratio"
    if not integer and scan.word_before(at).lower() in language.version_after:  # Windows 10/11
        return f"{cardinal(top, language)} {cardinal(bottom, language)}", match.end(), "version"
    if _HOUSE.search(scan.text, max(0, at - 32), at) and not integer:  # ul. Polnej 5/7
        return f"{cardinal(top, language)} {cardinal(bottom, language)}", match.end(), "address"
    before = f"{cardinal(integer, language)} " if integer else ""
    high, low = int(top), int(bottom)
    clause = _CLAUSE.split(scan.text[max(0, at - 40) : at])[-1].lower()
    if not integer and (low > language.parts_max or high >= low) and _is_choice(scan, match.end()):  # 50/60 Hz
        joint = f"{language.gap}{language.say['or']}{language.gap}"
        return f"{cardinal(top, language)}{joint}", match.start("bottom"), "to"
    share = scan.word_after(match.end()) in ("of", "off")  # got 2/3 of the votes
    if not integer and not share and "out_of" in language.say and high <= low and (
        (low in (10, 100) and language.code == "en") or _RATING_WORDS & set(_WORDS.findall(clause)[-4:])
        or scan.word_after(match.end()).lower() in _RATING_WORDS
    ):  # fmt: skip
        return f"{cardinal(top, language)} {language.say['out_of']} {cardinal(bottom, language)}", match.end(), "ratio"
    if not integer and _is_season(top, bottom):  # 2010/11
        return f"{year(top, language)}{language.gap}{cardinal(bottom.lstrip('0'), language)}", match.end(), "year"
    if not 0 < high < low or (top[0] == "0" and len(top) > 1):
        return f"{before}{cardinal(top, language)} {cardinal(bottom, language)}", match.end(), "ratio"
    if low > language.parts_max and low - high < 3:  # size 40/42
        return f"{before}{cardinal(top, language)} {cardinal(bottom, language)}", match.end(), "ratio"
    if low > language.parts_max:
        return (
            f"{before}{cardinal(top, language)} {language.say.get('slash', '')} {cardinal(bottom, language)}",
            match.end(),
            "ratio",
        )
    said, end = parts(scan, high, low, integer, match.end()), match.end()
    if (
        language.code == "en"
        and scan.text[end : end + 1] in ('"', "″", "”")
        and scan.text[max(0, at - 200) : at].count('"') % 2 == 0
    ):
        return f"{said} inch", end + 1, "measure"
    if several := unit_of_words(scan.text, end, language.code):
        forms = forms_of(several[0], language)
        if forms is not None:
            noun = cldr.form("1", forms, language.code)
            half = (top, bottom) == ("1", "2") and not integer and HALF_OF.get(language.code)
            said = half[gender(noun.split()[0], language) == "f"] if half else said
            return f"{said} {noun}", several[1], "measure"
    if (
        (unit := unit_pattern(language).match(scan.text, end))
        and (symbol := unit[0].strip())
        and scan.text[end : end + 1] == " "
    ):
        forms = forms_of(symbol, language) or forms_of(symbol.rstrip("."), language)
        pointed = f"{symbol}." in units(language.code) and scan.text[unit.end() : unit.end() + 1] == "."
        if pointed:
            forms = forms_of(f"{symbol}.", language)
        if forms and language.gap and not symbol.isdigit() and (len(symbol) > 1 or symbol in "lLgh" or pointed):
            stop = unit.end() - (symbol.endswith(".") and not scan.rest(unit.end()))
            stop += (
                scan.text[stop : stop + 1] == "." and f"{symbol}." in units(language.code) and scan.rest(stop + 1) != ""
            )
            alone = "1.5" if language.code in ("cs", "pl", "ru") else "1"  # půl litru
            noun = cldr.form("2" if integer else alone, forms, language.code)
            if (top, bottom) == ("1", "2") and not integer and (half := HALF_OF.get(language.code)):
                said = half[gender(noun.split()[0], language) == "f"]
            return f"{said} {noun}", stop, "measure"
    return said, end, "fraction"


def _is_choice(scan: Scan, end: int) -> bool:
    """Two sizes of one unit."""
    unit = unit_pattern(scan.language).match(scan.text, end)
    symbol = unit[0].strip() if unit else ""
    name = units(scan.language.code).get(symbol, "duration")
    return len(symbol) > 1 and symbol != "in" and not str(name).startswith("duration")


_HOUSE = re.compile(
    r"\b(?:ul|al|pl|os|ulica|ulicy|ул|пер|просп|д|улица|улице|ulice|ulici|nám|via|viale|piazza|rue|calle|straße|str)\.?\s"
    r"(?:[^\W\d_][\w.-]*,?\s){1,3}\Z",
    re.IGNORECASE,
)


def always_open(scan: Scan, at: int) -> Reading | None:
    """24/7/365."""
    match = _ALWAYS.match(scan.text, at)
    if not match:
        return None
    code = scan.language.code
    said = [cardinal(part, scan.language) for part in match[0].split("/")]
    return (" ".join([*said[:2], "three sixty-five"] if code == "en" else said)), match.end(), "ratio"


_ALWAYS = re.compile(r"24/7/36[56](?![\w/])")


def hyphened(scan: Scan, at: int) -> Reading | None:
    """2-1/2 cups: two and a half."""
    match = _HYPHENED.match(scan.text, at)
    if not match or scan.language.code != "en" or int(match[2]) >= int(match[3]):
        return None
    return parts(scan, int(match[2]), int(match[3]), match[1], match.end()), match.end(), "fraction"


def _is_season(top: str, bottom: str) -> bool:
    return len(top) == 4 and len(bottom) == 2 and 1900 < int(top) < 2100 and (int(top) + 1) % 100 == int(bottom)


def _named(scan: Scan, top: str, bottom: str) -> str:
    if scan.language.code == "en" and (top, bottom) == ("24", "7"):
        return "twenty-four seven"
    return f"{cardinal(top, scan.language)} {cardinal(bottom, scan.language)}"
