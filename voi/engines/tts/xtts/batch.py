"""Continuous batching: sentences of all callers advance together and join and leave at any step.

`step` is one round: drop cancelled sentences, admit waiting ones, compute one code for each, then sound for those with
enough codes. A sentence's first window is computed at once. Further windows are computed together, every few steps, one
group a round, so that no sentence's next code waits for the sound of all others.

When there is not enough for all, the earliest deadline goes first (Liu and Layland 1973). A sentence's deadline is the
moment when its listener has heard all sound before it. A sentence with ten seconds of sound ahead lets a new one pass,
but none waits forever, since deadlines do not move. One thread calls `step`; any thread may call `submit` and
`Job.cancel`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voi.engines.tts.xtts.checkpoint import VoiceLatents
from voi.engines.tts.xtts.decoder import FILLS, Drawn, GptDecoder, SentenceStart
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.sampling import NOT_A_NUMBER
from voi.engines.tts.xtts.vocoder import PendingSound, Vocoder, VocoderWindow
from voi.engines.tts.xtts.windows import FrameWindow, Stretch
from voi.errors import EngineError

STEPS_BETWEEN_WINDOWS = 4
MOST_ON_THE_WAY = 2  # groups of windows that a vocoder with a stream of its own has to do; first windows besides
LET_IN_AT_ONCE = FILLS[-1]  # more would delay the sentences that are being spoken
Samples = NDArray[np.int16]


@dataclass(slots=True, eq=False)
class Job:
    """One sentence. `ids`: text with its marks; `max_codes`: limit that stops a runaway; `on_sound` gets int16 samples;
    `on_end` gets None or the error, once, unless the job is cancelled. Both are called on the batch's thread. `due_s`:
    when its listener has heard everything before it, by the batch's clock. `codes` grows while it is generated."""

    ids: Sequence[int]
    voice: VoiceLatents
    sampling: Sampling
    seed: int
    stretch: Stretch
    max_codes: int
    on_sound: Callable[[Samples], None]
    on_end: Callable[[EngineError | None], None]
    due_s: float = 0.0
    cancelled: bool = False
    codes: list[int] = field(default_factory=list)

    def cancel(self) -> None:
        """Cancel the sentence. Its slot is free before the next code."""
        self.cancelled = True


@dataclass(slots=True, eq=False)
class _Row:
    job: Job
    slot: int
    prefix_places: int
    due_s: float  # when its listener has heard all of its sound so far
    steps: int = 0  # that were started for it
    ended: bool = False  # no more codes
    frames_done: int = 0
    windows_done: int = 0
    on_the_way: int = 0  # windows of which the sound is not there yet

    def window(self, vocoder: Vocoder) -> FrameWindow | None:
        stretch, codes = self.job.stretch, len(self.job.codes)
        total = stretch.frames(codes) if self.ended else None
        return vocoder.plan.next(self.windows_done, self.frames_done, stretch.settled(codes), total)


DueRows = list[tuple[_Row, FrameWindow]]
StepRows = list[tuple[_Row, int]]


