"""Ranges, scores and ratios: 5-10, won 3-2, 16:9, 1914-18."""

import re

from voi.text.agreement import counted, native_korean
from voi.text.counting import SINO_KOREAN, is_named
from voi.text.numerals import cardinal, one_by_one, whole, year
from voi.text.scan import Reading, Scan, plain_number
from voi.text.slavic_cardinals import genitive
from voi.text.tables.shape import words as _set
from voi.text.years import is_span

_RATIO = re.compile(r"(\d{1,4}(?:[.,]\d+)?)(?::|\s:\s)(?=\d)")
_EQUATION = re.compile(r"\d+(?:[.,]\d+)?\s?=")
"""10 : 2 = 5"""
_BOOKS = _set(
    "genesis exodus leviticus numbers deuteronomy joshua judges ruth samuel kings psalm psalms "
    "proverbs isaiah jeremiah daniel matthew mark luke john acts romans corinthians galatians "
    "gen rev ex exod lev num deut josh sam kgs ps psa prov eccl isa jer ezek dan matt rom cor gal eph phil col thess "
    "tim heb pet jas ephesians philippians hebrews james peter revelation surah quran"
)
_RESULT = re.compile(r"\d+(?:[.,]\d+)?\s?=")
_CODE = re.compile(r"\d{2,6}(?:-\d{2,6}){1,3}(?![\d-])")
_NUMBERED = {"zh": "杠", "ja": "の", "ko": " 다시 "}
_TABLE = re.compile(r"(?:表|图|図|표|그림)\s?\Z")
_ARTICLE = re.compile(r"\b[LRD]\.\s?\Z")
_RANGE = re.compile(r"\s?[-–—]\s?(?=\d|[$€£¥]\d)")
_BLOCK = re.compile(r"(?<=[区市町村島台田丁目])[1-9]\d{0,2}(?:-\d{1,4}){1,3}(?![-\d])")
_CHAIN = re.compile(r"[1-9]\d?(?:-\d{1,2}){2,3}(?![\w-]|[.,:/]\d)")
_CHINESE_YEAR = re.compile(r"[12]\d{3}年")
_SHORT_YEAR = re.compile(r"([12]\d{3})\s?[-–/]\s?(\d\d)(?![\w%]|[.,-]\d)")


def ratio(scan: Scan, at: int) -> Reading | None:
    """16:9, 3:1."""
    match = _RATIO.match(scan.text, at)
    if not match or "ratio" not in scan.language.say:
        return None
    if match[0].endswith(" ") and _EQUATION.match(scan.text, match.end()) and "divided" in scan.language.say:
        joint = f"{scan.language.gap}{scan.language.say['divided']}"
        return f"{cardinal(plain_number(match[1], scan.language.decimal), scan.language)}{joint}", match.end(), "to"
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
    if sign == "-" and (reading := _no_range(scan, at, digits, end)):
        return reading
    years = _both_years(scan, at, end, match.end())
    if sign == "-" and not (years and spaced) and (spaced or _RESULT.match(scan.text, match.end())):  # 5 - 3, 5-3=2
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
    if scan.language.code in ("ko", "zh") and following and (counter := _counter(scan, digits, following)):
        return counter, match.end(), "to"
    if scan.language.code == "ar" and following:  # 5-10 دقائق
        said = counted(digits, scan.word_after(following[1]), scan.language)
        return f"{said} {scan.language.say['to']}", match.end(), "to"
    if digits == "1" and following and scan.language.gap and scan.language.code != "en":  # 1–2 Tabletten
        noun = scan.word_after(following[1])
        if len(noun) > 2 and noun.lower() not in scan.language.counted_stops:
            one = "ein" if scan.language.code == "de" else counted(digits, noun, scan.language).rstrip("'")
            to = scan.language.say["to"]
            return f"{one}{'' if to == '-' else scan.language.gap}{to}", match.end(), "to"
    said = year(first, scan.language) if years else cardinal(digits, scan.language)
    to = scan.language.say["to"]
    word = scan.language.say.get("score", to) if sign == "-" and _is_score(scan, at, match.end()) else to
    if scan.language.code == "en" and sign == "-" and _is_record(scan, at, match.end()):  # 11-2 on the season
        return f"{said} and", match.end(), "to"
    gap = scan.language.gap if word and word != "-" else ""  # Italian: tre-cinque
    return f"{said}{gap}{word or scan.language.gap}", match.end(), "to"


def _no_range(scan: Scan, at: int, digits: str, end: int) -> Reading | None:
    """Two numbers with a hyphen that is said otherwise: art. L. 121-1, 表2-1, コードは482-913, dwa do zera."""
    language, text = scan.language, scan.text
    hyphen = text.index("-", end) + 1
    if language.code == "fr" and _ARTICLE.search(text, max(0, at - 6), at):
        return f"{cardinal(digits, language)} tiret", hyphen, "to"
    if language.code in _NUMBERED and is_named(scan, at, end) and (code := _CODE.match(text, at)):
        comma = ", " if language.spaces else "、"
        return comma.join(one_by_one(part, language) for part in code[0].split("-")), code.end(), "code"
    if language.code in _NUMBERED and _TABLE.search(text, max(0, at - 4), at):
        return f"{cardinal(digits, language)}{_NUMBERED[language.code]}", hyphen, "to"
    pair = _PAIR.match(text, at) if language.code == "pl" else None
    if pair and _is_score(scan, at, hyphen):
        return f"{cardinal(pair[1], language)} do {genitive(cardinal(pair[2], language), 'pl')}", pair.end(), "to"
    return None


_PAIR = re.compile(r"(\d{1,3})-(\d{1,3})(?![\w-]|[.,]\d)")


def _counter(scan: Scan, digits: str, following: tuple[str, int]) -> str:
    """5~6개: 다섯 개에서; 2-3个: 两到. What is counted stands behind the second number alone."""
    noun, language = scan.rest(following[1]), scan.language
    counter = max((word for word in language.counters if noun.startswith(word)), key=len, default="")
    if not counter or not digits.isdigit():
        return ""
    if language.code == "zh":
        return f"两{language.say['to']}" if digits == "2" else ""
    sino = noun.startswith(SINO_KOREAN) or not 1 <= int(digits) <= 99
    return "" if sino else f"{native_korean(int(digits))} {counter}{language.say['to']}"


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
    gap, say = scan.language.gap, scan.language.say
    return f"{cardinal(digits, scan.language)}{gap}{say.get('subtract') or say['minus']}", end, "to"


def _both_years(scan: Scan, at: int, end: int, after: int) -> bool:
    if _CHINESE_YEAR.match(scan.text, after):
        return end - at == 4 and scan.text[at:end].isdigit() and 1100 <= int(scan.text[at:end]) <= 2100
    return scan.text[at:end].isdigit() and is_span(scan.text, at, end, after)
