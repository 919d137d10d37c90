"""What one call has used so far, and what that costs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voi.session.observer import Observer
from voi.use import Use, UseKind

OWN_AGENT = "(client's own)"
"""Shown instead of the name of an agent that a client brought."""
NO_AGENT = "(none)"
"""Shown instead of the name of an agent for what was used outside of any call."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Who used something. `door`: the kind of door that the call came through."""

    app: str
    agent: str
    door: str


@dataclass(slots=True)
class Total:
    """All uses of one engine and model. `estimated`: how many of the `uses` were not counted by the provider.
    `unpriced`: how many have no known price, and are not in `cost`."""

    kind: UseKind
    provider: str
    model: str
    uses: int = 0
    estimated: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    sound_ms: int = 0
    characters: int = 0
    cost: float = 0.0

    def add(self, use: Use, cost: float | None) -> None:
        # a call is one use, however often its length is told
        self.uses = 1 if use.kind == "call" else self.uses + 1
        self.estimated += use.estimated
        self.unpriced += cost is None
        self.input_tokens += use.input_tokens
        self.output_tokens += use.output_tokens
        self.sound_ms += use.sound_ms
        self.characters += use.characters
        self.cost += cost or 0.0


class OnUse(Protocol):
    """Told of each use of an engine by a call, as it happens."""

    def __call__(self, whose: Whose, use: Use, cost: float | None, /) -> None:
        """A call used something. `cost` None: unknown."""
        ...


class CallUsage(Observer):
    """Adds up what one call uses. `price` returns the cost of a use. Each `on_use` is called with every use, then
    `on_total` with all totals, which go on growing. `clock`: monotonic seconds."""

    def __init__(
        self,
        whose: Whose,
        price: Callable[[Use], float | None],
        on_use: Sequence[OnUse] = (),
        on_total: Callable[[tuple[Total, ...]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.whose = whose
        self._price = price
        self._on_use = on_use
        self._on_total = on_total
        self._clock = clock
        self._totals: dict[tuple[str, str, str], Total] = {}
        self._told_ms = round(clock() * 1_000)
        """Until when the call's length is counted."""

    @property
    def totals(self) -> tuple[Total, ...]:
        """What was used so far, a total for each engine and model."""
        return tuple(self._totals.values())

    def usage(self, use: Use) -> None:
        self._count(self._length())
        self._count(use)
        self._tell()

    def tick(self) -> None:
        """Count the call's length up to now."""
        self._count(self._length())
        self._tell()

    async def close(self) -> None:
        self.tick()

    def _length(self) -> Use:
        now_ms = round(self._clock() * 1_000)
        since_ms, self._told_ms = now_ms - self._told_ms, now_ms
        return Use("call", self.whose.door, sound_ms=since_ms)

    def _count(self, use: Use) -> None:
        cost = self._price(use)
        total = self._totals.get(key := (use.kind, use.provider, use.model))
        if total is None:
            total = self._totals[key] = Total(use.kind, use.provider, use.model)
        total.add(use, cost)
        for told in self._on_use:
            told(self.whose, use, cost)

    def _tell(self) -> None:
        if self._on_total is not None:
            self._on_total(self.totals)
