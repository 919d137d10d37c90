"""Measures: a number and its unit, blood pressure, percent: 5 km/h, 500mg, 1h 30m, 120/80 mmHg."""

import re

from voi.text import cldr
from voi.text.adjective_measures import is_adjective
from voi.text.agreement import counted
from voi.text.dimensions import TIMES
from voi.text.inches import feet_and_inches
from voi.text.numerals import cardinal
from voi.text.quantities import quantity
from voi.text.scan import Reading, Scan
from voi.text.spelt import ROOM_WORDS
from voi.text.tables.shape import Forms
from voi.text.tables.shape import words as _set
from voi.text.unit_meant import is_hour_of_day, is_minutes, is_no_unit
from voi.text.units import forms_of, per, unit_forms, unit_of_words, unit_pattern, units

_PAIR = re.compile(r"(\d{1,3})/(\d{1,3})(?:\s?(mm\s?Hg))?(?![\w/]|[.,]\d)")
_PRESSURES = _set(
    "pressure bp blutdruck tension tensión pressione pressão bloeddruk ciśnienie давление tlak vérnyomás tansiyon"
)
_SLASHED = re.compile(r"/[^\W\d_]{1,8}")
_HEIGHT = re.compile(r"([3-8])ft(\d{1,2})(?![\w.])")
_VARIABLES = frozenset("xyzn")
_VARIABLE = re.compile(r"[²³^]|\s?[+=<>≤≥≠)]|\s[-*/×÷]\s|\Z")


def measure(scan: Scan, at: int) -> Reading | None:
    """A number with a unit."""
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    language = scan.language
    if len(digits) == 2 and digits[0] == "0" and scan.kind == "measure":  # 41 min 05 s
        digits = digits[1]
    signed = scan.text[end : end + 1] in "\"”″'′’" or scan.text[end : end + 2] == ' "'
    if signed and (reading := feet_and_inches(scan, at, digits, end)):
        said, stop, kind = reading
        if "by" in language.say and (times := TIMES.match(scan.text, stop)):  # 12" x 8"
            return f"{said}{language.gap}{language.say['by']}", times.end(), "by"
        return said, stop, kind
    if language.code == "en" and (height := _HEIGHT.match(scan.text, at)):  # 6ft2
        return f"{cardinal(height[1], language)} foot {cardinal(height[2], language)}", height.end(), "measure"
    match = unit_pattern(language).match(scan.text, end)
    if several := unit_of_words(scan.text, end, language.code):  # 2 c. à s.
        return _of_words(scan, digits, several, at)
    if not match:
        return None
    if match[0][0] == "-" and language.code == "hu":  # a 112-t: an ending
        return None
    glued = match[0][0] not in " -"
    if match[0].strip(" -")[-1:] in "²³23" and forms_of(match[0].strip(" -"), language) is None:
        return _power(scan, digits, match[0].strip(" -"), match.end())
    symbol, stop, forms = _symbol(scan, match)
    if forms is None:
        return None
    compound = language.code == "de" and scan.text[stop : stop + 1] == "-"  # 65-W-Netzteil
    if match[0][0] == "-" and len(symbol) == 1 and symbol.isupper() and not compound:  # Kerkstraat 12-A
        return None
    if len(symbol) == 1 and symbol.isupper() and glued and scan.word_before(at).lower() in ROOM_WORDS:
        return None  # Exit 12A
    if is_no_unit(scan, digits, symbol, glued, stop, at):
        return None
    if symbol == "h" and language.code == "de" and is_hour_of_day(scan, digits, at):  # Sa. 9-12 h
        return f"{cardinal(digits, language)} Uhr", stop, "time"
    if symbol in ("m", "M") and is_minutes(scan, stop, at):
        forms = unit_forms("duration-minute", language) or forms
    if language.code == "en" and symbol in _VARIABLES and glued and _VARIABLE.match(scan.text, stop):
        return None
    if (more := per(scan, stop))[0]:
        said, stop = quantity(scan, digits, forms, at, False), more[1]
        return f"{said}{more[0]}", stop, "measure"
    stop, full_stop = _past_point(scan, symbol, stop)
    adjective = language.code == "en" and is_adjective(scan, at, stop, match[0][0] == "-")
    if "by" in language.say and (times := TIMES.match(scan.text, stop)):  # 30 cm x 20 cm
        said = quantity(scan, digits, forms, at, False)
        return f"{said}{language.gap}{language.say['by']}", times.end(), "by"
    return quantity(scan, digits, forms, at, adjective) + full_stop, stop, "measure"


