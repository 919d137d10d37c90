"""Measures: a number and what it counts, powers and sizes: 5 km/h, 500mg 2x/day, 1h 30m, 6'2", 1920x1080."""

import re

from voi.text import cldr
from voi.text.agreement import counted
from voi.text.codes import ROOM_WORDS
from voi.text.numerals import cardinal
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import Forms, Language
from voi.text.tables.shape import words as _set
from voi.text.units import forms_of, per, unit_forms, unit_of_words, unit_pattern, units

_SIGN_UNIT = re.compile(r"\s?(?:[”\"″]|''|['′’](?![^\W\d_]))")
_FEET = re.compile(r"(\d{1,3})\s?['′’]\s?(\d{1,2}(?:\.5)?)?(?:\s?(?:[\"″”]|''))?(?![\w'])")
_TIMES = re.compile(r"\s?[xX×](?![^\W\d_])\s?(?=\d)")
_TIMES_WORD = re.compile(r"[xX×]\b")
_PAIR = re.compile(r"(\d{2,3})/(\d{2,3})(?:\s?(mm\s?Hg))?(?![\w/]|[.,]\d)")
_MINUTES_AFTER = _set(
    "left ago later remaining until till more break timer walk drive session call meeting ride nap "
    "delay wait run early late episode video"
)
_MINUTES_BEFORE = _set(
    "prep cook bake time cooking total duration about in every wait last lasts took takes within snooze only about another just"
)
_METERS_AFTER = _set(
    "tall high wide long deep away apart from of sprint dash pool below above race freestyle hurdles relay"
)
_DECADE_BEFORE = _set("the his her their my your our its early mid late low high upper lower and to")
_DECADE_AFTER = _set("music hits kid kids style fashion rock era pop sitcom nostalgia vibe movies tv")
_ADJECTIVE = frozenset(("a", "an", "the", "this", "that", "my", "your", "his", "her", "our", "each", "every", "one"))
_COUNTED_AFTER_M = _set(
    "people users downloads views subscribers followers customers dollars players copies units records rows"
)


def measure(scan: Scan, at: int) -> Reading | None:
    """A number with a unit."""
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    language = scan.language
    signed = scan.text[end : end + 1] in "\"”″'′’" or scan.text[end : end + 2] == ' "'
    if signed and (reading := _by_sign(scan, at, digits, end)):
        said, stop, kind = reading
        if "by" in language.say and (times := _TIMES.match(scan.text, stop)):  # 12" x 8"
            return f"{said}{language.gap}{language.say['by']}", times.end(), "by"
        return said, stop, kind
    match = unit_pattern(language).match(scan.text, end)
    if several := unit_of_words(scan.text, end, language.code):  # 2 c. à s.
        return _of_words(scan, digits, several, at)
    if not match:
        return None
    symbol, stop = match[0].strip(" -"), match.end()
    glued = match[0][0] not in " -"
    forms = forms_of(symbol, language) if symbol[-1] != "." or symbol in units(language.code) else None
    if forms is None and scan.text[stop : stop + 1] == "." and f"{symbol}." in units(language.code):
        symbol, stop = f"{symbol}.", stop + 1
        forms = forms_of(symbol, language)
    if forms is None and symbol.endswith("."):
        symbol, stop = symbol[:-1], stop - 1
        forms = forms_of(symbol, language)
    if forms is None and symbol[-1:] in "²³23":
        return _power(scan, digits, symbol, stop)
    if forms is None and "/" in symbol:
        symbol, stop = symbol.partition("/")[0], stop - len(symbol) + symbol.index("/")
        forms = forms_of(symbol, language)
    if forms is None and symbol.startswith("°"):
        forms = forms_of({"°c": "°C", "°f": "°F"}.get(symbol.replace(" ", "").lower(), "°"), language)
        if symbol.replace(" ", "").lower() not in ("°", "°c", "°f"):
            stop = end + match[0].index("°") + 1
    if forms is not None and scan.text[stop : stop + 1] == "." and not symbol.endswith("."):
        if scan.text[stop + 1 : stop + 2].isalpha():
            return None
        if f"{symbol}." in units(language.code):
            symbol, stop = f"{symbol}.", stop + 1
    if len(symbol) == 1 and symbol.isupper() and glued and scan.word_before(at).lower() in ROOM_WORDS:
        return None  # Exit 12A
    if forms is None or _no_unit(scan, digits, symbol, glued, stop, at):
        return None
    if symbol in ("m", "M") and _is_minutes(scan, stop, at):
        forms = unit_forms("duration-minute", language) or forms
    if language.code == "en" and symbol in _VARIABLES and glued and _VARIABLE.match(scan.text, stop):
        return None
    if (more := per(scan, stop))[0]:
        said, stop = quantity(scan, digits, forms, at, False), more[1]
        return f"{said}{more[0]}", stop, "measure"
    stop, full_stop = _past_point(scan, symbol, stop)
    adjective = language.code == "en" and _is_adjective(scan, at, stop, match[0][0] == "-")
    if "by" in language.say and (times := _TIMES.match(scan.text, stop)):  # 30 cm x 20 cm
        said = quantity(scan, digits, forms, at, False)
        return f"{said}{language.gap}{language.say['by']}", times.end(), "by"
    return quantity(scan, digits, forms, at, adjective) + full_stop, stop, "measure"


