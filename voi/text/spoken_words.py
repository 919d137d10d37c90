"""The few words that signs and numbers become, per language, and numbers in words (through num2words)."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from num2words import num2words

from voi.text.chinese_numbers import chinese
from voi.text.hindi_numbers import hindi
from voi.text.other_tables import WORDS, Words

_WHOLE_DIGITS_MAX = 15
"""A longer number is no quantity (and slow to say in words): its digits are spoken one by one."""
_DIGITS_MAX = 200
"""Digits of one number that are spoken at all one by one; the rest nobody listens to."""


_UNKNOWN = Words()
_DECIMAL_POINT = Words(decimal_comma=False)
_DECIMAL_POINT_LANGUAGES = frozenset({"th", "he", "bn", "te", "kn", "am", "cy", "fa"})


def words_of(language: str) -> Words:
    """`language` is a primary code: en, de…"""
    return WORDS.get(language) or (_DECIMAL_POINT if language in _DECIMAL_POINT_LANGUAGES else _UNKNOWN)


def primary(language: str) -> str:
    """`en-US`, `en_GB` and `EN` are all en."""
    return language.replace("_", "-").split("-", 1)[0].strip().lower() or "en"


def number(digits: str, language: str = "en") -> str:
    """A number such as `1234` or `3.50` in words; the digits themselves where the language is not known.

    Many digits, or a leading zero, are spoken digit by digit.
    """
    whole, point, fraction = digits.partition(".")
    if len(whole) > _WHOLE_DIGITS_MAX or (len(whole) > 1 and whole[0] == "0"):
        return digit_by_digit(whole + fraction, language)
    decimal = "point" if language == "en" else words_of(language).decimal
    if point and decimal:  # "three point five zero": num2words would lose the zero
        gap = " " if words_of(language).spaces else ""
        return gap.join((_said(whole or "0", language), decimal, digit_by_digit(fraction, language)))
    return _said(f"{whole or '0'}.{fraction[:12]}" if point else whole, language)


def ordinal(digits: str, language: str = "en") -> str:
    return _said(digits, language, "ordinal") if len(digits) <= _WHOLE_DIGITS_MAX else number(digits, language)


def digit_by_digit(digits: str, language: str = "en") -> str:
    gap = " " if words_of(language).spaces else ""
    return gap.join(_said(digit, language) for digit in digits[:_DIGITS_MAX])


_OWN: dict[str, Callable[[int], str]] = {"hi": hindi, "zh": chinese}
"""Languages that num2words does not know."""


@lru_cache(maxsize=4_096)
def _said(digits: str, language: str, form: str = "cardinal") -> str:
    if own := _OWN.get(language):
        return own(int(digits)) if digits.isdecimal() and form == "cardinal" else digits
    try:
        said = str(num2words(Decimal(digits) if "." in digits else int(digits), lang=language, to=form))
    except (NotImplementedError, ArithmeticError, InvalidOperation, ValueError, TypeError, LookupError, AttributeError):
        return digits  # num2words does not know this language, or not this form in it
    return said.replace(",", "") if language == "en" else said
