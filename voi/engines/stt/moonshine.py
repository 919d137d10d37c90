"""Moonshine STT (embedded, English): streamed partials, quick finals, shared fairly by all callers.

All state lives on the event loop; a worker thread only gets a copy of some sound and returns its text. A free worker
takes the most urgent work of all callers: finals, then pauses, then partials; within one kind, the caller that was
served longest ago. So under load partials get rarer, but no sound is lost and no caller starves.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from voi.engines.base import SttOptions, Transcript
from voi.engines.info import Licences, SttInfo
from voi.engines.stt.flushes import LONGEST_BUFFER_MS, Flushes, too_far_behind
from voi.engines.stt.moonshine_model import MoonshineModel
from voi.engines.stt.segments import BYTES_PER_MS, Segment, SegmentedUtterance
from voi.errors import ConfigError, EngineError

PARTIAL_EVERY_MS = 400
PARTIAL_SHARE = 0.25  # at most this much of a worker for one caller's partials

LANGUAGES = ("en",)
FINAL, PAUSE, PARTIAL = range(3)


class MoonshineStream:
    """An `SttStream`, made by `Moonshine.open`."""

    def __init__(self, engine: "Moonshine", on_partial: Callable[[Transcript], None] | None) -> None:
        self._engine = engine
        self._on_partial = on_partial
        self._utterance = SegmentedUtterance(LONGEST_BUFFER_MS)
        self._flushes = Flushes()
        self._shown = ""
        self._partial_step = PARTIAL_EVERY_MS * BYTES_PER_MS
        self._error: EngineError | None = None
        self.busy = False
        self.served = 0

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        """Raises EngineError when ten minutes of sound already wait: the machine is too slow for its callers."""
        if self._error:
            return  # flush raises the error
        if len(pcm) > self._utterance.room:
            raise too_far_behind()
        self._utterance.feed(pcm, speech)
        self._engine.wake(self)

    async def flush(self) -> Transcript:
        """Raises EngineError when the model failed, took too long, or the utterance was closed."""
        target = self._utterance.heard
        if not self._error and self._utterance.transcribed < target:
            await self._flushes.until(target, lambda: self._engine.wake(self))
        if self._error:
            raise self._error
        return Transcript(confirmed=self.transcript().text)

    def close(self) -> None:
        self._engine.forget(self)
        self.fail(EngineError("This utterance was closed."))

    # ---- for the engine ---------------------------------------------------------------------

    def transcript(self) -> Transcript:
        """All text so far: the confirmed segments, then the others in order."""
        utterance = self._utterance
        rest = [segment.text for segment in (*utterance.closed, utterance.open) if segment.text]
        confirmed = " ".join(utterance.confirmed)
        return Transcript(confirmed, " ".join([confirmed, *rest] if confirmed else rest)[len(confirmed) :])

    def urgency(self) -> int | None:
        """How urgent this caller's next work is; None: there is none."""
        utterance = self._utterance
        segment = utterance.waiting()
        if self.busy or self._error or segment is None:
            return None
        if self._flushes:
            return FINAL
        if segment is not utterance.open or utterance.pausing:
            return PAUSE
        due = segment.speech_end - segment.done_end >= self._partial_step
        return PARTIAL if due and self._on_partial else None

    def next_job(self) -> tuple[Segment, int, bytes]:
        """The segment, the end of its speech (bytes), and its sound so far. Call it only if `urgency` is not None."""
        segment = self._utterance.waiting()
        assert segment is not None
        return segment, segment.speech_end, bytes(segment.audio)

    def take(self, segment: Segment, speech_end: int, text: str, cost_s: float) -> None:
        """Take the worker's text for `next_job`."""
        if self._error:
            return
        self._partial_step = max(PARTIAL_EVERY_MS, int(cost_s * 1000 / PARTIAL_SHARE)) * BYTES_PER_MS
        self._utterance.take(segment, speech_end, text)
        self._flushes.reached(self._utterance.transcribed)
        transcript = self.transcript()
        if self._on_partial and transcript.text != self._shown:
            self._shown = transcript.text
            self._on_partial(transcript)

    def fail(self, error: EngineError) -> None:
        """Fail the utterance for good: continuing would silently lose words."""
        if self._error is None:
            self._error = error
            self._flushes.end()


