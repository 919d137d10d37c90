"""Amounts of money, and plain quantities."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from voi.capture.taken import Taken, failed
from voi.capture.tokens import SAID_MAX_CHARACTERS, SpokenToken, tokens_of
from voi.capture.vocabulary import Vocabulary
from voi.text.tables import language_of
from voi.text.tables.shape import words as word_set

WHOLE_MAX_DIGITS = 12
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CODES = word_set("USD EUR GBP CHF JPY INR CAD AUD PLN CZK HUF SEK NOK DKK RUB TRY BRL MXN CNY")
_WRITTEN = re.compile(r"\d{1,3}(?:([.,'’ ])\d{3})(?:\1\d{3})*(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal
    exact: bool = False
    """It was said or written with its decimals."""


_Item = _Number | str
"""A number; an ISO code; "cents"; "correct"."""


def amount(text: str, words: Vocabulary, currency: str = "") -> Taken:
    """An amount like 12.50 EUR; without a currency, if none was said and none is given, just 12.50."""
    items = list(_items(text[:SAID_MAX_CHARACTERS], words))
    last = len(items) - items[::-1].index("correct") if "correct" in items else 0
    after = [item for item in items[last:] if item != "correct"]
    if not any(isinstance(item, _Number) for item in after):
        after = [item for item in items if item != "correct"]
    said = [item for item in items if isinstance(item, str) and item in _CODES]
    return _amount(after, currency, said[-1] if said else "")


def _amount(items: Sequence[_Item], currency: str, said_before: str) -> Taken:
    whole: Decimal | None = None
    cents: Decimal | None = None
    code, unsure = "", False
    for place, item in enumerate(items):
        if isinstance(item, _Number):
            if whole is None:
                named = items[place + 1] if place + 1 < len(items) else ""
                if named == "cents":
                    whole, cents = Decimal(0), item.value
                else:
                    whole, unsure = item.value, False
                    exact = item.exact
            elif cents is None and item.value < 100 and not exact and item.value == item.value.to_integral_value():
                followed = items[place + 1] if place + 1 < len(items) else ""
                cents = item.value
                unsure = not code and followed != "cents"  # "twelve fifty" may be 1250
            else:
                unsure = True
        elif item in _CODES and not code:
            code = item
    if whole is None:
        return failed("nothing")
    total = whole + (cents or Decimal(0)) / 100
    if total >= 10**WHOLE_MAX_DIGITS:
        return failed("too_long", f"{whole:f}"[:WHOLE_MAX_DIGITS])
    number = f"{total:f}" if total == total.to_integral_value() else f"{total.quantize(Decimal('0.01')):f}"
    if total == total.to_integral_value():
        number = f"{int(total)}"
    code = code or said_before or currency
    value = f"{number} {code}".rstrip()
    return Taken(value, so_far=value, unsure=unsure, complete=bool(cents is not None and code))


def _items(text: str, words: Vocabulary) -> "list[_Item]":
    """Numbers, currencies and corrections, in order."""
    found: list[_Item] = []
    end = 0
    for match in _WRITTEN.finditer(text):
        found += _spoken(tokens_of(text[end : match.start()]), words, found)
        value, exact = _written(match, words)
        found.append(_Number(value, exact))
        end = match.end()
    found += _spoken(tokens_of(text[end:]), words, found)
    return found


def _written(match: "re.Match[str]", words: Vocabulary) -> tuple[Decimal, bool]:
    text, groups = match[0], match[1]
    if groups:
        head, mark, tail = text, "", ""
        if (decimal := re.search(r"[.,](\d{1,2})\Z", text)) and text[decimal.start()] != groups:
            head, mark, tail = text[: decimal.start()], ".", decimal[1]
        language = language_of(words.code)
        if not mark and text.count(groups) == 1 and language is not None and groups == language.decimal:
            head, mark, tail = text.partition(groups)[0], ".", text.partition(groups)[2]
        digits = re.sub(r"\D", "", head)
        return Decimal(f"{digits}.{tail}" if mark else digits), bool(mark)
    whole, mark, part = text.replace(",", ".").partition(".")
    return Decimal(f"{whole[:20]}.{part[:6] or 0}"), bool(mark)


def _spoken(tokens: list[SpokenToken], words: Vocabulary, before: "list[_Item]") -> "list[_Item]":
    found: list[_Item] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        previous = found[-1] if found else before[-1] if before else None
        if token.said in words.table.articles and words.currencies.match(tokens, at + 1):
            found.append(_Number(Decimal(1)))
        elif half := words.table.halves.get(token.said):
            _add_half(found, previous, Decimal(half), and_before=at > 0)
        elif code := _SYMBOLS.get(token.said) or (token.text if token.text in _CODES else ""):
            found.append(code)
        elif (scale := _scale(token.said, words)) and isinstance(previous, _Number):
            scaled = _Number(previous.value * scale, True)
            if found:
                found[-1] = scaled
            else:
                before[-1] = scaled
        elif token.said in words.table.cents and previous is not None:
            found.append("cents")
        elif named := words.currencies.match(tokens, at):
            found.append(named[0])
            at = named[1] - 1
        elif mark := words.corrects.match(tokens, at) or words.restarts.match(tokens, at):
            found.append("correct")
            at = mark[1] - 1
        elif token.said in words.table.points and isinstance(previous, _Number) and found:
            digits, end = _digits(tokens, at + 1, words)
            if digits:
                found[-1] = _Number(Decimal(f"{previous.value:f}.{digits}"), True)
                at = end - 1
        elif number := words.number(tokens, at):
            found.append(_Number(Decimal(number[0])))
            at = number[1] - 1
        at += 1
    return found


def _add_half(found: "list[_Item]", previous: "_Item | None", half: Decimal, *, and_before: bool) -> None:
    """ "half a million" is a number of its own, and the half of "two and a half" belongs to the two."""
    if and_before and half < 1 and isinstance(previous, _Number) and found:
        found[-1] = _Number(previous.value + half, True)
    else:
        found.append(_Number(half, True))


def _scale(word: str, words: Vocabulary) -> int:
    return 1_000 if word == "k" else words.scale(word)


def _digits(tokens: list[SpokenToken], at: int, words: Vocabulary) -> tuple[str, int]:
    digits = ""
    while at < len(tokens) and len(digits) < 6 and (number := words.below_thousand(tokens, at)):
        digits += str(number[0])
        at = number[1]
    return digits[:6], at
