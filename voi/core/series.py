"""Digits and letters said one by one: how many a text ends with, and how many a question asks for."""

import re

_DIGITS = {
    word: length
    for length, words in (
        (1, "zero oh o one two three four five six seven eight nine"),
        (2, "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
            " twenty thirty forty fifty sixty seventy eighty ninety hundred"),
    )
    for word in words.split()
}  # fmt: skip
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_SPELLED = re.compile(r"(?:\b[^\W\d_](?:[-. ,]+|\Z)){2,}")
_ONES = frozenset(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
_TENS = frozenset(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
_REPEATS = frozenset({"double", "triple"})
_LINKS = frozenset({"and", "dash", "dot", "at", "as", "in", "like", "for"})
"""Words said between digits or letters: "b as in boy"."""

DUE = (
    (re.compile(r"\b(?:phone|telephone|mobile|cell|call(?:ed)? you back)\b", re.IGNORECASE), 10),
    (re.compile(r"\bzip\b", re.IGNORECASE), 5),
    (re.compile(r"\b(?:credit|debit) card number\b", re.IGNORECASE), 16),
    (re.compile(r"\bsocial security\b", re.IGNORECASE), 9),
    (re.compile(r"\bpin\b", re.IGNORECASE), 4),
)
_COUNTED = re.compile(
    r"\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|sixteen)[ -](?:digits?|numbers|figures)\b",
    re.IGNORECASE,
)
_COUNTED_ELSEWHERE = re.compile(
    r"(?<!\d)(\d{1,2})[- ]?(?:stellig|ziffer|chiffres|dígitos|cifras|cifre|cijfer|cyfr|číslic|számjegy|hane|цифр"
    r"|-?значн|أرقام|अंक|자리|桁|位)",
    re.IGNORECASE,
)
"""The same in other languages, for counts that are written in digits."""
_LAST = re.compile(r"\b(?:first|last) (two|three|four|five|six|\d{1,2})\b", re.IGNORECASE)
_COUNTED_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTS = {word: count for count, word in enumerate(_COUNTED_WORDS, 2)} | {"sixteen": 16}


def digits_at_end(text: str) -> int:
    """How many digits the last words are: 7 of "it's 555 0199", 3 of "one two three", 0 of "I have 2 dogs". Where two
    readings are possible it is the smaller number, because the person is better waited for than cut off."""
    count, links, following = 0, 0, ""
    for word in reversed(_TOKEN.findall(text.casefold())):
        if (added := _added(word, following)) is not None:
            count, following = count + added, word
        elif word in _REPEATS:
            count += 1 if word == "double" else 2
        elif not count or links or word not in _LINKS:
            break
        else:
            links += 1
    return count


def _added(word: str, following: str) -> int | None:
    """How many digits a word adds to those of the number word after it ("" if there is none); None: it is no number."""
    if word.isdigit():
        return len(word)
    if word in _TENS and following in _ONES:  # "twenty three"
        return 1
    if word == "hundred" and _DIGITS.get(following) == 2:  # "one hundred twenty three"
        return 0
    return _DIGITS.get(word)


def spells(text: str) -> bool:
    """True if the last words are single letters ("s i t", "that's I-T-I")."""
    bare = text.strip().rstrip(".,?!-")
    tail = bare[-12:]
    return any(match.end() >= len(tail) for match in _SPELLED.finditer(tail))


def digits_due(asked: str) -> int | None:
    """How many digits the question asks for; None: it does not say."""
    for pattern in (_COUNTED, _LAST, _COUNTED_ELSEWHERE):
        if found := pattern.search(asked):
            count = found[1].casefold()
            return int(count) if count.isdigit() else _COUNTS[count]
    return next((due for pattern, due in DUE if pattern.search(asked)), None)
