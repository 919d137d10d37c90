"""Speaks one text for one caller: its parts go to the batch one after another, and their sound comes back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voi.engines.tts.xtts.device_thread import DeviceThread
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.tail import Samples, Tail
from voi.errors import EngineError

if TYPE_CHECKING:
    from voi.engines.tts.xtts.batch import Batch, Job
    from voi.engines.tts.xtts.checkpoint import VoiceLatents
    from voi.engines.tts.xtts.windows import Stretch

SOUND_DEADLINE_S = 60.0  # longest wait for sound


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text that the model takes in one go. `most_codes`: limit that stops a runaway. `speed`, `enough_ms`: see Tail;
    the latter only if this is the whole text."""

    ids: Sequence[int]
    seed: int
    most_codes: int
    stretch: "Stretch"
    speed: float = 1.0
    enough_ms: float | None = None


class Synthesis:
    """Runs on the event loop; the batch's thread only posts to it. It holds at most two parts of sound."""

    def __init__(
        self, batch: "Batch", worker: DeviceThread, voice: "VoiceLatents", sampling: Sampling, rate_hz: int
    ) -> None:
        self._batch, self._worker, self._voice = batch, worker, voice
        self._sampling, self._rate_hz = sampling, rate_hz
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[Samples | EngineError | None] = asyncio.Queue()
        self._parts: Sequence[TextPart] = ()
        self._given_in = 0
        self._heard = 0
        self._due_s = time.monotonic()
        """When the listener will have heard all sound made so far, if playing began with the first sound."""
        self._job: Job | None = None

    async def sound(self, parts: Sequence[TextPart]) -> AsyncGenerator[bytes, None]:
        """Yields PCM. Raises EngineError when the batch is full, fails, or yields no sound for a minute."""
        self._parts = parts
        self._give_in()
        while self._heard < len(parts):
            part = parts[self._heard]
            tail = Tail(self._rate_hz, part.speed, part.enough_ms)
            while not tail.over and (samples := await self._next()) is not None:
                if len(ready := tail.push(samples)):
                    yield ready.astype("<i2").tobytes()
            if tail.over:
                self.stop()
            self._heard += 1
            self._give_in()
            if len(rest := tail.finish()):
                yield rest.astype("<i2").tobytes()

    def stop(self) -> None:
        """Stop speaking and drop the rest."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._worker.wake()

    async def _next(self) -> Samples | None:
        try:
            async with asyncio.timeout(SOUND_DEADLINE_S):
                arrived = await self._arrived.get()
        except TimeoutError:
            raise EngineError("XTTS is too slow: too much is being spoken.", retryable=True) from None
        if isinstance(arrived, EngineError):
            raise arrived
        return arrived

    def _give_in(self) -> None:
        """Submit the next part, if there is one and the part before has all its sound. At most one part is ahead of the
        listener."""
        if self._job is not None or self._given_in == len(self._parts) or self._given_in > self._heard + 1:
            return
        from voi.engines.tts.xtts.batch import Job

        part = self._parts[self._given_in]
        self._given_in += 1
        self._job = Job(
            part.ids,
            self._voice,
            self._sampling,
            part.seed,
            part.stretch,
            part.most_codes,
            on_sound=lambda samples: self._post(self._sounded, samples),
            on_end=lambda error: self._post(self._ended, error),
            due_s=self._due_s,
        )
        self._batch.submit(self._job)
        self._worker.wake()

    def _post(self, what: Any, value: Any) -> None:
        """Post an event to the event loop; called on the batch's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the caller is gone
            self._loop.call_soon_threadsafe(what, value)

    def _sounded(self, samples: Samples) -> None:
        self._due_s = max(self._due_s, time.monotonic()) + len(samples) / self._rate_hz
        self._arrived.put_nowait(samples)

    def _ended(self, error: EngineError | None) -> None:
        if self._job is None:  # it was stopped in the meantime
            return
        self._job = None
        self._arrived.put_nowait(error)
        if error is None:
            try:
                self._give_in()
            except EngineError as full:
                self._arrived.put_nowait(full)
