"""Dates: 2024-03-15, 3/4/2024, 3.4., March 5, 15 March, 3. Mai, and ordinals that are written with a point."""

import re

from voi.text import cldr, slavic, times
from voi.text.numerals import cardinal, ordinal, whole, year
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)(?P<time>T(?=\d))?")
_NUMERIC = re.compile(r"(\d{1,2})([/.-])\s?(\d{1,2})\2\s?(\d{4}|\d\d)(?![\w/]|[.,-]\d)")
_NUMERIC_YEAR_FIRST = re.compile(r"(\d{4})[/.]\s?(\d{1,2})[/.]\s?(\d{1,2})\.?(?![\w/]|[.,-]\d)")
_DAY_MONTH_POINT = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(?![\w/])")
_DAY_THEN_MONTH = re.compile(
    r"(?P<day>\d{1,2})(?P<suffix>st|nd|rd|th|er|re|º|°|ª|e|\.)?\s?(?:of\s|de\s|d['’])?(?P<month>[^\W\d_]{3,12})(?P<point>\.(?!\s[A-Z]))?"
    r"(?P<rest>(?:,?\s(?:de\s|del\s)?)(?P<year>[12]\d{3})(?![\w:%]|[.,]\d|-\d\d-\d))?"
)
_MONTH_THEN_DAY = re.compile(
    r"\.?\s(?:the\s)?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d:%/]|[.,]\d|\s?[AaPp]\.?[Mm]\b|[^\W\d])(?:,?\s(?P<year>[12]\d{3})(?![\w:%]|[.,]\d))?"
)
_MONTH_THEN_YEAR = re.compile(r"\.?,?\s(?:de\s|del\s)?(?P<year>[12]\d{3})(?![\w:%]|[.,-]\d)")
_MONTH_RANGE = re.compile(
    r"\s?[-–]\s?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d:%/]|[.,]\d|[^\W\d])(?:,?\s(?P<year>[12]\d{3})(?![\w:%]|[.,]\d))?"
)
_DAYS_OF = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_NOMINATIVE = {"de": frozenset(("der", "die", "das"))}
_ON = _set("on by from until till before after since due through to between of")
_DATED_AFTER = _set(
    "due dated deadline ship ships shipped shipping deliver delivers delivered delivery arrive arrives arrived "
    "arriving expire expires expired expiring start starts started starting end ends ended ending begin begins began "
    "beginning open opens opened opening close closes closed closing launch launches launched release releases "
    "released leave leaves left leaving return returns returned returning depart departs departed departing scheduled "
    "booked effective updated posted ordered received signed sent happening renews renewed resumes mailed filed "
    "issued moved"
)
"""Words before a day, if nothing that could be counted comes after: shipped 3/14, but shipped 3/4 of it."""
_CARDS = _set("card visa mastercard amex debit credit")
_NOTHING_COUNTED = re.compile(
    r"\s*(?:\Z|[,.;:!?)\]](?!\d)|\s(?:and|or|to|at|in|from|by|but|with|for|until|through|via|on)\s|\s?[-–&]\s?\d)"
)
_ALSO_ON = re.compile(
    r",?\s(?:and|or|to|through|until|till|y|o|e|et|ou|und|oder|en|of|bis|al?|au|à|tot|do)\s|,\s|\s?[-–&]\s?"
)
"""Between two dates: between 5/1 and 5/15; due 5/1, or 6/15."""
_ON_ELSEWHERE = _set("le du au el del al il dal vom am zum ab bis dia em no até op vanaf od do w")
_AMBIGUOUS_MONTHS = frozenset(
    ("may", "march", "mar", "mai", "mars", "set", "ago", "ott", "dic", "jan", "jun", "maj", "sie", "kas", "oca", "mart")
)
_TODAY = frozenset(("сегодня", "завтра", "вчера", "это", "dziś", "dzisiaj", "jutro", "wczoraj"))