def _past_point(scan: Scan, symbol: str, stop: int) -> tuple[int, str]:
    """Units are abbreviations: their point is one's, and perhaps the sentence's as well."""
    if not symbol.endswith("."):
        return stop, ""
    rest = scan.rest(stop)
    starts = rest[:1].isupper() and (not scan.language.starters or scan.word_after(stop) in scan.language.starters)
    return stop, "." if not rest or starts else ""


def _of_words(scan: Scan, digits: str, found: tuple[str, int], at: int) -> Reading | None:
    symbol, stop = found
    forms = forms_of(symbol, scan.language)
    if forms is None:
        return None
    stop, full_stop = _past_point(scan, symbol, stop)
    return quantity(scan, digits, forms, at, False) + full_stop, stop, "measure"


def _is_adjective(scan: Scan, at: int, stop: int, hyphen: bool) -> bool:
    """A 5 km run, a 2h 35m layover, (14-oz), 12 oz cans: what stands before a noun stays in the singular."""
    if hyphen and scan.text[stop : stop + 1] != ")":
        return _noun_follows(scan, stop) or not scan.rest(stop)
    if hyphen:
        return True
    if scan.word_after(stop).lower() in _HOLDERS and scan.text[stop : stop + 1] == " ":
        return True
    if _ARTICLE_MEASURE.search(scan.text, max(0, at - 16), at) and scan.kind == "measure":
        return _noun_follows(scan, stop)
    if scan.word_before(at).lower() not in _ADJECTIVE:
        return False
    return _noun_follows(scan, stop) or _MEASURE_NOUN.match(scan.text, stop) is not None


_ARTICLE_MEASURE = re.compile(r"\b(?:an?|the|this|that|my|your|our)\s\d+\s?[a-z]{1,3}\s\Z", re.IGNORECASE)
_MEASURE_NOUN = re.compile(
    r"\s\d+\s?(?:m|min|s|sec|in|oz)\s(?!long|away|ago|left|tall|wide|later|per|and|or|of|in)[a-z]{3}"
)
_HOLDERS = _set(
    "can cans bottle bottles bag bags pack packs box boxes jar jars tub tubs tin tins package packages glass glasses "
    "carton cartons tank tanks battery batteries monitor monitors screen screens drive drives card cards charger "
    "chargers charging bulb bulbs rope pipe pipes cable cables lens lenses bar bars dumbbell dumbbells kettlebell "
    "mug mugs keg kegs refill refills"
)
_VARIABLES = frozenset("xyzn")
_VARIABLE = re.compile(r"[²³^]|\s?[+=<>≤≥≠)]|\s[-*/×÷]\s|\Z")


def _noun_follows(scan: Scan, stop: int) -> bool:
    word = scan.word_after(stop) or scan.text[stop + 1 : stop + 2].strip()
    return word.isalnum() and scan.text[stop : stop + 1] in (" ", "-") and word.lower() not in _NO_NOUNS


