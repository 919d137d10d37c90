"""Letters with digits: AB12-9XQ7, INV-2024-0031, COVID-19, HTML5, GPT-4o; and numbers that are spelt: PINs."""

import re

from voi.text.hungarian import hungarian_kind
from voi.text.numerals import cardinal, one_by_one, pairs, whole
from voi.text.scan import Reading, Scan
from voi.text.tables.en import STATES
from voi.text.tables.shape import Language
from voi.text.tables.shape import words as _set

_CLUSTER = re.compile(r"(?:[A-Za-z]++|\d++){1,20}+(?:[-_./](?:[A-Za-z]++|\d++){1,20}+){0,8}+(?!\w)")
_MODEL = re.compile(r"([A-Za-z]{1,3})(\d{1,2})-(\d{4,5})([A-Za-z]{0,3})(?!\w)")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){3,7}(?![\w:])")
_HEX = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4,12}){1,4}(?!\w)")
_LITERAL = re.compile(r"0[xX]([0-9A-Fa-f]{1,16})(?!\w)")
_LETTERED = re.compile(r"\d{1,4}[A-Z]{1,3}(?:-[A-Z\d]{1,8}){1,4}(?![\w-])")
"""4B-2231-X"""
_BOLT = re.compile(r"(\d{1,2})\s?[x×]\s?(\d{1,3})(?!\w)")
_SEATS = re.compile(r"(\d{1,3})([A-K])-(\d{1,3})?([A-K])")
_POSTCODE = re.compile(r"(?:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}|[A-Z]\d[A-Z]\s\d[A-Z]\d)(?!\w)")
_NAMED_SERIES = re.compile(r"\d{1,6}-\d{3,6}(?![\w-]|[.,]\d)")
_SECTION = re.compile(r"(401|403|457|501|529)\(([a-z])\)")
_PLURAL = re.compile(r"(\d{1,3})'?s(?!\w)")
_IBAN = re.compile(r"[A-Z]{2}\d\d(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)")
_SAME_LETTER = re.compile(r"([A-Z])\d-\1\d")
_PLANE = re.compile(r"([AB])([23]\d\d)-(\d{3})(?!\w)")
_LETTERS = re.compile(r"[^\W\d_]+")
_PARTS = re.compile(r"[A-Za-z]+|\d+")
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
LETTERED_AFTER = ROOM_WORDS | _set(
    "fig figure table section sec step question problem part exercise item appendix chapter rule clause note example "
    "page phase grade class type level option stage article art line spoor bahnsteig gleis binario quai"
)
_STREET = re.compile(
    r"(\d{1,5})([A-Za-z])?(?=\s(?:(?:[NSEW]\.?|[NS][EW]\.?|North|South|East|West)\s)?(?:[A-Z][a-z]+\s|\d{1,3}(?:st|nd|rd|th)\s){1,3}"
    r"(?:St|Ave|Av|Blvd|Rd|Ln|Dr|Ct|Pl|Hwy|Pkwy|Sq|Ter|Cir|Street|Avenue|Boulevard|Road|Lane|Drive|Court|Place|Highway|Way|Square|Parkway|Terrace)\b)"
)
_ZIP = re.compile(r"\d{5}(?:-\d{4})?(?![\w-]|[.,]\d)")
_ZIP_BEFORE = re.compile(r"\b(?:[A-Z]{2}|[A-Z][a-z]+|D\.C)\.?,?\s\Z")
_DIGITS = re.compile(r"\d++(?:[- ]\d++){0,8}+(?![\w]|[.,:/%]\d|\s?[%$€£])")


