"""The worker process of one or several engines, started by `worker_process`. It ends with its server.

Messages go over its original standard input and output; what the engines' libraries print goes to standard error.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from voi.engines import registry
from voi.engines.base import SttStream, Transcript
from voi.engines.device import slow_note
from voi.engines.frames import Unframer, encode
from voi.engines.info import SttInfo, TtsInfo
from voi.engines.messages import (
    CallFailed,
    CancelCall,
    Close,
    CloseUtterance,
    Done,
    Drop,
    Feed,
    FinalTranscript,
    Flush,
    Logged,
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
READ_BYTES = 256 * 1024
_PR_SET_PDEATHSIG = 1  # prctl(2): when the server is killed, its workers are killed too

log = logging.getLogger(__name__)


def main() -> None:
    """Run the worker process: messages come on standard input, answers go to what was standard output, and what others
    print goes to standard error. Ends with the server, even if that is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for told_to_all in (signal.SIGINT, signal.SIGTERM):  # a terminal or systemd sends them to all: the server closes us
        signal.signal(told_to_all, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    out = os.dup(1)
    os.dup2(2, 1)
    code = 0
    try:
        asyncio.run(Worker(out).serve())
    except Exception:
        log.exception("the engine's process fails")
        code = 1
    os._exit(code)  # threads that hang in a driver would keep it alive


class _ToServer(logging.Handler):
    """Sends log records to the server, which logs them in its own format. Texts of exceptions are left out, since they
    may contain what people said."""

    def __init__(self, tell: Callable[[Logged], None]) -> None:
        super().__init__()
        self._tell, self._loop = tell, asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        """May be called on any thread."""
        try:
            text = record.getMessage()
        except Exception:  # a library's mistake in a log call must not end its work
            text = str(record.msg)
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text += f"\n{''.join(traceback.format_tb(error.__traceback__))}{type(error).__qualname__}"
        told = Logged(text, record.levelno, record.name)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._tell, told)


class Worker:
    """Serves engines, by numbers that the server gives them. `out`: file descriptor for messages to the server. Writing
    blocks while the server does not read, and then this process reads nothing either. The server never waits for this
    process, so that is no deadlock."""

    def __init__(self, out: int) -> None:
        self._out = open(out, "wb", buffering=0)  # noqa: SIM115 - lives as long as the process
        self._engines: dict[int, Any] = {}
        self._notes: dict[int, str] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._streams: dict[int, SttStream] = {}
        self._room: dict[int, asyncio.Semaphore] = {}

    async def serve(self) -> None:
        root = logging.getLogger()
        before, root.handlers[:] = root.handlers[:], [_ToServer(self._tell)]
        try:
            await self._serve()
        finally:
            root.handlers[:] = before

    async def _serve(self) -> None:
        reader = asyncio.StreamReader(limit=READ_BYTES)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        messages = Unframer()
        while data := await reader.read(READ_BYTES):
            for message in messages.feed(data):
                if isinstance(message, Close):
                    await self._close()
                    return
                self._take(message)

    def _tell(self, message: ToServer) -> None:
        data = encode(message)
        with contextlib.suppress(BrokenPipeError):  # the server is gone; standard input ends next
            while data:
                data = data[self._out.write(data) :]

    def _take(self, message: ToWorker | ToServer) -> None:
        """Start the work for one message. Raises ValueError for a message that is not for a worker, which ends the
        process."""
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

    # ---- work -------------------------------------------------------------------------------------

    def _begin(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                self._fail(number, error)
            finally:
                self._tasks.pop(number, None)
                self._room.pop(number, None)

        self._tasks[number] = asyncio.get_running_loop().create_task(guarded())

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
        info = replace(info, note=info.note or self._notes[number])
        tts, stt = info if isinstance(info, TtsInfo) else None, info if isinstance(info, SttInfo) else None
        # In a worker process every TTS engine is used a sentence at a time.
        self._tell(Ready(call, replace(tts, contexts=False) if tts else None, stt, taken))

    async def _make(self, message: Make) -> None:
        number, options = message.engine, message.options
        factory = await asyncio.to_thread(registry.find, message.kind, message.name)
        engine = self._engines[number] = registry.build(factory, message.kind, message.name, options)
        await engine.warm_up()
        self._notes[number] = slow_note(engine.info, options)
        self._ready(message.call, number)

    async def _reconfigure(self, message: Reconfigure) -> None:
        taken = await self._engines[message.engine].reconfigure(message.options, message.needed)
        self._ready(message.call, message.engine, taken=taken)

    async def _drop(self, number: int) -> None:
        if engine := self._engines.pop(number, None):
            await engine.close()

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
            await engine.ping()
        self._tell(Done(message.call))

    async def _close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*(engine.close() for engine in self._engines.values()), return_exceptions=True)


if __name__ == "__main__":
    main()