_NO_NOUNS = _set(
    "per and or of in on to at is are was for from with by the a each if than when as but away ago "
    "later left wide tall high long deep"
)


def quantity(scan: Scan, digits: str, forms: Forms, at: int, adjective: bool) -> str:
    language = scan.language
    noun = cldr.form_around("1" if adjective else digits, forms, language.code)
    gap = language.gap
    if cldr.NUMBER in noun:
        return noun.replace(cldr.NUMBER, cardinal(digits, language))
    if language.code == "ar" and digits in ("1", "2"):
        return noun if noun != forms["other"] else f"{cardinal(digits, language)} {noun}"
    singular = forms.get("one", "").partition(" ")[0]
    return f"{counted(digits, noun.partition(' ')[0], language, singular)}{gap}{noun}".replace("' ", "'").replace(
        "  ", " "
    )


def _no_unit(scan: Scan, digits: str, symbol: str, glued: bool, stop: int, at: int) -> bool:
    """Words and letters that are no units here."""
    code = scan.language.code
    if code == "en":
        if symbol == "in":
            return not glued or scan.word_after(stop).lower() in ("the", "a", "total", "all", "one", "my", "your")
        if symbol == "in." and scan.rest(stop)[:1].islower() and scan.text[stop : stop + 1] != " ":
            return True
        if symbol in ("A", "V", "d", "w", "y", "day", "days") and not glued and scan.text[stop : stop + 1] != "/":
            return symbol not in ("day", "days", "V") or symbol in ("day", "days")
        if symbol in ("pt", "ct", "ha", "ac", "bar", "cal", "doz", "t", "dl", "L", "h", "J") and not glued:
            return (symbol in ("bar", "ha") and not glued) or symbol == "t"
        if symbol == "s" and not glued:
            return False
        if symbol == "s":
            return _is_decade(scan, digits, stop, at)
        if symbol == "t" or (symbol == "A" and glued):
            return symbol == "t"
        if symbol in ("m", "M", "b") and scan.word_after(stop).lower() in _COUNTED_AFTER_M:
            return True
        if symbol == "m" and scan.kind == "":
            return False
    elif (
        symbol in ("A", "V", "t", "h", "m", "s", "g", "l", "a", "e", "o", "y")
        and not glued
        and code in ("es", "it", "pt", "fr", "pl", "cs", "ru")
    ):
        return symbol in ("a", "e", "o", "y", "A", "V")
    if symbol == "s" and code == "en":
        return False
    return code != "en" and symbol in ("in", "mi", "pt") and not glued


def _is_decade(scan: Scan, digits: str, stop: int, at: int) -> bool:
    if len(digits) == 4:
        return digits[3] == "0" and digits[0] in "12"
    if len(digits) != 2 or digits[1] != "0" or digits == "10":
        return False
    if _PART_OF_DECADE.search(scan.text, max(0, at - 9), at):  # mid-20s, 1920s–30s
        return True
    return (
        scan.word_before(at).lower()
        in _DECADE_BEFORE
        - (
            {"the", "my", "your"}
            if scan.word_after(stop).lower()
            in ("timeout", "timer", "delay", "clip", "limit", "mark", "window", "countdown", "cooldown")
            else set()
        )
        or scan.word_after(stop).lower() in _DECADE_AFTER
    )


_PART_OF_DECADE = re.compile(
    r"\b(?:mid|early|late)[-\s]\Z|(?<=0s)\s?[-–—]\s?\Z|\bthe\s\d0s\s(?:and|or)\s\Z", re.IGNORECASE
)


def _is_minutes(scan: Scan, stop: int, at: int) -> bool:
    """Is this m minutes? Beside hours or seconds, or where one talks of time."""
    if scan.language.code != "en":
        return scan.kind == "measure" and bool(re.search(r"\d\s?(?:h|s)\s*\Z", scan.text[max(0, at - 6) : at]))
    text = scan.text
    if re.search(r"\d\s?(?:h|hr|hrs|d)\.?,?\s*(?:and\s)?\Z", text[max(0, at - 12) : at]) or re.match(
        r"\s?\d{1,2}\s?s(?:ec)?\b", text[stop : stop + 8]
    ):
        return True
    after, before = scan.word_after(stop).lower(), (scan.words_before(1, at) or [""])[0]
    if after in _METERS_AFTER:
        return False
    return after in _MINUTES_AFTER or before in _MINUTES_BEFORE


