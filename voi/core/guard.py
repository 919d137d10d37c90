"""The guard on an agent's replies: no denied phrase is ever heard, and text is held only while it may become one."""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from voi.core.loose_json import loose_object
from voi.core.spoken_symbols import (
    APOSTROPHE,
    DOTTED,
    LETTERED,
    LOOSE,
    NARROW,
    NOT_HEARD,
    PARTED,
    PERHAPS,
    SPACE,
    SpokenSymbols,
    is_bounded,
    symbols_of,
)

_ACRONYM = re.compile(r"\b(?:[A-Z]{2,5}|(?:[A-Za-z]\.){2,5})(?!\w)")
_SPELT = re.compile(r"\b[A-Z](?: [A-Z]){1,4}\b")
_ACRONYMS_MAX = 4
"""How many acronyms of one phrase are also searched letter by letter. Further ones are found only as written."""
_HOMOGRAPHS = re.compile(
    r"\b(?:well|were|wed|ill|id|hell|hed|shell|shed|its|lets|whore|wholl|im|ive|theyd)\b", re.IGNORECASE
)
"""Words that another word becomes without its apostrophe, as "we'll" becomes "well"."""
_JOIN = "\ua000"
"""Stands for NARROW or LOOSE while a phrase is being read: a letter that no phrase contains."""
_GAPS = (SPACE, NARROW, LOOSE)
_WAYS_MAX = 8
"""Limit on the number of ways in which one text may be heard, when its marks may or may not separate words."""
_CLASS_WORDS_MAX, _CLASS_MAX_CHARACTERS = 3, 60
"""Longest answer of a control agent that counts as the name of a class by itself."""


class PatternGuard:
    """Streaming search for denial phrases: `feed` deltas, get the text that is safe to release.

    Whole words are compared as they are heard (`spoken_symbols.py`): "as an AI" is in "As an <b>A.I.</b>", and not in
    "It was an airport". The search is an Aho-Corasick automaton, so its time is linear in the text for any number of
    phrases. Feed it the words to be spoken (after the reply parser): JSON escapes would hide a phrase.
    """

    __slots__ = ("_automaton", "_held", "_held_symbols", "_reader", "_states", "denied")

    def __init__(self, phrases: Iterable[str]) -> None:
        self._automaton = _automaton(tuple(sorted(phrases)))
        self._states = [self._automaton.step(0, SPACE)]
        """More than one where the text may be heard in several ways."""
        self._reader = SpokenSymbols()
        self._held: deque[tuple[str, int]] = deque()  # text not released yet, and how many symbols each part has
        self._held_symbols = 0
        self.denied = False
        """A phrase was found. Nothing is released after that."""

    def feed(self, delta: str) -> str:
        """Take the next text; return what is now safe, because it cannot be part of a phrase. "" once denied."""
        released: list[str] = []
        for char in delta if not self.denied else "":
            for text, symbols in self._reader.feed(char):
                if not self._take(text, symbols):
                    return ""
            self._release(max(self._automaton.waits[state] for state in self._states), released)
        if self._held and self._held[0][0][0].isalnum():
            while released and _is_sign(released[-1]):
                self._hold_again(released.pop())
        return "".join(released)

    def part(self) -> None:
        """Start a new word: what follows, such as the words of another voice, does not continue the word before."""
        if not self.denied:
            self._take("", self._reader.part())

    def close(self) -> str:
        """End of the reply: return the text still held. "" if the reply ended with a phrase."""
        for text, symbols in self._reader.close() if not self.denied else ():
            if not self._take(text, symbols):
                return ""
        if not self.denied and not self._take("", SPACE):
            return ""
        rest = "".join(text for text, _ in self._held)
        self._held.clear()
        return rest

    def _take(self, text: str, symbols: str) -> bool:
        """Search the next symbols. False: they complete a phrase."""
        step, states = self._automaton.step, self._states
        for symbol in symbols:
            if symbol in (PERHAPS, APOSTROPHE):
                if symbol == APOSTROPHE:
                    states = [0 if self._automaton.strict[state] else state for state in states]
                others = (SPACE, NARROW, LOOSE) if symbol == PERHAPS else (APOSTROPHE,)
                ways = dict.fromkeys([*states, *(step(state, other) for state in states for other in others)])
                states = sorted(ways, key=self._automaton.waits.__getitem__, reverse=True)[:_WAYS_MAX]
            elif symbol == SPACE:
                narrow = [step(state, gap) for state in states for gap in (NARROW, LOOSE)]
                states = list(dict.fromkeys([*(step(state, SPACE) for state in states), *filter(None, narrow)]))
            elif symbol in (PARTED, DOTTED):
                too_narrow = (NARROW, LOOSE) if symbol == PARTED else (NARROW,)
                states = [state for state in states if self._automaton.gap[state] not in too_narrow] or [step(0, SPACE)]
            else:
                states = list(dict.fromkeys(step(state, symbol) for state in states))
            if any(self._automaton.final[state] for state in states):
                self.denied = True
                self._held.clear()
                return False
        self._states = states
        length = sum(symbol not in NOT_HEARD for symbol in symbols)
        self._held.append((text, length))
        self._held_symbols += length
        return True

    def _release(self, waiting: int, released: list[str]) -> None:
        """Move held text to `released`, except the text of the last `waiting` symbols."""
        while self._held and self._held_symbols - self._held[0][1] >= waiting:
            text, length = self._held.popleft()
            self._held_symbols -= length
            released.append(text)

    def _hold_again(self, text: str) -> None:
        """Keep a sign with the word that it touches: the `.` of `.com` alone would look like the end of a sentence."""
        self._held.appendleft((text, 0))


