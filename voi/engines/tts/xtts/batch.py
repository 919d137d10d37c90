"""Continuous batching: sentences of all callers advance together and join and leave at any step.

`step` is one round: forget who left, let in who waits, one code for everybody, then sound for whoever has enough
codes. The first windows of a sentence and the last are computed at once, those between every few steps, so that more of
them go together. First come, first served; a caller waits for a slot only while all are taken. One thread calls `step`;
`submit` and `Job.cancel` may be called from anywhere.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from voi.engines.tts.xtts.checkpoint import VoiceLatents
from voi.engines.tts.xtts.decoder import FILLS, Beginning, Decoder
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.vocoder import Piece, Vocoder
from voi.engines.tts.xtts.windows import Stretch, Window
from voi.errors import EngineError

STEPS_BETWEEN_WINDOWS = 4
LET_IN_AT_ONCE = FILLS[-1]  # more would keep those who are speaking waiting
Samples = NDArray[np.int16]


@dataclass(slots=True, eq=False)
class Job:
    """One sentence. `ids`: text with its marks; `max_codes`: where a runaway is stopped; `on_sound` gets int16 samples,
    `on_end` None or what went wrong, once, unless cancelled; both on the batch's thread. `codes` grows as it goes."""

    ids: Sequence[int]
    voice: VoiceLatents
    sampling: Sampling
    seed: int
    stretch: Stretch
    max_codes: int
    on_sound: Callable[[Samples], None]
    on_end: Callable[[EngineError | None], None]
    cancelled: bool = False
    codes: list[int] = field(default_factory=list)

    def cancel(self) -> None:
        """Its slot is free before the next code."""
        self.cancelled = True


@dataclass(slots=True, eq=False)
class _Row:
    job: Job
    slot: int
    prefix_places: int
    ended: bool = False  # no more codes
    frames_done: int = 0
    windows_done: int = 0

    def window(self, vocoder: Vocoder) -> Window | None:
        stretch, codes = self.job.stretch, len(self.job.codes)
        total = stretch.frames(codes) if self.ended else None
        return vocoder.plan.next(self.windows_done, self.frames_done, stretch.settled(codes), total)


class Batch:
    """`stop_code`: the code that ends a sentence. `most_waiting`: sentences that may wait for a slot."""

    def __init__(self, decoder: Decoder, vocoder: Vocoder, *, stop_code: int, most_waiting: int) -> None:
        self._decoder, self._vocoder = decoder, vocoder
        self._stop_code = stop_code
        self._most_waiting = most_waiting
        self._waiting: deque[Job] = deque()
        self._rows: dict[int, _Row] = {}
        self._abandoned: list[int] = []  # slots of sentences that failed
        self._steps = 0
        self._retired: EngineError | None = None
        self._door = threading.Lock()  # held for an instant: nobody slips in while it is being closed

    @property
    def busy(self) -> bool:
        return bool(self._rows or self._waiting)

    @property
    def speaking(self) -> int:
        """Slots in use."""
        return len(self._rows)

    def submit(self, job: Job) -> None:
        """EngineError when too many wait already, or that of `retire`."""
        with self._door:
            if self._retired is not None:
                raise self._retired
            self._take(job)

    def _take(self, job: Job) -> None:
        if len(self._waiting) >= self._most_waiting:
            raise EngineError(
                f"XTTS is full: {self._decoder.slots} sentences are being spoken and {self._most_waiting} wait. More "
                "`slots` serve more callers where memory allows it.",
                engine="xtts",
                retryable=True,
            )
        self._waiting.append(job)

    def retire(self, error: EngineError) -> None:
        """Nothing is taken any more, and what is there ends with this error. On the thread."""
        with self._door:
            self._retired = error
        self.fail(error)

    def step(self) -> None:
        """One round. Without anybody there it does nothing."""
        while self._abandoned:
            self._decoder.release(self._abandoned.pop())
        self._forget_cancelled()
        self._let_in()
        if not self._rows:
            return
        self._close_gap()
        self._advance()
        self._sound()

    def fail(self, error: EngineError) -> None:
        """End everybody's sentence with this error: nothing is known of the device's state."""
        jobs = [row.job for row in self._rows.values()]
        while self._waiting:
            jobs.append(self._waiting.popleft())
        self._abandoned += self._rows
        self._rows.clear()
        for job in jobs:
            if not job.cancelled:
                job.on_end(error)

    # ---- a round ------------------------------------------------------------------------------

    def _forget_cancelled(self) -> None:
        for row in [row for row in self._rows.values() if row.job.cancelled]:
            del self._rows[row.slot]
            self._decoder.release(row.slot)

    def _let_in(self) -> None:
        beginnings: list[Beginning] = []
        while self._waiting and len(self._rows) < self._decoder.slots and len(beginnings) < LET_IN_AT_ONCE:
            job = self._waiting.popleft()
            if job.cancelled:
                continue
            slot = next(slot for slot in range(self._decoder.slots) if slot not in self._rows)
            entry = Beginning(slot, job.ids, job.voice.conditioning, job.sampling, job.seed)
            self._rows[slot] = _Row(job, slot, entry.places)
            beginnings.append(entry)
        if beginnings:
            self._decoder.begin(beginnings)

    def _close_gap(self) -> None:
        """Move the highest row down where that makes the step smaller. One a step."""
        highest = max(self._rows)
        if self._decoder.rows_for(highest) == self._decoder.rows_for(len(self._rows) - 1):
            return
        lowest = next(slot for slot in range(highest) if slot not in self._rows)
        row = self._rows.pop(highest)
        self._decoder.move(highest, lowest)
        row.slot = lowest
        self._rows[lowest] = row

    def _advance(self) -> None:
        rows = self._rows.values()
        furthest = max(row.prefix_places + len(row.job.codes) for row in rows)
        codes = self._decoder.step(max(self._rows), furthest)
        self._steps += 1
        for row in rows:
            row.job.codes.append(codes[row.slot])
            if codes[row.slot] == self._stop_code or len(row.job.codes) >= row.job.max_codes:
                row.ended = True
                self._decoder.release(row.slot)

    def _sound(self) -> None:
        while due := self._due():
            due.sort(key=lambda entry: entry[1].size)
            for _, group in groupby(due, key=lambda entry: entry[1].size):
                same_size = list(group)
                most = self._vocoder.most_together
                for at in range(0, len(same_size), most):
                    self._compute(same_size[at : at + most])
        for row in [row for row in self._rows.values() if row.ended]:
            del self._rows[row.slot]
            if not row.job.cancelled:
                row.job.on_end(None)

    def _due(self) -> list[tuple[_Row, Window]]:
        now_all = self._steps % STEPS_BETWEEN_WINDOWS == 0
        wanting = [row for row in self._rows.values() if now_all or row.ended or row.windows_done == 0]
        return [(row, window) for row in wanting if (window := row.window(self._vocoder)) is not None]

    def _compute(self, entries: Sequence[tuple[_Row, Window]]) -> None:
        pieces = [
            Piece(row.slot, len(row.job.codes), row.job.stretch, window, row.job.voice.embedding)
            for row, window in entries
        ]
        for (row, window), samples in zip(entries, self._vocoder.run(pieces), strict=True):
            row.frames_done = window.keep_stop
            row.windows_done += 1
            if not row.job.cancelled:
                row.job.on_sound(samples)
