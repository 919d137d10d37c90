"""Times of day and spans of hours: 14:30, 3:05 p.m. EST, 14h30, 14.30 Uhr, 2:00:35, 9am."""

import re
import unicodedata

from voi.text import arabic_numbers, cldr, slavic
from voi.text.agreement import counted, native_korean
from voi.text.numerals import cardinal, one_by_one, whole
from voi.text.scan import Reading, Scan
from voi.text.tables.en import ZONES
from voi.text.tables.shape import words as _set

_CLOCK = re.compile(
    r"(\d{1,3})[:：](\d{2})(?:[:：](\d{2})(?:[.,]\d{1,3})?)?(?:(?:\s?(?P<half>[AaPp])\.?[Mm]\b(?P<point>\.?))|(?P<letter>[AaPp])\b)?(?![\w:])"
    r"(?:\s(?P<zone>[A-Z]{2,4})(?![\w.]*[a-z]))?"
)
_CLOCK_WIDE = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?(?![\d:])(?P<half>)(?P<letter>)(?P<zone>)(?P<point>)")
_HOUR = re.compile(
    r"(?P<hour>\d{1,2})(?:[.](?P<minute>[0-5]\d))?\s?(?P<half>[AaPp])(?:\.\s?[Mm](?P<point>\.)?|[Mm]\b(?!\.\w)|(?<=\d[ap])(?=\s?[-–]\s?\d{1,2}[ap]\b)"
    r"|(?<=[ap][-–]\d[ap])|(?<=[ap][-–]\d\d[ap]))(?!\w)"
)
_HALF_COMES = re.compile(r"\s?(?:[-–]|to)\s?\d{1,2}(?::\d\d)?\s?[AaPp]\.?[Mm]\b")
_H = re.compile(r"(\d{1,2})\s?[hH](?:\s?([0-5]\d(?!\s?m(?:in|n)?\b)))?(?![\w:])")
_DOT = re.compile(
    r"(\d{1,2})\.([0-5]\d)(?=\s?(?:Uhr|uur|u|h|klo|ore|godz)\b"
    r"|\s?(?:[-–]|tot|en|bis|und|à|alle|do|a|t/m)\s?\d{1,2}[.:][0-5]\d\s?(?:Uhr|uur|klo|godz|h|ore)\b|['’](?:[dt][ae]n?|y?[ae]|n?[ıiuü]n?)\b)\s?"
)
_DOT_RANGE = re.compile(r"(\d{1,2})\.([0-5][05])\s?[-–]\s?(\d{1,2})\.([0-5][05])(?![\w%€$°]|[.,:-]\d|\s?[%€$°])")
_DOT_ALONE = re.compile(r"(\d{1,2})\.([0-5]\d)(?![\w%€$°]|[.,:]\d|\s?[%€$°])")
_DOT_AFTER = {"it": _set("alle dalle ore le"), "de": _set("um"), "nl": _set("om"), "tr": _set("saat saati saatleri"),
              "cs": _set("v ve"), "pl": _set("o")}  # fmt: skip
_CLOCK_CONTEXT = _set(
    "at is it until till from by before after since around now about to time clock um ist bis von ab "
    "gegen nach vor alle ore às à a las os"
)
_LASTS = _set("is it to about around was")
_RATIO_CONTEXT = _set(
    "ratio scale odds dilute diluted leverage mix mixture dilution format aspect verhältnis maßstab format rapport "
    "échelle proporción escala "
    "rapporto scala"
)


def stamp(scan: Scan, at: int) -> Reading | None:
    """14:30Z, 09:15:30+05:30: a time as machines write it."""
    match = _STAMP.match(scan.text, at)
    if not match or int(match[1]) > 24 or int(match[2]) > 59:
        return None
    language, gap = scan.language, scan.language.gap
    said = time_of_day(scan, int(match[1]), int(match[2]), False, False, at)
    if match[3] and 0 < int(match[3]) < 60:
        said += f"{gap}{_count(scan, int(match[3]), 'duration-second')}"
    letters = "U T C" if language.spells else "UTC"
    if match["sign"]:
        name = language.say["plus" if match["sign"] == "+" else "minus"]
        hours, minutes = whole(str(int(match["hours"])), language.code), int(match["minutes"] or 0)
        letters += f"{gap}{name}{gap}{hours}{gap + whole(str(minutes), language.code) if minutes else ''}"
    return f"{said}{gap}{letters if match['zone'] else ''}".rstrip(), match.end(), "time"


