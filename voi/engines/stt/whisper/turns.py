"""Whose pass is next, and with whom it is batched. Pure.

A flush (FINAL) goes before a pause (PAUSE: the flush is likely to follow) and that before a PARTIAL; within one
urgency, who waits longest. A batch with finals holds nothing else but partials that are overdue, so that a final waits
for as little as possible and a partial is never starved; a batch without finals is kept short for the final that may
come while it runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

STALE_MS = 1_500
"""A partial that waits longer goes along with finals."""
SHORT_BATCH_MS = 80
"""What a batch of partials may take: a final that comes meanwhile waits for it."""
PARTIAL_DUTY = 0.5
"""The device's time that partials may have, so that finals mostly find it free."""


class Urgency(IntEnum):
    FINAL = 0
    PAUSE = 1
    PARTIAL = 2


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[T]):
    """One caller's wish, and since when."""

    who: T
    urgency: Urgency
    since_ms: float


class Pace:
    """What a row of a batch costs, learned; and from when on partials are welcome again."""

    def __init__(self, max_batch: int) -> None:
        self.max_batch = max_batch
        self.partials_from_ms = 0.0
        self._row_ms = 0.0

    def learn(self, rows: int, cost_ms: float, now_ms: float, *, partials_only: bool) -> None:
        """A batch of so many rows took so long and ended now."""
        row_ms = cost_ms / rows
        self._row_ms = 0.8 * self._row_ms + 0.2 * row_ms if self._row_ms else row_ms
        if partials_only:
            self.partials_from_ms = now_ms + cost_ms * (1 / PARTIAL_DUTY - 1)

    @property
    def partial_rows(self) -> int:
        """How many rows a batch without finals may have."""
        if not self._row_ms:
            return self.max_batch
        return min(self.max_batch, max(1, int(SHORT_BATCH_MS / self._row_ms)))


def next_batch(waiting: Sequence[Waiting[T]], pace: Pace, now_ms: float) -> list[T]:
    """Who goes now; nobody where nothing waits or partials are to pause until `pace.partials_from_ms`."""
    ordered = sorted(waiting, key=lambda wish: (wish.urgency, wish.since_ms))
    finals = [wish for wish in ordered if wish.urgency is Urgency.FINAL]
    overdue = [wish for wish in ordered if wish.urgency is not Urgency.FINAL and now_ms - wish.since_ms >= STALE_MS]
    if finals:
        places = max(1, pace.max_batch // 4) if overdue else 0
        chosen = finals[: pace.max_batch - min(places, len(overdue))]
        return [wish.who for wish in (*chosen, *overdue[: pace.max_batch - len(chosen)][:places])]
    if now_ms < pace.partials_from_ms:
        ordered = [wish for wish in ordered if wish.urgency is Urgency.PAUSE or now_ms - wish.since_ms >= STALE_MS]
    return [wish.who for wish in ordered[: pace.partial_rows]]
