"""The shape of what a language adds to dictation. All words are in lower case."""

from collections.abc import Mapping
from dataclasses import dataclass, field


def alphabet(text: str) -> Mapping[str, str]:
    """A spelling alphabet, written as "alfa bravo …": each word stands for its first letter. "word=x": for x."""
    found = {}
    for item in text.split():
        word, _, letters = item.partition("=")
        found[word] = letters or word[0]
    return found


def phrases(text: str) -> tuple[str, ...]:
    """Phrases written with | between them."""
    return tuple(part.strip() for part in text.split("|") if part.strip())


@dataclass(frozen=True, slots=True)
class DictationTable:
    """What people say in one language while they dictate. Phrases may have several words."""

    digits: Mapping[str, str] = field(default_factory=dict)
    """Words for digits and numbers that num2words does not write."""
    likely_digits: Mapping[str, str] = field(default_factory=dict)
    """What a transcript writes for a digit between digits: "four for two"."""
    repeats: Mapping[str, int] = field(default_factory=dict)
    """"double", "triple": how often what follows is meant."""
    alphabets: tuple[Mapping[str, str], ...] = ()
    """Spelling alphabets: word to letters."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """Names of letters, as transcripts write them."""
    sounds: tuple[str, ...] = ()
    """Sets of letters whose names sound alike, each as one text."""
    as_in: tuple[str, ...] = ()
    """Between a letter and its example: "as in"."""
    signs: Mapping[str, str] = field(default_factory=dict)
    """Names of signs in addresses and codes."""
    corrects: tuple[str, ...] = ()
    """After these, what was just said is said again, better."""
    restarts: tuple[str, ...] = ()
    """What was said so far is void."""
    negates: tuple[str, ...] = ()
    """The next thing is what is not meant: "not five, seven"."""
    fillers: tuple[str, ...] = ()
    """Say nothing, wherever they stand."""
    leads: tuple[str, ...] = ()
    """Words and phrases before a value, and no part of it."""
    trails: tuple[str, ...] = ()
    """Words and phrases behind a name, and no part of it."""
    others: tuple[str, ...] = ()
    """Before digits that do not belong to the number: its extension, the date on which a card expires."""
    doubled: tuple[str, ...] = ()
    """Between a name and a remark about its spelling: "with double t"."""
    respells: tuple[str, ...] = ()
    """Between a word and its spelling: "that's"."""
    links: frozenset[str] = frozenset()
    """Words inside of numbers and between an amount and its cents: "and"."""
    hundred: str = ""
    thousand: tuple[str, ...] = ()
    million: tuple[str, ...] = ()
    billion: tuple[str, ...] = ()
    """A thousand million."""
    ordinals: Mapping[str, int] = field(default_factory=dict)
    """Days of a month that num2words does not write."""
    ordinal_marks: frozenset[str] = frozenset()
    """What is written behind the digits of an ordinal: "5th"."""
    days: Mapping[str, int] = field(default_factory=dict)
    """Days counted from today: "tomorrow"."""
    weekdays: Mapping[str, int] = field(default_factory=dict)
    """Forms of weekdays that CLDR does not write -> 0 (Monday) to 6."""
    articles: frozenset[str] = frozenset()
    """Before a noun of which there is one: "a dollar", "in a week"."""
    halves: Mapping[str, str] = field(default_factory=dict)
    """Words for numbers with a half, which num2words does not write: "half" is 0.5."""
    currencies: Mapping[str, str] = field(default_factory=dict)
    """Words and signs to ISO 4217 codes."""
    cents: frozenset[str] = frozenset()
    points: frozenset[str] = frozenset()
    """Words for the decimal point."""
    regions: str = ""
    """Region whose telephone numbers and dates are meant if nothing else is said (ISO 3166)."""
