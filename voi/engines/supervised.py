"""STT and TTS engines as their callers see them: each wraps an instance that a supervisor restarts when it fails."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar, cast

from voi.config.secret_refs import resolved
from voi.engines.backoff import Backoff
from voi.engines.base import (
    STT_RATE_HZ,
    ContextTts,
    Engine,
    Pings,
    Reconfigures,
    SentenceTts,
    Speech,
    Stt,
    SttOptions,
    SttStream,
    Transcript,
    VoiceSpec,
)  # fmt: skip
from voi.engines.device import GENERAL
from voi.engines.info import SttInfo, TtsInfo
from voi.engines.peer import EnginePeer
from voi.engines.remote import RemoteEngine
from voi.engines.supervisor import CLOSE_DEADLINE_S, SLOW_DEADLINE_S, Supervisor
from voi.engines.tts.adapter import one_text
from voi.engines.waits import Waits
from voi.errors import EngineError

TRIAL_TEXT = "Yes."
TRIAL_BYTES = STT_RATE_HZ  # half a second

log = logging.getLogger(__name__)
E = TypeVar("E", bound=Engine)


class Supervised(Generic[E]):
    """The common part of the wrappers. `make` returns a new engine, not yet warm, made with the current `options`.
    `keeper` None: a Backoff for an engine whose info says `cloud`, else a Supervisor of its own. `note`: returns how a
    warm engine runs on this machine, for engines whose info does not say."""

    answer_s: float
    """Longest wait for a ping's answer: several times one step of work on a small GPU under load."""
    slow_answer_s: float
    """The same without a GPU."""

    def __init__(
        self,
        make: Callable[[], E],
        keeper: "Supervisor | Backoff | None" = None,
        options: dict[str, Any] | None = None,
        note: Callable[[E], str] = lambda _: "",
    ) -> None:
        self.make = make
        self.engine = make()
        self.supervisor: Supervisor | Backoff = keeper or (Backoff() if self.engine.info.cloud else Supervisor())
        self._options = options if options is not None else {}
        self._note_of, self._note = note, ""
        self.streams = 0
        """Streams under way."""
        self.waits = Waits(lambda: asyncio.get_running_loop().time())
        """Waits for final transcripts, or for the first sound of a text."""

    @property
    def name(self) -> str:
        return self.engine.info.name

    async def warm_up(self) -> None:
        await self.supervisor.warm_up(self)
        self._note = self._note_of(self.engine)

    async def close(self) -> None:
        await self.supervisor.close(self)

    def take(self, engine: E) -> None:
        before = self.engine.info.note or self._note
        self.engine, self._note = engine, self._note_of(engine)
        if (note := engine.info.note or self._note) and note != before:  # it may have lost its GPU
            log.warning("%s: %s", self.name, note)
            self.use_slow_deadlines()

    def use_slow_deadlines(self) -> None:
        """Use the longer deadlines: the engine was made for a GPU and runs without one."""
        self.supervisor.deadline_s, self.answer_s = SLOW_DEADLINE_S, self.slow_answer_s

    async def ping(self, engine: E) -> None:
        if engine.info.pings:
            await cast(Pings, engine).ping()

    async def trial(self, engine: E) -> None:
        async with asyncio.timeout(self.answer_s):
            await self.ping(engine)
        await self._work(engine)

    async def _work(self, engine: E) -> None:
        raise NotImplementedError

    @property
    def inner(self) -> E:
        """The instance in use. Raises EngineError while there is none."""
        self.supervisor.check(self, self.engine)
        return self.engine

    @property
    def peer(self) -> EnginePeer | None:
        """The process in which the engine runs; None: in this one."""
        return self.engine.process if isinstance(self.engine, RemoteEngine) else None

    @property
    def restarting(self) -> bool:
        return bool(self.supervisor.down)

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        """Counts a stream while it is open. Raises EngineError when there would be more than `at_once_max`."""
        most = self.engine.info.at_once_max
        if most is not None and self.streams >= most:
            raise EngineError(
                f"{self.name} takes {most} at once, and so many are under way.", retryable=True, limit=True
            )
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1


class SupervisedTts(Supervised["SentenceTts | ContextTts"]):
    """A `SentenceTts` or `ContextTts`, like the engine that it wraps."""

    answer_s, slow_answer_s = 2.5, 15.0

    @property
    def info(self) -> TtsInfo:
        info = self.engine.info
        return replace(info, note=self._note) if self._note and not info.note else info

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        """See `Reconfigures`. `options`: without those that come from the settings. A later restart uses them too.
        Raises EngineError during a restart."""
        if not self.engine.info.reconfigures:
            return False
        options = {name: self._options[name] for name in GENERAL if name in self._options} | resolved(
            options, "options"
        )
        if self.restarting:
            self._become(options)
        engine = self.inner
        if taken := await cast(Reconfigures, engine).reconfigure(options, needed):
            self._become(options)
        return taken

    def _become(self, options: Mapping[str, Any]) -> None:
        self._options.clear()
        self._options.update(options)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[Speech, None]:
        engine = self.inner
        with self._one_more():
            speech = cast("SentenceTts", engine).stream(text, voice)
            self.waits.begin(speech)
            try:
                while True:
                    async with self.supervisor.call(self, engine):
                        item = await anext(speech, None)
                    self.waits.end(speech)
                    if item is None:
                        return
                    yield item
            finally:
                self.waits.end(speech)
                await _end(speech, self.supervisor.deadline_s)

    def open(self, voice: VoiceSpec) -> "SupervisedContext":
        return SupervisedContext(self, voice)

    async def _work(self, engine: "SentenceTts | ContextTts") -> None:
        async with aclosing(one_text(engine, TRIAL_TEXT, VoiceSpec())) as speech:
            async for _ in speech:
                break


