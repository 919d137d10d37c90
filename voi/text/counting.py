"""A plain number, and what it counts: two rooms, einem Hund, 세 명, 两个, ثلاث ساعات."""

import re

from voi.text.agreement import counted, gender, native_korean
from voi.text.numerals import cardinal, one_by_one
from voi.text.scan import Scan
from voi.text.tables.shape import Language


def counted_plain(scan: Scan, at: int, digits: str, end: int) -> str:
    """A plain number, in the form that what is counted asks for."""
    language, text = scan.language, scan.text
    if not language.spaces:
        return _east_asian(scan, at, digits, end)
    if language.code == "ko":
        noun = scan.rest(end)
        if text[at - 1 : at] == "제":  # 제3장
            return cardinal(digits, language)
        if noun.startswith("번") and not noun.startswith("번째") and not _OFTEN.search(text, max(0, at - 12), at):
            return cardinal(digits, language)
        if (
            next((counter for counter in _longest(language) if noun.startswith(counter)), None)
            and digits.isdigit()
            and 1 <= int(digits) <= 99
        ):
            return native_korean(int(digits)) + ("" if text[end : end + 1] == " " else " ")
        if text[end : end + 1] == "월":
            return {"6": "유", "10": "시"}.get(digits) or cardinal(digits, language)
        return cardinal(digits, language)
    noun = scan.word_after(end)
    if not noun or text[end : end + 1] != " " or noun.lower() in language.counted_stops or "." in digits:
        return cardinal(digits, language)
    before = scan.word_before(at).lower()
    if before in language.numbered or (noun[0].isupper() and not language.sentence_noun_capitals):
        return cardinal(digits, language)
    if language.code == "de" and not noun[0].isupper():
        return cardinal(digits, language)
    said = counted(digits, noun, language)
    return _german_case(said, before, noun, language) if language.code == "de" and digits == "1" else said


_OFTEN = re.compile(r"(?:하루|일주일|한 달|달|주|년|일년|매일|매주|총|약|에|당|각각|적어도|최소|최대)(?:에)?\s\Z")
"""Before "2번" it is how often, else a number: 두 번, 이번."""


def _german_case(said: str, before: str, noun: str, language: Language) -> str:
    """mit einem Hund, für einen Tag."""
    kind = gender(noun, language)
    if before in ("mit", "bei", "von", "nach", "aus", "zu", "seit", "vor", "in"):
        return "einer" if kind == "f" else "einem"
    if before in ("für", "um", "ohne", "gegen", "durch", "pro") and kind == "m":
        return "einen"
    return said


def _longest(language: Language) -> list[str]:
    found = _LONGEST.get(language.code)
    if found is None:
        found = _LONGEST[language.code] = sorted(language.counters, key=len, reverse=True)
    return found


_LONGEST: dict[str, list[str]] = {}


def _east_asian(scan: Scan, at: int, digits: str, end: int) -> str:
    text, language = scan.text, scan.language
    if language.code == "zh":
        if text[end : end + 1] == "年" and len(digits) == 4:
            return one_by_one(digits, language)
        rest = scan.rest(end)
        if (
            digits == "2"
            and text[at - 1 : at] != "第"
            and any(rest.startswith(counter) for counter in language.counters)
        ):
            return "两"
    return cardinal(digits, language)