def coordinate(scan: Scan, at: int) -> Reading | None:
    """48°51'24"N: degrees, minutes and seconds of an arc."""
    match = _COORDINATE.match(scan.text, at)
    language = scan.language
    if not match:
        return None
    said = []
    for digits, name in zip(match.groups()[:3], ("angle-degree", "angle-arc-minute", "angle-arc-second"), strict=True):
        forms = unit_forms(name, language)
        if digits and forms is None:
            return None
        if digits and forms:
            said.append(quantity(scan, digits.replace(",", ".").removeprefix("0") or "0", forms, at, False))
    return language.gap.join(said) + (language.gap if match["side"] else ""), match.end(), "measure"


_COORDINATE = re.compile(
    r"(\d{1,3})°\s?(\d{1,2})\s?['′](?:\s?(\d{1,2}(?:[.,]\d+)?)\s?(?:[\"″”]|''))?\s?(?P<side>(?=[NSEWO]\b))?"
)


def _by_sign(scan: Scan, at: int, digits: str, end: int) -> Reading | None:
    """55", 6'2", 5'."""
    language = scan.language
    if language.code == "en" and (match := _FEET.match(scan.text, at)) and (match[2] or not _quoted(scan, at)):
        if match[0].rstrip()[-1] in '"″”' and not match[2]:
            return None
        feet = f"{cardinal(match[1], language)} {'foot' if match[1] == '1' or match[2] else 'feet'}"
        return (f"{feet} {cardinal(match[2], language)}" if match[2] else feet), match.end(), "measure"
    if match := _FEET.match(scan.text, at):
        foot, inch = unit_forms("length-foot", language), unit_forms("length-inch", language)
        if match[2] and foot and inch and language.gap:
            return (
                f"{quantity(scan, match[1], foot, at, False)} {quantity(scan, match[2], inch, at, False)}",
                match.end(),
                "measure",
            )
    match = _SIGN_UNIT.match(scan.text, end)
    if not match or (match[0].strip()[0] in "'′’" and match[0].strip() != "''") or _quoted(scan, at):
        return None
    forms = unit_forms("length-inch", language)
    if forms is None:
        return None
    adjective = (
        language.code == "en" and scan.word_before(at).lower() in _ADJECTIVE and _noun_follows(scan, match.end())
    )
    return quantity(scan, digits, forms, at, adjective), match.end(), "measure"


def _quoted(scan: Scan, at: int) -> bool:
    """Does the sign close a quotation?"""
    before = scan.text[max(0, at - 200) : at]
    return (
        len(_OPENING.findall(before)) > len(_CLOSING.findall(before))
        or before.count("“") > before.count("”")
        or (before.count("'") % 2 == 1 and before[-1:] == "'")
    )


_OPENING = re.compile(r"(?:(?<=[\s(\[])|\A)\"(?=\S)")
_CLOSING = re.compile(r"(?<=[^\s\d(\[])\"|(?<=\d)\"(?=[.,;:!?]?(?:\s|\Z))")


def _power(scan: Scan, digits: str, symbol: str, stop: int) -> Reading | None:
    base = forms_of(symbol[:-1], scan.language)
    if base is None or scan.language.code != "en":
        return None
    kind = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}[symbol[-1]]
    noun = cldr.form(digits, base, "en")
    return f"{cardinal(digits, scan.language)} {kind} {noun}", stop, "measure"


