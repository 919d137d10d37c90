"""The shape of a language's table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Forms = Mapping[str, str]
"""A noun by CLDR plural category: {"one": "euro", "other": "euros"}."""


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def forms(one: str, other: str | None = None, few: str | None = None, many: str | None = None) -> Forms:
    """`one` alone: the noun never changes."""
    found = {"one": one, "other": other or one}
    return found | ({"few": few} if few else {}) | ({"many": many} if many else {})


@dataclass(frozen=True, slots=True)
class Money:
    """One currency: its own forms and those of its hundredth ({}: it has none), and how the two are joined."""

    major: Forms
    minor: Forms = field(default_factory=dict)
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """How hours and minutes are said. `{h}` and `{m}` stand for the numbers; `one`: at one o'clock, where that is not
    the plain number; `am`, `pm`: the halves of the day, after the time; `after`: written words that the time says."""

    full: str = "{h}"
    minutes: str = "{h} {m}"
    one: str = ""
    feminine: bool = False
    zero: str = ""
    """What is said before minutes below ten."""
    after: frozenset[str] = frozenset()
    seconds: str = ""


@dataclass(frozen=True, slots=True)
class Gender:
    """Which nouns are feminine (or neuter): by name first, then by ending."""

    feminine: frozenset[str] = frozenset()
    masculine: frozenset[str] = frozenset()
    neuter: frozenset[str] = frozenset()
    feminine_endings: tuple[str, ...] = ()
    neuter_endings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """A language, as a speaker reads it aloud.

    `say`: the words for signs and joints (see `en.py` for all the names). `before`: abbreviations that something always
    follows (a name, a number), so that their point never ends a sentence; `ending`: those that may end one. Both are
    written as they stand in a text; a key with a capital is matched with that capital only.
    """

    code: str
    say: Mapping[str, str]
    before: Mapping[str, str] = field(default_factory=dict)
    ending: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Abbreviations that stand for several words: (condition, word) in the order they are tried. Conditions: "9" a
    number follows; "A" a capital follows; "a" a small letter follows; "#" a number stands before; "S" the name of a
    street stands before, "T" the same and no name after; "N" a name stands before; "R" a Roman number follows, "r" one
    stands before; "d" a date or hour follows, "w" a word before says that it is a day; "p" a preposition stands before;
    "B" chapter and verse follow; "Y" a year follows; "L" a single letter; "D" another day of the week stands near;
    "i" and "P" stand between "in" and a number, and after "from"; "f" a word in -a follows; another word: that word
    follows; "" always. A word of "" leaves the text as it is."""
    leading: frozenset[str] = frozenset()
    """Keys of `choices` that something always follows, like those of `before`."""
    decimal: str = ","
    groups: str = ". '"
    decimals: str = "digits"
    """Decimals are read one by one ("digits"), as a number ("number"), or as parts of ten ("parts")."""
    spaces: bool = True
    gap: str = " "
    """What is put between a number and what it counts."""
    percent_first: bool = False
    date: str = "{day} {month} {year}"
    day: str = "cardinal"
    """The day of a date: "cardinal", "ordinal", or "first" (only the first is an ordinal)."""
    first: str = ""
    year: str = "cardinal"
    """"pairs" (English), "hundreds" (German) or "cardinal"."""
    month_first: bool = False
    months: Mapping[str, int] = field(default_factory=dict)
    """More names of months than CLDR has."""
    clock: Clock = Clock()
    units: Mapping[str, str | Forms] = field(default_factory=dict)
    """Symbol to CLDR's unit, or to forms of our own. Adds to those that all languages share."""
    named_units: Mapping[str, Forms] = field(default_factory=dict)
    """Names that differ from CLDR's: unit to forms."""
    money: Mapping[str, Money] = field(default_factory=dict)
    money_joint: str = " "
    """What is said between the money and its cents."""
    cents_named: bool = False
    gender: Gender = Gender()
    ordinal_point: bool = False
    """"3." is an ordinal."""
    starters: frozenset[str] = frozenset()
    """Words that begin sentences: after an abbreviation a capital alone says little."""
    ordinal_after: frozenset[str] = frozenset()
    """Articles and the like, in small letters, after which "3." before a capital is an ordinal."""
    ordinal_nouns: frozenset[str] = frozenset()
    """Nouns with a capital that follow ordinals."""
    ordinal_stems: tuple[str, ...] = ()
    """Beginnings of such nouns, in languages whose nouns take many endings."""
    scales: Mapping[str, Forms] = field(default_factory=dict)
    """Mio., млн and the like, between a number and what is counted."""
    fractions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """"2": ("half", "halves") and so on, by denominator."""
    parts_max: int = 20
    """Largest denominator that is read as a fraction."""
    counters: frozenset[str] = frozenset()
    """Chinese and Korean measure words."""
    counted_stops: frozenset[str] = frozenset()
    """Words that are never counted: a number before one of them does not agree with it."""
    numbered: frozenset[str] = frozenset()
    """Nouns, in small letters, whose number comes after them: page 1 stays "un"."""
    spelt: frozenset[str] = frozenset()
    """Acronyms with vowels that are spelt nevertheless."""
    spells: bool = True
    """Capitals without any vowel are spelt letter by letter."""
    roman_after: frozenset[str] = frozenset()
    """Nouns, in lower case, that a Roman number follows as a plain number."""
    roman_ordinal_after: frozenset[str] = frozenset()
    """Such nouns, and names, that it follows as an ordinal."""
    roman_before: frozenset[str] = frozenset()
    """Nouns before which a Roman number is an ordinal: "siècle"."""
    digits_after: frozenset[str] = frozenset()
    """Words, in lower case, after which a number is spelt digit by digit: code, PIN, ticket."""
    phone_after: frozenset[str] = frozenset()
    version_after: frozenset[str] = frozenset()
    year_after: frozenset[str] = frozenset()
    weekdays: Mapping[str, str] = field(default_factory=dict)
    score_after: frozenset[str] = frozenset()
    """Words near which 3-2 or 3:2 is a score."""
    sentence_noun_capitals: bool = False
    """Nouns begin with a capital (German), so a capital after a point is weak evidence."""
    speaker_digits: Mapping[str, str] = field(default_factory=dict)
    """Digits that are said differently in telephone numbers: 幺 for 一."""