class Batch:
    """`stop_code`: the code that ends a sentence. `most_waiting`: sentences that may wait for a slot. `rate_hz`: sample
    rate of the sound. `ahead`: each step is started before the codes of the last one are read, so that the device does
    not wait for this thread; a sentence that has ended is then computed one step too far, and that step is not used."""

    def __init__(
        self,
        decoder: GptDecoder,
        vocoder: Vocoder,
        *,
        stop_code: int,
        most_waiting: int,
        rate_hz: int,
        ahead: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._decoder, self._vocoder = decoder, vocoder
        self._stop_code = stop_code
        self._most_waiting = most_waiting
        self._rate_hz, self._clock = rate_hz, clock
        self._ahead = ahead
        self._started: tuple[StepRows, Drawn] | None = None
        self._waiting: list[Job] = []
        self._rows: dict[int, _Row] = {}
        self._abandoned: list[int] = []  # slots of sentences that failed
        self._sounding: deque[tuple[DueRows, PendingSound]] = deque()
        self._steps = 0
        self._behind = False  # there was more sound to compute than one round takes
        self._retired: EngineError | None = None
        self._door = threading.Lock()  # held only briefly, so that no job is submitted while the batch is being closed

    @property
    def busy(self) -> bool:
        return bool(self._rows or self._waiting)

    @property
    def speaking(self) -> int:
        """Slots in use."""
        return len(self._rows)

    def slack_s(self) -> float:
        """How long its thread may do something else before a listener has heard all sound that there is."""
        due_s = [row.due_s for row in self._rows.values()] + [job.due_s for job in self._waiting]
        return min(due_s) - self._clock() if due_s else float("inf")

    def submit(self, job: Job) -> None:
        """Add a sentence. Raises EngineError when too many already wait, or the error of `retire`."""
        with self._door:
            if self._retired is not None:
                raise self._retired
            self._take(job)

    def _take(self, job: Job) -> None:
        if len(self._waiting) >= self._most_waiting:
            self._waiting = [other for other in self._waiting if not other.cancelled]
        if len(self._waiting) >= self._most_waiting:
            raise EngineError(
                f"XTTS is full: {self._decoder.slots} sentences are being spoken and {self._most_waiting} wait. More "
                "`slots` serve more callers where memory allows it.",
                retryable=True,
            )
        self._waiting.append(job)

    def retire(self, error: EngineError) -> None:
        """Refuse new sentences, and end all present ones with this error. Call it on the thread."""
        with self._door:
            self._retired = error
        self.fail(error)

    def step(self) -> None:
        """One round. Does nothing without sentences."""
        while self._abandoned:
            self._decoder.release(self._abandoned.pop())
        self._forget_cancelled()
        self._let_in()
        if not self._rows:
            return
        self._close_gap()
        advanced = self._advance()
        self._deliver()
        self._sound()
        if not advanced:  # nothing to do but to wait for it
            self._deliver(wait=True)
        self._leave()

    def fail(self, error: EngineError) -> None:
        """End every sentence with this error, since the device's state is unknown."""
        with self._door:
            waiting, self._waiting = self._waiting, []
        self._sounding.clear()
        self._started = None
        jobs = [*(row.job for row in self._rows.values()), *waiting]
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
        free = [slot for slot in range(self._decoder.slots) if slot not in self._rows][:LET_IN_AT_ONCE]
        beginnings = []
        for slot, job in zip(free, self._next_in(len(free)), strict=False):
            entry = SentenceStart(slot, job.ids, job.voice.conditioning, job.sampling, job.seed)
            self._rows[slot] = _Row(job, slot, entry.places, job.due_s)
            beginnings.append(entry)
        if beginnings:
            self._decoder.begin(beginnings)

    def _next_in(self, most: int) -> list[Job]:
        """Remove and return the waiting jobs with the earliest deadlines; equal deadlines go in order of arrival."""
        with self._door:
            self._waiting = [job for job in self._waiting if not job.cancelled]
            chosen = sorted(self._waiting, key=lambda job: job.due_s)[:most]
            self._waiting = [job for job in self._waiting if not any(job is other for other in chosen)]
        return chosen

    def _close_gap(self) -> None:
        """Move the highest row to a lower free slot if that makes the step smaller; one row per step."""
        highest = max(self._rows)
        if self._decoder.rows_for(highest) == self._decoder.rows_for(len(self._rows) - 1):
            return
        lowest = next(slot for slot in range(highest) if slot not in self._rows)
        row = self._rows.pop(highest)
        self._decoder.move(highest, lowest, row.prefix_places + row.steps)
        row.slot = lowest
        self._rows[lowest] = row

    def _advance(self) -> bool:
        """False: all have their codes."""
        rows = [row for row in self._rows.values() if not row.ended]
        if not rows:
            self._started = None  # a step too far
            return False
        furthest = max(row.prefix_places + row.steps for row in rows)
        highest = max(row.slot for row in rows)
        stepping = [(row, row.slot) for row in rows]
        for row in rows:
            row.steps += 1
        self._steps += 1
        if not self._ahead:
            self._take_codes(stepping, self._decoder.step(highest, furthest))
            return True
        before, self._started = self._started, (stepping, self._decoder.start_step(highest, furthest))
        if before is not None:
            self._take_codes(before[0], before[1].codes())
        return True

    def _take_codes(self, stepped: StepRows, codes: Sequence[int]) -> None:
        """Of the slots that rows had when the step was started."""
        for row, slot in stepped:
            if row.ended or self._rows.get(row.slot) is not row:
                continue
            if (code := codes[slot]) == NOT_A_NUMBER:
                self._give_up(row)
                continue
            row.job.codes.append(code)
            if code == self._stop_code or len(row.job.codes) >= row.job.max_codes:
                row.ended = True
                self._decoder.release(row.slot)

    def _give_up(self, row: _Row) -> None:
        del self._rows[row.slot]
        self._decoder.release(row.slot)
        self._decoder.clean(row.slot)
        row.job.on_end(
            EngineError(
                "XTTS computed what is not a number: this checkpoint or voice is too much for its precision. Set "
                '"precision": "bfloat16" or "float32" in its options.',
            )
        )

    def _sound(self) -> None:
        due = [(row, window) for row in self._rows.values() if (window := row.window(self._vocoder)) is not None]
        first = [entry for entry in due if not entry[0].windows_done]
        while first:
            first = self._compute(first)
        rest = [entry for entry in due if entry[1].keep > 0]
        now = self._behind or self._steps % STEPS_BETWEEN_WINDOWS == 0 or any(row.ended for row, _ in rest)
        if rest and now and len(self._sounding) >= MOST_ON_THE_WAY:
            self._behind = True
        elif rest and now:
            short = bool(self._waiting) and len(self._rows) == self._decoder.slots  # an ended one frees its slot
            rest.sort(key=lambda entry: (not (short and entry[0].ended), entry[0].due_s))
            rest = self._compute(rest)
            self._behind = bool(rest)

    def _compute(self, due: DueRows) -> DueRows:
        """Compute the first window, with others of its size; return the rest."""
        size_of = self._vocoder.size_of
        size = size_of(due[0][1])
        group = [entry for entry in due if size_of(entry[1]) == size][: self._vocoder.most_together]
        pieces = [
            VocoderWindow(row.slot, len(row.job.codes), row.job.stretch, window, row.job.voice.embedding)
            for row, window in group
        ]
        self._sounding.append((group, self._vocoder.start(pieces)))
        for row, window in group:
            row.frames_done = window.keep_stop
            row.windows_done += 1
            row.on_the_way += 1
        self._deliver()
        return [entry for entry in due if all(entry is not other for other in group)]

    def _deliver(self, *, wait: bool = False) -> None:
        """Sound that is there, in the order in which it was started. `wait`: at least one group."""
        while self._sounding and (wait or self._sounding[0][1].is_there):
            wait = False
            group, sounding = self._sounding.popleft()
            for (row, window), samples in zip(group, sounding.samples(), strict=True):
                row.on_the_way -= 1
                if not window.keep:
                    row.due_s = max(row.due_s, self._clock())
                row.due_s += len(samples) / self._rate_hz
                if not row.job.cancelled and self._rows.get(row.slot) is row:
                    row.job.on_sound(samples)

    def _leave(self) -> None:
        ended = [row for row in self._rows.values() if row.ended and not row.on_the_way]
        for row in [row for row in ended if row.window(self._vocoder) is None]:
            del self._rows[row.slot]
            if not row.job.cancelled:
                row.job.on_end(None)
