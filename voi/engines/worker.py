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
from collections.abc import Callable
from typing import Any

from voi.engines import registry
from voi.engines.device import slow_note
from voi.engines.frames import Unframer, encode
from voi.engines.leaving import LEAVE_SIGNAL, finish_gpu_work, leave_when_told
from voi.engines.messages import Close, Logged, Make, ToServer
from voi.engines.serving import Serving

READ_BYTES = 256 * 1024
SWITCH_INTERVAL_S = 0.001
"""After so long, a thread that computes in Python makes way for one that wants to go on, such as a device's. Python's
5 ms are the time of several steps."""
CLOSE_DEADLINE_S = 1.0
_PR_SET_PDEATHSIG = 1  # prctl(2): when the server is killed, its workers get this signal

log = logging.getLogger(__name__)


def main() -> None:
    """Run the worker process: messages come on standard input, answers go to what was standard output, and what others
    print goes to standard error. Ends with the server, even if that is killed (Linux)."""
    leave_when_told()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, LEAVE_SIGNAL)
    for told_to_all in (signal.SIGINT, signal.SIGTERM):  # a terminal or systemd sends them to all: the server closes us
        signal.signal(told_to_all, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    out = os.dup(1)
    os.dup2(2, 1)
    code = 0
    try:
        asyncio.run(Worker(out).serve())
    except Exception:
        log.exception("the engine's process fails")
        code = 1
    finish_gpu_work()
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
        except Exception:  # an invalid log call of a library must not end its work
            text = str(record.msg)
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text += f"\n{''.join(traceback.format_tb(error.__traceback__))}{type(error).__qualname__}"
        told = Logged(text, record.levelno, record.name)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._tell, told)


class Worker(Serving):
    """Serves the engines of one server. `out`: file descriptor for messages to the server. Writing blocks while the
    server does not read, and then this process reads nothing either. The server never waits for this process, so this
    is not a deadlock."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self._out = open(out, "wb", buffering=0)  # noqa: SIM115 - lives as long as the process
        self._notes: dict[int, str] = {}

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
        with contextlib.suppress(TimeoutError):  # the server has died: nobody hears what is computed
            async with asyncio.timeout(CLOSE_DEADLINE_S):
                await self._close()

    def _tell(self, message: ToServer) -> None:
        data = encode(message)
        with contextlib.suppress(BrokenPipeError):  # the server is gone; standard input ends next
            while data:
                data = data[self._out.write(data) :]

    async def _enter(self, message: Make) -> Any:
        number, options = message.engine, message.options
        factory = await asyncio.to_thread(registry.find, message.kind, message.name)
        engine = self._engines[number] = registry.build(factory, message.kind, message.name, options)
        await engine.warm_up()
        self._notes[number] = slow_note(engine.info, options)
        return engine

    def _note(self, number: int) -> str:
        return self._notes[number]

    async def _drop(self, number: int) -> None:
        if engine := self._engines.pop(number, None):
            await engine.close()

    async def _close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*(engine.close() for engine in self._engines.values()), return_exceptions=True)


if __name__ == "__main__":
    main()
