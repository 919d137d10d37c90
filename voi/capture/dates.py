"""Dates of the Gregorian calendar, as people say and write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from voi.capture.relative_days import RelativeDay, relative_days
from voi.capture.taken import Taken, failed
from voi.capture.tokens import SpokenToken, tokens_of
from voi.capture.vocabulary import PhraseBook, Vocabulary, cjk_digits
from voi.text.cldr import months as cldr_months
from voi.text.tables import language_of

When = Literal["any", "past", "future"]
MONTH_FIRST = frozenset({"US", "PH", "CA"})
"""Regions that write the month before the day (CLDR, short date formats; Canada has both)."""
YEARS = range(1000, 3000)
WINDOW_YEARS = 10
"""A year of two digits without a direction is at most so far ahead."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A number or month of a date. `digits`: as they were said. `ordinal`: "fifth"."""

    kind: Literal["number", "month"]
    digits: str = ""
    ordinal: bool = False
    month: int = 0
    grouped: bool = False
    """A sign or blank of a written date stands around it: 05/03."""


def a_date(text: str, words: Vocabulary, today: date, when: When = "any", region: str = "") -> Taken:
    """A date as ISO 8601 writes it. `when`: it lies in the past or future of `today`, by which a year that was not
    said, or with two digits, is told. `region`: which of two numbers is the month, in English (ISO 3166)."""
    tokens = tokens_of(text)
    counted = list(relative_days(tokens, words, today, when))
    if not counted:
        return _calendar_day(tokens, words, today, when, region)
    last = counted[-1]
    mark = _last_correction(tokens, words)
    rest = [token for at, token in enumerate(tokens) if not any(each.at <= at < each.end for each in counted)]
    if last.end <= mark:  # "tomorrow, no, on the fifth of March"
        rest = list(tokens[mark:])
    if last.weekday or last.at < mark or not mark:
        named = _calendar_day(rest, words, today, when, region)
        if not named.problem:
            other = last.weekday and last.at >= mark and date.fromisoformat(named.value).weekday() != last.day.weekday()
            return Taken(named.value, "", named.so_far, named.complete, named.unsure or other)
        if last.weekday and (day := _day_on(last, rest, words)):
            return Taken(day.isoformat(), so_far=day.isoformat(), unsure=True)
    day = last.day
    if (when == "past" and day > today) or (when == "future" and day < today):
        return failed("not_past" if when == "past" else "not_future", day.isoformat())
    return Taken(day.isoformat(), so_far=day.isoformat(), complete=not last.weekday, unsure=last.weekday)


def _last_correction(tokens: Sequence[SpokenToken], words: Vocabulary) -> int:
    """The place behind the last word that corrects something; 0: there is none."""
    found = (words.corrects.match(tokens, at) or words.restarts.match(tokens, at) for at in range(len(tokens)))
    return max((each[1] for each in found if each), default=0)


def _day_on(weekday: RelativeDay, tokens: Sequence[SpokenToken], words: Vocabulary) -> date | None:
    """ "Friday the fourth": the next such day."""
    parts, _ = _parts(tokens, words)
    if len(parts) != 1 or not _is_day(parts[0].digits or "0"):
        return None
    days = (weekday.day + timedelta(weeks=week) for week in range(60))
    return next((day for day in days if day.day == int(parts[0].digits)), None)


def _calendar_day(tokens: Sequence[SpokenToken], words: Vocabulary, today: date, when: When, region: str) -> Taken:
    parts, corrected = _parts(tokens, words)
    first = _resolved(parts, today, when, region, words)
    if first.problem and corrected:
        alone = _resolved(corrected, today, when, region, words)
        return alone if not alone.problem else first
    return first


# ---- what was said --------------------------------------------------------------------------------


