"""One WebSocket of an ear, and the utterance that it hears."""

import asyncio
import logging
from typing import Protocol

import orjson

from voi.engines.cloud.client import CloudSocket
from voi.engines.stt.cloud.ear_script import EarHabits, EarItem, EarMessage, EarScript, now_s, wait_at_most
from voi.engines.stt.cloud.heard import EarReady, Flushed, HeardText
from voi.engines.stt.segments import BYTES_PER_MS
from voi.errors import EngineError

SETTLE_S = 2.0
"""A socket whose service does not forget an utterance within this time is closed."""
FORGET_QUIET_MS = 300
LOST_REASON_S = 0.2
"""When a message cannot be sent, the reason may still be on its way."""

log = logging.getLogger(__name__)


class SocketOwner(Protocol):
    """The utterance on a socket."""

    def take(self, item: HeardText | Flushed) -> None: ...

    def message_came(self) -> None: ...

    def wake(self) -> None: ...


class EarSocket:
    """One socket and the utterance that it hears."""

    def __init__(
        self, socket: CloudSocket, script: EarScript, key: tuple[str, tuple[str, ...]], habits: EarHabits
    ) -> None:
        self.key, self.script = key, script
        self.owner: SocketOwner | None = None
        self.lost: EngineError | None = None
        self.ready = asyncio.Event()
        if habits.begins_ready:
            self.ready.set()
        self.idle_since_s = self.opened_s = self.sent_s = self.heard_s = now_s()
        self._socket, self._habits = socket, habits
        self._sound_bytes = 0
        self._flushes_due = 0
        self._sound_since_flush = self._tentative = False
        self._news = asyncio.Event()

    @property
    def unanswered(self) -> bool:
        """The service may still say something about the last utterance."""
        return self._flushes_due > 0 or self._sound_since_flush or self._tentative

    @property
    def sound_ms(self) -> int:
        """Length of all sound that was sent."""
        return self._sound_bytes // BYTES_PER_MS

    async def send(self, message: EarMessage) -> None:
        """Raises EngineError with the reason if the socket is lost."""
        self.sent_s = now_s()
        try:
            await self._socket.send(message)
        except EngineError as error:
            for _ in range(10):
                if self.lost is not None:
                    break
                await asyncio.sleep(LOST_REASON_S / 10)
            raise self.lost or error from None

    async def send_sound(self, pcm: bytes) -> None:
        """Raises EngineError."""
        self._sound_since_flush = True
        self._sound_bytes += len(pcm)
        await self.send(self.script.sound(pcm))

    async def flush(self) -> bool:
        """True: an answer will come. Raises EngineError."""
        messages = self.script.flush()
        self._sound_since_flush = False
        if messages:
            self._flushes_due += 1
        for message in messages:
            await self.send(message)
        return bool(messages)

    async def forget_utterance(self) -> None:
        """Let what the service still has to say of the utterance come and go. Raises EngineError."""
        if (messages := self.script.drop()) is not None:
            for message in messages:
                await self.send(message)
            self.count_as_answered()
            self._tentative = False
            return
        if self._sound_since_flush or self._tentative:
            await self._quiet()
            await self.flush()
        began_s, quiet_s = now_s(), self._habits.quiet_s
        while self.unanswered and self.lost is None and now_s() - began_s < SETTLE_S:
            if quiet_s is not None and now_s() - max(began_s, self.heard_s) >= quiet_s:
                self.count_as_answered()
                return
            self._news.clear()
            await wait_at_most(self._news, 0.1)

    async def _quiet(self) -> None:
        """Part the utterance from the next one, and give the service enough sound for an answer."""
        least, most = self._habits.frame_ms
        frame_ms = min(max(least, FORGET_QUIET_MS), most)
        for _ in range(-(-FORGET_QUIET_MS // frame_ms)):
            await self.send_sound(bytes(frame_ms * BYTES_PER_MS))

    def count_as_answered(self) -> None:
        """The service will not answer the flushes that it has not answered."""
        self._flushes_due = 0
        self._sound_since_flush = False

    async def keep_alive(self) -> None:
        message = self.script.keep_alive()
        if isinstance(message, bytes):
            self._sound_bytes += len(message)
            await self.send(self.script.sound(message))
        elif message is not None:
            await self.send(message)

    async def read(self) -> None:
        """Give every message to the utterance, until the connection ends."""
        lost = EngineError(f"{self._habits.name} closed the connection.", retryable=True)
        try:
            while self.lost is None and (message := await self._socket.receive()) is not None:
                self._take(message)
        except EngineError as error:
            lost = error
        finally:
            self.lost = self.lost or lost
            self.ready.set()
            self._news.set()
            if self.owner is not None:
                self.owner.wake()

    async def end(self) -> None:
        """Say goodbye and close."""
        self.lost = self.lost or EngineError(f"{self._habits.name} is closed.", retryable=True)
        try:
            for message in self.script.end() if self._socket.open else ():
                await self._socket.send(message)
        except EngineError:
            log.debug("%s: the connection was lost before its end", self._habits.name)
        await self._socket.close()

    def _take(self, message: EarMessage) -> None:
        self.heard_s = now_s()
        if isinstance(message, bytes):
            return
        try:
            told = orjson.loads(message)
        except orjson.JSONDecodeError:
            return
        for item in self.script.hear(told) if isinstance(told, dict) else ():
            self._take_item(item)
        self._news.set()
        if self.owner is not None:
            self.owner.message_came()

    def _take_item(self, item: EarItem) -> None:
        if isinstance(item, EngineError):
            self.lost = item
            return
        if isinstance(item, EarReady):
            self.ready.set()
            return
        if isinstance(item, HeardText):
            self._tentative = not item.final and bool(item.text.strip())
        elif self._flushes_due:
            self._flushes_due -= 1
        else:
            return  # nobody waits for it
        if self.owner is not None:
            self.owner.take(item)
