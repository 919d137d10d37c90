"""Words for signs and numbers, for engines that spell the rest of a text themselves."""

from voi.text import numerals
from voi.text.tables import language_of, primary

__all__ = ["digit_by_digit", "primary", "word_for"]


def word_for(name: str, language: str) -> str:
    """The word for "and", "at", "percent"… in a language; "" where it is not known."""
    table = language_of(language)
    return table.say.get(name, "") if table else ""


def digit_by_digit(digits: str, language: str = "en") -> str:
    """The digits in words, one at a time; unchanged for a language that is not known."""
    table = language_of(language)
    return numerals.one_by_one(digits, table) if table else digits
