"""Decides whether a symbol is a unit, and which: 20m minutes or meters, 30s seconds or a decade, 12A a room, 5 in. or
"in"."""

import re

from voi.text.scan import Scan
from voi.text.tables.shape import words as _set

_MINUTES_AFTER = _set(
    "left ago later remaining until till more break timer walk drive session call meeting ride nap "
    "delay wait run early late episode video"
)
_MINUTES_BEFORE = _set(
    "prep cook bake time cooking total duration about in every wait last lasts took takes within snooze only about "
    "another just"
)
_METERS_AFTER = _set(
    "tall high wide long deep away apart from of sprint dash pool below above race freestyle hurdles relay"
)
_DECADE_BEFORE = _set("the his her their my your our its early mid late low high upper lower and to")
_DECADE_AFTER = _set("music hits kid kids style fashion rock era pop sitcom nostalgia vibe movies tv")
_COUNTED_AFTER_M = _set(
    "people users downloads views subscribers followers customers dollars players copies units records rows"
)
_FEET_BEFORE = re.compile(r"\d\s?(?:ft|feet|foot|')\.?,?\s?(?:and\s)?\Z")
_INCHES_AFTER = re.compile(
    r"(?:\s(?:tall|wide|long|deep|thick|high|across|apart|diameter|in diameter|square|x\s?\d|×|by\s\d|"
    r"of\s(?:rain|snow|water|ice|space|clearance))\b)"
)
_PART_OF_DECADE = re.compile(
    r"\b(?:mid|early|late)[-\s]\Z|(?<=0s)\s?[-–—]\s?\Z|\bthe\s\d0s\s(?:and|or)\s\Z", re.IGNORECASE
)


def is_no_unit(scan: Scan, digits: str, symbol: str, glued: bool, stop: int, at: int) -> bool:
    """True for words and letters that are not units here."""
    code = scan.language.code
    if _is_word(scan, symbol, stop) or _is_format(scan.text, symbol, stop):
        return True
    if symbol in ("C", "F") and code == "en":
        return not _is_temperature(scan, digits, stop, at)
    if not glued and code != "en" and digits in _VOLTS.get(symbol, ()):
        return scan.rest(stop)[:1].islower() and symbol == "A"
    if symbol == "K" and (glued or (code == "en" and "." not in digits)):
        return True
    if symbol in ("t.", "T.") and code == "en":  # 1 t. salt
        return glued or not scan.rest(stop)[:1].islower()
    if code == "en":
        if glued and symbol in ("c.", "ac", "ac."):  # 802.11ac
            return True
        if symbol == "in" and not glued:
            return not (_FEET_BEFORE.search(scan.text, max(0, at - 16), at) or _INCHES_AFTER.match(scan.text, stop))
        if symbol == "in":
            return scan.word_after(stop).lower() in ("the", "a", "total", "all", "one", "my", "your")
        if symbol == "in." and scan.rest(stop)[:1].islower() and scan.text[stop : stop + 1] != " ":
            return True
        if symbol in ("W", "A", "V", "J") and not glued and scan.text[at - 1 : at] == "-":  # I-80 W
            return True
        if symbol in ("A", "V", "d", "w", "y", "day", "days") and not glued and scan.text[stop : stop + 1] != "/":
            return symbol not in ("day", "days", "V") or symbol in ("day", "days")
        if symbol in ("pt", "ct", "ha", "ac", "bar", "cal", "doz", "t", "dl", "L", "h", "J") and not glued:
            return (symbol in ("bar", "ha") and not glued) or symbol == "t"
        if symbol == "s" and not glued:
            return False
        if symbol == "s":
            return is_decade(scan, digits, stop, at)
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
    return code != "en" and symbol in ("in", "mi", "pt") and not glued


def _is_format(text: str, symbol: str, stop: int) -> bool:
    """True for the name of a format or a model: 5 MP3 files, 2 MP4 videos; but 1h30 and 1m80."""
    return len(symbol) > 1 and symbol.isupper() and text[stop : stop + 1].isdigit()


