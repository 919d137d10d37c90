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
SHORT_BATCH_MS = 40
"""What a batch of partials may take: a final that comes meanwhile waits for it, and then for its own pass. Both are to
stay under 100 ms on a GPU."""
ONE_FACTOR = 1.5
"""Or so many times what a single row takes: where that is longer, keeping the others waiting helps nobody."""
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
    """What batches of partials take, learned: one row, each further one; from when on partials are welcome again."""

    def __init__(self, max_batch: int) -> None:
        self.max_batch = max_batch
        self.partials_from_ms = 0.0
        self._one_ms: float | None = None
        self._more_ms: float | None = None

    def learn(self, rows: int, cost_ms: float, now_ms: float, *, partials_only: bool) -> None:
        """A batch of so many rows took so long and ended now."""
        if not partials_only:
            return
        self.partials_from_ms = now_ms + cost_ms * (1 / PARTIAL_DUTY - 1)
        if rows == 1:
            self._one_ms = _smoothed(self._one_ms, cost_ms)
        elif self._one_ms is not None:
            self._more_ms = _smoothed(self._more_ms, max(0.0, cost_ms - self._one_ms) / (rows - 1))

    @property
    def partial_rows(self) -> int:
        """How many rows a batch without finals may have; one and then two as long as nothing is known."""
        if self._one_ms is None:
            return 1
        if self._more_ms is None:
            return min(2, self.max_batch)
        room_ms = max(SHORT_BATCH_MS, ONE_FACTOR * self._one_ms) - self._one_ms
        return min(self.max_batch, 1 + int(room_ms / max(self._more_ms, 0.01)))


def _smoothed(known: float | None, new: float) -> float:
    return new if known is None else 0.8 * known + 0.2 * new


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
