"""Engines that hear and speak as callers see them: behind each is one that a supervisor keeps going."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Generic, TypeVar

from voi.config.tones import tones_of
from voi.engines.base import AS_IT_IS, STT_RATE_HZ, Engine, Stt, SttOptions, SttStream, Transcript, Tts, VoiceSpec
from voi.engines.supervisor import CLOSE_DEADLINE_S, SLOW_DEADLINE_S, Supervisor
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import EngineError

TRIAL_TEXT = "Yes."
TRIAL_BYTES = STT_RATE_HZ  # half a second

log = logging.getLogger(__name__)
E = TypeVar("E", bound=Engine)


class Supervised(Generic[E]):
    """What speaking and hearing engines have in common. `make` gives a new engine, not yet warm; `supervisor` None: one
    of its own."""

    answer_s: float
    """Several times what one piece of its work takes, on a small GPU under load."""
    slow_answer_s: float
    """The same without a GPU."""

    def __init__(self, make: Callable[[], E], supervisor: Supervisor | None = None) -> None:
        self.make = make
        self.engine = make()
        self.name = self.engine.name
        self.supervisor = supervisor or Supervisor()

    async def warm_up(self) -> None:
        await self.supervisor.warm_up(self)
        self.name = self.engine.name

    async def close(self) -> None:
        await self.supervisor.close(self)

    def take(self, engine: E) -> None:
        before, self.engine = self.note, engine
        if (note := self.note) and note != before:  # its GPU may be lost
            log.warning("%s: %s", self.name, note)
            self.be_patient()

    def be_patient(self) -> None:
        """It was made for a GPU and runs without: slow is not hung."""
        self.supervisor.deadline_s, self.answer_s = SLOW_DEADLINE_S, self.slow_answer_s

    async def ping(self, engine: E) -> None:
        if (ping := getattr(engine, "ping", None)) is not None:
            await ping()

    async def trial(self, engine: E) -> None:
        async with asyncio.timeout(self.answer_s):
            await self.ping(engine)
        await self._work(engine)

    async def _work(self, engine: E) -> None:
        raise NotImplementedError

    @property
    def inner(self) -> E:
        """The engine that works now. Raises EngineError while there is none."""
        self.supervisor.check(self, self.engine)
        return self.engine

    @property
    def restarting(self) -> bool:
        return bool(self.supervisor.down)

    @property
    def note(self) -> str | None:
        """What the engine says of where it runs; None: it does not know."""
        return getattr(self.engine, "note", None)


class SupervisedTts(Supervised[Tts]):
    """`Tts`. `options`: what `make` makes it with."""

    answer_s, slow_answer_s = 2.5, 15.0

    def __init__(
        self, make: Callable[[], Tts], supervisor: Supervisor | None = None, options: dict[str, Any] | None = None
    ) -> None:
        super().__init__(make, supervisor)
        self._options = options if options is not None else {}
        self._tone_map: Mapping[str, str] | None = None

    @property
    def sample_rate_hz(self) -> int:
        return self.engine.sample_rate_hz

    @property
    def voices(self) -> tuple[str, ...]:
        return self.engine.voices

    @property
    def tones(self) -> tuple[str, ...]:
        return self.engine.tones if self._tone_map is None else tones_of(self._tone_map)

    def retone(self, tone_map: Mapping[str, str]) -> None:
        """The character's tones are these voices from now on, in the place of those that the engine was made with. For
        engines whose tones are voices."""
        self._tone_map = dict(tone_map)
        # It is made anew with them: by then a voice of the old ones may be gone.
        self._options["voice_tone_map"] = self._tone_map

    @property
    def languages(self) -> tuple[str, ...] | None:
        """That it speaks; None: it does not say."""
        return getattr(self.engine, "languages", None)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        engine = self.inner
        if self._tone_map is not None:
            voice = replace(voice, voice=voice_in_tone(voice, self._tone_map), tone=AS_IT_IS)
        chunks = engine.stream(text, voice)
        try:
            while True:
                async with self.supervisor.call(self, engine):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                yield chunk
        finally:
            await _end(chunks, self.supervisor.deadline_s)

    async def _work(self, engine: Tts) -> None:
        async with aclosing(engine.stream(TRIAL_TEXT, VoiceSpec())) as chunks:  # type: ignore[type-var]
            async for _ in chunks:
                break


class SupervisedStt(Supervised[Stt]):
    """`Stt`. A pass over 30 s of sound of many callers, decoded twice, takes longer than a step of speaking."""

    answer_s, slow_answer_s = 10.0, 60.0

    @property
    def languages(self) -> tuple[str, ...] | None:
        return getattr(self.engine, "languages", None)

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> "SupervisedStream":
        engine = self.inner

        def partial(transcript: Transcript) -> None:
            self.supervisor.gave()
            if on_partial is not None:
                on_partial(transcript)

        try:
            stream = engine.open(options, None if on_partial is None else partial)
        except Exception as error:
            self.supervisor.judge(error, self, engine)
        return SupervisedStream(self, engine, stream)

    async def _work(self, engine: Stt) -> None:
        stream = engine.open(SttOptions(), None)
        try:
            stream.feed(bytes(TRIAL_BYTES))
            await stream.flush()
        finally:
            stream.close()


class SupervisedStream:
    """`SttStream`."""

    __slots__ = ("_engine", "_stream", "_stt")

    def __init__(self, stt: SupervisedStt, engine: Stt, stream: SttStream) -> None:
        self._stt, self._engine, self._stream = stt, engine, stream

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        if self._engine is not self._stt.engine or self._stt.restarting:
            return  # flush tells
        try:
            self._stream.feed(pcm, speech=speech)
        except Exception as error:
            self._stt.supervisor.judge(error, self._stt, self._engine)

    async def flush(self) -> Transcript:
        supervisor = self._stt.supervisor
        supervisor.check(self._stt, self._engine)
        async with supervisor.call(self._stt, self._engine):
            return await self._stream.flush()

    def close(self) -> None:
        try:
            self._stream.close()
        except Exception as error:
            log.warning("an utterance of %s did not close: %s", self._stt.name, type(error).__name__)


async def _end(chunks: AsyncIterator[bytes], deadline_s: float) -> None:
    """Close an engine's stream, whose own end may hang or raise as well."""
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
