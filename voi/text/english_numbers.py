"""Numbers in English text, as one says them: dates, times, money, measures, telephone numbers, years, ranges…"""

import re
from collections.abc import Callable
from functools import partial

from voi.text import english_readings as read
from voi.text.english_tables import SCALES, UNITS
from voi.text.spoken_words import ordinal

Match = re.Match[str]
Step = tuple[re.Pattern[str], Callable[[Match], str] | str]

# Numbers are matched from their first digit on and without backtracking: a million digits take linear time.
_START = r"(?<!\d)(?<!\d[.,])"
_NUM = r"(?:\d{1,3}(?:,\d{3})++(?!\d)|\d++)(?:\.\d++)?+"
_ALONE = r"(?<![\w.,])"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[12]\d{3})(?![\w:])"
_SCALE = r"(?:\s?(?P<scale>thousand|million|billion|trillion|[kKmMbBtT]n?)(?!\w))?"
_SIGN = r"[$€£¥₹₽₩₺₴₪₫฿]"
_CODE = r"(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|INR)"
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_YEAR_COMES = (
    r"(?:in|since|by|from|until|till|year|of|circa|around|before|after|during|late|early|mid|summer|winter|spring|autumn"
    r"|fall)"
)
_SLASHED = r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?![\w/]|[.-]\d)"


def spoken_numbers(text: str, *, day_first: bool = False) -> str:
    """`text` without any digits. `day_first`: 3/4/2024 is in April (British), not in March (American)."""
    if not any(char in "0123456789" for char in text):
        return text
    for pattern, said in _BRITISH_STEPS if day_first else _STEPS:
        text = pattern.sub(said, text)
    return text


def _step(pattern: str, said: Callable[[Match], str] | str, flags: int = 0) -> Step:
    return re.compile(pattern, flags), said


def _percent(match: Match) -> str:
    return f"{read.cardinal(match[1])} percent"


def _scaled(match: Match) -> str:
    return f"{read.cardinal(match[1])} {SCALES[match[2].lower()]}"


def _steps(day_first: bool) -> tuple[Step, ...]:
    """In this order: what is more particular comes before what it might be mistaken for."""
    return (
        # dates
        _step(r"(?<![\w-])(\d{4})-(\d{1,2})-(\d{1,2})(?:T(?=\d))?(?!\d)", read.iso_date),
        _step(_SLASHED, partial(read.slash_date, day_first=day_first)),
        _step(
            rf"\b(?P<month>{_MONTH})\.?\s(?:the\s)?{_DAY}(?![\d:%/]|[.,]\d|\s?[AaPp]\.?[Mm]\b)(?:,?\s{_YEAR})?",
            read.month_day,
        ),
        _step(rf"(?<![\w.,:/-]){_DAY}\s(?:of\s)?(?P<month>{_MONTH})\b\.?(?:,?\s{_YEAR})?", read.day_month),
        # times
        _step(r"(?<![\w:.])(\d{1,3}):(\d{2})(?::(\d{2}))?(?:\s?([AaPp])\.?[Mm]\b\.?)?(?![\w:])", read.clock),
        _step(r"(?<=\d):(?=\d)", " to "),
        _step(rf"(?<![\w:.,]|{_SIGN})(\d{{1,2}})\s?([AaPp])(?:\.[Mm]\.|[Mm]\b)", read.hour),
        # telephone numbers
        _step(r"(?<![\w.+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\)\s?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])", read.phone),
        _step(r"(?<![\w+])\+\d(?:[ ().-]?\d){6,16}(?!\d)", read.phone),
        _step(r"(?<![\w.+$-])\d{3}-\d{4}(?![\w-])", read.phone),
        _step(r"(?<![\w.,+$-])0\d{2,4}(?:[ -]\d{3,6}){1,2}(?![\w-]|[.,]\d)", read.phone),
        # ranges and signs before numbers
        _step(rf"(?<!\w)({_SIGN})\s?({_NUM})\s?[-–—]\s?\1?(?=\d)", r"\1\2 to \1"),
        _step(r"(?<=\d)\s?[–—]\s?(?=\d)|(?<=\d)(?<!\d{5})-(?=\d{1,4}(?![\d-]))", " to "),
        _step(rf"(?<!\w)(?:US|CA|AU|A|C)(?={_SIGN}\s?\d)", ""),
        _step(rf"(?<![\w)\].,])[-−](?={_SIGN}?\d)", " minus "),
        # money
        _step(rf"(?P<sign>{_SIGN})\s?(?P<amount>{_NUM}){_SCALE}", read.money),
        _step(rf"{_ALONE}(?P<amount>{_NUM}){_SCALE}\s?(?P<sign>{_SIGN})", read.money),
        _step(rf"\b(?P<sign>{_CODE})\s?(?P<amount>{_NUM}){_SCALE}", read.money),
        _step(rf"{_ALONE}(?P<amount>{_NUM}){_SCALE}\s?(?P<sign>{_CODE})\b", read.money),
        # measures
        _step(rf"{_START}({_NUM})\s?%", _percent),
        _step(rf"{_START}({_NUM})\s?°\s?([CcFf]\b)?", read.degrees),
        _step(rf"{_ALONE}(\d++)(?:st|nd|rd|th)\b", lambda match: ordinal(match[1]), re.IGNORECASE),
        _step(rf"{_ALONE}'?(1[1-9]|20|)(\d)0'?s\b", read.decade),
        _step(r"\b24/7\b", "twenty-four seven"),
        _step(
            r"(?<![\w.,/])(?:(?P<whole>\d{1,4})\s)?\s?(?P<top>\d{1,3})/(?P<bottom>\d{1,3})(?![\w/]|[.,]\d)",
            read.fraction,
        ),
        _step(rf"{_ALONE}(?P<amount>{_NUM})[ -]?(?P<unit>{_UNIT})(?P<power>[²³23])?(?![\w/'²³])", read.measure),
        _step(rf"{_ALONE}({_NUM})(k|M|bn|B)(?!\w)", _scaled),
        # what stands before or between numbers
        _step(r"(?:#\s?|№\s?|\bNo\.\s?|\bno\.\s)(?=\d)", " number "),
        _step(r"\b[vV]\.?(?=\d)", "version "),
        _step(r"(?<![\w.])\d++(?:\.\d++){2,}+(?!\w)", read.version),
        _step(r"(?<=\d)\s?×\s?(?=\d)", " times "),
        _step(r"(?<=\d)\s?÷\s?(?=\d)", " divided by "),
        _step(r"(?<=\d)\s[-−]\s(?=\d)", " minus "),
        _step(r"(?<=\d)\s?<\s?(?=\d)", " less than "),
        _step(r"(?<=\d)\s?>\s?(?=\d)", " greater than "),
        # years, and all the rest
        _step(
            rf"\b({_YEAR_COMES}|{_MONTH})\s([12]\d{{3}})(?!\w|[.,]\d)",
            lambda match: f"{match[1]} {read.year(match[2])}",
            re.IGNORECASE,
        ),
        _step(rf"{_ALONE}(19\d\d|20\d\d)(?!\w|[.,]\d)", lambda match: read.year(match[1])),
        _step(r"(?<=[^\W\d_])-?(?=\d)|(?<=\d)(?=[^\W\d_])", " "),
        _step(r"(?<![\d.])\.(?=\d)", " point "),
        _step(rf"{_START}{_NUM}", lambda match: read.cardinal(match[0])),
        _step(r"\d++", lambda match: read.cardinal(match[0])),
    )


_STEPS = _steps(day_first=False)
_BRITISH_STEPS = _steps(day_first=True)
