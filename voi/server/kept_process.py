"""Keeps a child process of Voi running: it is started again when it ends, each time after a longer wait."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from voi.server.belonging import PARENT, READY_FD

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
STEADY_S = 60.0
"""After this run time an end is not blamed on the start: the wait before the next start is short again."""
LOOK_EVERY_S = 0.02
VOI = (sys.executable, "-c", "from voi.cli import main; main()")

log = logging.getLogger(__name__)


class KeptProcess:
    """`name`: for the log. `command`: a whole command line. `environ`: variables in addition to this process's own."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._environ = environ
        self._process: asyncio.subprocess.Process | None = None
        self._ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """Resolves for the current or next process: whether it became ready."""
        self._unwanted = asyncio.Event()
        self._renewing = False
        self.restarts = 0

    async def ready(self) -> bool:
        """Wait until it is ready; False if it ended before that."""
        return await asyncio.shield(self._ready)

    async def keep(self) -> None:
        """Run the process, again and again, until `stop`. Counts `restarts`."""
        loop, wait_s = asyncio.get_running_loop(), FIRST_WAIT_S
        while not self._unwanted.is_set():
            began_s = loop.time()
            try:
                how = await self._run()
            except OSError as error:
                how = f"could not be started: {error}"
            if not self._ready.done():
                self._ready.set_result(False)
            if self._unwanted.is_set():
                return
            self._ready = loop.create_future()
            self.restarts += 1
            if not self._renewing:
                if loop.time() > began_s + STEADY_S:
                    wait_s = FIRST_WAIT_S
                log.error("%s %s. It is started again in %g s", self.name, how, wait_s)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._unwanted.wait(), wait_s)
                wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
            self._renewing = False
        self._ready.set_result(False)

    def stop(self) -> None:
        """Tell it to end in order, and do not start it again. A second call tells it to end at once."""
        self._unwanted.set()
        self.tell(signal.SIGTERM)

    def kill(self) -> None:
        self._unwanted.set()
        self.tell(signal.SIGKILL)

    async def renew(self, end_within_s: float) -> bool:
        """Have it end in order, and start it again at once. Returns whether it became ready again. One that has not
        ended in time is killed."""
        if (process := self._process) is not None and not self._unwanted.is_set():
            self._renewing, before = True, self._ready
            self.tell(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), end_within_s)
            except TimeoutError:
                log.error("%s does not end, and is killed", self.name)
                self.tell(signal.SIGKILL)
            while self._ready is before and not self._unwanted.is_set():  # noqa: ASYNC110 - for the next one
                await asyncio.sleep(LOOK_EVERY_S)
        return not self._unwanted.is_set() and await self.ready()

    def tell(self, sig: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(sig)

    async def _run(self) -> str:
        """One process, from its start to its end. Returns how it ended."""
        reading, writing = os.pipe()
        environ = os.environ | dict(self._environ) | {READY_FD: str(writing), PARENT: str(os.getpid())}
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command, env=environ, pass_fds=[writing], stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl+C in a terminal is for the process that keeps it
            )  # fmt: skip
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        hearing = asyncio.create_task(self._hear(reading), name=f"{self.name} becomes ready")
        try:
            code = await process.wait()
        finally:
            self._process = None
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    async def _hear(self, reading: int) -> None:
        reader = asyncio.StreamReader()
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), pipe
            )
            try:
                if await reader.readline() and not self._ready.done():
                    self._ready.set_result(True)
            finally:
                transport.close()
