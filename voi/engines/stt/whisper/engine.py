"""Whisper STT: one model on one device, shared by all callers.

All state lives on the event loop. One thread gets batches of windows and returns the tokens of what was said in them;
while it works, requests collect, so batches grow with the load by themselves. `turns.py` chooses the next batch.
Another thread makes text and words with times of the tokens, and judges them, while the device hears the next batch. So
there are two batches at most, and what is in doubt is decoded again after the batch that is being heard.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from voi.engines.base import SttOptions, Transcript
from voi.engines.device import is_broken
from voi.engines.info import Licences, SttInfo
from voi.engines.stt.whisper.acceptance import Acceptance
from voi.engines.stt.whisper.decoding_state import DecodingState
from voi.engines.stt.whisper.model_thread import ModelThread
from voi.engines.stt.whisper.passes import Backend, HearAgain, HeardBatch, Pass
from voi.engines.stt.whisper.stream import WhisperStream
from voi.engines.stt.whisper.turns import STALE_MS, BatchPace, Urgency, next_batch
from voi.engines.stt.whisper.weights import fetch_missing
from voi.errors import ConfigError, EngineBroken, EngineError

log = logging.getLogger(__name__)

PRECISIONS = ("auto", "float32", "float16", "bfloat16")
LOAD_DEADLINE_S = 300.0
MOST_FAILURES = 2
"""This many failures in a row mean that the device is broken."""
UNLOAD_DEADLINE_S = 5.0


class Whisper:
    """`Stt`, for checkpoints of the openai-whisper package.

    It translates into English, but for the turbo models and those for English alone, which were not taught to.

    `model`: a size (tiny, base, small, medium, large-v3, large-v3-turbo; .en for English alone) whose weights are in
    `models_dir`, or a path to a checkpoint. `device`: auto, cpu, cuda, cuda:1. `precision`: auto is float16 on CUDA and
    float32 elsewhere. `max_batch`: callers decoded together; each takes memory for a cache, allocated at the start.
    """

    name = "whisper"
    info = SttInfo(
        "whisper",
        gpu=True,
        pings=True,
        fetches=True,
        word_times="exact",
        licences=Licences("MIT (openai-whisper), BSD-3-Clause (torch)", "MIT", own_weights="model"),
    )

    def __init__(
        self,
        *,
        model: str = "small",
        models_dir: str | Path = "models",
        device: str = "auto",
        precision: str = "auto",
        max_batch: int = 16,
    ) -> None:
        if max_batch < 1:
            raise ConfigError(f"{self.name}: `max_batch` must be at least 1, not {max_batch}.")
        if precision not in PRECISIONS:
            raise ConfigError(f"{self.name}: `precision` must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
        if device not in ("auto", "cpu", "cuda") and not device.removeprefix("cuda:").isdecimal():
            raise ConfigError(f"{self.name}: `device` must be auto, cpu, cuda or cuda:NUMBER, not {device!r}.")
        self._languages: tuple[str, ...] = ()
        self._model, self._models_dir = model, Path(models_dir)
        self._device, self._precision, self._max_batch = device, precision, max_batch
        self._thread: ModelThread | None = None
        self._words_thread: ModelThread | None = None
        self._finishing: asyncio.Task[None] | None = None
        self._hearing_again = False
        self._backend: Backend | None = None
        self._acceptance: Acceptance | None = None
        self._serving: asyncio.Task[None] | None = None
        self._work = asyncio.Event()
        self._streams: dict[WhisperStream, None] = {}
        self._pace = BatchPace(max_batch)
        self._failures = 0
        """Batches that failed since one succeeded."""
        self._broken = ""
        self._closed = False

    @classmethod
    async def fetch(
        cls, on_progress: Callable[[str], None], *, model: str = "small", models_dir: str | Path = "models", **_: Any
    ) -> None:
        """Download the weights that an engine with these options lacks, before a server's first start.

        Raises EngineError when that fails."""
        loop = asyncio.get_running_loop()
        # A daemon thread, because a download must not keep a stopping server alive.
        thread = ModelThread(f"fetching for {cls.name}")
        try:
            await thread.call(
                fetch_missing,
                cls.name,
                str(model),
                Path(models_dir),
                lambda progress: loop.call_soon_threadsafe(on_progress, progress),
            )
        finally:
            thread.end()

    # ---- Stt ----------------------------------------------------------------------------------------

    async def warm_up(self) -> None:
        if self._serving is None and not self._closed:
            await self._load()
            self._serving = asyncio.create_task(self._serve(), name=self.name)

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> WhisperStream:
        """Raises EngineError for a language that the model does not know, or when the engine is not running."""
        if self._broken:
            raise EngineBroken(self._broken)
        if self._closed or self._serving is None:
            raise EngineError("Speech recognition is not running.")
        language = options.language.lower().replace("_", "-").split("-")[0] if options.language else None
        if language and language not in self._languages:
            raise EngineError(f"Whisper {self._model} does not hear {options.language!r}.")
        if options.translate and not self.info.translates:
            raise EngineError(f"Whisper {self._model} does not translate.")
        usual = options.usual if options.usual in self._languages else None
        decoding = DecodingState(language=language, prompt=prompt_of(options), usual=usual, translate=options.translate)
        stream = WhisperStream(decoding, on_partial, now_ms=self.now_ms, wake=self.wake, forget=self.forget)
        self._streams[stream] = None
        return stream

    async def ping(self) -> None:
        """Return when the model's thread has finished its current step."""
        if self._thread is not None:
            await self._thread.call(lambda: None)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for stream in list(self._streams):
            stream.close()
        tasks = [task for task in (self._serving, self._finishing) if task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._words_thread:
            self._words_thread.end()
        if self._thread:
            if self._backend:
                # A device that hangs or failed keeps its memory until the process ends.
                with contextlib.suppress(TimeoutError, RuntimeError):
                    await asyncio.wait_for(self._thread.call(self._backend.unload), UNLOAD_DEADLINE_S)
            self._thread.end()

    # ---- the model ----------------------------------------------------------------------------------

    def _new_backend(self) -> Backend:
        """Make a backend. Call it on the model's thread, because imports take seconds."""
        from voi.engines.stt.whisper.openai_backend import OpenAiBackend

        return OpenAiBackend(
            self._model,
            models_dir=self._models_dir,
            device=self._device,
            precision=self._precision,
            max_batch=self._max_batch,
        )

    async def _load(self) -> None:
        """Start a thread and load a backend on it. Raises EngineError."""
        self._thread = ModelThread(self.name)
        try:
            async with asyncio.timeout(LOAD_DEADLINE_S):
                backend, self._acceptance = await self._thread.call(self._loaded)
        except TimeoutError:
            self._thread.end()
            self._thread = None
            raise EngineError(f"Whisper {self._model} was not loaded within {LOAD_DEADLINE_S:g} s.") from None
        self._words_thread = ModelThread(f"{self.name}'s words")
        self._backend, self._languages = backend, backend.languages
        translates = len(backend.languages) > 1 and "turbo" not in self._model
        self.info = replace(self.info, languages=backend.languages, translates=translates)

    def _loaded(self) -> tuple[Backend, Acceptance]:
        try:
            backend = self._new_backend()
            backend.load()
        except EngineError:
            raise
        except ImportError as error:
            raise EngineError(
                f"{self.name} needs packages that are not installed ({error}): `./install.sh {self.name}`.",
            ) from error
        except Exception as error:  # whatever the device raises
            reason = str(error).partition("\n")[0]
            if "out of memory" in reason:
                reason = (
                    f"with `max_batch` {self._max_batch} it does not fit into the memory that is free on "
                    f"{self._device}; a smaller `max_batch` or model takes less."
                )
            raise EngineError(f"Whisper {self._model} cannot run here: {reason}") from error
        return backend, Acceptance()

    # ---- sharing it ---------------------------------------------------------------------------------

    def now_ms(self) -> float:
        return asyncio.get_running_loop().time() * 1000

    def wake(self) -> None:
        """A stream wants a pass."""
        self._work.set()

    def forget(self, stream: WhisperStream) -> None:
        self._streams.pop(stream, None)

    async def _serve(self) -> None:
        """Serve the streams until the engine is closed."""
        try:
            await self._serve_batches()
        except Exception as error:  # no stream may wait for an engine that has ended
            self._break(f"Speech recognition failed: {type(error).__name__}.")
            raise

    def _break(self, why: str) -> None:
        """Fail all streams. The supervisor restarts the engine, and also detects a device that hangs."""
        self._broken = why
        for stream in list(self._streams):
            stream.fail(EngineBroken(why))

    async def _serve_batches(self) -> None:
        while True:
            self._work.clear()
            wishes = [wish for stream in self._streams if (wish := stream.wish())]
            now_ms = self.now_ms()
            batch = next_batch(wishes, self._pace, now_ms)
            if batch:
                urgency = {wish.who: wish.urgency for wish in wishes}
                await self._run(batch, [urgency[stream] for stream in batch])
                continue
            # Partials may be waiting for their time; or until they are overdue, whichever comes first.
            times_ms = [self._pace.partials_from_ms, *(wish.since_ms + STALE_MS for wish in wishes)] if wishes else []
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((min(times_ms) - now_ms) / 1000 if times_ms else None):
                    await self._work.wait()

    async def _run(self, batch: list[WhisperStream], urgencies: list[Urgency]) -> None:
        assert self._thread is not None
        assert self._backend is not None
        started_ms, waited = self.now_ms(), self._hearing_again
        passes = [stream.begin() for stream in batch]
        try:
            heard = await self._thread.call(self._backend.hear, passes)
        except Exception as error:  # whatever the device raises
            self._failed(batch, error)
            return
        now_ms = self.now_ms()
        self._pace.learn(urgencies, now_ms - started_ms, now_ms, repeated=heard.repeated or waited)
        if self._finishing is not None:
            await self._finishing
        self._finishing = asyncio.create_task(self._finish(batch, passes, heard), name=f"{self.name}'s words")

    def _failed(self, batch: list[WhisperStream], error: Exception) -> None:
        self._failures += 1
        log.error("a batch of Whisper failed", exc_info=error)
        why = f"Speech recognition failed: {type(error).__name__}."
        for stream in batch:
            stream.interrupted(EngineError(why, retryable=True))
        if self._failures == MOST_FAILURES or is_broken(error):
            self._break(why)

    async def _finish(self, batch: list[WhisperStream], passes: list[Pass], heard: HeardBatch) -> None:
        """What is left of a batch when the device is done with it, while the next one is heard."""
        assert self._acceptance is not None
        assert self._words_thread is not None
        try:
            answers = await self._words_thread.call(self._acceptance.finished, passes, heard)
            while isinstance(answers, HearAgain):
                heard = await self._hear_again(answers)
                answers = await self._words_thread.call(self._acceptance.finished, passes, heard)
        except Exception as error:
            self._failed(batch, error)
            return
        self._failures = 0
        for stream, hypothesis in zip(batch, answers, strict=True):
            try:
                stream.take(hypothesis)
            except Exception as error:  # a listener's fault is not the other callers'
                context = {"message": "A listener for partial transcripts failed.", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)

    async def _hear_again(self, doubtful: HearAgain) -> HeardBatch:
        assert self._thread is not None
        self._hearing_again = True
        try:
            return await self._thread.call(doubtful.hear)
        finally:
            self._hearing_again = False


class FasterWhisper(Whisper):
    """`Stt`, for models that CTranslate2 reads: `model` is a size or a folder. Needs no torch."""

    name = "faster-whisper"
    info = replace(
        Whisper.info,
        name=name,
        licences=Licences(
            "MIT (faster-whisper, ctranslate2)", "MIT (OpenAI's Whisper, converted)", own_weights="model"
        ),
    )

    def _new_backend(self) -> Backend:
        from voi.engines.stt.whisper.faster_backend import FasterBackend

        return FasterBackend(
            self._model,
            models_dir=self._models_dir,
            device=self._device,
            precision=self._precision,
            max_batch=self._max_batch,
        )


def prompt_of(options: SttOptions) -> str:
    """The text that the model gets before the sound: the agent's prompt and its hot words."""
    hot_words = ", ".join(word.strip() for word in options.hot_words if word.strip())
    return " ".join(part for part in (options.prompt.strip(), f"{hot_words}." if hot_words else "") if part)
