"""A stroke between two things: per month, he or she, 24 h sur 24, 10 / 2."""

import re

from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set
from voi.text.units import PER_WORDS, per, periods

_COUNTED = re.compile(r"\d\s?[^\W\d_]+\Z")
_WORD_AFTER = re.compile(r"[^\W_]+")
_WORD_BEFORE = re.compile(r"[^\W_]+\Z")


def _is_small_word(word: str) -> bool:
    return word.islower() and word.isalpha()


def right_word(text: str, at: int) -> str:
    """The word behind the character at `at`; "": there is none."""
    found = _WORD_AFTER.match(text, at + 1)
    return found[0] if found else ""


def slash(scan: Scan, at: int, following: str) -> Reading | None:
    """Reads a slash by what stands around it: per, to, or, or a path; None: it is copied."""
    text, language = scan.text, scan.language
    if (
        scan.language.code == "fr" and scan.kind in ("measure", "time") and scan.end == at and following.isdigit()
    ):  # 24 h/24
        return " sur ", at + 1, "to"
    if (
        scan.kind == "measure" and scan.end == at and language.code in _EVERY and _HOURS.match(text, at + 1)
    ):  # 500 mg/8 h
        return f" {_EVERY[language.code]} ", at + 1, "to"
    if scan.kind == "measure" and scan.end == at and following.isdigit() and language.spaces:  # 180°C/350°F
        return ", ", at + 1, "to"
    if following == "(" and text[at - 1 : at] == ")" and "over" in language.say:  # (a + b)/(c - d)
        return f" {language.say['over']} ", at + 1, ""
    if at and "α" <= text[at - 1] <= "ω" and following.isalnum() and "over" in language.say:  # π/2
        return f" {language.say['over']} ", at + 1, ""
    more, end = per(scan, at)
    before = _WORD_BEFORE.search(text, max(0, at - 24), at)
    alone = not before and (not at or text[at - 1].isspace() or text[at - 1] == "(")
    if more and ((scan.kind in ("money", "measure", "number", "ratio") and scan.end == at) or alone):
        return more, end, "measure"
    if (
        scan.kind in ("money", "measure")
        and scan.end == at
        and language.code == "en"
        and _is_small_word(right_word(text, at))
    ):
        word = right_word(text, at)
        return f" per {word}", at + 1 + len(word), "measure"
    if text[at - 1 : at] == "-" and language.say.get("or") and following.isalpha():  # Ober-/Unterhitze
        return f" {language.say['or']} ", at + 1, ""
    if text[at - 1 : at] == following == " " and (parted := _divided(scan, at)):
        return parted
    left, after = before[0] if before else "", _WORD_AFTER.match(text, at + 1 + (following == " "))
    right = after[0] if after else ""
    if more and _COUNTED.search(text, max(0, at - 32), at):
        return more, end, "measure"
    if more and left.isalpha() and (left.lower() in _COUNTS or (left.endswith("s") and right.lower() in PER_WORDS)):
        return more, end, "measure"
    if language.code != "en" and right.lower() in periods(language.code) and _COUNTED.search(text, max(0, at - 32), at):
        return f"{language.gap}{language.say['per']}{language.gap}{right}", after.end() if after else at + 1, "measure"
    if left in language.weekdays.values() or (left in language.weekdays and right in language.weekdays):
        return ", ", at + 1, "date"
    if language.code == "tr" and right in _PROVINCES:  # Kadıköy/İstanbul
        return ", ", at + 1, ""
    joint = language.say.get("or", "")
    if language.code == "en" and left.islower() and right.lower() in _PERIODS and left not in _PERIODS:  # sodium/day
        return f" {language.say['per']} {right}", after.end() if after else at + 1, "measure"
    if left in _FOLDERS and right.islower() and "slash" in language.say:  # src/utils
        return f" {language.say['slash']} ", at + 1, ""
    if (
        joint
        and left.isalpha()
        and right.isalpha()
        and left.lower() not in _JOINTS
        and right.lower() != joint
        and not (left.isupper() and len(left) > 1)
        and not (right.isupper() and len(right) > 1)
        and len(left) > 1
    ):
        return f" {joint} ", at + 1 + (following == " "), ""
    if scan.kind == "abbreviation" and joint and right.isalpha():
        return f" {joint} ", at + 1, ""
    return (language.gap or (" " if language.spaces else "")), at + 1, ""


_HOURS = re.compile(r"\s?\d{1,2}\s?h(?!\w)")
_EVERY = {"en": "every", "de": "alle", "es": "cada", "fr": "toutes les", "it": "ogni", "pt": "a cada", "nl": "elke"}
_DIVIDED = re.compile(r"(?<=\d\s)[/:]\s\d+(?:[.,]\d+)?(?P<noun>\s[^\W\d_]{3,})?")
_JOINTS = _set("and either und et y e en es és ve i a и और および そして 和 그리고 及 og och ja")


def _divided(scan: Scan, at: int) -> Reading | None:
    """10 / 2 = 5; but 24 / 36 months."""
    match = _DIVIDED.match(scan.text, at)
    if not match:
        return None
    said = scan.language.say.get("or" if match["noun"] else "divided", "")
    return f"{scan.language.gap}{said}{scan.language.gap}", at + 2, "sign"


_PROVINCES = _set(
    "İstanbul Ankara İzmir Bursa Antalya Adana Konya Gaziantep Mersin Kayseri Eskişehir Samsun Trabzon Muğla Kocaeli"
)
_PERIODS = _set("day week month year hour minute second night shift serving person")
_FOLDERS = _set(
    "src lib bin docs tests test app apps public dist build assets components scripts config pkg cmd node_modules api"
)
_COUNTS = _set(
    "miles kilometers kilometres meters litres liters gallons dollars euros cents calories grams "
    "people users requests words tokens pages mi"
)
