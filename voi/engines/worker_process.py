"""The worker process of engines, as the server sees it; `worker` is the code inside it."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence

from voi.engines.frames import Unframer, encode
from voi.engines.leaving import LEAVE_SIGNAL, TOLD_DEADLINE_S
from voi.engines.messages import Close
from voi.engines.peer import EnginePeer

COMMAND = (sys.executable, "-m", "voi.engines.worker")
CLOSE_DEADLINE_S = 2.0
EXIT_DEADLINE_S = 1.0
"""Longest wait for a process to end after its pipe has ended."""
READ_BYTES = 256 * 1024

log = logging.getLogger(__name__)


class WorkerProcess(EnginePeer):
    """One worker process. It starts when the first engine enters and ends when the last one leaves; it can be started
    again. `on_end` is called with a sentence that says why when the process ends by itself."""

    def __init__(
        self, name: str, on_end: Callable[[str], object] = lambda _: None, *, command: Sequence[str] = COMMAND
    ) -> None:
        super().__init__(name)
        self._on_end = on_end
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def _connect(self) -> None:
        """Start the process. Raises OSError."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=READ_BYTES,
            start_new_session=True,  # Ctrl+C in a terminal is for the server, also before `worker` ignores it
        )
        self._reading = asyncio.create_task(self._read(self._process), name=f"reading {self.name}")

    async def _disconnect(self) -> None:
        """End the process: in order if it still answers, else it is told to leave the GPU, or killed."""
        process, reading, self._process, self._reading = self._process, self._reading, None, None
        assert process is not None
        assert process.stdin is not None
        assert reading is not None
        self._why_ended = f"The process of {self.name} was closed."
        try:
            async with asyncio.timeout(CLOSE_DEADLINE_S):
                if not process.stdin.is_closing():
                    process.stdin.write(encode(Close()))
                await process.wait()
        except (TimeoutError, ConnectionError):
            log.warning("the process of %s does not answer and is ended", self.name)
        finally:
            if process.returncode is None:
                await _end(process)
            process.stdin.close()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._end_calls()

    def _transport(self) -> asyncio.WriteTransport | None:
        return self._process.stdin.transport if self._process and self._process.stdin else None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        messages = Unframer()
        why = ""
        try:
            while data := await process.stdout.read(READ_BYTES):
                for message in messages.feed(data):
                    self._take(message)
            why = await self._how_it_ended(process)
        except Exception as error:
            log.error("what the process of %s says is no message: %s", self.name, type(error).__name__)
            why = f"The process of {self.name} speaks nonsense."
        finally:
            self._why_ended = why or self._why_ended
            self._end_calls()
        if process is self._process:  # it ended by itself
            self._on_end(why)

    async def _how_it_ended(self, process: asyncio.subprocess.Process) -> str:
        try:
            code = await asyncio.wait_for(process.wait(), EXIT_DEADLINE_S)
        except TimeoutError:
            return f"The process of {self.name} closed its pipe."
        if code == -signal.SIGKILL:
            return f"The process of {self.name} was killed, perhaps because the machine's memory ran out."
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        return f"The process of {self.name} ended {how}."


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process that does not answer. One that was killed amid the GPU's work would disturb others there."""
    process.send_signal(LEAVE_SIGNAL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TOLD_DEADLINE_S):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