def _symbol(scan: Scan, match: re.Match[str]) -> tuple[str, int, Forms | None]:
    """The unit's symbol, with its point if it has one, its end and its forms; None if there is no such unit."""
    language, text = scan.language, scan.text
    symbol, stop = match[0].strip(" -"), match.end()
    known = units(language.code)
    if (slashed := _SLASHED.match(text, stop)) and f"{symbol}{slashed[0]}" in known:  # كم/ساعة
        symbol, stop = f"{symbol}{slashed[0]}", slashed.end()
    forms = forms_of(symbol, language) if symbol[-1] != "." or symbol in known else None
    if forms is None and text[stop : stop + 1] == "." and f"{symbol}." in known:
        symbol, stop = f"{symbol}.", stop + 1
        forms = forms_of(symbol, language)
    if forms is None and symbol.endswith("."):
        symbol, stop = symbol[:-1], stop - 1
        forms = forms_of(symbol, language)
    if forms is None and "/" in symbol:
        symbol, stop = symbol.partition("/")[0], stop - len(symbol) + symbol.index("/")
        forms = forms_of(symbol, language)
    if forms is None and symbol.startswith("°"):
        bare = symbol.replace(" ", "").lower()
        forms = forms_of({"°c": "°C", "°f": "°F"}.get(bare, "°"), language)
        stop = stop if bare in ("°", "°c", "°f") else match.start() + match[0].index("°") + 1
    if forms is not None and text[stop : stop + 1] == "." and not symbol.endswith("."):
        if text[stop + 1 : stop + 2].isalpha():
            return symbol, stop, None
        if f"{symbol}." in known:
            symbol, stop = f"{symbol}.", stop + 1
            forms = forms_of(symbol, language)
    return symbol, stop, forms


def _past_point(scan: Scan, symbol: str, stop: int) -> tuple[int, str]:
    """The end of the unit, past its point. Units are abbreviations, and their point may end the sentence as well."""
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


def _power(scan: Scan, digits: str, symbol: str, stop: int) -> Reading | None:
    base = forms_of(symbol[:-1], scan.language)
    length = str(units(scan.language.code).get(symbol[:-1], "")).startswith("length-")
    if base is None or scan.language.code != "en" or not length:  # an MP3 is no cubic megapixel
        return None
    kind = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}[symbol[-1]]
    noun = cldr.form(digits, base, "en")
    return f"{cardinal(digits, scan.language)} {kind} {noun}", stop, "measure"


def blood_pressure(scan: Scan, at: int) -> Reading | None:
    """120/80 mmHg."""
    match = _PAIR.match(scan.text, at)
    if not match or "over" not in scan.language.say:
        return None
    named = bool(_PRESSURES & set(scan.words_before(5, at)))
    long = len(match[1]) > 1 and len(match[2]) > 1
    if not (named if scan.language.code != "en" or long else False) and not (match[3] and long):
        return None
    over = scan.language.say.get("pressure", scan.language.say["over"]) if long or scan.language.code == "pt" else ""
    said = " ".join(filter(None, (cardinal(match[1], scan.language), over, cardinal(match[2], scan.language))))
    if match[3]:
        forms = forms_of("mmHg", scan.language)
        said += f" {cldr.form('80', forms, scan.language.code)}" if forms else ""
    return said, match.end(), "measure"


def percent(scan: Scan, at: int) -> Reading | None:
    """Reads a number with %, ٪ or ‰; None: there is none at `at`."""
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
    gap = language.gap
    if language.percent_first:
        return f"{word}{gap}{said}", match.end(), "measure"
    if language.code == "de" and digits == "1":
        said = "ein"
    elif language.code in ("ru", "pl", "cs", "hu"):
        said = counted(digits, word, language)
    return f"{said}{gap}{word}", match.end(), "measure"
