"""Letters with digits: AB12-9XQ7, INV-2024-0031, COVID-19, HTML5, GPT-4o; and numbers that are spelt: PINs."""

import re

from voi.text.hungarian import hungarian_kind
from voi.text.numerals import cardinal, one_by_one, pairs, whole
from voi.text.scan import Reading, Scan
from voi.text.spelt import ROOM_WORDS, is_named
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
_SECTION = re.compile(r"(401|403|457|501|529)\(([a-z])\)")
_PLURAL = re.compile(r"(\d{1,3})'?s(?!\w)")
_IBAN = re.compile(r"[A-Z]{2}\d\d(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)")
_SAME_LETTER = re.compile(r"([A-Z])\d-\1\d")
_PLANE = re.compile(r"([AB])([23]\d\d)-(\d{3})(?!\w)")
_PARTS = re.compile(r"[A-Za-z]+|\d+")
LETTERED_AFTER = ROOM_WORDS | _set(
    "fig figure table section sec step question problem part exercise item appendix chapter rule clause note example "
    "page phase grade class type level option stage article art line spoor bahnsteig gleis binario quai"
)
_STREET = re.compile(
    r"(\d{1,5})([A-Za-z])?(?=\s(?:(?:[NSEW]\.?|[NS][EW]\.?|North|South|East|West)\s)?(?:[A-Z][a-z]+\s|\d{1,3}(?:st|nd|rd|th)\s){1,3}"
    r"(?:St|Ave|Av|Blvd|Rd|Ln|Dr|Ct|Pl|Hwy|Pkwy|Sq|Ter|Cir|Street|Avenue|Boulevard|Road|Lane|Drive|Court|Place|Highway|Way|Square|Parkway|Terrace)\b)"
)


def street(scan: Scan, at: int) -> Reading | None:
    """A house number before the name of a street."""
    match = _STREET.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    said = pairs(match[1], scan.language) if len(match[1]) < 5 else one_by_one(match[1], scan.language)
    return (f"{said} {match[2].upper()}" if match[2] else said), match.end(), "address"


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
    named = capital and len(segments) == 1 and bool(digits or mixed or _turns(text)) and is_named(scan, at)
    if is_code or (named and sum(map(str.isdigit, text)) >= 3):  # confirmation number BKX729
        comma = ", " if language.spaces else "、"
        return comma.join(_spell(segment, scan) for segment in segments), match.end(), "code"
    return None


_GERMAN_PLATE = re.compile(r"[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}\s\d{1,4}[EH]?(?!\w)")
_PLATE_BEFORE = _set("kennzeichen nummernschild autokennzeichen")


def word_and_digits(scan: Scan, at: int) -> Reading | None:
    """A password or code: Sunset-2291."""
    match = _WORD_AND_DIGITS.match(scan.text, at)
    if not match or not scan.language.digits_after or not is_named(scan, at):
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
    named = named or _TWO_CAPITALS.search(scan.text, max(0, at - 2), at) is not None  # MP3s
    plane = re.fullmatch("7[0-9]7", match[1])
    if not named and not plane:
        return None
    said = pairs(match[1], scan.language) if plane else cardinal(match[1], scan.language)
    return plural_of(said), match.end(), "code"


_TWO_CAPITALS = re.compile(r"[A-Z]{2}\Z")
_AGES = _set("mid early late pre post")


def plural_of(said: str) -> str:
    """The English plural of a word, as it is spelled."""
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
