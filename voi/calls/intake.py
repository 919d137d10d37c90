"""Takes a person's sound from any door to the session: bounded, in order, in small slices, decoded if it comes in a
container."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from voi.audio.media import Container
from voi.audio.media_apart import DecoderProcess
from voi.audio.pcm import SAMPLE_BYTES
from voi.errors import ClientError, ConfigError
from voi.tasks import Tasks

log = logging.getLogger(__name__)

SLICE_S = 0.5
"""How much is passed on at once. The VAD computes inline, and half a second of sound costs it about a millisecond."""
MAX_PENDING_BYTES = 16 * 1024 * 1024
"""Limit on sound that was received and not passed on yet."""
BURST_S = 120
"""How far sound may run ahead of real time: a recording may be uploaded at once, but not without end."""

Hear = Callable[[bytes], None]
TellError = Callable[[str], None]


class Intake(Protocol):
    """Where the sound of one client goes in, whatever its format."""

    def sound(self, payload: bytes) -> None:
        """Take the next bytes of the person's sound, of any length."""

    def then(self, call: Callable[[], None]) -> None:
        """Run `call` once all sound so far was passed on."""

    async def aclose(self) -> None: ...


def open_intake(container: Container | None, rate_hz: int, hear: Hear, report_error: TellError, tasks: Tasks) -> Intake:
    """The intake for sound in that container, which is heard at 16 kHz; None: for PCM, s16le mono at `rate_hz`. `hear`
    takes PCM (`Session.hear`); `report_error` tells the client of errors. Raises ClientError if this server cannot
    decode the container."""
    if container is None:
        return PcmIntake(rate_hz, hear, report_error, tasks)
    return MediaIntake(container, hear, report_error, tasks)


class PcmIntake:
    """Passes small pieces on at once. A large piece, and what comes after it, is passed on by a task that yields to
    others."""

    __slots__ = (
        "_bytes_per_s", "_credit_at_s", "_credit_bytes", "_free_bytes", "_hear", "_loop", "_pending", "_pending_bytes",
        "_refusing", "_report_error", "_slice_bytes", "_tasks", "_working",
    )  # fmt: skip

    def __init__(self, rate_hz: int, hear: Hear, report_error: TellError, tasks: Tasks) -> None:
        self._bytes_per_s = rate_hz * SAMPLE_BYTES
        self._slice_bytes = int(SLICE_S * rate_hz) * SAMPLE_BYTES
        self._hear = hear
        self._report_error = report_error
        self._tasks = tasks
        self._pending: deque[bytes | Callable[[], None]] = deque()
        self._pending_bytes = 0
        self._working = False
        self._loop = asyncio.get_running_loop()
        self._credit_bytes = float(BURST_S * self._bytes_per_s)
        self._credit_at_s = self._loop.time()
        self._free_bytes = 0
        """Part of the credit that is spent without a look at the clock: fifty times a second that would count."""
        self._refusing = False

    def sound(self, payload: bytes) -> None:
        size_bytes = len(payload)
        if size_bytes <= self._free_bytes and not self._working:
            self._free_bytes -= size_bytes
            self._hear(payload)
            return
        if not self._afford(size_bytes):
            return
        if not self._working and len(payload) <= self._slice_bytes:
            self._hear(payload)
        else:
            self._pending_bytes += len(payload)
            self._queue(payload)

    def then(self, call: Callable[[], None]) -> None:
        if self._working:
            self._queue(call)
        else:
            call()

    async def aclose(self) -> None:
        self._pending.clear()

    def _afford(self, size_bytes: int) -> bool:
        now_s = self._loop.time()
        credit = self._credit_bytes + self._free_bytes + (now_s - self._credit_at_s) * self._bytes_per_s
        credit = min(credit, BURST_S * self._bytes_per_s)
        self._credit_at_s, self._free_bytes = now_s, 0
        refused = size_bytes > credit or self._pending_bytes + size_bytes > MAX_PENDING_BYTES
        if refused and not self._refusing:
            self._report_error("You send sound faster than it can be spoken; some of it was dropped.")
        self._refusing = refused
        if not refused:
            credit -= size_bytes
            self._free_bytes = min(int(credit), self._slice_bytes)
        self._credit_bytes = credit - self._free_bytes
        return not refused

    def _queue(self, item: bytes | Callable[[], None]) -> None:
        self._pending.append(item)
        if not self._working:
            self._working = True
            self._tasks.start(self._work(), "intake")

    async def _work(self) -> None:
        try:
            while self._pending:
                item = self._pending.popleft()
                if not isinstance(item, bytes):
                    item()
                    continue
                self._pending_bytes -= len(item)
                for start in range(0, len(item), self._slice_bytes):
                    self._hear(item[start : start + self._slice_bytes])
                    await asyncio.sleep(0)  # let other tasks run
        finally:
            self._working = False


class MediaIntake:
    """Decodes webm, mp4 or ogg in a process of its own. Raises ClientError if this server cannot decode."""

    def __init__(self, container: Container, hear: Hear, report_error: TellError, tasks: Tasks) -> None:
        self._report_error = report_error
        self._tasks = tasks
        self._refusing = False
        try:
            self._decoder = DecoderProcess(container, hear, lambda error: report_error(str(error)))
        except ConfigError as error:
            log.error("%s", error)
            raise ClientError(f"This server cannot decode {container}.") from None

    def sound(self, payload: bytes) -> None:
        try:
            self._decoder.push(payload)
        except ClientError as error:
            if not self._refusing:
                self._report_error(str(error))
            self._refusing = True
        else:
            self._refusing = False

    def then(self, call: Callable[[], None]) -> None:
        self._tasks.start(self._drain(call), "intake")

    async def _drain(self, call: Callable[[], None]) -> None:
        try:
            await self._decoder.drain()
        except TimeoutError:
            self._report_error("Your sound takes long to decode; some of it may come too late for this answer.")
        call()

    async def aclose(self) -> None:
        await self._decoder.close()
