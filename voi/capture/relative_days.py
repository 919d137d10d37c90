"""Days that are counted from today: "tomorrow", "in two weeks", "next Friday"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from voi.capture.tokens import SpokenToken
from voi.capture.vocabulary import Vocabulary

AHEAD_MAX = 10_000
"""Most days or weeks that are counted."""


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """`weekday`: only that was said, so it may be another week's. `at`, `end`: its tokens."""

    day: date
    at: int
    end: int
    weekday: bool = False


def relative_days(
    tokens: Sequence[SpokenToken], words: Vocabulary, today: date, when: Literal["any", "past", "future"]
) -> Iterator[RelativeDay]:
    """All that were said, in their order, but for those that are denied ("not tomorrow")."""
    at = 0
    while at < len(tokens):
        found = _at(tokens, at, words, today, when)
        if found is None:
            at += 1
            continue
        at = found.end
        if not any(words.negates.match(tokens, place) for place in range(max(0, found.at - 1), found.at)):
            yield found


def _at(
    tokens: Sequence[SpokenToken], at: int, words: Vocabulary, today: date, when: Literal["any", "past", "future"]
) -> RelativeDay | None:
    if named := words.days.match(tokens, at):
        day, end = today + timedelta(days=named[0]), named[1]
        later = _ahead(tokens, end, words)
        if later:  # today in a week
            day, end = day + timedelta(days=later[0]), later[1]
        return RelativeDay(day, at, end)
    if later := _ahead(tokens, at, words):
        return RelativeDay(today + timedelta(days=later[0]), at, later[1])
    if weekday := words.weekdays.match(tokens, at):
        gap = (weekday[0] - today.weekday()) % 7 or 7
        day = today + timedelta(days=gap - 7 if when == "past" and gap < 7 else -7 if when == "past" else gap)
        return RelativeDay(day, at, weekday[1], weekday=True)
    return None


def _ahead(tokens: Sequence[SpokenToken], at: int, words: Vocabulary) -> tuple[int, int] | None:
    """How many days ahead the words at that place say, and the place behind them."""
    for before, behind, days in words.days_ahead:
        place = at + len(before)
        if not _stand(tokens, at, before):
            continue
        counted = _count(tokens, place, words)
        if counted and counted[0] <= AHEAD_MAX and _stand(tokens, counted[1], behind):
            return counted[0] * days, counted[1] + len(behind)
    return None


def _stand(tokens: Sequence[SpokenToken], at: int, said: Sequence[str]) -> bool:
    return [token.said for token in tokens[at : at + len(said)]] == list(said)


def _count(tokens: Sequence[SpokenToken], at: int, words: Vocabulary) -> tuple[int, int] | None:
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.is_digits:
        return int(token.text[:6]), at + 1
    if found := words.number(tokens, at):
        return found
    digits = "1" if token.said in words.table.articles else words.digits.get(token.said, "")
    return (int(digits), at + 1) if digits else None
