"""Texts of all callers on one thread: spectra of those that came meanwhile together, then their sound window by window.

A spectrum takes a hundredth of the work of its sound, so new texts are let in before each group of windows. Windows of
one size go through the vocoder together where the device gains by it; the earliest deadline goes first. A text's
deadline is the moment when its listener has heard all of its sound so far.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voi.engines.device import is_broken
from voi.engines.tts.xtts.device_thread import cpu_threads
from voi.engines.tts.xtts.windows import FrameWindow, Plan, steady_chunks
from voi.errors import EngineBroken, EngineError

if TYPE_CHECKING:
    from torch import Tensor

    from voi.engines.tts.fastpitch.model import LoadedVoice, PartToSpeak

log = logging.getLogger(__name__)

FIRST_FRAMES, GROWTH, LONGEST_FRAMES = 24, 1.6, 96
"""New frames of a text's windows, 12 ms each at the usual hop: sound soon, then in pieces of a second."""
TOGETHER = {"cuda": (16, 8), "cpu": (2, 1)}
"""Texts, and windows, that are computed at once. A CPU is faster with one window, since more stays in its cache."""
MOST_WAITING = 256


@dataclass(slots=True, eq=False)
class SpectrumJob:
    """One part of a text. `on_sound` gets int16 samples; `on_end` None or the error, once, unless the job is cancelled.
    Both are called on the batch's thread. `due_s`: when its listener has heard all before it (time.monotonic)."""

    text: "PartToSpeak"
    on_sound: Callable[[Any], None]
    on_end: Callable[[EngineError | None], None]
    due_s: float = 0.0
    cancelled: bool = False


@dataclass(slots=True, eq=False)
class _SpectrumRow:
    job: SpectrumJob
    mel: "Tensor"
    due_s: float
    done: int = 0
    windows: int = 0

    def window(self, plan: Plan) -> FrameWindow | None:
        frames = self.mel.shape[1]
        return plan.next(self.windows, self.done, frames, frames)


class SpectrumBatch:
    """Owns its thread from `start` to `end`."""

    def __init__(self, voice: "LoadedVoice") -> None:
        self._voice = voice
        kind = voice.device.type
        self._most_texts, self._most_windows = TOGETHER.get(kind, TOGETHER["cpu"])
        self._plan = Plan(voice.vocoder_sizes.context_frames, steady_chunks(FIRST_FRAMES, GROWTH, LONGEST_FRAMES))
        self._wake = threading.Condition()
        self._waiting: list[SpectrumJob] = []
        self._pings: list[Future[None]] = []
        self._ended = False
        self._rows: list[_SpectrumRow] = []
        self._thread = threading.Thread(target=self._run, name=f"fastpitch-{voice.device}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def submit(self, job: SpectrumJob) -> None:
        """Add a text. Raises EngineError when too many wait, or after the end."""
        with self._wake:
            if self._ended:
                raise EngineError("fastpitch was closed.")
            self._waiting = [other for other in self._waiting if not other.cancelled]
            if len(self._waiting) >= MOST_WAITING:
                raise EngineError("fastpitch is full: too much is being spoken.", retryable=True)
            self._waiting.append(job)
            self._wake.notify()

    def ping(self) -> "Future[None]":
        """Done when the thread has finished its current step."""
        future: Future[None] = Future()
        with self._wake:
            if self._ended:
                future.set_result(None)
            self._pings.append(future)
            self._wake.notify()
        return future

    def end(self, deadline_s: float) -> None:
        """Drop all work and wait for the thread, but not for a device that hangs."""
        with self._wake:
            self._ended = True
            self._wake.notify()
        self._thread.join(deadline_s)

    def _run(self) -> None:
        if self._voice.device.type == "cpu":
            import torch

            torch.set_num_threads(cpu_threads())
        while self._round():
            pass

    def _round(self) -> bool:
        with self._wake:
            while not (self._waiting or self._rows or self._pings or self._ended):
                self._wake.wait()
            pings, self._pings = self._pings, []
            ended, jobs = self._ended, list[SpectrumJob]()
            if ended:
                jobs = [*self._waiting, *(row.job for row in self._rows)]
                self._waiting, self._rows = [], []
        for ping in pings:
            if ping.set_running_or_notify_cancel():
                ping.set_result(None)
        if ended:
            _tell(jobs, EngineError("fastpitch was closed.", retryable=True))
            return False
        self._step()
        return True

    def _step(self) -> None:
        self._rows = [row for row in self._rows if not row.job.cancelled]
        self._let_in()
        due = [(row, window) for row in self._rows if (window := row.window(self._plan)) is not None]
        if not due:
            return
        due.sort(key=lambda entry: entry[0].due_s)
        size = due[0][1].size
        group = [entry for entry in due if entry[1].size == size][: self._most_windows]
        try:
            samples = self._voice.sounds([row.mel[:, window.start : window.stop] for row, window in group]).numpy()
        except Exception as error:
            self._rows = [row for row in self._rows if all(row is not other for other, _ in group)]
            _failed([row.job for row, _ in group], error)
            return
        hop, rate_hz = self._voice.vocoder_sizes.samples_per_frame, self._voice.rate_hz
        for (row, window), made in zip(group, samples, strict=True):
            new = made[(window.keep - window.start) * hop : (window.keep_stop - window.start) * hop]
            row.done, row.windows = window.keep_stop, row.windows + 1
            row.due_s = max(row.due_s, time.monotonic() if row.windows == 1 else 0.0) + len(new) / rate_hz
            if not row.job.cancelled:
                row.job.on_sound(new)
            if row.done == row.mel.shape[1]:
                self._rows.remove(row)
                _tell([row.job], None)

    def _let_in(self) -> None:
        with self._wake:
            waiting = sorted((job for job in self._waiting if not job.cancelled), key=lambda job: job.due_s)
            jobs, self._waiting = waiting[: self._most_texts], waiting[self._most_texts :]
        if not jobs:
            return
        try:
            mels = self._voice.spectra([job.text for job in jobs])
        except Exception as error:
            _failed(jobs, error)
            return
        for job, mel in zip(jobs, mels, strict=True):
            if mel.shape[1]:
                self._rows.append(_SpectrumRow(job, mel, job.due_s))
            else:
                _tell([job], None)


def _tell(jobs: list[SpectrumJob], error: EngineError | None) -> None:
    for job in jobs:
        if not job.cancelled:
            job.on_end(error)


def _failed(jobs: list[SpectrumJob], error: Exception) -> None:
    log.exception("FastPitch failed in the middle of its work")
    _tell(jobs, _told(error))


def _told(error: Exception) -> EngineError:
    # torch's messages have shapes and sizes in them, and no text.
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    if is_broken(error):
        return EngineBroken(f"fastpitch failed: {reason}")
    return EngineError(f"fastpitch failed: {reason}", retryable=True)
