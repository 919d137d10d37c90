"""A call's line: the sound of its media channel, and the keys and the hold of the caller's own channel."""

import asyncio
import logging

from voi.tasks import Tasks
from voi.transports.ari.failure import AriError
from voi.transports.ari.operations import Operations
from voi.transports.telephone.line import LineListener, PhoneLine

log = logging.getLogger(__name__)

KEYS_MAX = 64
PAUSE_S = 0.5
SOUND_FIRST_S = 30.0
"""Longest time that keys wait for the sound before them."""


class AriLine:
    """`PhoneLine`."""

    def __init__(self, line: PhoneLine, operations: Operations, channel: str) -> None:
        self.rate_hz = line.rate_hz
        self._line = line
        self._operations = operations
        self._channel = channel
        self._tasks = Tasks()
        self._listener: _Heard | None = None
        self._held = False

    @property
    def backlog_bytes(self) -> int:
        return self._line.backlog_bytes

    def open(self, listener: LineListener) -> None:
        self._listener = _Heard(listener)
        self._listener.held = self._held
        self._line.open(self._listener)

    def play(self, message_id: int, pcm: bytes) -> None:
        self._line.play(message_id, pcm)

    def finish(self, message_id: int) -> None:
        self._line.finish(message_id)

    def clear(self, message_id: int) -> None:
        self._line.clear(message_id)

    def press(self, keys: str) -> bool:
        self._tasks.start(self._press(keys[:KEYS_MAX]), "keys")
        return True

    async def aclose(self) -> None:
        self._listener = None
        await self._tasks.close()
        await self._line.aclose()

    # ---- from the caller's channel ------------------------------------------------------------------

    def key(self, key: str) -> None:
        if self._listener is not None:
            self._listener.listener.key(key)

    def hold(self, held: bool) -> None:
        """The caller has put the call on hold, or took it back. Asterisk sends us music meanwhile."""
        self._held = held
        if self._listener is not None:
            self._listener.held = held

    async def _press(self, keys: str) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + SOUND_FIRST_S
        while self._line.backlog_bytes and loop.time() < until_s:  # noqa: ASYNC110 - a line tells nobody that it is empty
            await asyncio.sleep(0.02)
        try:
            for number, part in enumerate(keys.split("w")):
                if number:
                    await asyncio.sleep(PAUSE_S)
                if part:
                    await self._operations.press(self._channel, part)
        except AriError as error:
            log.warning("keys could not be pressed: %s", error)
            if self._listener is not None:
                self._listener.fault("keys_failed")


class _Heard:
    """The media channel's listener. Keys that it hears are those that ARI tells already."""

    def __init__(self, listener: LineListener) -> None:
        self.listener = listener
        self.held = False

    def sound(self, pcm: bytes) -> None:
        self.listener.sound(bytes(len(pcm)) if self.held else pcm)

    def key(self, key: str) -> None:
        pass

    def played(self, message_id: int, size_bytes: int) -> None:
        self.listener.played(message_id, size_bytes)

    def fault(self, fault: str) -> None:
        self.listener.fault(fault)

    def gone(self, why: str) -> None:
        self.listener.gone(why)