def _is_word(scan: Scan, symbol: str, stop: int) -> bool:
    """Polish Długa 12 m. 5 (a flat), Dutch 3 t/m 5 mei."""
    if scan.language.code == "pl":
        return symbol.rstrip(".") == "m" and _FLAT.match(scan.text, stop) is not None
    return scan.language.code == "nl" and symbol == "t" and scan.text.startswith("/m", stop)


_FLAT = re.compile(r"\.?\s\d{1,4}(?!\s?[^\W\d])")
_VOLTS = {"V": _set("1.5 3 3.3 3.7 5 9 12 14 19 20 24 36 48 110 115 120 127 220 230 240 380 400"),
          "A": _set("0.5 1.5 2.4 3.5 6 10 13 16 20 25 32 40 63")}  # fmt: skip
"""Elsewhere V and A are letters and words as well."""
_HEATED = _set("temp temps temperature temperatures bake baked oven preheat preheated roast fever high highs low "
               "lows heat "
               "heated cook grill weather feels outside degrees simmer")  # fmt: skip
_OTHER_SCALE = re.compile(r"\s?[/(]\s?\d{2,3}\s?°?[CF](?!\w)")
_OTHER_SCALE_BEFORE = re.compile(r"\d\s?°?[CF]\s?[/(]\s?\Z")


def _is_temperature(scan: Scan, digits: str, stop: int, at: int) -> bool:
    """Bake at 180C/350F, a high of 72F; but seat 22C."""
    if len(digits) < 2 or (scan.text[stop : stop + 1] in ("#", "-", "+") and scan.text[stop : stop + 1]):
        return False
    return (
        bool(_HEATED & set(scan.words_before(7, at)))
        or _OTHER_SCALE.match(scan.text, stop) is not None
        or _OTHER_SCALE_BEFORE.search(scan.text, max(0, at - 8), at) is not None
    )


_HOURLY = _set(
    "um ab gegen spätestens mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag"
)


def is_hour_of_day(scan: Scan, digits: str, at: int) -> bool:
    """German h beside a day or behind "um": nine o'clock, not nine hours."""
    return digits.isdigit() and int(digits) <= 24 and bool(_HOURLY & set(scan.words_before(2, at)))


_DECADE_CHAIN = re.compile(
    r"\s?(?:and|&|or|/|to|through|[-–,]|,\sand)\s?(?:the\s|early\s|mid[-\s]|late\s)?'?\d0'?s(?!\w)"
)
_DECADE_CHAIN_BEFORE = re.compile(
    r"\b\d0s\s?(?:and|&|or|/|to|through|[-–,]|,\sand)\s?(?:the\s|early\s|mid[-\s]|late\s)?'?\Z"
)
_TIMED = _set(
    "interval intervals timer timers timeout timeouts delay delays rest rests clip clips plank planks hold holds ad "
    "ads spot spots set sets round rounds sprint sprints break breaks pause pauses wait option options limit window"
)
_TIMED_BEFORE = re.compile(
    r"\b(?:for|every|after|wait|timeout|hold|rest|within|under|pause|delay)\s(?:\d{1,3}s?,?\s?(?:(?:or|and|to|/|-)\s?)?){0,3}\Z",
    re.IGNORECASE,
)


def _is_timed(scan: Scan, stop: int, at: int) -> bool:
    """True for 30s and 60s intervals; for 20s or 30s: seconds."""
    end = chain.end() if (chain := _DECADE_CHAIN.match(scan.text, stop)) else stop
    before = _TIMED_BEFORE.search(scan.text, max(0, at - 40), at)
    return before is not None or scan.word_after(end).lower() in _TIMED


def is_decade(scan: Scan, digits: str, stop: int, at: int) -> bool:
    """Whether the s behind these digits makes a decade of them (the 80s) and is no unit of seconds."""
    if len(digits) == 4:
        return digits[3] == "0" and digits[0] in "12"
    if len(digits) != 2 or digits[1] != "0" or digits == "10":
        return False
    if _DECADE_CHAIN.match(scan.text, stop) or _DECADE_CHAIN_BEFORE.search(
        scan.text, max(0, at - 12), at
    ):  # 80s and 90s
        return not _is_timed(scan, stop, at)
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


def is_minutes(scan: Scan, stop: int, at: int) -> bool:
    """True if this "m" means minutes: beside hours or seconds, or in a text about time."""
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