class SupervisedContext:
    """A `TtsContext`. The deadline runs while sound is due: from a `say` until sound comes."""

    def __init__(self, tts: SupervisedTts, voice: VoiceSpec) -> None:
        self._tts, self._engine = tts, cast("ContextTts", tts.inner)
        self._counted = tts._one_more()
        self._counted.__enter__()
        self._owed = asyncio.Event()
        self._finished = self._sounded = self._closed = False
        try:
            self._context = self._engine.open(voice)
        except Exception as error:
            self._counted.__exit__(None, None, None)
            tts.supervisor.raise_error(error, tts, self._engine)

    async def say(self, text: str) -> None:
        if not self._sounded:
            self._tts.waits.begin(self)
        async with self._tts.supervisor.call(self._tts, self._engine):
            await self._context.say(text)
        self._owed.set()

    async def finish(self) -> None:
        async with self._tts.supervisor.call(self._tts, self._engine):
            await self._context.finish()
        self._finished = True
        self._owed.set()

    async def __aiter__(self) -> AsyncGenerator[Speech, None]:
        tts, speech = self._tts, aiter(self._context)
        step: asyncio.Future[Speech | None] | None = None
        try:
            while True:
                step = asyncio.ensure_future(anext(speech, None))
                waiting = asyncio.ensure_future(self._owed.wait())
                try:
                    await asyncio.wait({step, waiting}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waiting.cancel()
                async with tts.supervisor.call(tts, self._engine):
                    item = await step
                if item is None:
                    return
                if isinstance(item, bytes):
                    self._sounded = True
                    tts.waits.end(self)
                    if not self._finished:
                        self._owed.clear()
                yield item
        finally:
            if step is not None and not step.done():
                step.cancel()
                await asyncio.gather(step, return_exceptions=True)
            await _end(speech, tts.supervisor.deadline_s)

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._tts.waits.end(self)
        self._counted.__exit__(None, None, None)
        try:
            async with asyncio.timeout(CLOSE_DEADLINE_S):
                await self._context.aclose()
        except Exception as error:
            log.warning("a context of %s did not close: %s", self._tts.name, type(error).__name__)


class SupervisedStt(Supervised[Stt]):
    """An `Stt`. Its limits are longer than those of TTS: one pass may decode 30 s of sound of many callers, twice."""

    answer_s, slow_answer_s = 10.0, 60.0

    @property
    def info(self) -> SttInfo:
        info = self.engine.info
        return replace(info, note=self._note) if self._note and not info.note else info

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> "SupervisedStream":
        engine = self.inner

        def partial(transcript: Transcript) -> None:
            self.supervisor.gave()
            if on_partial is not None:
                on_partial(transcript)

        counted = self._one_more()
        counted.__enter__()
        try:
            stream = engine.open(options, None if on_partial is None else partial)
        except Exception as error:
            counted.__exit__(None, None, None)
            self.supervisor.raise_error(error, self, engine)
        return SupervisedStream(self, engine, stream, counted)

    async def _work(self, engine: Stt) -> None:
        stream = engine.open(SttOptions(), None)
        try:
            stream.feed(bytes(TRIAL_BYTES))
            await stream.flush()
        finally:
            stream.close()


class SupervisedStream:
    """An `SttStream`."""

    __slots__ = ("_counted", "_engine", "_stream", "_stt")

    def __init__(
        self, stt: SupervisedStt, engine: Stt, stream: SttStream, counted: AbstractContextManager[None]
    ) -> None:
        self._stt, self._engine, self._stream = stt, engine, stream
        self._counted: AbstractContextManager[None] | None = counted

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        if self._engine is not self._stt.engine or self._stt.restarting:
            return  # flush raises the error
        try:
            self._stream.feed(pcm, speech=speech)
        except Exception as error:
            self._stt.supervisor.raise_error(error, self._stt, self._engine)

    async def flush(self) -> Transcript:
        supervisor = self._stt.supervisor
        supervisor.check(self._stt, self._engine)
        self._stt.waits.begin(self)
        try:
            async with supervisor.call(self._stt, self._engine):
                return await self._stream.flush()
        finally:
            self._stt.waits.end(self)

    def close(self) -> None:
        counted, self._counted = self._counted, None
        if counted is not None:
            counted.__exit__(None, None, None)
        try:
            self._stream.close()
        except Exception as error:
            log.warning("an utterance of %s did not close: %s", self._stt.name, type(error).__name__)


async def _end(chunks: AsyncIterator[Speech], deadline_s: float) -> None:
    """Close an engine's stream. That may hang or raise too, so it has a deadline and only logs."""
    close = getattr(chunks, "aclose", None)
    if close is None:
        return
    try:
        async with asyncio.timeout(min(deadline_s, CLOSE_DEADLINE_S)):
            await close()
    except EngineError as error:
        log.debug("a stream of sound ended with %s", error)
    except Exception as error:
        log.warning("a stream of sound did not end in order: %s", str(error) or type(error).__name__)
