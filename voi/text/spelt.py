"""Digits one by one: behind "order", "PIN", "code" and their like, with zeros in front, ZIP codes, the police."""

import re
from functools import cache

from voi.text.numerals import cardinal, one_by_one, pairs
from voi.text.scan import Reading, Scan
from voi.text.tables import language_of
from voi.text.tables.en import STATES
from voi.text.tables.shape import Language
from voi.text.tables.shape import words as _set

_NAMED_SERIES = re.compile(r"\d{1,6}-\d{3,6}(?![\w-]|[.,]\d)")
_ENDING_STEMS = ("end", "last", "term", "fin", "eindig", "kończ", "kon", "оканчива")
_ENDING_IN = re.compile(
    r"\b(?:end(?:s|ing|ed)? (?:in|with)|last (?:four|4)(?: digits)?(?: are| is|:)?|endet (?:auf|mit)|endend auf"
    r"|(?:se )?termin\w{1,4} (?:par|en|con|em|in|por)|finit (?:par|en)|finisce (?:con|in|per)|eindig\w* (?:op|met)"
    r"|kończ\w+ się (?:na|cyframi)|končí (?:na|číslem)|оканчива\w+ на)\s\Z",
    re.IGNORECASE,
)
_SPELT_AFTER = re.compile(
    r"([^\W\d_]+)(?:[\s'’]s)?\.?(?:\s(?:number|no\.?|nr\.?|code|id|is|was|ends in|ending in|ist"
    r"|est|es|è|é|je|to|jest|это|هو|هي|son|sind"
    r"|lautet|le|el|il|o|der|die|numéro|número|numero|nummer|n°|nº|n\.º|n\.|č\.|of|the)){0,4}\s?[:#=]?\s?#?\s?\Z",
    re.IGNORECASE,
)
ROOM_WORDS = _set(
    "rm bldg ste seats row rows flights gates suites room flight suite highway route interstate bus gate area rooms "
    "flights hwy port box train trains "
    "apartment apt unit "
    "zimmer boeing seat row building flat block platform exit form line terminal"
)
_ZIP = re.compile(r"\d{5}(?:-\d{4})?(?![\w-]|[.,]\d)")
_ZIP_BEFORE = re.compile(r"\b(?:[A-Z]{2}|[A-Z][a-z]+|D\.C)\.?,?\s\Z")
_DIGITS = re.compile(r"\d++(?:[- ]\d++){0,8}+(?![\w]|[.,:/%]\d|\s?[%$€£])")
_LETTERS = re.compile(r"[^\W\d_]+")


def spelt(scan: Scan, at: int) -> Reading | None:
    """Digits one by one: after "order", "PIN", "code" and their like, or with zeros in front."""
    match = _DIGITS.match(scan.text, at)
    if not match:
        return None
    text, language = match[0], scan.language
    first = re.match(r"\d+", text)[0]  # type: ignore[index]
    before = scan.word_before(at).lower()
    if (
        len(first) <= 4
        and (before in ROOM_WORDS or scan.words_before(2, at)[:1] == ["flight"])
        and language.code == "en"
        and len(first) > 2
    ):
        return pairs(first, language), at + len(first), "code"
    if (first[0] == "0" and len(first) > 1 and "-" in text and len(text) < 12) or (
        language.code == "pl" and _POLISH_POST.match(scan.text, at)
    ):
        return _groups(re.findall(r"\d+", text), scan), match.end(), "code"
    if language.code == "nl" and (post := _DUTCH_POST.match(scan.text, at)):
        return (
            f"{cardinal(post[1][:2], language)} {_dutch_pair(post[1][2:], language)} {' '.join(post[2])}",
            post.end(),
            "code",
        )
    if language.code == "de" and len(first) == 5 and _GERMAN_POST.search(scan.text[max(0, at - 4) : at + 8]):
        return one_by_one(first, language), at + 5, "code"
    if language.code == "de" and scan.text.startswith("116 117", at):
        return _groups(["116", "117"], scan), at + 7, "code"
    if first in _EMERGENCY.get(language.code, ()) and _CALLED.search(scan.text, max(0, at - 40), at):
        return one_by_one(first, language), at + 3, "code"
    if len(first) == 3 and language.code == "en":
        if before == "the" and scan.word_after(at + 3) in _HIGHWAY:  # take the 405 North
            return pairs(first, language), at + 3, "code"
        if before in ("call", "dial") or (first == "911" and before != "porsche"):
            return one_by_one(first, language), at + 3, "code"
        if (
            (first in _STATUSES and _STATUS_WORDS & set(scan.words_before(5, at)))
            or scan.word_after(at + 3) == "error"
            or before == "error"
            or (first == "101" and scan.word_before(at)[:1].isupper())
        ):
            return pairs(first, language), at + 3, "code"
    if before in _SERIES and (series := _NAMED_SERIES.match(scan.text, at)):  # item no. 88-4312
        groups = series[0].split("-")
        if len(groups[0]) != len(groups[1]):
            return _groups(groups, scan), series.end(), "code"
    apart = _AFTER_COMMA.search(scan.text, max(0, at - 24), at) if len(first) == 4 else None
    if apart and apart[1].lower() in language.digits_after:  # of your SSN, 6789
        return one_by_one(first, language), at + 4, "code"
    if 3 <= len(first) <= 6 and first == text and _is_ending(scan, first, at):
        return one_by_one(first, language), match.end(), "code"
    named = bool(language.digits_after) and is_named(scan, at)
    if named and first != text and _is_grouped_code(scan, text, match.end()):  # EIN 12-3456789, order 20-1001
        return _groups(re.findall(r"\d+", text), scan), match.end(), "code"
    if named and (len(first) >= 3 or first[0] == "0" or before in ("pin", "code", "passcode", "otp")):
        if language.code == "en" and before in ("case", "card", "policy", "member", "number") and len(first) < 4:
            return None
        groups = (
            re.findall(r"\d+", text)
            if "-" in text or (" " in text and all(len(g) >= 3 for g in text.split()))
            else [first]
        )
        end = match.end() if len(groups) > 1 else at + len(first)
        comma = ", " if language.spaces else "、"
        return comma.join(one_by_one(group, language) for group in groups), end, "code"
    if (
        language.code == "en"
        and _ZIP.match(scan.text, at)
        and _ZIP_BEFORE.search(scan.text, max(0, at - 20), at)
        and _is_zip(scan, at)
    ):
        zip_code = _ZIP.match(scan.text, at)[0]  # type: ignore[index]
        return ", ".join(one_by_one(part, language) for part in zip_code.split("-")), at + len(zip_code), "code"
    return None


