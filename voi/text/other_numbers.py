"""Numbers in other languages than English: quantities, percentages, money and times; the rest as plain numbers."""

import re
from functools import lru_cache

from voi.text.other_tables import WORDS, Words
from voi.text.spoken_words import digit_by_digit, number, words_of

_START = r"(?<!\d)(?<!\d[.,])"
_COMMA_NUMBER = r"(?:\d{1,3}(?:[. ']\d{3})++(?!\d)|\d++)(?:,\d++)?+"
_POINT_NUMBER = r"(?:\d{1,2}(?:,\d\d(?=,))++,\d{3}(?!\d)|\d{1,3}(?:,\d{3})++(?!\d)|\d++)(?:\.\d++)?+"
_LOCAL = sorted({sign for words in WORDS.values() for sign in words.local}, key=len, reverse=True)
_MONEY = rf"(?:{'|'.join(map(re.escape, _LOCAL))}|(?<![A-Z])\$|[€£])"
_YEAR = re.compile(r"(?<!\d)\d{4}(?=年)")
_SEPARATORS = re.compile(r"[ ']")


def spoken_numbers(text: str, language: str) -> str:
    """Digits in words where num2words knows the language; otherwise as they are."""
    if not any(char in "0123456789" for char in text) or number("2", language) == "2":
        return text
    words = words_of(language)
    percent, money, time, plain, glued = _patterns(words.decimal_comma, words.spaces)
    gap = " " if words.spaces else ""
    if language == "zh":
        text = _YEAR.sub(lambda match: digit_by_digit(match[0], language), text)
    if words.percent_first:
        text = percent.sub(lambda match: f"{words.percent}{gap}{match['low'] or match['high']}", text)
    elif words.percent:
        text = percent.sub(lambda match: f"{match['low'] or match['high']}{gap}{words.percent}", text)
    text = money.sub(lambda match: _money(match, language, words), text)
    text = time.sub(lambda match: _time(match, language, words), text)
    if words.spaces:
        text = glued.sub(" ", text)
    return plain.sub(lambda match: _number(match[0], language, words), text)


@lru_cache(maxsize=4)
def _patterns(decimal_comma: bool, spaces: bool) -> tuple[re.Pattern[str], ...]:
    amount = _COMMA_NUMBER if decimal_comma else _POINT_NUMBER
    return (
        re.compile(rf"%\s?(?P<low>{amount})|{_START}(?P<high>{amount})\s?[%٪]"),
        re.compile(rf"(?P<before>{_MONEY})\s?(?P<low>{amount})|{_START}(?P<high>{amount})\s?(?P<after>{_MONEY})(?!\w)"),
        re.compile(
            r"(?<![\w:])(\d{1,2})[:h](\d{2})(?![\w:])(?:\s(?:Uhr|uur)\b)?"
            if spaces
            else r"(?<![\d:])(\d{1,2})[:：](\d{2})(?![\d:])"
        ),
        re.compile(rf"{_START}{amount}|\d++"),
        re.compile(r"(?<=[^\W\d_])-?(?=\d)|(?<=\d)-?(?=[^\W\d_])"),
    )


def _number(digits: str, language: str, words: Words) -> str:
    digits = _SEPARATORS.sub("", digits)
    digits = digits.replace(".", "").replace(",", ".") if words.decimal_comma else digits.replace(",", "")
    return number(digits, language)


def _money(match: re.Match[str], language: str, words: Words) -> str:
    sign = match["before"] or match["after"]
    currency = {"€": words.euros, "$": words.dollars, "£": words.pounds, **words.local}.get(sign)
    if not currency:
        return match[0]
    amount = _SEPARATORS.sub("", match["low"] or match["high"])
    whole, _, cents = amount.partition("," if words.decimal_comma else ".")
    if not words.spaces:  # the amount as a whole, then the money
        return f"{_number(amount, language, words)}{currency}"
    if len(cents) not in (0, 2):
        return f" {_number(amount, language, words)} {currency}"
    said = f" {_number(whole, language, words)} {currency}"
    return said if cents in ("", "00") else f"{said} {number(cents.lstrip('0'), language)}"


def _time(match: re.Match[str], language: str, words: Words) -> str:
    minutes = "" if match[2] == "00" else number(match[2].lstrip("0"), language)
    hour = number(str(int(match[1])), language)
    if not words.spaces:
        return f"{hour}{words.hour}{minutes}{words.minute if minutes else ''}"
    if not words.hour:
        return f"{hour} {minutes or number('0', language)}"
    return f"{hour} {words.hour} {minutes}".rstrip()