def _valid(day: int, month: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= _DAYS_OF.get(month, 31)


def iso(scan: Scan, at: int) -> Reading | None:
    """Reads a date such as 2026-11-30, with the time if one follows; None: there is none at `at`."""
    if not (match := _ISO.match(scan.text, at)):
        return None
    month, day = int(match[2]), int(match[3])
    if not _valid(day, month):
        return None
    said = date(scan, day, month, match[1], at, match.end())
    if not match["time"]:
        return said, match.end(), "date"
    comma = ", " if scan.language.spaces else "、"
    if time := times.local_stamp(scan, match.end()):
        return f"{said}{comma}{time[0]}", time[1], "time"
    return f"{said}{comma}", match.end(), "date"


def numeric(scan: Scan, at: int) -> Reading | None:
    """Reads a date in digits such as 30.11.2026 or 11/30/26; None: there is none at `at`."""
    if match := _NUMERIC_YEAR_FIRST.match(scan.text, at):
        if _valid(int(match[3]), int(match[2])):
            return date(scan, int(match[3]), int(match[2]), match[1], at, match.end()), match.end(), "date"
        return None
    if not (match := _NUMERIC.match(scan.text, at)):
        return None
    first, second, digits = int(match[1]), int(match[3]), match[4]
    if match[2] == "-" and len(digits) == 2:
        return None
    day_first = not scan.language.month_first or scan.day_first or match[2] == "."
    day, month = (first, second) if (day_first and second <= 12) or first > 12 else (second, first)
    if not _valid(day, month):
        return None
    if len(digits) == 2:
        digits = f"{19 if int(digits) >= 50 else 20}{digits}"
    said = date(scan, day, month, digits, at, match.end())
    return *_with_year_word(scan, said, match.end(), digits), "date"


def point(scan: Scan, at: int) -> Reading | None:
    """21.12. in languages that write ordinals with a point."""
    if scan.language.code in ("ru", "pl") and (short := _DAY_MONTH_SHORT.match(scan.text, at)):
        pointed = scan.language.ordinal_point and scan.text[short.end() : short.end() + 1] == "."
        before = scan.word_before()
        dated = (
            before.lower() in _DATED or before in scan.language.weekdays or before in scan.language.weekdays.values()
        )
        if dated and not pointed and _valid(int(short[1]), int(short[2])):
            return date(scan, int(short[1]), int(short[2]), "", at, short.end()), short.end(), "date"
    if not scan.language.ordinal_point or not (match := _DAY_MONTH_POINT.match(scan.text, at)):
        return None
    if not _valid(int(match[1]), int(match[2])):
        return None
    following = scan.rest(match.end())
    stop = "." if following[:1].isupper() and not scan.language.sentence_noun_capitals else ""
    return date(scan, int(match[1]), int(match[2]), "", at, match.end()) + stop, match.end(), "date"


_DATED = _set("с со по до на к от пятницу среду субботу od do na dnia dniu przed po")
_DAY_MONTH_SHORT = re.compile(
    r"([1-9]|[0-2]\d|3[01])\.(0[1-9]|1[0-2])"
    r"(?![\w.,]*\d|\s?(?:[%€₽$°]|(?:[кмс]?м|[км]?г|м?л|ч|т|[ГМ]Б|zł|[kmc]?m|[km]?g|m?l|h|s|t|[GM]B|tys|тыс|mln|млн)\b))"
)
"""7.03: the month has two digits, and decimals have a comma."""
_DAY_BEFORE = re.compile(r"([^\W\d_]+)\.?,\s\Z")


_THE = _set("le el il dia am op")
_OF_WHOLE = re.compile(r"\s(?:de|du|des|del|della|dello|dei|degli|delle|da|do|der|des|van|d['’])(?!\s\d)")
"""Behind a fraction: le 2/3 des gens."""
_OTHER_END = re.compile(r"\s?(?:to|-|–|bis|à|a|al|do|tot)\s?(\d{1,2})/(\d{1,3})\b")


def slash_day(scan: Scan, at: int) -> Reading | None:
    """ "on 3/14": a month and a day, after a word that says so."""
    match = re.compile(r"(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)").match(scan.text, at)
    before, days = scan.word_before(), scan.language.weekdays
    if not before and (named := _DAY_BEFORE.search(scan.text, max(0, at - 16), at)):
        before = named[1]
    dated = before in days or before in days.values() or f"{before}." in scan.language.choices
    if match and (_in_range(scan, at, match) or _ends_range(scan, at, match)):  # de 24/12 a 02/01, 4/18-4/21
        turned = scan.language.month_first and not scan.day_first
        day, month = (match[2], match[1]) if turned else (match[1], match[2])
        return date(scan, int(day), int(month), "", at, match.end()), match.end(), "date"
    if not match:
        return None
    first, second = int(match[1]), int(match[2])
    if _goes_on(scan, at, match.end()):
        turned = scan.language.month_first and not scan.day_first and first <= 12
        day, month = (second, first) if turned else (first, second)
        if _valid(day, month):
            return date(scan, day, month, "", at, match.end()), match.end(), "date"
    english = scan.language.code == "en"
    shown = english and before.lower() in _DATED_AFTER and _NOTHING_COUNTED.match(scan.text, match.end())
    if shown and ((first > 12 and second < 13 and not scan.day_first) or _CARDS & set(scan.words_before(7, at))):
        shown = None  # open 24/7; the card expires 09/27
    if not (dated or shown or before.lower() in (_ON if english else _ON_ELSEWHERE)):
        return None
    if (other := _OTHER_END.match(scan.text, match.end())) and not (
        _valid(int(other[1]), int(other[2])) or _valid(int(other[2]), int(other[1]))
    ):
        return None  # from 7/10 to 19/20
    if scan.language.code != "en":
        plain = match[1][0] != "0" and first < second <= 10
        if before.lower() in _THE and not _OF_WHOLE.match(scan.text, match.end()):  # le 5/6
            plain = False
        if plain or not _valid(first, second):
            return None
        return date(scan, first, second, "", at, match.end()), match.end(), "date"
    month, day = (second, first) if scan.day_first or first > 12 else (first, second)
    if not _valid(day, month) or (first < second <= 4):
        return None
    return date(scan, day, month, "", at, match.end()), match.end(), "date"


def _goes_on(scan: Scan, at: int, end: int) -> bool:
    """True right behind another such date; but le 5/6, 2/3 des gens."""
    whole_after = _OF_WHOLE if scan.language.code != "en" else _SOMETHING
    return (
        0 < scan.dated < at
        and whole_after.match(scan.text, end) is None
        and _ALSO_ON.fullmatch(scan.text, scan.dated, at) is not None
        and _SHORT_DATE.search(scan.text, max(0, scan.dated - 5), scan.dated) is not None
    )


_SOMETHING = re.compile(r"\s(?:of|off|cups?|inch|mile|teaspoons?|tablespoons?)\b")
_SHORT_DATE = re.compile(r"(?<![\d/])\d{1,2}/\d{1,2}\Z")
_RANGE = re.compile(
    r"(\d{1,2})/(\d{1,2})\s?(?:-|–|t/m|tot|bis|a|al|au|à|até|do|po|to|through|until)\s?(?:(?:el|le|il|den|zum)\s)?(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)"
)


def _in_range(scan: Scan, at: int, match: re.Match[str]) -> bool:
    """True if it is one of two dates, and at least one of them can only be a date."""
    for found in _RANGE.finditer(scan.text, max(0, at - 20), at + 32):
        if match.start() in (found.start(1), found.start(3)):
            first, second = (int(found[1]), int(found[2])), (int(found[3]), int(found[4]))
            sure = max(*first, *second) > 12 or "0" in (found[1][0], found[2][0], found[3][0], found[4][0])
            if scan.language.month_first and not scan.day_first:
                first, second = first[::-1], second[::-1]
            return _valid(*first) and _valid(*second) and sure
    return False


def _ends_range(scan: Scan, at: int, match: re.Match[str]) -> bool:
    """The other end of 18-21/04, de 18 a 21/04; and el 2/7 a las 10:30."""
    if scan.language.month_first or not _valid(int(match[1]), int(match[2])):
        return False
    began = _BEGUN.search(scan.text, max(0, at - 12), at)
    if began:
        return match[2][0] == "0" or int(match[1]) > 12
    before = scan.word_before(at).lower()
    return before in ("el", "le", "il", "dia", "am", "op") and _HOUR_AFTER.match(scan.text, match.end()) is not None


_BEGUN = re.compile(r"(?<![\d/.,:])\d{1,2}\s?(?:-|–|a|al|au|à|bis|tot)\s?\Z")
_HOUR_AFTER = re.compile(r",?\s(?:a las?|à|alle|às|um|om)\s\d")


def day_month(scan: Scan, at: int) -> Reading | None:
    """3 May 2024, 3rd of May, 3. Mai, 1er mai, 3 de mayo de 2024."""
    first = _FIRST_OF_TWO.match(scan.text, at) if scan.language.code in slavic.LANGUAGES else None
    if first and month_number(scan, first[2]) and _valid(int(first[1]), 1):  # od 3 do 5 maja
        said = slavic.ordinal(int(first[1]), scan.language.code, "genitive", "m")
        return said, first.end(1) + (scan.text[first.end(1)] == "."), "date"
    match = _DAY_THEN_MONTH.match(scan.text, at)
    if not match:
        return None
    number = month_number(scan, match["month"])
    if number is None or not _valid(int(match["day"]), number):
        return None
    if scan.language.code == "en" and match["month"].islower():
        return None
    suffix = match["suffix"] or ""
    if suffix == "." and not scan.language.ordinal_point:
        return None
    digits = match["year"] or ""
    end = (
        match.end()
        if digits
        else (match.end("point") if match["point"] and _is_short(match["month"], scan) else match.end("month"))
    )
    if scan.text[end : end + 1].isalpha():
        return None
    if scan.language.code == "en":
        said = f"{ordinal(match['day'], scan.language)} of {_name(number, scan)}"
        return (f"{said} {year(digits, scan.language)}" if digits else said), end, "date"
    said = date(scan, int(match["day"]), number, digits, at, end)
    return *_with_year_word(scan, said, end, digits), "date"


def _with_year_word(scan: Scan, said: str, end: int, digits: str) -> tuple[str, int]:
    """Polish 3 maja 2024 r.: the r. is said as roku."""
    match = _POLISH_R.match(scan.text, end) if digits and scan.language.code == "pl" else None
    if not match:
        return said, end
    return f"{said} roku{'' if scan.rest(match.end()) else '.'}", match.end()


_FIRST_OF_TWO = re.compile(r"(\d{1,2})\.?\s(?:do|po|по|до|až|i|a|и|или|lub|nebo)\s\d{1,2}\.?\s([^\W\d_]+)")
_POLISH_R = re.compile(r"\s?r\.")


def month_day(scan: Scan, at: int, end: int, word: str) -> Reading | None:
    """March 5, 2024, at the name of the month; also "March 2024", where the year is not a plain number."""
    number = month_number(scan, word)
    if number is None or not (word[0].isupper() or scan.language.code != "en"):
        return None
    more = _MONTH_AFTER.match(scan.text, end)  # May–June, Jan.-Mar.
    if more and (second := month_number(scan, more[1])) and more[1][0].isupper() == word[0].isupper():
        point = more.end() - 1 if more[0].endswith(".") and not scan.rest(more.end()) else more.end()
        return f"{_name(number, scan)}{scan.joint()}{_name(second, scan)}", point, "date"
    if scan.language.code == "hu" and (match := _HUNGARIAN_DAY.match(scan.text, end)):
        stop = "." if match[2] and not scan.rest(match.end()) else ""
        return f"{_name(number, scan)} {hungarian_day(int(match[1]), scan)}{stop}", match.end(), "date"
    if scan.language.code == "hu" and (match := _HUNGARIAN_SUFFIX.match(scan.text, end)):  # márc. 5-én
        return f"{_name(number, scan)} ", match.end(), "date"
    if scan.language.code == "en":
        match = _MONTH_THEN_DAY.match(scan.text, end)
        if match and _valid(int(match["day"]), number) and scan.language.code == "en":
            return _english(scan, number, match)
    match = _MONTH_THEN_YEAR.match(scan.text, end)
    if match and scan.language.code in ("en", "de", "nl", "fr", "it", "es", "pt"):
        joint = {"es": " de ", "pt": " de "}.get(scan.language.code, " ")
        if scan.text[end : end + 1] == "," or (scan.text[end] == "." and len(word) > 4):
            joint = ", "
        return f"{_name(number, scan)}{joint}{year(match['year'], scan.language)}", match.end(), "date"
    if (
        scan.text[end : end + 1] == "."
        and len(word) < 5
        and word.lower() not in _AMBIGUOUS_MONTHS
        and scan.text[end + 1 : end + 2] == " "
    ):
        following = scan.text[end + 2 : end + 3]
        if scan.language.code == "en" and not following.isupper():
            return _name(number, scan), end + 1, "date"
    return None


_MONTH_AFTER = re.compile(r"\.?\s?[-–—]\s?([^\W\d_]{3,12})(?![\w])\.?")


def year_of(scan: Scan, at: int) -> Reading | None:
    """в 2024 г., w 2024 roku: a year in the case that its neighbours require, with the word for "year"."""
    code = scan.language.code
    if code == "hu" and (match := _HUNGARIAN_YEAR.match(scan.text, at)) and month_number(scan, match[2]):
        return year(match[1], scan.language), match.start(2) - 1, "date"
    match = _YEAR_OF.match(scan.text, at) if code in ("ru", "pl") else None
    if match is None:
        return None
    word = match[2].rstrip(".").lower()
    inside = scan.word_before(at).lower() in ("в", "w", "о", "o", "we", "во")
    case = {"году": "locative", "год": "nominative", "rok": "nominative", "года": "genitive"}.get(word)
    case = case or ("locative" if inside else "genitive")
    full = {"г": "году" if inside else "года", "r": "roku"}.get(word, match[2])
    stop = "." if match[2].endswith(".") and not scan.rest(match.end()) else ""
    return f"{slavic.year(match[1], code, case)} {full}{stop}", match.end(), "date"


_HUNGARIAN_YEAR = re.compile(r"([12]\d{3})\.\s([^\W\d_]+)")
_HUNGARIAN_DAY = re.compile(r"\.?\s(\d{1,2})(\.)?(?![\w\d-]|\.\d)")
_HUNGARIAN_SUFFIX = re.compile(r"\.\s(?=\d{1,2}\.?-)")
_YEAR_OF = re.compile(r"([12]\d{3})\s?(г\.|году|года|год|r\.|roku|rok)(?![^\W\d_])")


def _english(scan: Scan, number: int, match: re.Match[str]) -> Reading:
    language = scan.language
    said = f"{_name(number, scan)} {ordinal(match['day'], language)}"
    if match["year"]:
        return f"{said}, {year(match['year'], language)}", match.end(), "date"
    more = _MONTH_RANGE.match(scan.text, match.end())
    if more and int(match["day"]) < int(more["day"]) <= 31:
        said = f"{said} to {ordinal(more['day'], language)}"
        return (f"{said}, {year(more['year'], language)}" if more["year"] else said), more.end(), "date"
    return said, match.end(), "date"


def _is_short(word: str, scan: Scan) -> bool:
    """ "Mar.", "sept.", but not "maja." at a sentence's end."""
    return len(word) < 6 and word.lower() not in cldr.whole_months(scan.language.code)


def month_number(scan: Scan, word: str) -> int | None:
    """1 to 12 for the name of a month or its abbreviation; None: it is no month."""
    low = word.lower().rstrip(".")
    return scan.language.months.get(low) or cldr.months(scan.language.code).get(low)


def _name(number: int, scan: Scan) -> str:
    return cldr.month(number, scan.language.code)


def date(scan: Scan, day: int, month: int, digits: str, at: int, end: int) -> str:
    """The date in the language's own order. `digits`: those of the year; "" without a year."""
    language = scan.language
    code = language.code
    if code in slavic.LANGUAGES:
        before = scan.words_before(2, at)
        today = bool(before) and (before[-1] in _TODAY or (before[-1] == "jest" and before[0] in _TODAY))
        case = "nominative" if today or (code == "ru" and before[-1:] == ["по"]) else "genitive"
        said_day = slavic.ordinal(day, code, case, "n" if code == "ru" else "m")
        if code == "ru" and before[-1:] in (["к"], ["ко"]):  # к пятому мая
            said_day = f"{said_day[:-3]}{'ому' if said_day.endswith('ого') else 'ему'}"
        said = f"{said_day} {cldr.month(month, code)}"
        if not digits:
            return said
        return f"{said} {slavic.year(digits, code, 'genitive')}{slavic.year_word(scan, end, code)}"
    if code == "hu":
        said_day = hungarian_day(day, scan)
    elif language.day == "ordinal":
        said_day = ordinal(str(day), language)
        if code == "de" and scan.word_before(at).lower() not in _NOMINATIVE["de"]:
            said_day += "n"
    elif language.day == "first" and day == 1:
        said_day = language.first
    else:
        said_day = whole(str(day), code)
    name = cldr.month(month, code)
    if not language.gap:
        name = f"{whole(str(month), code)}{language.say['month']}"
        if code == "ko":
            name = {6: "유월", 10: "시월"}.get(month, name)
    number = digits and (
        year(digits, language) if len(digits) == 4 and digits[0] in "12" else cardinal(digits, language)
    )
    said = language.date.format(day=said_day, month=name, year=number)
    return said if digits else _without_year(said, language.date)


def hungarian_day(day: int, scan: Scan) -> str:
    """május harmadika, elseje."""
    if day == 1:
        return "elseje"
    said = ordinal(str(day), scan.language)
    return f"{said}{'e' if said.endswith(('edik', 'ödik')) else 'a'}"


def _without_year(said: str, form: str) -> str:
    if form.startswith("{year}"):
        return said.lstrip("년年., ")
    return said.removesuffix("de ").rstrip(", ") if form.endswith("{year}") else said