def _groups(groups: list[str], scan: Scan) -> str:
    return (", " if scan.language.spaces else "、").join(one_by_one(group, scan.language) for group in groups)


_AFTER_COMMA = re.compile(r"([^\W\d_]+),\s\Z")


def _is_ending(scan: Scan, digits: str, at: int) -> bool:
    """A card ending in 4471; but the war ended in 1945."""
    if not any(word.startswith(_ENDING_STEMS) for word in scan.words_before(5, at)):
        return False
    if not _ENDING_IN.search(scan.text, max(0, at - 40), at):
        return False
    year = len(digits) == 4 and digits[:2] in ("10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
    return not year or bool(_ACCOUNTS & set(scan.words_before(8, at)))


_ACCOUNTS = _set(
    "card account number phone visa mastercard digits karte konto kontonummer iban nummer carte compte numéro tarjeta "
    "cuenta número conto carta numero cartão conta kaart rekening karta karty konta karty karta карта счёт номер"
)


def _is_grouped_code(scan: Scan, text: str, end: int) -> bool:
    """Groups of unlike length are no range, unless things are counted: order 50-100 shirts."""
    groups = text.split("-")
    noun = scan.word_after(end)
    counts = noun.islower() and noun.endswith("s") and noun not in ("is", "was", "has") and len(groups) == 2
    return " " not in text and len({len(group) for group in groups}) > 1 and max(map(len, groups)) >= 3 and not counts


_EMERGENCY = {
    "ar": ("911", "999", "112", "997", "998"),
    "de": ("110", "112"),
    "pt": ("188", "190", "192", "193"),
    "nl": ("112",),
}
_CALLED = re.compile(
    r"\b(?:wählen|rufen|anrufen|notruf|notfall|ligue|ligar|disque|disk|bel|bellen|اتصل|الطوارئ)\b", re.IGNORECASE
)
_HIGHWAY = _set("North South East West N S E W freeway Freeway northbound southbound eastbound westbound")
_STATUSES = _set("200 201 204 301 302 304 400 401 403 404 405 408 409 410 418 422 429 500 501 502 503 504")
_STATUS_WORDS = _set(
    "error errors see get got getting gets returns returned return status code codes http response throws"
)
_SERIES = _set("no number item model part nr art nº n")


def _dutch_pair(digits: str, language: Language) -> str:
    """1017 is tien zeventien, 1005 tien nul vijf."""
    return one_by_one(digits, language) if digits[0] == "0" else cardinal(digits, language)


_GERMAN_POST = re.compile(r"(?:,|\bin|D-|\n)\s?\d{5}\s[A-ZÄÖÜ]")
_DUTCH_POST = re.compile(r"([1-9]\d{3})\s([A-Z]{2})(?!\w)")
_POLISH_POST = re.compile(r"\d\d-\d{3}\s[A-ZŁŚŻ]")


def _is_zip(scan: Scan, at: int) -> bool:
    before = re.search(r"([A-Z]{2}|[A-Z][a-z]+)\.?,?\s\Z", scan.text[max(0, at - 20) : at])
    if scan.text[max(0, at - 5) : at] == "D.C. ":
        return True
    return bool(before) and (before[1] in STATES or before[1] in STATES.values())  # type: ignore[index]


def is_named(scan: Scan, at: int) -> bool:
    """Does a word like "code" stand before, with no more than "is", "number" or the like in between?"""
    language = scan.language
    near, inflected = scan.words_before(20, at), language.code in _INFLECTED
    stems = _stems(language.code)
    if not any(word.startswith(stems) for word in near) if inflected else language.digits_after.isdisjoint(near):
        return False
    found = _SPELT_AFTER.search(scan.text, max(0, at - 40), at)
    if not found:
        return False
    parts = _LETTERS.findall(found[0].lower())
    if inflected:  # kodunuz, رمزك
        return any(part.startswith(stems) for part in parts)
    if not language.digits_after.isdisjoint(parts):
        return True
    if found[1].lower() in ("number", "code", "nummer", "numéro", "número", "numero", "is"):
        return not language.digits_after.isdisjoint(scan.words_before(3, at))
    return False


_INFLECTED = _set("tr hu ar pl ru cs")


@cache
def _stems(code: str) -> tuple[str, ...]:
    """The words after which digits are spelt, as beginnings: they take endings in some languages."""
    language = language_of(code)
    return tuple(word for word in language.digits_after if len(word) > 2) if language else ()