def _parts(tokens: Sequence[SpokenToken], words: Vocabulary) -> tuple[list[_Part], list[_Part]]:
    """The parts with corrections carried out, and what came after the last correction."""
    kept: list[_Part] = []
    after: list[_Part] | None = None
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if mark := words.restarts.match(tokens, at):
            kept, after, at = [], None, mark[1]
            continue
        if (mark := words.corrects.match(tokens, at)) and kept:
            kept, after, at = _corrected(kept, after), [], mark[1]
            continue
        part, at = _part(tokens, at, words)
        if part is None:
            if token.said == "." and kept and (list_ := after if after else kept) and list_[-1].kind == "number":
                list_[-1] = _Part("number", list_[-1].digits, ordinal=_is_day(list_[-1].digits), grouped=True)
            continue
        (kept if after is None else after).append(part)
    return _corrected(kept, after), after or []


def _part(tokens: Sequence[SpokenToken], at: int, words: Vocabulary) -> tuple[_Part | None, int]:
    token = tokens[at]
    if token.is_digits:
        end = at + 1
        ordinal = end < len(tokens) and tokens[end].said in words.table.ordinal_marks
        return _Part("number", token.text[:8], ordinal, grouped=True), end + ordinal
    if (month := _months(words.code).match(tokens, at)) and not (token.said == "may" and _is_a_verb(tokens, at, words)):
        return _Part("month", month=month[0]), month[1]
    ordinal_day = words.ordinals.match(tokens, at)
    number = words.number(tokens, at)
    if ordinal_day and (number is None or ordinal_day[1] >= number[1]):
        return _Part("number", str(ordinal_day[0]), ordinal=True), ordinal_day[1]
    if number:
        year_ends = words.ordinals.match(tokens, number[1]) if number[0] >= 1_000 else None
        if year_ends and number[0] % 10 ** len(str(year_ends[0])) == 0:  # тысяча девятьсот восемьдесят четвёртого
            return _Part("number", str(number[0] + year_ends[0])), year_ends[1]
        return _Part("number", str(number[0])), number[1]
    if digits := words.digits.get(token.said, "") or cjk_digits(token.said):
        return _Part("number", digits), at + 1
    if token.said == "o":
        return _Part("number", "0"), at + 1
    return None, at + 1


def _is_a_verb(tokens: Sequence[SpokenToken], at: int, words: Vocabulary) -> bool:
    """ "I may come" has no month: no number stands beside it."""
    for place in (at - 1, at + 1):
        if 0 <= place < len(tokens):
            token = tokens[place]
            marks = {"the", "of", ",", ".", "/", "-"} | words.table.ordinal_marks
            number = token.is_digits or words.ordinals.match(tokens, place) or words.number(tokens, place)
            if number or token.said in marks or token.said in words.digits:
                return False
    return True


def _is_day(digits: str) -> bool:
    return len(digits) <= 2 and 1 <= int(digits) <= 31


@lru_cache(maxsize=32)
def _months(code: str) -> PhraseBook[int]:
    language = language_of(code)
    found = dict(cldr_months(code)) if language is not None else {}
    return PhraseBook({**found, **(language.months if language else {})})


def _corrected(kept: list[_Part], after: list[_Part] | None) -> list[_Part]:
    """The parts with each of the later ones in place of one of its kind: "the fifth of March, no, the sixth"."""
    if not after:
        return kept
    result = list(kept)
    for part in after:
        place = next((i for i in range(len(result) - 1, -1, -1) if _rank(result[i]) == _rank(part)), None)
        if place is None:
            result.append(part)
        else:
            result[place] = part
    return result


def _rank(part: _Part) -> str:
    if part.kind == "month":
        return "month"
    return "day" if part.ordinal or _is_day(part.digits) else "year"


# ---- the date -------------------------------------------------------------------------------------


