"""Runs a program that speaks, without a shell: bounded in time and in what it gives, and ended with all that it
started."""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import Path

from voi.errors import EngineError

OUTPUT_MAX_BYTES = 64 * 2**20
"""Eleven minutes at 48 kHz."""
READ_BYTES = 16_384
PLAYING_STEP_S = 0.1
KILLED_S = 1.0
"""How long a killed program may take to be gone."""
_PASSED_ON = (
    "PATH", "HOME", "USER", "LANG", "LANGUAGE", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "XDG_RUNTIME_DIR", "PULSE_SERVER",
    "ALSA_CARD", "CUDA_VISIBLE_DEVICES",
)  # fmt: skip
"""Of the server's environment, in which there are secrets."""


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """The program's environment: a few of the server's variables and `own`."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("LC_")}
    return passed | dict(own)


class Program:
    """One run. `deadline_s`: the longest wait for its next sound, or for its end. Use it as an asynchronous context:
    leaving it kills the program's whole process group. Raises EngineError."""

    def __init__(
        self, command: Sequence[str], text: bytes | None, variables: Mapping[str, str], deadline_s: float
    ) -> None:
        self._command, self._text, self._variables, self._deadline_s = command, text, variables, deadline_s
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Program":
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL if self._text is None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # it may hold what is spoken
                env=dict(self._variables),
                start_new_session=True,
                limit=READ_BYTES,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise EngineError(f"The program {self._name} cannot be started: {reason}.", retryable=True) from None
        with contextlib.suppress(OSError, AttributeError):  # what it writes into a file is bounded as well
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (OUTPUT_MAX_BYTES, OUTPUT_MAX_BYTES))
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        self._kill(process)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILLED_S):
                await process.wait()
        transport = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()  # nothing public closes an output that was not read to its end

    async def output(self) -> AsyncGenerator[bytes, None]:
        """What it prints, as it comes. Raises EngineError when it fails, prints too much or takes too long."""
        process, left = self._running, OUTPUT_MAX_BYTES
        assert process.stdout is not None
        with self._deadline():
            async with asyncio.timeout(self._deadline_s):
                await self._hand_over(process)
        while True:
            with self._deadline():
                async with asyncio.timeout(self._deadline_s):
                    piece = await process.stdout.read(READ_BYTES)
            if not piece:
                break
            left -= len(piece)
            if left < 0:
                raise EngineError(f"The program {self._name} gives more sound than the text can be.")
            yield piece
        await self.end()

    async def end(self) -> None:
        """Wait until it has ended. Raises EngineError when it does not, or says that it failed."""
        with self._deadline():
            async with asyncio.timeout(self._deadline_s):
                code = await self._running.wait()
        if code:
            raise EngineError(f"The program {self._name} ended with {code}.", retryable=True)

    async def playing(self) -> AsyncGenerator[float, None]:
        """For a program that plays the sound itself: yields the seconds that passed, until it has ended."""
        clock = asyncio.get_running_loop().time
        began_s = told_s = clock()
        ending = asyncio.ensure_future(self._drained())
        try:
            while not ending.done():
                await asyncio.wait({ending}, timeout=PLAYING_STEP_S)
                now_s = clock()
                if now_s - began_s > self._deadline_s:
                    raise EngineError(f"The program {self._name} did not end within {self._deadline_s:g} s.")
                yield now_s - told_s
                told_s = now_s
            ending.result()
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)
        await self.end()

    async def _drained(self) -> None:
        process = self._running
        assert process.stdout is not None
        await self._hand_over(process)
        while await process.stdout.read(READ_BYTES):
            pass

    async def _hand_over(self, process: asyncio.subprocess.Process) -> None:
        """The text, by its standard input. A program may end without reading all of it."""
        if process.stdin is None or self._text is None:
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(self._text)
            await process.stdin.drain()
        process.stdin.close()

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise EngineError(
                f"The program {self._name} gave nothing for {self._deadline_s:g} s.", retryable=True
            ) from None

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    @property
    def _name(self) -> str:
        return Path(self._command[0]).name

    @staticmethod
    def _kill(process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it started and left behind
