"""The words of one language that mean something in dictation, ready to be looked up: its table, the signs of
`voi/text/tables`, and numbers by num2words."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from voi.capture.tables import table_of
from voi.capture.tables.en import ICAO
from voi.capture.tables.shape import DictationTable
from voi.capture.tokens import SpokenToken, folded_word, tokens_of
from voi.text.cldr import days_ahead as cldr_days_ahead
from voi.text.cldr import weekdays as cldr_weekdays
from voi.text.tables import language_of, primary
from voi.text.whole_numbers import known, whole

Value = TypeVar("Value")
NUMBERS_BELOW = 1_000
"""Those that are looked up as a whole."""
NUMBERS_END = 10**12
DAYS = range(1, 32)
_CJK_DIGITS = {character: str(value) for value, character in enumerate("零一二三四五六七八九")} | {"〇": "0", "幺": "1"}
_UNSPACED = frozenset({"zh", "ja", "ko"})
_SIGN_NAMES = {"at": "@", "dot": ".", "hyphen": "-", "slash": "/", "plus": "+"}


class PhraseBook(Generic[Value]):
    """Phrases and their values. A phrase is looked up at a place in a text; a hyphen between its words does not
    count."""

    __slots__ = ("_root", "_skipped")

    def __init__(self, phrases: Mapping[str, Value] | Iterable[tuple[str, Value]] = (), skipped: Iterable[str] = ()):
        self._root: dict[str, dict] = {}  # type: ignore[type-arg]
        self._skipped = frozenset((*skipped, "-"))
        for phrase, value in phrases.items() if isinstance(phrases, Mapping) else phrases:
            self.add(phrase, value)

    def add(self, phrase: str, value: Value) -> None:
        node = self._root
        for token in tokens_of(phrase):
            if token.said not in self._skipped:
                node = node.setdefault(token.said, {})
        node.setdefault("", value)  # type: ignore[arg-type]

    def match(self, tokens: Sequence[SpokenToken], at: int) -> tuple[Value, int] | None:
        """The value of the longest phrase that stands at that place, and the place behind it."""
        node, found, place = self._root, None, at
        while place < len(tokens):
            following = node.get(tokens[place].said)
            if following is None:
                if place == at or tokens[place].said not in self._skipped:
                    break
            else:
                node = following
                if "" in node:
                    found = node[""], place + 1
            place += 1
        return found  # type: ignore[return-value]


class Vocabulary:
    """The words of one language. `code`: its primary code. English spelling words are understood in every language."""

    def __init__(self, code: str) -> None:
        table = table_of(code)
        self.code = code
        self.table = table
        self.repeats = PhraseBook(table.repeats)
        self.alphabet = PhraseBook(
            [*((word, letters) for each in (*table.alphabets, ICAO) for word, letters in each.items())]
        )
        self.letters = PhraseBook(table.letters)
        self.as_in = PhraseBook((phrase, True) for phrase in table.as_in)
        self.signs = PhraseBook({**_signs_of(code), **table.signs})
        self.signs_by_mark = _first_names({**_signs_of(code), **table.signs})
        """How a sign is said."""
        self.corrects = PhraseBook((phrase, True) for phrase in table.corrects)
        self.restarts = PhraseBook((phrase, True) for phrase in table.restarts)
        self.negates = PhraseBook((phrase, True) for phrase in table.negates)
        self.fillers = PhraseBook((phrase, True) for phrase in table.fillers)
        self.leads = PhraseBook((phrase, True) for phrase in (*table.leads, *table.fillers))
        self.trails = PhraseBook((phrase, True) for phrase in table.trails)
        self.others = PhraseBook((phrase, True) for phrase in table.others)
        self.days = PhraseBook(table.days)
        self.weekdays = PhraseBook({**_weekdays_of(code), **table.weekdays})
        self.days_ahead = tuple(_days_ahead_of(code))
        """Before the number of days, behind it, and how many days one of them has: "in 3 weeks"."""
        self.currencies = PhraseBook(table.currencies)
        self.digits = {folded_word(word): digits for word, digits in table.digits.items()}
        self.likely_digits = table.likely_digits
        self._sounds = {letter: set(each) for each in table.sounds for letter in each}
        self._numbers = PhraseBook(_numbers_of(code), skipped=table.links)
        self._single = {phrase: value for phrase, value in _numbers_of(code) if " " not in phrase}
        self.ordinals = PhraseBook(_ordinals_of(code, table))

    def number(self, tokens: Sequence[SpokenToken], at: int) -> tuple[int, int] | None:
        """The number in words at that place, below 10**12, and the place behind it."""
        total, place, scale = 0, at, NUMBERS_END
        while place < len(tokens):
            start = place
            while place > at and place < len(tokens) - 1 and tokens[place].said in self.table.links:
                place += 1
            part = self.below_thousand(tokens, place)
            value, behind = part or (1, place)
            named = self._scale(tokens, behind)
            if named and named < scale:
                total, scale, place = total + value * named, named, behind + 1
                continue
            if part is None or part[0] >= scale or (scale == NUMBERS_END and named):
                place = start
                break
            return total + part[0], part[1]
        return (total, place) if place > at and scale < NUMBERS_END else None

    def _scale(self, tokens: Sequence[SpokenToken], at: int) -> int:
        return self.scale(tokens[at].said) if at < len(tokens) else 0

    def scale(self, word: str) -> int:
        """What "thousand", "million" or "billion" stands for; 0: it is another word."""
        scales = ((self.table.thousand, 10**3), (self.table.million, 10**6), (self.table.billion, 10**9))
        return next((size for names, size in scales if word in names), 0)

    def below_thousand(self, tokens: Sequence[SpokenToken], at: int) -> tuple[int, int] | None:
        """The same, below a thousand."""
        if at >= len(tokens):
            return None
        found = self._numbers.match(tokens, at)
        hundred = self.table.hundred
        if found and hundred and 10 <= found[0] < 100 and _said(tokens, found[1]) == hundred:
            rest = self._numbers.match(tokens, self._over_links(tokens, found[1] + 1))
            if rest and rest[0] < 100:
                return found[0] * 100 + rest[0], rest[1]
            return found[0] * 100, found[1] + 1
        if found is None and hundred and tokens[at].said == hundred:
            rest = self._numbers.match(tokens, self._over_links(tokens, at + 1))
            return (100 + rest[0], rest[1]) if rest and rest[0] < 100 else (100, at + 1)
        if found is None and (value := self._glued(tokens[at].said)) is not None:
            return value, at + 1
        return found

    def _over_links(self, tokens: Sequence[SpokenToken], at: int) -> int:
        return at + 1 if _said(tokens, at) in self.table.links else at

    def _glued(self, word: str) -> int | None:
        """Numbers in one word: zweitausendfünf, neunzehnhundertvierundachtzig."""
        for names, size in ((self.table.thousand, 1_000), ((self.table.hundred,), 100)):
            for name in filter(None, names):
                head, found, tail = word.partition(name)
                if not found or word == name:
                    continue
                for link in self.table.links:
                    tail = tail.removeprefix(link) if tail not in self._single else tail
                many = 1 if not head else self._single.get(head)
                rest = 0 if not tail else self._single.get(tail)
                if many is not None and rest is None:
                    rest = self._glued(tail)
                if many is not None and rest is not None and rest < size:
                    return many * size + rest
        return None

    def like_sound(self, letter: str, other: str) -> bool:
        """True if the names of two letters are easily mistaken for each other."""
        return other in self._sounds.get(letter, ())


def _first_names(signs: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, sign in signs.items():
        found.setdefault(sign, name)
    return found


def _said(tokens: Sequence[SpokenToken], at: int) -> str:
    return tokens[at].said if at < len(tokens) else ""


def _signs_of(code: str) -> dict[str, str]:
    language = language_of(code)
    if language is None:
        return {}
    return {language.say[name]: sign for name, sign in _SIGN_NAMES.items() if language.say.get(name)}


@lru_cache(maxsize=32)
def _numbers_of(code: str) -> tuple[tuple[str, int], ...]:
    if code in _UNSPACED:
        return ()
    if not known(code):
        return ()
    found = [(folded_word(whole(str(number), code)), number) for number in range(NUMBERS_BELOW)]
    for number in range(2, NUMBERS_BELOW):  # before "thousand" some take another form: сорок одна тысяча
        head, _, last = folded_word(whole(str(number * 1_000), code)).rpartition(" ")
        if last in table_of(code).thousand:
            found.append((head, number))
    if code == "it":  # centotré alone, but centotremila
        found += [(word.replace("tré", "tre"), number) for word, number in found if word.endswith("tré")]
    found += [(folded_word(word), int(digits)) for word, digits in table_of(code).digits.items()]
    return tuple(found)


def _weekdays_of(code: str) -> Mapping[str, int]:
    return cldr_weekdays(code) if language_of(code) is not None else {}


def _days_ahead_of(code: str) -> Iterable[tuple[tuple[str, ...], tuple[str, ...], int]]:
    for before, behind, days in sorted(cldr_days_ahead(code)) if language_of(code) is not None else ():
        yield tuple(each.said for each in tokens_of(before)), tuple(each.said for each in tokens_of(behind)), days


def _ordinals_of(code: str, table: DictationTable) -> list[tuple[str, int]]:
    found = [(word, day) for word, day in table.ordinals.items()]
    if code in _UNSPACED or not known(code):
        return found
    for day in DAYS if code not in _CASES else range(1, 100):  # there the last part of a year is one, too
        word = folded_word(whole(str(day), code, "ordinal"))
        if not word[:1].isdecimal():
            found += [(word + ending, day) for ending in (("", "n", "r", "s", "m") if code == "de" else ("",))]
            for endings in _CASES.get(code, ()):
                found.append((" ".join(_inflected(part, endings) for part in word.split()), day))
    return found


_CASES: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "ru": ({"ый": "ое", "ой": "ое", "ий": "ье"}, {"ый": "ого", "ой": "ого", "ий": "ьего"}),
    "pl": ({"y": "ego", "gi": "giego", "ci": "ciego"},),
}
"""Endings of ordinals, and what they become in dates: двадцать первое, двадцать первого."""


def _inflected(word: str, endings: Mapping[str, str]) -> str:
    for ending, other in endings.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + other
    return word


def cjk_digits(word: str) -> str:
    """The digits that a word of Chinese number characters stands for; "": it is another word."""
    return "".join(_CJK_DIGITS[character] for character in word) if set(word) <= _CJK_DIGITS.keys() else ""


@lru_cache(maxsize=32)
def vocabulary_of(language: str) -> Vocabulary:
    """The words of a language, by its code. "auto" is read as English. Made in some 100 ms, and then kept:
    not on an event loop."""
    return Vocabulary("en" if language == "auto" else primary(language))
