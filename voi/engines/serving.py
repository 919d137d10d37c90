"""Serves engines by the messages of `voi.engines.messages`: calls come in, answers go out."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from voi.engines.base import SttStream, Transcript
from voi.engines.info import SttInfo, TtsInfo
from voi.engines.messages import (
    CallFailed,
    CancelCall,
    CloseUtterance,
    Done,
    Drop,
    Feed,
    FinalTranscript,
    Flush,
    Make,
    More,
    OpenUtterance,
    Partial,
    Ping,
    Ready,
    Reconfigure,
    Speak,
    SpokenSound,
    TimedSpokenWord,
    ToServer,
    ToWorker,
)  # fmt: skip
from voi.engines.tts.adapter import one_text
from voi.errors import ConfigError, EngineBroken, EngineError

AHEAD_CHUNKS = 8
"""Backpressure: for one text at most this many chunks of sound are sent that the server has not taken yet."""

log = logging.getLogger(__name__)


class Serving:
    """Engines by the numbers that the other end gives them, and its calls. Subclasses decide where engines come from
    and where answers go."""

    def __init__(self) -> None:
        self._engines: dict[int, Any] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._streams: dict[int, SttStream] = {}
        self._room: dict[int, asyncio.Semaphore] = {}

    # ---- what subclasses do -------------------------------------------------------------------------

    def _tell(self, message: ToServer) -> None:
        raise NotImplementedError

    async def _enter(self, message: Make) -> Any:
        """Return a warm engine. Raises what its `warm_up` raises."""
        raise NotImplementedError

    async def _drop(self, number: int) -> None:
        raise NotImplementedError

    def _note(self, number: int) -> str:
        """How that engine runs on this machine, if its info does not say so."""
        return ""

    async def _ask(self, engine: Any) -> None:
        """Return when the engine has answered."""
        await engine.ping()

    # ---- messages -----------------------------------------------------------------------------------

    def _take(self, message: ToWorker | ToServer) -> None:
        """Start the work for one message. Raises ValueError for a message that only the other end may get."""
        match message:
            case Make():
                self._begin(message.call, self._make(message))
            case Speak():
                self._room[message.call] = asyncio.Semaphore(AHEAD_CHUNKS)
                self._begin(message.call, self._speak(message))
            case More():
                if room := self._room.get(message.call):
                    room.release()
            case CancelCall():
                if task := self._tasks.get(message.call):
                    task.cancel()
            case OpenUtterance():
                self._guarded(message.call, lambda: self._listen(message))
            case Feed():
                if stream := self._streams.get(message.call):
                    self._guarded(message.call, lambda: stream.feed(message.pcm, speech=message.speech))
            case Flush():
                self._begin(message.call, self._flush(message))
            case CloseUtterance():
                if ended := self._streams.pop(message.call, None):
                    self._guarded(message.call, ended.close)
            case Reconfigure():
                self._begin(message.call, self._reconfigure(message))
            case Ping():
                self._begin(message.call, self._ping(message))
            case Drop():
                self._begin(message.engine, self._drop(message.engine))
            case _:
                raise ValueError(f"{type(message).__name__} is no message to a worker")

    # ---- work ---------------------------------------------------------------------------------------

    def _begin(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                self._fail(number, error)

        def over(task: asyncio.Task[None]) -> None:
            work.close()  # it never began if it was cancelled at once
            if self._tasks.get(number) is task:
                del self._tasks[number]
                self._room.pop(number, None)

        task = self._tasks[number] = asyncio.get_running_loop().create_task(guarded())
        task.add_done_callback(over)

    def _guarded(self, number: int, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self._fail(number, error)

    def _fail(self, number: int, error: Exception) -> None:
        if isinstance(error, ConfigError):
            self._tell(CallFailed(number, "config", tuple(error.problems)))
        elif isinstance(error, EngineError) and not isinstance(error, EngineBroken):
            self._tell(CallFailed(number, "engine", (str(error),), error.retryable))
        elif isinstance(error, EngineError):
            self._tell(CallFailed(number, "broken", (str(error),)))
        else:
            log.exception("an engine crashed", exc_info=error)
            self._tell(CallFailed(number, "broken", (f"The engine crashed: {type(error).__name__}.",)))

    def _ready(self, call: int, number: int, *, taken: bool = True) -> None:
        info = self._engines[number].info
        info = replace(info, note=info.note or self._note(number))
        tts, stt = info if isinstance(info, TtsInfo) else None, info if isinstance(info, SttInfo) else None
        # From another process every TTS engine is used a sentence at a time.
        self._tell(Ready(call, replace(tts, contexts=False) if tts else None, stt, taken))

    async def _make(self, message: Make) -> None:
        engine = await self._enter(message)
        self._engines[message.engine] = engine
        self._ready(message.call, message.engine)

    async def _reconfigure(self, message: Reconfigure) -> None:
        taken = await self._engines[message.engine].reconfigure(message.options, message.needed)
        self._ready(message.call, message.engine, taken=taken)

    async def _speak(self, message: Speak) -> None:
        call, room = message.call, self._room[message.call]
        async with aclosing(one_text(self._engines[message.engine], message.text, message.voice)) as speech:
            async for item in speech:
                if isinstance(item, bytes):
                    await room.acquire()
                    self._tell(SpokenSound(call, item))
                else:
                    self._tell(TimedSpokenWord(call, item))
        self._tell(Done(call))

    def _listen(self, message: OpenUtterance) -> None:
        def partial(transcript: Transcript) -> None:
            self._tell(Partial(message.call, transcript))

        engine = self._engines[message.engine]
        self._streams[message.call] = engine.open(message.options, partial if message.partials else None)

    async def _flush(self, message: Flush) -> None:
        if message.utterance not in self._streams:
            raise EngineError("This utterance was closed or never began.")
        self._tell(FinalTranscript(message.call, await self._streams[message.utterance].flush()))

    async def _ping(self, message: Ping) -> None:
        engine = self._engines.get(message.engine)
        if engine is not None and engine.info.pings:
            await self._ask(engine)
        self._tell(Done(message.call))
