"""The process of one or several engines, started by `hosted`: python -m voi.engines.worker. It ends with its server.

It talks over what were standard input and output; whatever the engine's libraries print goes to standard error.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from voi.engines import registry
from voi.engines.base import SttOptions, SttStream, Transcript, VoiceSpec
from voi.engines.device import slow_note
from voi.engines.frames import Unframer, frame
from voi.errors import ConfigError, EngineBroken, EngineError

AHEAD_CHUNKS = 8
"""Pieces of sound that may be on their way and not taken yet, for one text."""
READ_BYTES = 256 * 1024
_PR_SET_PDEATHSIG = 1  # prctl(2): a server that is killed takes its engines along

log = logging.getLogger(__name__)


def main() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for told_to_all in (signal.SIGINT, signal.SIGTERM):  # by a terminal, or by systemd: the server closes us in order
        signal.signal(told_to_all, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    out = os.dup(1)
    os.dup2(2, 1)
    code = 0
    try:
        asyncio.run(Host(out).serve())
    except Exception:
        log.exception("the engine's process fails")
        code = 1
    os._exit(code)  # threads that hang in a driver would keep it alive


class _ToServer(logging.Handler):
    """Has the server log what is logged here, in its own form. Texts of exceptions may repeat what somebody said, and
    are left out."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._tell, self._loop = tell, asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        """On any thread."""
        try:
            text = record.getMessage()
        except Exception:  # a library's mistake in what it logs must not end what it is at
            text = str(record.msg)
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text += f"\n{''.join(traceback.format_tb(error.__traceback__))}{type(error).__qualname__}"
        told = {"id": 0, "log": text, "level": record.levelno, "logger": record.name}
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._tell, told)


class Host:
    """Serves engines, by numbers that the server gives them. `out`: descriptor that messages to the server are written
    to; writing waits where the server does not read, and then nothing more is taken from it either. The server never
    waits for us, so that cannot lock both."""

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
            for head, body in messages.feed(data):
                if head["op"] == "close":
                    await self._close()
                    self._tell({"id": head["id"], "done": True})
                    return
                self._take(head, body)

    def _tell(self, head: dict[str, Any], body: bytes = b"") -> None:
        data = frame(head, body)
        with contextlib.suppress(BrokenPipeError):  # the server is gone, and standard input tells so next
            while data:
                data = data[self._out.write(data) :]

    def _take(self, head: dict[str, Any], body: bytes) -> None:
        number = head["id"]
        match head["op"]:
            case "make":
                self._begin(number, self._make(head))
            case "speak":
                self._room[number] = asyncio.Semaphore(AHEAD_CHUNKS)
                self._begin(number, self._speak(head))
            case "more":
                if room := self._room.get(number):
                    room.release()
            case "stop":
                if task := self._tasks.get(number):
                    task.cancel()
            case "open":
                self._guarded(number, lambda: self._open(head))
            case "feed":
                if stream := self._streams.get(number):
                    self._guarded(number, lambda: stream.feed(body, speech=head["speech"]))
            case "flush":
                self._begin(head["flush"], self._flush(number, head["flush"]))
            case "end":
                if ended := self._streams.pop(number, None):
                    self._guarded(number, ended.close)
            case "teach":
                self._begin(number, self._teach(head))
            case "ping":
                self._begin(number, self._ping(head))
            case "drop":
                self._begin(number, self._drop(number))

    # ---- work -------------------------------------------------------------------------------------

    def _begin(self, number: int, work: Any) -> None:
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
        told: dict[str, Any] = {"id": number, "error": str(error), "kind": "broken"}
        if isinstance(error, ConfigError):
            told |= {"kind": "config", "problems": error.problems}
        elif isinstance(error, EngineError) and not isinstance(error, EngineBroken):
            told |= {"kind": "engine", "retryable": error.retryable}
        elif not isinstance(error, EngineError):
            log.exception("an engine crashed", exc_info=error)
            told["error"] = f"The engine crashed: {type(error).__name__}."
        self._tell(told)

    def _about(self, number: int) -> dict[str, Any]:
        engine = self._engines[number]
        names = ("name", "sample_rate_hz", "voices", "tones", "languages")
        return {name: getattr(engine, name) for name in names if hasattr(engine, name)} | {"note": self._notes[number]}

    async def _make(self, head: dict[str, Any]) -> None:
        number, kind, name, options = head["engine"], head["kind"], head["name"], head["options"]
        factory = await asyncio.to_thread(registry.find, kind, name)
        engine = self._engines[number] = registry.build(factory, kind, name, options)
        await engine.warm_up()
        self._notes[number] = slow_note(factory, options)
        self._tell({"id": head["id"], "ready": self._about(number)})

    async def _drop(self, number: int) -> None:
        if engine := self._engines.pop(number, None):
            await engine.close()

    async def _speak(self, head: dict[str, Any]) -> None:
        number, room, engine = head["id"], self._room[head["id"]], self._engines[head["engine"]]
        async with aclosing(engine.stream(head["text"], VoiceSpec(**head["voice"]))) as chunks:
            async for chunk in chunks:
                await room.acquire()
                self._tell({"id": number, "more": True}, chunk)
        self._tell({"id": number, "done": True})

    def _open(self, head: dict[str, Any]) -> None:
        number, options = head["id"], head["options"]

        def partial(transcript: Transcript) -> None:
            self._tell({"id": number, "partial": transcript})

        given = SttOptions(**options | {"hot_words": tuple(options["hot_words"])})
        engine = self._engines[head["engine"]]
        self._streams[number] = engine.open(given, partial if head["partials"] else None)

    async def _flush(self, number: int, flush: int) -> None:
        if number not in self._streams:
            raise EngineError("This utterance was closed or never began.")
        transcript = await self._streams[number].flush()
        self._tell({"id": flush, "heard": transcript})

    async def _ping(self, head: dict[str, Any]) -> None:
        if ping := getattr(self._engines.get(head.get("engine", 0)), "ping", None):
            await ping()
        self._tell({"id": head["id"]})

    async def _teach(self, head: dict[str, Any]) -> None:
        from voi.engines.tts.xtts.cloning_live import teach

        learnt = await teach(self._engines[head["engine"]], Path(head["voices"]))
        self._tell({"id": head["id"], "learnt": learnt, "ready": self._about(head["engine"])})

    async def _close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*(engine.close() for engine in self._engines.values()), return_exceptions=True)


if __name__ == "__main__":
    main()