_STAMP = re.compile(
    r"(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?)(?![\w:])"
)
_LOCAL_STAMP = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?P<zone>)(?P<sign>)(?![\w:])")


def local_stamp(scan: Scan, at: int) -> Reading | None:
    """The time behind the T of an ISO date, with or without its zone."""
    if reading := stamp(scan, at):
        return reading
    match = _LOCAL_STAMP.match(scan.text, at)
    if not match or int(match[1]) > 24 or int(match[2]) > 59:
        return None
    return time_of_day(scan, int(match[1]), int(match[2]), False, False, at), match.end(), "time"


def clock(scan: Scan, at: int) -> Reading | None:
    """Reads a time such as 14:30 or 7:05 pm; None: there is none at `at`."""
    if reading := stamp(scan, at):
        return reading
    match = (_CLOCK if scan.language.gap else _CLOCK_WIDE).match(scan.text, at)
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    half, zone = match["half"] or match["letter"], match["zone"]
    end = match.end() if zone in ZONES or not zone else match.start("zone") - 1
    zone = zone if zone in ZONES else ""
    if ((match[1], match[2]) in _NO_TIMES and not half) or (
        not half and ({scan.word_before(at).lower(), scan.word_after(end).lower()} & _RATIO_CONTEXT)
    ):
        return None
    if scan.language.code == "en" and 24 < hour < 100 and minute < 60 and not second:  # ran it in 52:30
        return (
            f"{whole(str(hour), 'en')} {time_of_day(scan, 0, minute, True, False, at).partition(' ')[2] or 'flat'}",
            end,
            "time",
        )
    if minute > 59 or hour > 24:
        return None
    if not second and not half and not zone and (part := _HUNDREDTHS.match(scan.text, match.end(2))):  # 3:42.15
        said = time_of_day(scan, hour, minute, True, False, at)
        gap = scan.language.gap
        tail = one_by_one(part[1], scan.language)
        return f"{said}{gap}{scan.language.say['point']}{gap}{tail}", part.end(), "time"
    if second:
        if int(second) > 59:
            return None
        before = scan.word_before(at).lower()
        lasts = before in _LASTS and not {"time", "clock", "now", "currently"} & set(scan.words_before(4, at))
        if not half and (before not in _CLOCK_CONTEXT or (lasts and scan.language.code == "en")):
            return duration(scan, hour, minute, int(second)), end, "measure"
    range_of_half = scan.language.code == "en" and _HALF_COMES.match(scan.text, end) is not None
    said = time_of_day(scan, hour, minute, bool(half) or range_of_half, bool(second), at)
    if second and int(second):
        said += f"{_and(scan)}{_count(scan, int(second), 'duration-second')}"
    if half:
        halves = scan.language.ending
        written = halves.get(f"{half.lower()}.m.") if scan.language.code != "en" else None
        said += f" {written or half.upper() + ' M'}"
    if zone:
        said += f" {' '.join(zone)}"
    elif half and match["point"] and _ends(scan, end):
        said += "."
    if scan.language.clock.after and not half:
        end = _past_written(scan, end)
    if scan.language.code == "ar" and (half_written := _ARABIC_HALF.match(scan.text, end)):
        said, end = f"{said} {'صباحا' if half_written[1] == 'ص' else 'مساء'}", half_written.end()
    return said, end, "time"


_ARABIC_HALF = re.compile(r"\s?([صم])(?!\w)\.?")
_HUNDREDTHS = re.compile(r"[.,](\d{1,3})(?![\w.,:]*\d)")
_NO_TIMES = frozenset((("16", "10"), ("21", "90")))


def _ends(scan: Scan, end: int) -> bool:
    rest = scan.rest(end)
    return not rest or (rest[0].isupper() and not _DAY_NEXT.match(rest))