class _Automaton:
    """Aho-Corasick over folded phrases. State 0 is the root."""

    __slots__ = ("_fallback", "_next", "final", "gap", "strict", "waits")

    def __init__(self, patterns: Iterable[tuple[str, bool]]) -> None:
        """`patterns`: each with whether an apostrophe would make other words of its own."""
        self._next: list[dict[str, int]] = [{}]
        self.waits = [0]
        """For each state, how many symbols may become a phrase. The space before the first word is not counted."""
        self.final = [False]
        self.gap = [""]
        """For each state, its newest symbol if that is a gap."""
        self.strict = [False]
        """For each state, whether no apostrophe may follow: "we'll" is not "well"."""
        for pattern, is_strict in patterns:
            state, length = 0, 0
            for symbol in pattern:
                length += bool(length or symbol != SPACE)
                if symbol not in self._next[state]:
                    self._next[state][symbol] = len(self._next)
                    self._next.append({})
                    self.waits.append(length)
                    self.final.append(False)
                    self.gap.append(symbol if symbol in _GAPS else "")
                    self.strict.append(is_strict and symbol not in _GAPS)
                state = self._next[state][symbol]
                self.strict[state] &= is_strict
            self.final[state] = True
        self._fallback = [0] * len(self._next)
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            for symbol, target in self._next[state].items():
                self._fallback[target] = self.step(self._fallback[state], symbol)
                self.final[target] |= self.final[self._fallback[target]]
                queue.append(target)

    def step(self, state: int, symbol: str) -> int:
        while state and symbol not in self._next[state]:
            state = self._fallback[state]
        return self._next[state].get(symbol, 0)


def _is_sign(text: str) -> bool:
    return len(text) == 1 and not (text.isalnum() or text.isspace())


@lru_cache(maxsize=64)
def _automaton(phrases: tuple[str, ...]) -> _Automaton:
    """The automaton of these phrases. It is immutable, so conversations share it."""
    return _Automaton(
        (pattern, _HOMOGRAPHS.search(phrase) is not None) for phrase in phrases for pattern in patterns(phrase)
    )


def patterns(phrase: str) -> list[str]:
    """The symbols of a phrase with its bounding spaces, and variants with its acronyms letter by letter, because "A I"
    sounds like "AI". Empty for a phrase without a word."""
    phrase = _SPELT.sub(_joined, phrase)
    join = NARROW if _ACRONYM.fullmatch(phrase.strip()) else LOOSE
    acronyms = list(_ACRONYM.finditer(phrase))[:_ACRONYMS_MAX]
    found = set()
    for apart in product((False, True), repeat=len(acronyms)):
        written, at = "", 0
        for acronym, letters_apart in zip(acronyms, apart, strict=True):
            letters = acronym[0].replace(".", "")
            joined = _JOIN.join(letters) if letters_apart else letters  # "As an A, I passed" is not AI
            written += phrase[at : acronym.start()] + joined
            at = acronym.end()
        if symbols := symbols_of(written + phrase[at:]).replace(_JOIN, join):
            before = SPACE if is_bounded(symbols[0]) else ""
            after = SPACE if is_bounded(symbols[-1]) else ""
            for ending in (after, f"{APOSTROPHE}s{after}") if after else ("",):
                found.add(before + symbols + ending)
    cannot = [pattern.replace(" cannot", " can not") for pattern in found]
    return sorted(found.union(cannot, (pattern.replace(" can not", " cannot") for pattern in found)))


def _joined(spelt: re.Match[str]) -> str:
    """ "A I", as the voice says AI, in one word; but not in "Plan A I like"."""
    before = spelt.string[: spelt.start()].split()
    return spelt[0] if before and before[-1].casefold() in LETTERED else spelt[0].replace(" ", "")


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """How often a denied reply is tried again, and at which temperature: try i at `base · temperature_multiplier^i`."""

    giveup_after: int = 3
    temperature_multiplier: float = 1.5
    base: float = 0.5
    cap: float = 2.0
    """The highest temperature that the model takes."""

    def temperature(self, attempt: int) -> float:
        """Temperature of that try; tries count from 0."""
        try:
            return min(self.cap, self.base * self.temperature_multiplier**attempt)
        except OverflowError:
            return self.cap

    def gives_up(self, denials: int) -> bool:
        """True if no try is left after this many denials."""
        return denials >= self.giveup_after


def denied_class(answer: str, denial_classes: Sequence[str]) -> bool:
    """True if the control agent's answer, `{"class": …}` or the bare class, names one of these classes. An answer that
    cannot be read is not a denial."""
    named = loose_object(answer).get("class", answer)
    classes = named if isinstance(named, list) else [named]
    denials = {_plain(name) for name in denial_classes}
    return any(_plain(name) in denials for name in classes if isinstance(name, str))


def names_class(answer: str) -> bool:
    """True if the control agent's answer names a class, as `{"class": …}` or in so few words that they are one."""
    found = loose_object(answer)
    if "class" in found:
        return isinstance(found["class"], str | list) and bool(found["class"])
    return not found and len(answer) <= _CLASS_MAX_CHARACTERS and 0 < len(answer.split()) <= _CLASS_WORDS_MAX


def _plain(name: str) -> str:
    return name.casefold().strip(" \t\r\n\"'`.*")