def street(scan: Scan, at: int) -> Reading | None:
    """A house number before the name of a street."""
    match = _STREET.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    said = pairs(match[1], scan.language) if len(match[1]) < 5 else one_by_one(match[1], scan.language)
    return (f"{said} {match[2].upper()}" if match[2] else said), match.end(), "address"


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
    named = bool(language.digits_after) and _is_named(scan, at)
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
    if not _ENDING_IN.search(scan.text, max(0, at - 40), at):
        return False
    year = len(digits) == 4 and digits[:2] in ("10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
    return not year or bool(_ACCOUNTS & set(scan.words_before(8, at)))


_ACCOUNTS = _set(
    "card account number phone visa mastercard digits karte konto kontonummer iban nummer carte compte numéro tarjeta "
    "cuenta número conto carta numero cartão conta kaart rekening karta karty konta karty karta карта счёт номер"
)


def _is_grouped_code(scan: Scan, text: str, end: int) -> bool:
    """True for digit groups of unequal length: these are a code, not a range, unless something is counted (order 50-100
    shirts)."""
    groups = text.split("-")
    noun = scan.word_after(end)
    counts = noun.islower() and noun.endswith("s") and noun not in ("is", "was", "has") and len(groups) == 2
    return " " not in text and len({len(group) for group in groups}) > 1 and max(map(len, groups)) >= 3 and not counts


_GERMAN_PLATE = re.compile(r"[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}\s\d{1,4}[EH]?(?!\w)")
_PLATE_BEFORE = _set("kennzeichen nummernschild autokennzeichen")
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


def _is_named(scan: Scan, at: int) -> bool:
    found = _SPELT_AFTER.search(scan.text, max(0, at - 40), at)
    if not found:
        return False
    word = found[1].lower()
    if scan.language.code in _INFLECTED:  # kodunuz, رمزك
        return any(
            part.startswith(stem)
            for part in _LETTERS.findall(found[0].lower())
            for stem in scan.language.digits_after
            if len(stem) > 2
        )
    if scan.language.digits_after.intersection(_LETTERS.findall(found[0].lower())):
        return True
    if word in ("number", "code", "nummer", "numéro", "número", "numero", "is", "is"):
        return bool(set(scan.words_before(3, at)) & scan.language.digits_after)
    return False


_INFLECTED = _set("tr hu ar pl ru cs")


def cluster(scan: Scan, at: int) -> Reading | None:
    """A code of letters and digits, spelt or read according to its form."""
    match = _CLUSTER.match(scan.text, at)
    if not match:
        return None
    text = match[0]
    if text[:2] in ("0x", "0X") and (literal := _LITERAL.match(scan.text, at)):  # 0x80070057
        return f"{one_by_one('0', scan.language)} X {_hex(literal[1], scan)}", literal.end(), "code"
    if plane := _PLANE.match(scan.text, at):  # A350-900
        return " ".join((plane[1], *(pairs(part, scan.language) for part in plane.groups()[1:]))), plane.end(), "code"
    if scan.language.code == "en" and (model := _MODEL.match(scan.text, at)):  # i7-9700K
        said = [" ".join(model[1]), cardinal(model[2], scan.language), _thousands(model[3], scan), " ".join(model[4])]
        return " ".join(part for part in said if part), model.end(), "code"
    if postcode := _POSTCODE.match(scan.text, at):  # SW1A 2AA
        return ", ".join(_spell(part, scan) for part in postcode[0].split()), postcode.end(), "code"
    if hexadecimal := _MAC.match(scan.text, at) or _HEX.match(scan.text, at):  # 00:1A:2B, 550e8400-e29b
        parts = re.split("[:-]", hexadecimal[0])
        if any(map(str.isdigit, hexadecimal[0])) and any(map(str.isalpha, hexadecimal[0])):
            return (
                (", " if scan.language.spaces else "、").join(_hex(part, scan) for part in parts),
                hexadecimal.end(),
                "code",
            )
    plate = _GERMAN_PLATE.match(scan.text, at) if scan.language.code == "de" else None  # M-AB 1234
    if plate and _PLATE_BEFORE & set(scan.words_before(6, at)):
        return ", ".join(_spell(part, scan) for part in re.split(r"[-\s]", plate[0])), plate.end(), "code"
    if iban := _IBAN.match(scan.text, at):
        return ", ".join(_spell(part, scan) for part in iban[0].split()), iban.end(), "code"
    if not any(map(str.isdigit, text)) or not any(map(str.isalpha, text)):
        return None
    language = scan.language
    segments = re.split(r"[-_./]", text)
    mixed = [segment for segment in segments if _turns(segment) > 1]
    digits = [segment for segment in segments if segment.isdigit()]
    capital = any(segment.isalpha() and segment.isupper() for segment in segments) or any(
        _turns(s) and s.upper() == s for s in segments
    )
    if _SAME_LETTER.fullmatch(text):  # Q1-Q3: a range
        return None
    if seats := _SEATS.fullmatch(text):  # 14A-14C
        ends = [f"{cardinal(seats[1], language)} {seats[2]}", seats[4]]
        ends[1] = f"{cardinal(seats[3], language)} {ends[1]}" if seats[3] else ends[1]
        return scan.joint().join(ends), match.end(), "code"
    is_code = capital and "." not in text and (
        (len(segments) > 1 and any(len(part) > 3 or (part[0] == "0" and len(part) > 1) for part in digits))
        or (len(segments) > 1 and any(map(_turns, segments)) and len(text) >= 5 and text.upper() == text)
        or len(digits) > 1
        or (mixed and len(text) >= 5 and text.upper() == text)
        or any(re.fullmatch(r"[A-Z]+(?:\d{5,}|0\d+)|\d{7,}[A-Z]", segment) for segment in segments)
    )  # fmt: skip
    named = capital and len(segments) == 1 and bool(digits or mixed or _turns(text)) and _is_named(scan, at)
    if is_code or (named and sum(map(str.isdigit, text)) >= 3):  # confirmation number BKX729
        comma = ", " if language.spaces else "、"
        return comma.join(_spell(segment, scan) for segment in segments), match.end(), "code"
    return None


def word_and_digits(scan: Scan, at: int) -> Reading | None:
    """A password or code: Sunset-2291."""
    match = _WORD_AND_DIGITS.match(scan.text, at)
    if not match or not scan.language.digits_after or not _is_named(scan, at):
        return None
    return f"{match[1]} {one_by_one(match[2], scan.language)}", match.end(), "code"


_WORD_AND_DIGITS = re.compile(r"([A-Z]?[a-z]{3,20})-?(\d{3,6})(?![\w-])")


def address(scan: Scan, at: int) -> Reading | None:
    """A MAC address, UUID, part number or 0x80 that begins with a digit."""
    text = scan.text
    named = _MAC.match(text, at) or _HEX.match(text, at) or _LITERAL.match(text, at) or _LETTERED.match(text, at)
    return cluster(scan, at) if named else None


def _hex(part: str, scan: Scan) -> str:
    return scan.language.gap.join(char.upper() if char.isalpha() else whole(char, scan.language.code) for char in part)


def _thousands(digits: str, scan: Scan) -> str:
    """9700: ninety-seven hundred, 13600: thirteen six hundred."""
    if len(digits) == 4:
        return pairs(digits, scan.language)
    return f"{whole(digits[:2], scan.language.code)} {pairs(digits[2:], scan.language)}"


def after_acronym(scan: Scan, at: int) -> Reading | None:
    """RTX 4090, HTTP 502, S&P 500: English reads the numbers of models and standards by pairs."""
    match = _AFTER_ACRONYM.match(scan.text, at)
    if (
        not match
        or scan.language.code != "en"
        or scan.shouted
        or not _ACRONYM_BEFORE.search(scan.text, max(0, at - 8), at)
    ):
        return None
    noun = scan.word_after(match.end())
    if (noun.islower() and noun.endswith("s") and noun not in _VERBS) or noun == "people":
        return None
    return pairs(match[0], scan.language), match.end(), "code"


_AFTER_ACRONYM = re.compile(r"[1-9]\d{2,3}(?![\w%]|[.,:/-]\d|\s?[-–]\s?\d)")
_VERBS = _set(
    "has is was does runs uses costs gets comes supports returns means says works needs needs allows this its as"
)
_ACRONYM_BEFORE = re.compile(r"(?<![\w.])[A-Z]{2,5}\s\Z")


def hyphened(scan: Scan, at: int) -> Reading | None:
    """SHA-256, F-150, U-235: three digits after capitals and a hyphen."""
    match = _THREE.match(scan.text, at)
    if not match or scan.language.code != "en" or not _CAPITALS_BEFORE.search(scan.text, max(0, at - 8), at):
        return None
    return pairs(match[0], scan.language), match.end(), "code"


def room(scan: Scan, at: int) -> Reading | None:
    """Room 1204B."""
    match = _LETTERED_ROOM.match(scan.text, at)
    if not match or scan.language.code != "en" or scan.word_before(at).lower() not in ROOM_WORDS:
        return None
    return f"{pairs(match[1], scan.language)} {match[2]}", match.end(), "code"


_THREE = re.compile(r"[1-9]\d\d(?![\w%]|[.,:/-]\d)")
_CAPITALS_BEFORE = re.compile(r"(?<!\w)[A-Z]{1,5}-\Z")
_LETTERED_ROOM = re.compile(r"([1-9]\d{2,3})([A-Z])(?!\w)")


def section(scan: Scan, at: int) -> Reading | None:
    """401(k), 501(c)."""
    match = _SECTION.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    return f"{pairs(match[1], scan.language)} {match[2]}", match.end(), "code"


def plural(scan: Scan, at: int) -> Reading | None:
    """omega-3s, W-2s, 747s: plurals, not seconds."""
    match = _PLURAL.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    named = (
        scan.text[at - 1 : at] == "-" and scan.text[at - 2 : at - 1].isalpha() and scan.word_before(at - 1) not in _AGES
    )
    plane = re.fullmatch("7[0-9]7", match[1])
    if not named and not plane:
        return None
    said = pairs(match[1], scan.language) if plane else cardinal(match[1], scan.language)
    return plural_of(said), match.end(), "code"


_AGES = _set("mid early late pre post")


def plural_of(said: str) -> str:
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}es" if said.endswith("x") else f"{said}s"


