"""Keeps an engine going that may hang or crash: its callers get an error in time, and a new engine takes its place.

A call that gives nothing until its deadline has failed. When nobody else's call gave anything meanwhile either, the
engine hangs: all calls under way end at once with an EngineError (which the conversation turns into an apology), and
the engine is made and warmed up anew, while the server and its other engines go on. The same when a call raises
anything but an EngineError. An EngineError that is `retryable` may be a crash in disguise, so the engine is then tried
with a short piece of work, and restarted when it cannot do even that. Restarts that fail are repeated, each after twice
the wait.

A thread that hangs inside a driver cannot be ended, nor a CUDA context that has failed be mended, within a process. An
engine that is to survive both runs in a process of its own: see `hosted`, which is supervised in the same way.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from voi.engines.base import STT_RATE_HZ, Engine, Stt, SttOptions, SttStream, Transcript, Tts, VoiceSpec
from voi.errors import ConfigError, EngineError

DEADLINE_S = 20.0
RESTART_DEADLINE_S = 300.0
CLOSE_DEADLINE_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
TRIED_LATELY_S = 5.0
TRIAL_TEXT = "Yes."
TRIAL_BYTES = STT_RATE_HZ  # half a second

log = logging.getLogger(__name__)
E = TypeVar("E", bound=Engine)


class _Supervised(Generic[E]):
    """What speaking and hearing engines have in common. `make` gives a new engine, not yet warm."""

    def __init__(self, make: Callable[[], E], *, deadline_s: float = DEADLINE_S) -> None:
        self._make = make
        self._deadline_s = deadline_s
        self._engine = make()
        self.name = self._engine.name
        self._calls: set[asyncio.Timeout] = set()
        self._gave_s = 0.0
        """When any call last gave anything."""
        self._tried_s = float("-inf")
        self._down: EngineError | None = None
        """Why the engine cannot be used now."""
        self._mending: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False
        self.restarts = 0

    async def warm_up(self) -> None:
        await self._engine.warm_up()

    async def close(self) -> None:
        self._closed = True
        for task in (self._mending, *self._leaving):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await _close(self._engine)

    @property
    def inner(self) -> E:
        """The engine that works now."""
        if self._down is not None:
            raise self._down
        return self._engine

    @property
    def note(self) -> str | None:
        """What the engine says of where it runs; None: it does not know."""
        return getattr(self._engine, "note", None)

    # ---- one call -----------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _call(self, engine: E) -> AsyncIterator[asyncio.Timeout]:
        """Around every wait for the engine. Raises EngineError, whatever happens inside."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            async with asyncio.timeout(self._deadline_s) as limit:
                self._calls.add(limit)
                try:
                    yield limit
                finally:
                    self._calls.discard(limit)
        except TimeoutError:
            if engine is not self._engine or self._down is not None:
                raise self._restarting() from None
            if max(began_s, self._gave_s) + self._deadline_s > loop.time() + 0.001:
                raise EngineError(f"{self.name} is too slow now.", engine=self.name, retryable=True) from None
            raise self._fail(engine, f"it gave nothing for {self._deadline_s:g} s") from None
        except EngineError as error:
            if error.retryable:
                self._suspect(engine)
            raise
        except (ConfigError, asyncio.CancelledError, StopAsyncIteration, GeneratorExit):
            raise
        except Exception as error:  # an engine may fail in any way
            log.exception("%s crashed", self.name)
            raise self._fail(engine, f"{type(error).__name__}") from error

    def _gave(self) -> None:
        self._gave_s = asyncio.get_running_loop().time()

    # ---- failure and restart ------------------------------------------------------------------------

    def _restarting(self) -> EngineError:
        return self._down or EngineError(f"{self.name} was restarted.", engine=self.name, retryable=True)

    def _fail(self, engine: E, why: str) -> EngineError:
        """Give the engine up; what the caller is to raise."""
        if engine is self._engine and self._down is None and not self._closed:
            log.error("%s failed: %s; it is restarted", self.name, why)
            self._down = EngineError(
                f"{self.name} failed ({why}) and is being restarted.", engine=self.name, retryable=True
            )
            now_s = asyncio.get_running_loop().time()
            for limit in self._calls:
                if not limit.expired():
                    limit.reschedule(now_s)
            self._become(self._restart())
        return self._restarting()

    def _suspect(self, engine: E) -> None:
        """Try the engine, unless that was done lately."""
        now_s = asyncio.get_running_loop().time()
        busy = self._mending is not None and not self._mending.done()
        if engine is self._engine and not busy and not self._closed and now_s > self._tried_s + TRIED_LATELY_S:
            self._tried_s = now_s
            self._become(self._examine(engine))

    def _become(self, work: Any) -> None:
        before = self._mending

        async def after() -> None:
            if before is not None and not before.done():
                before.cancel()
            await work

        self._mending = asyncio.get_running_loop().create_task(after(), name=f"mending {self.name}")

    async def _examine(self, engine: E) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._trial(engine)
        except Exception as error:
            self._fail(engine, f"and cannot work any more: {type(error).__name__}")

    async def _trial(self, engine: E) -> None:
        raise NotImplementedError

    async def _restart(self) -> None:
        """The old engine stays until the new one is warm: what it says of itself is still asked for."""
        await self._leave(self._engine)
        wait_s = FIRST_WAIT_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
            self.restarts += 1
            try:
                self._engine = await self._warm()
            except Exception as error:
                log.error("%s cannot be restarted (%s); next try in %g s", self.name, str(error) or "too slow", wait_s)
                continue
            log.warning("%s works again", self.name)
            self._down = None
            return

    async def _warm(self) -> E:
        engine = self._make()
        try:
            async with asyncio.timeout(RESTART_DEADLINE_S):
                await engine.warm_up()
        except BaseException:
            await self._leave(engine)
            raise
        return engine

    async def _leave(self, engine: E) -> None:
        """Its memory is wanted back, but nothing waits for one that hangs longer than a moment."""
        task = asyncio.get_running_loop().create_task(_close(engine), name=f"leaving {self.name}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        await asyncio.wait({task}, timeout=CLOSE_DEADLINE_S)


async def _close(engine: Engine) -> None:
    try:
        async with asyncio.timeout(CLOSE_DEADLINE_S):
            await engine.close()
    except Exception as error:
        log.warning("%s did not close in order: %s", engine.name, str(error) or type(error).__name__)


class SupervisedTts(_Supervised[Tts]):
    """`Tts`."""

    @property
    def sample_rate_hz(self) -> int:
        return self._engine.sample_rate_hz

    @property
    def voices(self) -> tuple[str, ...]:
        return self._engine.voices

    @property
    def tones(self) -> tuple[str, ...]:
        return self._engine.tones

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        engine = self.inner
        chunks = engine.stream(text, voice)
        try:
            while True:
                async with self._call(engine):
                    chunk = await anext(chunks, None)
                self._gave()
                if chunk is None:
                    return
                yield chunk
        finally:
            await _end(chunks, self._deadline_s)

    async def _trial(self, engine: Tts) -> None:
        async with aclosing(engine.stream(TRIAL_TEXT, VoiceSpec())) as chunks:  # type: ignore[type-var]
            async for _ in chunks:
                break


class SupervisedStt(_Supervised[Stt]):
    """`Stt`."""

    @property
    def languages(self) -> tuple[str, ...] | None:
        return getattr(self._engine, "languages", None)

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> "SupervisedStream":
        engine = self.inner

        def partial(transcript: Transcript) -> None:
            self._gave()
            if on_partial is not None:
                on_partial(transcript)

        try:
            stream = engine.open(options, None if on_partial is None else partial)
        except (EngineError, ConfigError):
            raise
        except Exception as error:
            log.exception("%s crashed", self.name)
            raise self._fail(engine, type(error).__name__) from error
        return SupervisedStream(self, engine, stream)

    async def _trial(self, engine: Stt) -> None:
        stream = engine.open(SttOptions(), None)
        try:
            stream.feed(bytes(TRIAL_BYTES))
            await stream.flush()
        finally:
            stream.close()


class SupervisedStream:
    """`SttStream`."""

    __slots__ = ("_engine", "_stream", "_supervisor")

    def __init__(self, supervisor: SupervisedStt, engine: Stt, stream: SttStream) -> None:
        self._supervisor, self._engine, self._stream = supervisor, engine, stream

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        if self._engine is not self._supervisor._engine or self._supervisor._down is not None:
            return  # flush tells
        try:
            self._stream.feed(pcm, speech=speech)
        except EngineError:
            raise
        except Exception as error:
            raise self._supervisor._fail(self._engine, type(error).__name__) from error

    async def flush(self) -> Transcript:
        supervisor = self._supervisor
        if self._engine is not supervisor._engine or supervisor._down is not None:
            raise supervisor._restarting()
        async with supervisor._call(self._engine):
            transcript = await self._stream.flush()
        supervisor._gave()
        return transcript

    def close(self) -> None:
        try:
            self._stream.close()
        except Exception as error:
            log.warning("an utterance of %s did not close: %s", self._supervisor.name, type(error).__name__)


async def _end(chunks: AsyncIterator[bytes], deadline_s: float) -> None:
    """Close an engine's stream, whose own end may hang or raise as well."""
    close = getattr(chunks, "aclose", None)
    if close is None:
        return
    try:
        async with asyncio.timeout(min(deadline_s, CLOSE_DEADLINE_S)):
            await close()
    except Exception as error:
        log.warning("a stream of sound did not end in order: %s", str(error) or type(error).__name__)