def dimensions(scan: Scan, at: int) -> Reading | None:
    """1920x1080, 10 x 12, and 3x: three times."""
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    language = scan.language
    if language.code == "en" and _UNKNOWN.match(scan.text, end):  # 2x + 3, 3x²
        return f"{cardinal(digits, language)} {scan.text[end]}", end + 1, "number"
    match = _TIMES.match(scan.text, end)
    if match and _LETTERED.match(scan.text, end):
        return None
    if match and _FOLD_BEFORE.match(scan.text, end) and language.code in _FOLD:  # 2x 500 mg
        match = None
    if match and "by" in language.say:
        times = ("×" in match[0] and language.say["times"]) or language.say["by"]
        if "×" in match[0] and _RESOLUTION.match(scan.text, at):
            times = language.say["by"]
        if "×" in match[0] and re.match(
            r"\d+(?:[.,]\d+)?(?:\s?[x×]\s?\d+)?\s?(?:cm|mm|m|ft|in|px|inch|km)\b",
            scan.text[match.end() : match.end() + 20],
        ):
            times = language.say["by"]
        return f"{cardinal(digits, language)}{_gap(language)}{times}", match.end(), "by"
    match = _TIMES_WORD.match(scan.text, end)
    if match and "times" in language.say and language.code in _FOLD:
        more, stop = per(scan, match.end())
        word = _FOLD[language.code]
        if language.code in ("hu", "cs"):  # kétszer, třikrát
            said = _hungarian_times(digits, language) if language.code == "hu" else f"{cardinal(digits, language)}krát"
            return said + more, stop, "measure"
        if language.code == "ru":
            said = cldr.form(digits, {"one": "раз", "few": "раза", "many": "раз", "other": "раза"}, "ru")
            return f"{cardinal(digits, language)} {said}{more}", stop, "measure"
        return f"{counted(digits, word.strip(), language)}{word}{more}", stop, "measure"
    return None


def _hungarian_times(digits: str, language: Language) -> str:
    """-szor, -szer, -ször by the number's last vowel (A magyar helyesírás szabályai, 292)."""
    said = {"2": "két"}.get(digits) or cardinal(digits, language)
    last = next((char for char in reversed(said) if char in "aáeéiíoóöőuúüű"), "e")
    return f"{said}{'szor' if last in 'aáoóuú' else 'ször' if last in 'öő' else 'szer'}"


_UNKNOWN = re.compile(r"[xyzn](?:[²³^]|\s?[+=<>≤≥≠)]|\s[-*/×÷]\s\d)")
_FOLD_BEFORE = re.compile(r"[xX×]\s\d")
_LETTERED = re.compile(r"X\d+[A-Z]")
"""7950X3D"""
_RESOLUTION = re.compile(r"\d{3,5}\s?×\s?\d{3,5}(?!\s?[=\d+×]|[.,]\d)")
_FOLD = {
    "en": " times",
    "de": "mal",
    "fr": " fois",
    "es": " veces",
    "it": " volte",
    "pt": " vezes",
    "nl": " keer",
    "pl": " razy",
    "tr": " kez",
    "hu": "",
    "cs": "",
    "ru": "",
}


def _gap(language: Language) -> str:
    return language.gap


def blood_pressure(scan: Scan, at: int) -> Reading | None:
    """120/80 mmHg."""
    match = _PAIR.match(scan.text, at)
    if not match or "over" not in scan.language.say:
        return None
    if not match[3] and not (
        {"pressure", "bp", "blutdruck", "tension", "tensión", "pressione"} & set(scan.words_before(5, at))
    ):
        return None
    said = f"{cardinal(match[1], scan.language)} {scan.language.say['over']} {cardinal(match[2], scan.language)}"
    if match[3]:
        forms = forms_of("mmHg", scan.language)
        said += f" {cldr.form('80', forms, scan.language.code)}" if forms else ""
    return said, match.end(), "measure"


def percent(scan: Scan, at: int) -> Reading | None:
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    match = re.compile(r"\s?[%٪‰]").match(scan.text, end)
    if not match or not scan.language.say.get("percent"):
        return None
    language = scan.language
    word = language.say["permille"] if match[0][-1] == "‰" and "permille" in language.say else language.say["percent"]
    if language.code in ("ru", "pl", "cs"):
        word = cldr.form(digits, language.named_units["percent"], language.code)
    said = cardinal(digits, language)
    gap = _gap(language)
    if language.percent_first:
        return f"{word}{gap}{said}", match.end(), "measure"
    if language.code == "de" and digits == "1":
        said = "ein"
    elif language.code in ("ru", "pl", "cs", "hu"):
        said = counted(digits, word, language)
    return f"{said}{gap}{word}", match.end(), "measure"
