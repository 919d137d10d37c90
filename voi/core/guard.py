"""The guard on an agent's replies: no denied phrase is ever heard, and text waits only while it may become one."""

import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from voi.core.loose_json import loose_object

_IGNORED = frozenset("\"'`´‘’‚‛“”„‟′″‴‵‶«»‹›ʹʺʻʼʽˈˊˋ＇＂「」『』〝〞〟*_")
"""Quotes and apostrophes of all kinds, and the marks of emphasis, which are not heard."""


class PatternGuard:
    """Streaming search for denial phrases: `feed` deltas, get the text that is safe to release.

    Matching ignores case, quotes and apostrophes, emphasis marks, white space and invisible characters, and compares
    Unicode compatibility forms. An Aho-Corasick automaton: linear in the text, whatever the phrases. Feed it the words
    to be spoken (after the reply parser): JSON would hide a phrase in escapes.
    """

    __slots__ = ("_automaton", "_depth", "_held", "_held_folded", "_state", "denied")

    def __init__(self, phrases: Iterable[str]) -> None:
        self._automaton = _automaton(tuple(sorted(phrases)))
        self._state = 0
        self._held: deque[tuple[str, int]] = deque()  # characters not released, and how many folded ones each became
        self._held_folded = 0
        self.denied = False
        """A phrase was found. From then on nothing is released."""

    def feed(self, delta: str) -> str:
        """Text that is now safe: it cannot be part of a phrase. "" once denied."""
        released: list[str] = []
        for char in delta if not self.denied else "":
            folded = _fold(char)
            for symbol in folded:
                self._state = self._automaton.step(self._state, symbol)
                if self._automaton.final[self._state]:
                    self.denied = True
                    self._held.clear()
                    return ""
            self._held.append((char, len(folded)))
            self._held_folded += len(folded)
            self._release(self._automaton.depth[self._state], released)
        if self._held and self._held[0][0].isalnum():
            while released and _is_sign(released[-1]):
                self._hold_again(released.pop())
        return "".join(released)

    def close(self) -> str:
        """The rest: the reply is over, so nothing can become a phrase any more."""
        rest = "".join(char for char, _ in self._held)
        self._held.clear()
        return rest

    def _release(self, depth: int, released: list[str]) -> None:
        """Keep only those characters that the last `depth` folded ones came from."""
        while self._held and self._held_folded - self._held[0][1] >= depth:
            char, length = self._held.popleft()
            self._held_folded -= length
            released.append(char)

    def _hold_again(self, char: str) -> None:
        """Keep a sign with the word that it touches: the `.` of `.com` alone would look like a sentence's end."""
        folded = len(_fold(char))
        self._held.appendleft((char, folded))
        self._held_folded += folded


class _Automaton:
    """Aho-Corasick over folded phrases. State 0 is the root."""

    __slots__ = ("_fallback", "_next", "depth", "final")

    def __init__(self, patterns: Iterable[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self.depth = [0]
        self.final = [False]
        for pattern in patterns:
            state = 0
            for symbol in pattern:
                if symbol not in self._next[state]:
                    self._next[state][symbol] = len(self._next)
                    self._next.append({})
                    self.depth.append(self.depth[state] + 1)
                    self.final.append(False)
                state = self._next[state][symbol]
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


def _is_sign(char: str) -> bool:
    return not (char.isalnum() or char.isspace())


@lru_cache(maxsize=64)
def _automaton(phrases: tuple[str, ...]) -> _Automaton:
    """One automaton per set of phrases; conversations share it (it does not change)."""
    return _Automaton(filter(None, ("".join(map(_fold, phrase)) for phrase in phrases)))


@lru_cache(maxsize=4_096)
def _fold(char: str) -> str:
    """What remains of a character for comparison: perhaps nothing, perhaps several characters.

    Accents are split off (NFD), so that a composed letter and a combined one are the same; Hangul syllables stay whole.
    """
    out = []
    for part in unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold()):
        hangul = "\uac00" <= part <= "\ud7a3"
        for symbol in part if hangul else unicodedata.normalize("NFD", part):
            if not (symbol.isspace() or symbol in _IGNORED or unicodedata.category(symbol) in ("Cf", "Cc", "Cs")):
                out.append(symbol)
    return "" if char in _IGNORED else "".join(out)


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """How often, and how freely, a denied reply is tried again: try i at `base · temperature_multiplier^i`."""

    giveup_after: int = 3
    temperature_multiplier: float = 1.5
    base: float = 0.5
    cap: float = 2.0
    """The highest temperature that the model takes."""

    def temperature(self, attempt: int) -> float:
        """Of that try; tries count from 0."""
        try:
            return min(self.cap, self.base * self.temperature_multiplier**attempt)
        except OverflowError:
            return self.cap

    def gives_up(self, denials: int) -> bool:
        """After so many denied tries."""
        return denials >= self.giveup_after


def denied_class(answer: str, denial_classes: Sequence[str]) -> bool:
    """Does the control agent's answer, `{"class": …}` or the bare class, name one of these? Nonsense is no denial."""
    named = loose_object(answer).get("class", answer)
    classes = named if isinstance(named, list) else [named]
    denials = {_plain(name) for name in denial_classes}
    return any(_plain(name) in denials for name in classes if isinstance(name, str))


def _plain(name: str) -> str:
    return name.casefold().strip(" \t\r\n\"'`.*")
