"""Ranges, scores and ratios: 5-10, won 3-2, 16:9, 1914-18."""

import re

from voi.text.agreement import counted
from voi.text.numerals import cardinal, whole, year
from voi.text.scan import Reading, Scan
from voi.text.slavic_cardinals import genitive
from voi.text.tables.shape import words as _set

_RATIO = re.compile(r"(\d{1,4}(?:[.,]\d+)?)(?::|\s:\s)(?=\d)")
_BOOKS = _set(
    "genesis exodus leviticus numbers deuteronomy joshua judges ruth samuel kings psalm psalms "
    "proverbs isaiah jeremiah daniel matthew mark luke john acts romans corinthians galatians "
    "gen rev ex exod lev num deut josh sam kgs ps psa prov eccl isa jer ezek dan matt rom cor gal eph phil col thess "
    "tim heb pet jas ephesians philippians hebrews james peter revelation surah quran"
)
_RANGE = re.compile(r"\s?[-–—]\s?(?=\d|[$€£¥]\d)")
_BLOCK = re.compile(r"(?<=[区市町村島台田丁目])[1-9]\d{0,2}(?:-\d{1,4}){1,3}(?![-\d])")
_CHAIN = re.compile(r"[1-9]\d?(?:-\d{1,2}){2,3}(?![\w-]|[.,:/]\d)")
_YEAR = re.compile(r"[12]\d{3}(?![\w%]|[.,]\d)")
_SHORT_YEAR = re.compile(r"([12]\d{3})\s?[-–/]\s?(\d\d)(?![\w%]|[.,-]\d)")


def ratio(scan: Scan, at: int) -> Reading | None:
    """16:9, 3:1."""
    match = _RATIO.match(scan.text, at)
    if not match or "ratio" not in scan.language.say:
        return None
    gap = scan.language.gap
    number = match[1].replace(",", ".") if scan.language.decimal == "," else match[1].replace(",", "")
    if scan.word_before(at).lower() in _BOOKS or (  # Genesis 1:1
        not scan.language.say.get("score", "to") and scan.language.score_after & set(scan.words_before(5, at))
    ):
        return cardinal(number, scan.language), match.end(), ""
    if scan.language.code == "pl" and (both := _BOTH.match(scan.text, at)):  # dwa do jednego
        second = genitive(cardinal(both[2], scan.language), "pl")
        return f"{cardinal(both[1], scan.language)} do {second}", both.end(), "to"
    return f"{cardinal(number, scan.language)}{gap}{scan.language.say['ratio']}", match.end(), "to"


_BOTH = re.compile(r"(\d{1,3}):(\d{1,3})(?![\w:]|[.,]\d)")


def span(scan: Scan, at: int) -> Reading | None:
    """The first number of a range, and its dash: "five to"; what comes after it is read separately."""
    if match := _SHORT_YEAR.match(scan.text, at):
        first, second = match[1], match[2]
        if int(first[2:]) < int(second) and 1000 < int(first) < 2100 and scan.text[at + 4] not in "/":
            said = (
                f"{year(first, scan.language)} {scan.language.say['to']} {whole(str(int(second)), scan.language.code)}"
            )
            return said, match.end(), "year"
    if scan.language.code == "ja" and (block := _BLOCK.match(scan.text, at)):  # 港区1-2-3
        return "の".join(cardinal(part, scan.language) for part in block[0].split("-")), block.end(), "address"
    if chain := _CHAIN.match(scan.text, at):  # a 4-3-3 formation, a 12-4-1 record
        gap = scan.language.gap or "、"
        return gap.join(cardinal(part, scan.language) for part in chain[0].split("-")), chain.end(), "number"
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    match = _RANGE.match(scan.text, end)
    if not match or not scan.language.say.get("to"):
        return None
    spaced = match[0] != match[0].strip()
    sign = match[0].strip()
    if spaced and sign == "-":
        return _difference(scan, digits, match.end())
    following = scan.number(match.end())
    if following is None and scan.text[match.end()] not in "$€£¥":
        return None
    if (
        sign == "-"
        and re.match(r"\d*-\d|\d{5,}", scan.text[match.end() : match.end() + 12])
        and "," not in scan.text[match.end() : match.end() + 4]
    ):
        return None
    first = scan.text[at:end]
    if scan.language.code == "ar" and following:  # 5-10 دقائق
        said = counted(digits, scan.word_after(following[1]), scan.language)
        return f"{said} {scan.language.say['to']}", match.end(), "to"
    if digits == "1" and following and scan.language.gap and scan.language.code != "en":  # 1–2 Tabletten
        noun = scan.word_after(following[1])
        if len(noun) > 2 and noun.lower() not in scan.language.counted_stops:
            one = "ein" if scan.language.code == "de" else counted(digits, noun, scan.language).rstrip("'")
            to = scan.language.say["to"]
            return f"{one}{'' if to == '-' else scan.language.gap}{to}", match.end(), "to"
    said = year(first, scan.language) if _both_years(scan, at, end, match.end()) else cardinal(digits, scan.language)
    to = scan.language.say["to"]
    word = scan.language.say.get("score", to) if sign == "-" and _is_score(scan, at, match.end()) else to
    if scan.language.code == "en" and sign == "-" and _is_record(scan, at, match.end()):  # 11-2 on the season
        return f"{said} and", match.end(), "to"
    gap = scan.language.gap if word and word != "-" else ""  # Italian: tre-cinque
    return f"{said}{gap}{word or scan.language.gap}", match.end(), "to"


def _is_score(scan: Scan, at: int, second: int) -> bool:
    """True if a word about games is near. Some languages put the verb last, and some write no spaces."""
    words = scan.language.score_after
    if scan.language.code in ("zh", "ja", "ko", "hi", "tr", "hu"):
        near = f"{scan.text[max(0, at - 24) : at]} {scan.text[second : second + 24]}".lower()
        return any(word in near for word in words)
    return bool(words & set(scan.words_before(5, at)))


def _is_record(scan: Scan, at: int, second: int) -> bool:
    """How often a team won and lost: an 11-2 record, they are 5-0 at home."""
    return _RECORD_AFTER.match(scan.text, second) is not None or bool(
        {"record", "improved", "fell"} & set(scan.words_before(4, at))
    )


_RECORD_AFTER = re.compile(
    r"\d{1,2},?\s(?:record\b|(?:on|for|in|this|at)\s(?:the\s|their\s)?(?:season|year|home|road|conference)\b)"
)


def _difference(scan: Scan, digits: str, end: int) -> Reading:
    gap = scan.language.gap
    return f"{cardinal(digits, scan.language)}{gap}{scan.language.say['minus']}", end, "to"


def _both_years(scan: Scan, at: int, end: int, after: int) -> bool:
    return (
        end - at == 4
        and scan.text[at:end].isdigit()
        and bool(_YEAR.match(scan.text, after))
        and 1100 <= int(scan.text[at:end]) <= 2100
    )