class Moonshine:
    """An `Stt`. `model_path` and `arch`: another model than the packaged tiny-en (names as in moonshine_voice).
    `workers`: copies of the model that decode in parallel, each with a thread and 150 MB."""

    info = SttInfo(
        "moonshine",
        languages=LANGUAGES,
        licences=Licences("MIT (moonshine-voice)", "MIT (the English model tiny-en)", own_weights="model_path"),
    )

    def __init__(self, *, model_path: str | Path | None = None, arch: str = "tiny", workers: int = 1) -> None:
        if workers < 1:
            raise ConfigError(f"moonshine: `workers` must be at least 1, not {workers}.")
        self._model_path = Path(model_path) if model_path is not None else None
        self._arch = arch
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="moonshine")
        self._models: list[MoonshineModel] = []
        self._idle: list[MoonshineModel] = []
        self._streams: dict[MoonshineStream, None] = {}  # in the order of their arrival
        self._jobs_started = 0
        self._closed = False

    async def warm_up(self) -> None:
        if self._models:
            return
        loop = asyncio.get_running_loop()
        loads = [loop.run_in_executor(self._threads, self._load) for _ in range(self._workers)]
        self._models = list(await asyncio.gather(*loads))
        self._idle = list(self._models)

    def _load(self) -> MoonshineModel:
        model = MoonshineModel(self._model_path, self._arch)
        model.rehearse()
        return model

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> MoonshineStream:
        """Raises EngineError for a language other than English. This model ignores `prompt` and `hot_words`."""
        if self._closed or not self._models:
            raise EngineError("Speech recognition is not running.")
        language = (options.language or "en").lower().split("-")[0]
        if language not in LANGUAGES:
            raise EngineError(
                f"Moonshine hears English, not {options.language!r}: choose another engine for this language with "
                'VOI_STT_ENGINE, or with "engines": {"stt": …} of the agent.',
            )
        stream = MoonshineStream(self, on_partial)
        self._streams[stream] = None
        return stream

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for stream in list(self._streams):
            stream.close()
        await asyncio.to_thread(self._threads.shutdown)
        for model in self._models:
            model.close()

    # ---- sharing the workers ------------------------------------------------------------------

    def forget(self, stream: MoonshineStream) -> None:
        self._streams.pop(stream, None)

    def wake(self, stream: MoonshineStream) -> None:
        """Call it when the stream has new work. If a worker is idle, no other stream is waiting, so it starts here."""
        if self._idle and not self._closed and stream.urgency() is not None:
            self._start(stream)

    def _start(self, stream: MoonshineStream) -> None:
        self._jobs_started += 1
        stream.served, stream.busy = self._jobs_started, True
        segment, speech_end, pcm = stream.next_job()
        model = self._idle.pop()
        loop = asyncio.get_running_loop()
        started = loop.time()

        def finish(job: "asyncio.Future[str]") -> None:
            stream.busy = False
            self._idle.append(model)
            try:
                if error := job.exception():
                    stream.fail(error if isinstance(error, EngineError) else EngineError(str(error)))
                else:
                    stream.take(segment, speech_end, job.result(), loop.time() - started)
            finally:
                self._serve_next()

        loop.run_in_executor(self._threads, model.transcribe, pcm).add_done_callback(finish)

    def _serve_next(self) -> None:
        if self._closed:
            return
        waiting = [(urgency, s.served, s) for s in self._streams if (urgency := s.urgency()) is not None]
        if waiting:
            self._start(min(waiting, key=lambda entry: entry[:2])[2])