def _turns(segment: str) -> int:
    """How often letters and digits alternate."""
    return len(_PARTS.findall(segment)) - 1


def _spell(segment: str, scan: Scan) -> str:
    said = []
    for part in _PARTS.findall(segment):
        if part.isdigit():
            said.append(one_by_one(part, scan.language))
        elif len(part) > 3 and re.search("[AEIOUYaeiouy]", part):
            said.append(part)
        else:
            said.append(" ".join(part.upper()))
    gap = scan.language.gap
    return gap.join(said)


def glued(scan: Scan, at: int) -> Reading | None:
    """Digits right after letters: HTML5, COVID-19, B12, GPT-4."""
    match = re.compile(r"-?(\d++)(?:\.(\d++))?").match(scan.text, at)
    if not match:
        return None
    digits, language = match[1], scan.language
    if (bolt := _BOLT.match(scan.text, at)) and scan.text[at - 1] == "M" and "by" in language.say:  # M8x40
        return f"{cardinal(bolt[1], language)} {language.say['by']} {cardinal(bolt[2], language)}", bolt.end(), "code"
    said = (
        one_by_one(digits, language)
        if (digits[0] == "0" and len(digits) > 1) or len(digits) > 4
        else pairs(digits, language)
        if len(digits) == 3 and language.code == "en"
        else cardinal(digits, language)
    )
    if language.code == "hu" and re.match(r"-[aeoö]s", scan.text[match.end() : match.end() + 3]):  # M7-es
        return hungarian_kind(said), match.end() + 3, "code"
    if match[2]:
        gap = language.gap
        single = len(match[2]) != 2 or match[2][0] == "0"
        decimals = one_by_one(match[2], language) if single else whole(match[2], language.code)
        said = f"{said}{gap}{language.say['point']}{gap}{decimals}"
    return said, match.end(), "code"