def _resolved(parts: Sequence[_Part], today: date, when: When, region: str, words: Vocabulary) -> Taken:
    if not parts:
        return failed("nothing")
    so_far = " ".join(part.digits or f"{part.month:02}." for part in parts)
    month_at = next((place for place, part in enumerate(parts) if part.kind == "month"), None)
    if month_at is None:
        return _numeric(parts, so_far, today, when, region, words)
    before, behind = parts[:month_at], [part for part in parts[month_at + 1 :] if part.kind == "number"]
    said_before = "".join(part.digits for part in before)
    if behind and len(said_before) == 4 and not any(part.ordinal for part in before):  # nineteen eighty four, March 5
        day, year = "".join(part.digits for part in behind[:1]), said_before
    elif before:
        day, year = "".join(part.digits for part in before), "".join(part.digits for part in behind)
    else:
        day, year = (behind[0].digits if behind else ""), "".join(part.digits for part in behind[1:])
        if behind and not behind[0].ordinal and len(behind[0].digits) == 4:
            day, year = "".join(part.digits for part in behind[1:]), behind[0].digits
    if not day:
        return failed("too_short", so_far)
    return _made(day, str(parts[month_at].month), year, so_far, today, when)


def _numeric(parts: Sequence[_Part], so_far: str, today: date, when: When, region: str, words: Vocabulary) -> Taken:
    """A date in numbers alone."""
    said = [part.digits for part in parts]
    digits = "".join(said)
    if len(said) == 3 and len(said[0]) == 4:
        return _made(said[2], said[1], said[0], so_far, today, when)
    if len(said) == 1 and len(digits) == 8 and int(digits[:4]) in range(1900, 2100):
        iso = _made(digits[6:], digits[4:6], digits[:4], so_far, today, when)
        if not iso.problem:
            return iso
    if len(said) == 2 and all(len(part) <= 2 for part in said):
        first, second, year = said[0], said[1], ""
    elif len(said) >= 3 and all(part.grouped or part.ordinal or len(part.digits) == 2 for part in parts[:2]):
        first, second, year = said[0], said[1], "".join(said[2:])
    elif len(said) == 3 and all(len(part) <= 2 for part in said[:2]) and len(said[2]) == 4:
        first, second, year = said
    elif len(digits) in (6, 8):
        first, second, year = digits[:2], digits[2:4], digits[4:]
    elif len(said) >= 3 and "0" not in said[:2]:
        first, second, year = said[0], said[1], "".join(said[2:])
    else:
        return failed("too_short" if len(digits) < 6 else "no_such_day", so_far)
    month_first = words.code == "en" and (region or "US") in MONTH_FIRST
    ambiguous = words.code == "en" and not region and int(first) <= 12 and int(second) <= 12 and first != second
    if (month_first and int(first) <= 12 and not parts[0].ordinal) or int(second) > 12:
        first, second = second, first
    made = _made(first, second, year, so_far, today, when)
    return Taken(made.value, made.problem, made.so_far, made.complete, made.unsure or (ambiguous and not made.problem))


def _made(day: str, month: str, year: str, so_far: str, today: date, when: When) -> Taken:
    if len(day) > 2 or len(month) > 2 or not 1 <= int(month) <= 12:
        return failed("no_month" if not 1 <= int(month[:4]) <= 12 else "no_such_day", so_far)
    if len(year) not in (0, 2, 4) or (not year and when == "any"):
        return failed("no_year", so_far)
    found = None
    for candidate in _years(year, today, when):
        try:
            found = date(candidate, int(month), int(day))
        except ValueError:
            continue
        if (when == "past" and found <= today) or (when == "future" and found >= today) or when == "any":
            break
    if found is None:
        return failed("no_such_day", so_far)
    if when == "past" and found > today:
        return failed("not_past", so_far)
    if when == "future" and found < today:
        return failed("not_future", so_far)
    return Taken(found.isoformat(), so_far=so_far, complete=len(year) == 4, unsure=len(year) == 2 and when == "any")


def _years(year: str, today: date, when: When) -> Sequence[int]:
    """Years that may be meant, the likeliest first."""
    if len(year) == 4:
        return (int(year),) if int(year) in YEARS else ()
    if not year:
        steps = range(9) if when == "future" else range(0, -9, -1)  # 29 February: within eight years
        return tuple(today.year + step for step in steps)
    century = today.year - today.year % 100 + int(year)
    if when == "any":
        return (century if century <= today.year + WINDOW_YEARS else century - 100,)
    return (century, century + 100) if when == "future" else (century, century - 100)