_DAY_NEXT = re.compile(r"(?:M|Tu?|W|Th|F|Sa?|Su)[-–]|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|daily)")


def _and(scan: Scan) -> str:
    return f" {scan.language.say['and']} "


def _past_written(scan: Scan, end: int) -> int:
    """The index after "Uhr", "heures" and the like, which the reading of the time already contains."""
    word = scan.word_after(end)
    if not word or word.lower() not in scan.language.clock.after:
        return end
    stop = scan.text.index(word, end) + len(word)
    while unicodedata.category(scan.text[stop : stop + 1] or " ")[0] == "M":  # Hindi vowels
        stop += 1
    return stop


def time_of_day(scan: Scan, hour: int, minute: int, half: bool, seconds: bool, at: int) -> str:
    """The words of a time. `half`: am or pm follows; `seconds`: they follow. `at`: where it stands in the text."""
    language = scan.language
    code, style = language.code, language.clock
    if code == "en":
        said = whole(str(hour), code)
        if minute:
            return f"{said} {style.zero if minute < 10 else ''}{whole(str(minute), code)}"
        if half or seconds:
            return said
        return f"{said} o'clock" if 1 <= hour <= 12 else "midnight" if hour in (0, 24) else f"{said} hundred"
    if code == "ar":
        return arabic_numbers.time_of_day(hour, minute, scan.word_before(at) in arabic_numbers.PREPOSITIONS)
    if code == "pl":  # o czternastej piętnaście
        inside = _POLISH_AT.search(scan.text, max(0, at - 24), at) is not None
        said = slavic.ordinal(hour, code, "locative" if inside else "nominative", "f") if hour else "zero"
        return f"{said} {style.zero if minute < 10 else ''}{whole(str(minute), code)}" if minute else said
    if code == "ko":
        said_hour = native_korean(hour) if 1 <= hour <= 12 else whole(str(hour), code)
        said = style.full.format(h=said_hour)
        return f"{said} {whole(str(minute), code)}분" if minute else said
    said_hour = style.one if hour in (1,) and style.one else whole(str(hour), code)
    if style.feminine:
        said_hour = counted(str(hour), _FEMININE[code], language) if code != "it" or hour != 1 else "una"
    if code == "zh" and hour == 2:
        said_hour = "两"
    if not minute:
        form = style.full
        if code == "es":
            form = "{h} horas" if hour > 12 or hour == 0 else "{h}"
        if code == "fr" and hour < 2:
            form = form.replace("heures", "heure")
        if code == "pt" and hour < 2:
            form = form.replace("horas", "hora")
        return form.format(h=said_hour)
    zero = style.zero if minute < 10 else ""
    form = style.minutes
    if code == "fr" and hour < 2:
        form = form.replace("heures", "heure")
    said_minute = whole(str(minute), code)
    return form.format(h=said_hour, m=f"{zero}{said_minute}")


_POLISH_AT = re.compile(r"\b(?:o|od|do|po|przed|około|koło)\s(?:godz(?:\.|inie|iny)?\s?)?\Z", re.IGNORECASE)
_FEMININE = {"fr": "heure", "es": "hora", "it": "ora", "pt": "hora"}


def duration(scan: Scan, hour: int, minute: int, second: int) -> str:
    """2:00:35 as a span: two hours and thirty-five seconds."""
    parts = [_count(scan, amount, name) for amount, name in
             ((hour, "duration-hour"), (minute, "duration-minute"), (second, "duration-second")) if amount]  # fmt: skip
    if not parts:
        return _count(scan, 0, "duration-second")
    if not scan.language.spaces:
        return "".join(parts)
    head, last = parts[:-1], parts[-1]
    joint = f" {scan.language.say['and']} "
    return f"{', '.join(head)}{joint}{last}" if head else last


def _count(scan: Scan, amount: int, name: str) -> str:
    code = scan.language.code
    forms = scan.language.named_units.get(name) or cldr.unit(name, code)
    if forms is None:
        return cardinal(str(amount), scan.language)
    noun = cldr.form(str(amount), forms, code)
    gap = scan.language.gap
    return f"{counted(str(amount), noun, scan.language)}{gap}{noun}".replace("' ", "'")


