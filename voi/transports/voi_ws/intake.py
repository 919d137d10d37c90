"""Sound from the client on its way to the ears: in order, decoded where it comes in a container, never much at once."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from voi.audio.media import Container, MediaDecoder
from voi.errors import ClientError, ConfigError
from voi.tasks import Tasks
from voi.transports.voi_ws.wire import INPUT_RATE_HZ, InputFormat

log = logging.getLogger(__name__)

BYTES_PER_S = INPUT_RATE_HZ * 2
SLICE_BYTES = BYTES_PER_S // 2
"""Heard in one go: the VAD computes inline, and half a second of sound costs it about a millisecond."""
MAX_PENDING_BYTES = 16 * 1024 * 1024
"""Received and not yet heard."""
BURST_S = 120
"""How far sound may run ahead of the clock: a recording may be uploaded whole, but not for ever."""

Hear = Callable[[bytes], None]
ReportError = Callable[[str], None]


class Intake(Protocol):
    def sound(self, payload: bytes) -> None:
        """Take a piece of the person's sound."""

    def then(self, call: Callable[[], None]) -> None:
        """Call it once all sound so far was heard."""

    async def aclose(self) -> None: ...


def open_intake(input_format: InputFormat, hear: Hear, complain: ReportError, tasks: Tasks) -> Intake:
    """Raises ClientError when this server cannot decode that format."""
    if input_format == "pcm16":
        return PcmIntake(hear, complain, tasks)
    return MediaIntake(input_format, hear, complain, tasks)


class PcmIntake:
    """Small pieces are heard at once; a large one, and what comes behind it, by a task that lets others have turns."""

    def __init__(self, hear: Hear, complain: ReportError, tasks: Tasks) -> None:
        self._hear = hear
        self._complain = complain
        self._tasks = tasks
        self._pending: deque[bytes | Callable[[], None]] = deque()
        self._pending_bytes = 0
        self._working = False
        self._loop = asyncio.get_running_loop()
        self._credit_bytes = float(BURST_S * BYTES_PER_S)
        self._credit_at_s = self._loop.time()
        self._refusing = False

    def sound(self, payload: bytes) -> None:
        if not self._afford(len(payload)):
            return
        if not self._working and len(payload) <= SLICE_BYTES:
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
        credit = min(self._credit_bytes + (now_s - self._credit_at_s) * BYTES_PER_S, BURST_S * BYTES_PER_S)
        self._credit_at_s = now_s
        refused = size_bytes > credit or self._pending_bytes + size_bytes > MAX_PENDING_BYTES
        if refused and not self._refusing:
            self._complain("You send sound faster than it can be spoken; some of it was dropped.")
        self._refusing = refused
        self._credit_bytes = credit if refused else credit - size_bytes
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
                for start in range(0, len(item), SLICE_BYTES):
                    self._hear(item[start : start + SLICE_BYTES])
                    await asyncio.sleep(0)  # others' turn
        finally:
            self._working = False


class MediaIntake:
    """webm, mp4 or ogg, decoded in a thread of its own. Raises ClientError when this server cannot."""

    def __init__(self, container: Container, hear: Hear, complain: ReportError, tasks: Tasks) -> None:
        self._complain = complain
        self._tasks = tasks
        self._refusing = False
        try:
            self._decoder = MediaDecoder(container, hear, lambda error: complain(str(error)))
        except ConfigError as error:
            log.error("%s", error)
            raise ClientError(
                f"This server cannot decode {container}. Send input_audio_format pcm16: s16le, mono, 16 kHz."
            ) from None

    def sound(self, payload: bytes) -> None:
        try:
            self._decoder.push(payload)
        except ClientError as error:
            if not self._refusing:
                self._complain(str(error))
            self._refusing = True
        else:
            self._refusing = False

    def then(self, call: Callable[[], None]) -> None:
        self._tasks.start(self._drain(call), "intake")

    async def _drain(self, call: Callable[[], None]) -> None:
        try:
            await self._decoder.drain()
        except TimeoutError:
            self._complain("Your sound takes long to decode; some of it may come too late for this answer.")
        await asyncio.sleep(0)  # what the decoder's thread gave last is behind us in the loop's queue
        call()

    async def aclose(self) -> None:
        await self._decoder.close()
