"""Chooses the streams of the next batch of passes. Pure.

A flush (FINAL) goes before a pause (PAUSE: a flush is likely to follow), and a pause before a PARTIAL; within one
urgency, the stream that has waited longest goes first. A pass that has waited for `STALE_MS` is overdue, and only its
age counts: it goes before all that are not overdue, and gets a quarter of the rows of a batch of finals. So a final
waits as little as possible, and no stream starves. A batch without finals is kept short, for a final that may come
while it runs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

STALE_MS = 1_500
"""A pause or a partial that waits longer is overdue."""
OVERDUE_SHARE = 4
"""While finals wait, one row in this many goes to overdue passes; if a batch has fewer rows, one batch in this many."""
SHORT_BATCH_MS = 40
"""Longest time of a batch of partials. A final that arrives meanwhile waits for it and for its own pass, together under
100 ms on a GPU."""
ONE_FACTOR = 1.5
"""A batch may also take this many times the time of a single row: a shorter batch would gain nothing."""
PARTIAL_DUTY = 0.5
"""Share of the device's time that partials may take, so that finals mostly find it free."""
FORGET = 0.99
"""Factor on the estimated cost of a further row after each batch of one row: a batch that was slow by chance must not
limit batches to one row for ever. If a further row costs as much as the first, two are tried again after seventy
batches."""


class Urgency(IntEnum):
    """How soon a pass is wanted; the lowest value first. FINAL: a caller waits for the turn's text. PAUSE: it may be
    wanted in a moment. PARTIAL: for the display."""

    FINAL = 0
    PAUSE = 1
    PARTIAL = 2


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WaitingPass(Generic[T]):
    """One caller's wish, and since when."""

    who: T
    urgency: Urgency
    since_ms: float


class BatchPace:
    """The measured time of batches without finals, for one row and for each further row. It also says when partials may
    run again, and how many rows finals leave to overdue passes."""

    def __init__(self, max_batch: int) -> None:
        self.max_batch = max_batch
        self.partials_from_ms = 0.0
        self._one_ms: float | None = None
        self._more_ms: float | None = None
        self._finals_in_a_row = 0

    def learn(self, batch: Collection[Urgency], cost_ms: float, now_ms: float, *, repeated: bool = False) -> None:
        """Note that a batch of these passes took `cost_ms` and ended now. `repeated`: something was decoded more than
        once in that time, so it does not show what a row takes."""
        if Urgency.FINAL in batch:
            self._finals_in_a_row += 1
            return
        self._finals_in_a_row = 0
        if Urgency.PAUSE not in batch:
            self.partials_from_ms = now_ms + cost_ms * (1 / PARTIAL_DUTY - 1)
        if repeated:
            return
        if len(batch) > 1:
            if self._one_ms is not None:
                self._more_ms = _smoothed(self._more_ms, max(0.0, cost_ms - self._one_ms) / (len(batch) - 1))
            return
        self._one_ms = _smoothed(self._one_ms, cost_ms)
        if self._more_ms is not None and self.partial_rows == 1:
            self._more_ms *= FORGET

    @property
    def overdue_rows(self) -> int:
        """How many rows of a batch with finals go to overdue passes. If batches have only one row, it is theirs once in
        `OVERDUE_SHARE` batches."""
        if self.max_batch == 1:
            return int(self._finals_in_a_row >= OVERDUE_SHARE - 1)
        return max(1, self.max_batch // OVERDUE_SHARE)

    @property
    def partial_rows(self) -> int:
        """How many rows a batch without finals may have; one and then two, as long as nothing was measured."""
        if self._one_ms is None:
            return 1
        if self._more_ms is None:
            return min(2, self.max_batch)
        room_ms = max(SHORT_BATCH_MS, ONE_FACTOR * self._one_ms) - self._one_ms
        return min(self.max_batch, 1 + int(room_ms / max(self._more_ms, 0.01)))


def _smoothed(known: float | None, new: float) -> float:
    return new if known is None else 0.8 * known + 0.2 * new


def next_batch(waiting: Sequence[WaitingPass[T]], pace: BatchPace, now_ms: float) -> list[T]:
    """The streams that go now; none when nothing waits, or when partials pause until `pace.partials_from_ms`."""
    ordered = sorted(waiting, key=lambda wish: (wish.urgency, wish.since_ms))
    finals = [wish for wish in ordered if wish.urgency is Urgency.FINAL]
    others = [wish for wish in ordered if wish.urgency is not Urgency.FINAL]
    overdue = sorted(
        (wish for wish in others if now_ms - wish.since_ms >= STALE_MS),
        key=lambda wish: wish.since_ms,
    )
    if finals:
        overdue = overdue[: pace.overdue_rows]
        return [wish.who for wish in (*finals[: pace.max_batch - len(overdue)], *overdue)]
    timely = [wish for wish in others if now_ms - wish.since_ms < STALE_MS]
    if now_ms < pace.partials_from_ms:
        timely = [wish for wish in timely if wish.urgency is Urgency.PAUSE]
    return [wish.who for wish in (*overdue, *timely)[: pace.partial_rows]]