def hour_of_half(scan: Scan, at: int) -> Reading | None:
    """9am, 9 a.m., 3.30pm; and the 9 of 9-5pm; by 11p."""
    if scan.language.code != "en":
        return None
    short = _SHORT_HALF.match(scan.text, at) if scan.word_before(at).lower() in _AT else None
    if short and int(short[1]) <= 12:
        return f"{cardinal(short[1], scan.language)} {short[2].upper()} M", short.end(), "time"
    match = _HOUR.match(scan.text, at)
    if not match or int(match["hour"]) > 12:
        return None
    said = cardinal(match["hour"], scan.language)
    if match["minute"] and match["minute"] != "00":
        said = time_of_day(scan, int(match["hour"]), int(match["minute"]), True, False, at)
    said += f" {match['half'].upper()} M"
    zone = re.compile(r"\.?\s(" + "|".join(sorted(ZONES)) + r")(?![\w])").match(scan.text, match.end())
    if zone:
        return f"{said} {' '.join(zone[1])}", zone.end(), "time"
    if match["point"] and _ends(scan, match.end()):
        said += "."
    return said, match.end(), "time"


_PORTUGUESE_SPAN = _set("em dura durou leva levou por durante há total de")
_SHORT_HALF = re.compile(r"(\d{1,2})([ap])(?!\w|\.\s?[mM])")
_AT = _set("at by til till until from before after around")


def military(scan: Scan, at: int) -> Reading | None:
    """0900 hrs, 1430 hours."""
    match = _MILITARY.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    hour, minute = match[1], match[2]
    said = f"zero {whole(hour[1], 'en')}" if hour[0] == "0" else whole(hour, "en")
    rest = (
        "hundred" if minute == "00" else f"zero {whole(minute[1], 'en')}" if minute[0] == "0" else whole(minute, "en")
    )
    stop = "." if match[0].endswith(".") and _ends(scan, match.end()) else ""
    return f"{said} {rest} hours{stop}", match.end(), "time"


_MILITARY = re.compile(r"([01]\d|2[0-3])([0-5]\d)\s?(?:hrs\.?|hours|h)(?![^\W_])")


def with_h(scan: Scan, at: int) -> Reading | None:
    """14h30, 14 h 30, 14h."""
    if scan.language.code not in ("fr", "pt", "es", "it", "de", "ja"):
        return None
    match = _H.match(scan.text, at)
    if not match or int(match[1]) > 24 or (not match[2] and scan.language.code not in ("fr", "pt")):
        return None
    minute = int(match[2] or 0)
    if scan.language.code == "de":
        return None
    if scan.language.code == "pt" and match[2] and scan.word_before(at).lower() in _PORTUGUESE_SPAN:  # em 1h42
        return f"{_count(scan, int(match[1]), 'duration-hour')} e {whole(str(minute), 'pt')}", match.end(), "measure"
    return time_of_day(scan, int(match[1]), minute, False, False, at), match.end(), "time"


def with_dot(scan: Scan, at: int) -> Reading | None:
    """14.30 Uhr."""
    both = _DOT_RANGE.match(scan.text, at) if scan.language.code in ("tr", "de", "nl", "it", "cs") else None
    if both and int(both[1]) <= 24 and int(both[3]) <= 24:  # 9.00-17.30
        first = time_of_day(scan, int(both[1]), int(both[2]), False, False, at)
        second = time_of_day(scan, int(both[3]), int(both[4]), False, False, at)
        return f"{first}{scan.joint()}{second}", _past_written(scan, both.end()), "time"
    match = _DOT.match(scan.text, at)
    listed = scan.kind == "time" and 0 < at - scan.end < 5 and scan.language.code in _DOT_AFTER  # 13.00, 14.15
    if not match and listed:
        match = _DOT_ALONE.match(scan.text, at)
    if not match and scan.word_before(at).lower() in _DOT_AFTER.get(scan.language.code, ()):  # alle 19.30
        match = _DOT_ALONE.match(scan.text, at)
    if not match or int(match[1]) > 24 or scan.language.code == "en":
        return None
    return time_of_day(scan, int(match[1]), int(match[2]), False, False, at), _past_written(scan, match.end()), "time"
