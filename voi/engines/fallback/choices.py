"""Which first choices rest after a failure, and how often second ones took over.

A first choice that failed rests for a while, so that not every turn waits for it again; then one call tries it, while
the others still go to the second. All calls of a server share this.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from voi.errors import EngineError

FallbackKind = Literal["stt", "llm", "tts"]
FallbackReason = Literal["failed", "limit", "slow", "resting"]
"""`limit`: the provider takes no more, at once or for its account. `resting`: it failed a moment ago."""

FIRST_REST_S, LONGEST_REST_S = 15.0, 300.0
TRIAL_S = 15.0
"""While one call tries it again, the others wait this long for what comes of it."""
REFUSALS_MAX = 3
"""A first choice that refuses this often in a row rests as well. Fewer may be the fault of what was asked: a text that
is too long, say, fails at once and for one caller alone."""
KNOWN_MAX = 500
"""Most first choices that are known, and combinations that are counted apart: clients may name models, too."""
OTHER = "(other)"

log = logging.getLogger(__name__)


class TooSlow(EngineError):
    """A first choice gave nothing within the agent's bound."""

    def __init__(self, name: str, after_s: float) -> None:
        super().__init__(f"{name} gave nothing within {after_s:g} s.", retryable=True)


def reason_of(error: EngineError) -> FallbackReason:
    """What that error of a first choice means."""
    return "slow" if isinstance(error, TooSlow) else "limit" if error.limit else "failed"


@dataclass(frozen=True, slots=True)
class Takeover:
    """A second choice did the work of a first one. `first`, `second`: names of STT engines, of LLMs, or of models of
    tts_models.json."""

    kind: FallbackKind
    first: str
    second: str
    reason: FallbackReason


class FirstChoice:
    """What is known of one first choice: whether it rests."""

    __slots__ = ("_failed_s", "_refusals", "_rest_s", "_resting", "_until_s", "_worked_s")

    def __init__(self) -> None:
        self._resting = False
        self._rest_s = FIRST_REST_S
        self._until_s = float("-inf")
        self._refusals = 0
        self._failed_s = self._worked_s = float("-inf")
        """When the newest calls began of which it is known that they failed, or worked."""

    @property
    def rests(self) -> bool:
        """It failed, and has not worked since."""
        return self._resting

    def admits(self, now_s: float) -> bool:
        """Whether it is to be asked now. When its rest is over, True once: that call tries it."""
        if not self._resting:
            return True
        if now_s < self._until_s:
            return False
        self._until_s = now_s + TRIAL_S
        return True

    def worked(self, began_s: float) -> bool:
        """A call that began then has got what it asked for. True: it had rested, and does no more."""
        self._worked_s = max(self._worked_s, began_s)
        self._refusals = 0
        if not self._resting or began_s < self._failed_s:
            return False
        self._resting, self._rest_s = False, FIRST_REST_S
        return True

    def failed(self, began_s: float, now_s: float, *, refused: bool) -> float:
        """A call that began then has failed. `refused`: the same call would fail again. Returns for how long it rests
        now, in seconds; 0: it does not, or did already."""
        self._refusals += refused
        if refused and self._refusals < REFUSALS_MAX:
            return 0.0
        if began_s < self._worked_s or (self._resting and began_s < self._failed_s):
            return 0.0  # it has worked since, or this is a late word of the failure that is known
        rest_s = self._rest_s
        self._resting, self._failed_s, self._until_s = True, now_s, now_s + rest_s
        self._rest_s = min(LONGEST_REST_S, 2 * rest_s)
        return rest_s


@dataclass(slots=True)
class Fallbacks:
    """All first choices of a server. `counts`: takeovers since the start."""

    counts: Counter[Takeover] = field(default_factory=Counter)
    _known: dict[tuple[FallbackKind, str], FirstChoice] = field(default_factory=dict)

    def ask(self, kind: FallbackKind, first: str, second: str) -> "Trial | None":
        """Begin a call of the first choice. None: it rests, and the second is to be asked."""
        choice = self._known.get((kind, first))
        if choice is None:
            choice = FirstChoice()
            if len(self._known) < KNOWN_MAX:
                self._known[kind, first] = choice
        now_s = _now_s()
        if choice.admits(now_s):
            return Trial(self, choice, kind, first, second, now_s)
        self.count(Takeover(kind, first, second, "resting"))
        return None

    def count(self, takeover: Takeover) -> None:
        """Count one."""
        if takeover not in self.counts and len(self.counts) >= KNOWN_MAX:
            takeover = replace(takeover, first=OTHER, second=OTHER)
        self.counts[takeover] += 1

    def states(self) -> list[tuple[FallbackKind, str, bool]]:
        """The first choices that were asked so far, each with whether it rests now."""
        return [(kind, name, choice.rests) for (kind, name), choice in self._known.items()]

    @property
    def resting(self) -> list[str]:
        """Those that rest, such as "LLM gpt-4.1"."""
        return [f"{kind.upper()} {name}" for kind, name, rests in self.states() if rests]


@dataclass(frozen=True, slots=True)
class Trial:
    """One call of a first choice, from when it was asked. Tell what came of it, if anything did."""

    fallbacks: Fallbacks
    choice: FirstChoice
    kind: FallbackKind
    first: str
    second: str
    began_s: float

    def worked(self) -> None:
        """It gave what was asked for, or the first of it."""
        if self.choice.worked(self.began_s):
            log.warning("%s %s works again", self.kind, self.first)

    def failed(self, error: EngineError, *, taken_over: bool = True) -> None:
        """It failed, and the second takes over. `taken_over` False: too late for that, but it rests all the same."""
        reason = reason_of(error)
        rest_s = self.choice.failed(self.began_s, _now_s(), refused=not (error.retryable or error.limit))
        if not taken_over:
            return
        self.fallbacks.count(Takeover(self.kind, self.first, self.second, reason))
        rests = f", and {self.first} is not asked for {rest_s:g} s" if rest_s else ""
        log.warning("%s: %s takes over from %s (%s)%s: %s", self.kind, self.second, self.first, reason, rests, error)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
