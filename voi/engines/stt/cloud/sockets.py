"""Ears over a service's WebSocket: one utterance after the other on each socket.

A provider's file says only what it sends and how it reads the answers (`EarScript`, without I/O). The rest is the same
for all, and stands here. A socket is opened when an utterance begins, while sound waits, or comes from the pool. Sound
that the service has not confirmed is kept, and sent again when the socket is lost. After an utterance the service is
made to forget it, and the socket waits for the next one; it is closed soon, since connection time is billed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import orjson

from voi.engines.base import SttOptions, Transcript
from voi.engines.cloud.client import CloudClient, CloudSocket
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.heard import EarReady, Flushed, HeardText, SoundClock, UnconfirmedSound, UtteranceText
from voi.engines.stt.flushes import FLUSH_DEADLINE_S, LONGEST_BUFFER_MS, too_far_behind
from voi.engines.stt.segments import BYTES_PER_MS
from voi.errors import EngineError
from voi.tasks import FAULT, Tasks

UNCONFIRMED_MS = 10_000
FINAL_S = 1.5
IDLE_S = 20.0
LIFE_S = 1_500.0
READY_S = 5.0
"""Longest wait for a service to say that it takes sound."""
SETTLE_S = 2.0
"""A socket whose service does not forget an utterance within this time is closed."""
FORGET_QUIET_MS = 300
RECONNECTS_MAX = 3
"""So often in a row, without a word between, a socket may be lost before the utterance fails."""
RECONNECT_S = 0.25
LOST_REASON_S = 0.2
"""When a message cannot be sent, the reason may still be on its way."""
SOCKETS_MAX = 512
SLACK_MS = 60
"""Sound at the end of speech that no word can be in: the VAD is not sharper."""
LITTLE_MS = 500
"""Of so little sound a service may not say that it has nothing more to say."""
TEXT_MAX_CHARACTERS = 100_000

log = logging.getLogger(__name__)

EarMessage = str | bytes
EarItem = HeardText | Flushed | EarReady | EngineError


class EarScript(Protocol):
    """What one socket sends, and what it makes of the answers."""

    address: str

    def begin(self) -> Sequence[str]:
        """The first messages. Sockets with the same address and first messages are alike."""
        ...

    def sound(self, pcm: bytes) -> EarMessage: ...

    def flush(self) -> Sequence[EarMessage]:
        """All sound of the utterance so far was sent. The service must answer with what becomes `Flushed`; without a
        message there is nothing to wait for."""
        ...

    def drop(self) -> Sequence[EarMessage] | None:
        """Forget the utterance at once. None: the service has no such message, and a flush does it."""
        ...

    def keep_alive(self) -> EarMessage | None:
        """A message (or, as bytes, silence) for a time without sound; None: the service needs none."""
        ...

    def end(self) -> Sequence[str]:
        """The last messages before the socket is closed."""
        ...

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]: ...


@dataclass(frozen=True, slots=True)
class EarHabits:
    """What a service wants. `frame_ms`: the least and the most sound of one message. `keep_alive_s`: how often it wants
    a message. `quiet_s`: after so long without a message a flush counts as answered, if nearly all sound is covered;
    None: never. `final_s`: how long a flush waits for the answer. `unconfirmed_ms`: how much sound is kept to be sent
    again. `pace`: how many times faster than real time sound that has waited is sent."""

    name: str
    frame_ms: tuple[int, int] = (20, 100)
    begins_ready: bool = True
    keep_alive_s: float = 4.0
    quiet_s: float | None = None
    final_s: float = FINAL_S
    unconfirmed_ms: int = UNCONFIRMED_MS
    pace: float = 8.0
    life_s: float = LIFE_S


class EarSockets:
    """The open sockets of one engine. `idle_s`: how long one waits for the next utterance. `at_once`: the plan's limit
    of sockets; idle ones make room."""

    def __init__(
        self,
        habits: EarHabits,
        script: Callable[[SttOptions], EarScript],
        client: CloudClient,
        *,
        idle_s: float = IDLE_S,
        at_once: int | None = None,
    ) -> None:
        self.habits, self.script = habits, script
        self.tasks = Tasks()
        self._client, self._idle_s, self._at_once = client, idle_s, at_once or SOCKETS_MAX
        self._sockets: dict[EarSocket, Literal[True]] = {}
        self._idle: list[EarSocket] = []
        self._settling: dict[EarSocket, None] = {}
        self._connecting = 0
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        await self.tasks.close()
        await asyncio.gather(*(self._end(socket) for socket in list(self._sockets)))

    async def warm(self) -> None:
        """Have a socket ready for the first utterance. Raises EngineError."""
        self.give_back(await self.take(SttOptions()))

    async def take(self, options: SttOptions) -> "EarSocket":
        """A socket that takes sound. Raises EngineError."""
        if self._closed:
            raise EngineError(f"{self.habits.name} is closed.")
        script = self.script(options)
        key = (script.address, tuple(script.begin()))
        for socket in reversed(self._idle):
            if socket.key == key:
                self._idle.remove(socket)
                return socket
        if len(self._sockets) + self._connecting >= self._at_once:
            unused = [*self._idle, *self._settling]
            if not unused:
                raise EngineError(
                    f"{self.habits.name} takes {self._at_once} connections at once, and all are in use.", retryable=True
                )
            self._leave(unused[0])
        self._connecting += 1
        try:
            socket = EarSocket(await self._client.connect(script.address), script, key, self.habits)
        finally:
            self._connecting -= 1
        self._sockets[socket] = True
        self.tasks.start(self._serve(socket), f"a socket of {self.habits.name}")
        try:
            for message in key[1]:
                await socket.send(message)
            async with asyncio.timeout(READY_S):
                await socket.ready.wait()
        except TimeoutError:
            await self._end(socket)
            raise EngineError(f"{self.habits.name} did not begin within {READY_S:g} s.", retryable=True) from None
        except (EngineError, asyncio.CancelledError):
            self._leave(socket)
            raise
        if socket.lost is not None:
            raise socket.lost
        return socket

    def give_back(self, socket: "EarSocket") -> None:
        """The utterance is over."""
        socket.owner = None
        if socket.lost is not None or self._closed:
            return
        if not socket.unanswered:
            self._keep(socket)
        else:
            self.tasks.start(self._settle(socket), f"a socket of {self.habits.name} after an utterance")

    async def _settle(self, socket: "EarSocket") -> None:
        self._settling[socket] = None
        clean = False
        try:
            await socket.forget_utterance()
            clean = not socket.unanswered
        except EngineError:
            log.debug("%s: a connection was lost after an utterance", self.habits.name)
        finally:
            self._settling.pop(socket, None)
            if not clean:
                self._leave(socket)
        if clean:
            self._keep(socket)

    def _keep(self, socket: "EarSocket") -> None:
        socket.idle_since_s = now_s()
        if socket.idle_since_s - socket.opened_s > self.habits.life_s or self._idle_s <= 0:
            self._leave(socket)
        elif socket.lost is None:
            self._idle.append(socket)

    def _leave(self, socket: "EarSocket") -> None:
        """Close it without waiting for that."""
        if not self._closed and self._forget(socket):
            self.tasks.start(socket.end(), f"the end of a socket of {self.habits.name}")

    async def _serve(self, socket: "EarSocket") -> None:
        beats = self.tasks.start(self._beat(socket), f"the heartbeat of {self.habits.name}")
        try:
            await socket.read()
        finally:
            beats.cancel()
            if not self._closed:
                await self._end(socket)

    async def _beat(self, socket: "EarSocket") -> None:
        while True:
            await asyncio.sleep(self.habits.keep_alive_s)
            if socket in self._idle and now_s() - socket.idle_since_s > self._idle_s:
                self._leave(socket)
                return
            if socket.ready.is_set() and now_s() - socket.sent_s >= 0.9 * self.habits.keep_alive_s:
                try:
                    await socket.keep_alive()
                except EngineError:
                    return  # the reader finds out as well

    async def _end(self, socket: "EarSocket") -> None:
        if self._forget(socket):
            await socket.end()

    def _forget(self, socket: "EarSocket") -> bool:
        """False: it is being closed already."""
        if socket in self._idle:
            self._idle.remove(socket)
        self._settling.pop(socket, None)
        return self._sockets.pop(socket, False)


class EarSocket:
    """One socket and the utterance that it hears."""

    def __init__(
        self, socket: CloudSocket, script: EarScript, key: tuple[str, tuple[str, ...]], habits: EarHabits
    ) -> None:
        self.key, self.script = key, script
        self.owner: CloudEarStream | None = None
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


class CloudEarStream:
    """An `SttStream`: one utterance, on one socket, or on several in a row where they are lost."""

    def __init__(
        self, sockets: EarSockets, options: SttOptions, on_partial: Callable[[Transcript], None] | None
    ) -> None:
        self._sockets, self._options, self._on_partial = sockets, options, on_partial
        self._habits = sockets.habits
        self._sound = UnconfirmedSound(self._habits.unconfirmed_ms)
        self._text = UtteranceText()
        self._clock = SoundClock()
        self._shown = Transcript("")
        self._socket: EarSocket | None = None
        self._error: EngineError | None = None
        self._closed = False
        self._spoke = False
        """The service has given text, if only empty one."""
        self._losses = 0
        self._flush_to = self._asked_to = self._flushed_to = 0
        """Positions up to which the text is wanted, was asked for, and has come."""
        self._asked: deque[int] = deque()
        self._asked_s = 0.0
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._task = sockets.tasks.start(self._run(), f"an utterance of {self._habits.name}")

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        """See `SttStream.feed`. Raises EngineError when ten minutes of sound wait."""
        if self._error is not None or self._closed:
            return  # flush raises the error
        if self._sound.end - self._sound.start + len(pcm) > LONGEST_BUFFER_MS * BYTES_PER_MS:
            raise too_far_behind()
        self._sound.feed(pcm, speech=speech)
        self._wake.set()

    async def flush(self) -> Transcript:
        """See `SttStream.flush`."""
        target, voiced_ms = self._sound.end // 2 * 2, self._sound.voiced_end // BYTES_PER_MS
        if not voiced_ms:
            return Transcript("", language=self._text.language)
        if self._covered(voiced_ms):
            return self._text.final()
        self._flush_to = max(self._flush_to, target)
        self._wake.set()
        began_s = now_s()
        while self._error is None and self._flushed_to < target and not self._covered(voiced_ms):
            left_s = self._left_s(target, voiced_ms)
            if left_s <= 0:
                self._stop_waiting(voiced_ms)
                break
            if now_s() - began_s > FLUSH_DEADLINE_S:
                raise EngineError(
                    f"{self._habits.name} took longer than {FLUSH_DEADLINE_S:g} s for its text.", retryable=True
                )
            self._news.clear()
            await wait_at_most(self._news, min(left_s, 1.0))
        if self._error is not None:
            raise self._error
        return self._text.final()

    def close(self) -> None:
        """See `SttStream.close`."""
        if self._closed:
            return
        self._closed = True
        self._error = self._error or EngineError("This utterance was closed.")
        self._news.set()
        self._task.cancel()
        self._give_back()

    # ---- for the socket -----------------------------------------------------------------------------

    def take(self, item: HeardText | Flushed) -> None:
        if isinstance(item, Flushed):
            if self._asked:
                self._flushed_to = max(self._flushed_to, self._asked.popleft())
                self._confirm(self._flushed_to // BYTES_PER_MS)
        elif item.end_ms is None or item.end_ms > self._clock.from_ms:  # else it is about an earlier utterance
            self._spoke = True
            self._text.take(item, self._clock)
            if len(self._text.confirmed) > TEXT_MAX_CHARACTERS:
                self._error = EngineError(f"{self._habits.name} sends more text than the sound can be.")
                self._wake.set()
            if item.final:
                self._losses = 0
                self._confirm(self._text.confirmed_ms)
        self._show()

    def message_came(self) -> None:
        self._news.set()
        if self._socket is not None and self._socket.lost is not None:
            self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    # ---- its own task -------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Send the sound, on as many sockets as it takes."""
        while self._error is None:
            try:
                self._socket = await self._sockets.take(self._options)
                self._clock = SoundClock()
                self._clock.mark(self._socket.sound_ms, self._sound.sent // BYTES_PER_MS)
                self._socket.owner = self
                await self._send()
            except EngineError as error:
                self._losses += 1 if self._socket is not None else 2
                if not error.retryable or self._losses > RECONNECTS_MAX:
                    self._error = error
            except Exception:
                self._error = EngineError(FAULT)
                self._news.set()
                raise
            self._give_back()
            if self._error is None:
                self._rewind()
                await asyncio.sleep(RECONNECT_S * (self._losses - 1))
        self._news.set()

    async def _send(self) -> None:
        """Send what there is and what comes. Raises EngineError when the socket is lost."""
        socket, sound, habits = self._socket, self._sound, self._habits
        assert socket is not None
        least, most = (ms * BYTES_PER_MS for ms in habits.frame_ms)
        while self._error is None:
            if socket.lost is not None:
                raise socket.lost
            wanted = self._flush_to - sound.sent if self._flush_to > self._asked_to else 0
            at = sound.sent
            if self._flush_to > self._asked_to and wanted <= 0:
                await self._ask(socket)
            elif frame := sound.next_frame(2 if wanted else least, min(wanted, most) or most):
                self._clock.mark(socket.sound_ms, at // BYTES_PER_MS)
                await socket.send_sound(frame + bytes(max(0, least - len(frame))))
                if sound.end - sound.sent >= most:
                    await asyncio.sleep(len(frame) / (1_000 * BYTES_PER_MS * habits.pace))
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _ask(self, socket: EarSocket) -> None:
        self._asked_to = self._sound.sent
        self._asked.append(self._asked_to)
        self._asked_s = now_s()
        if not await socket.flush():
            self.take(Flushed())
        self._news.set()

    def _rewind(self) -> None:
        again_ms = self._text.lose(self._sound.start // BYTES_PER_MS)
        self._sound.rewind(again_ms * BYTES_PER_MS)
        self._asked.clear()
        self._asked_to = min(self._asked_to, self._flushed_to)
        log.info(
            "%s: a connection was lost in mid-utterance; %d ms of sound are sent again",
            self._habits.name, (self._sound.end - self._sound.sent) // BYTES_PER_MS,
        )  # fmt: skip

    def _give_back(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            self._sockets.give_back(socket)

    # ---- how far it is ------------------------------------------------------------------------------

    def _covered(self, voiced_ms: int) -> bool:
        """All speech is in the confirmed text."""
        return not self._text.tentative and self._text.confirmed_ms + SLACK_MS >= voiced_ms and self._spoke

    def _left_s(self, target: int, voiced_ms: int) -> float:
        """How long a flush may still wait for the service; infinite until it was asked."""
        socket = self._socket
        if socket is None or self._asked_to < target:
            return float("inf")
        left_s = self._asked_s + self._habits.final_s - now_s()
        if self._habits.quiet_s is not None and self._nearly_covered(voiced_ms):
            left_s = min(left_s, max(self._asked_s, socket.heard_s) + self._habits.quiet_s - now_s())
        return left_s

    def _nearly_covered(self, voiced_ms: int) -> bool:
        return self._spoke and self._text.heard_ms + LITTLE_MS >= voiced_ms

    def _stop_waiting(self, voiced_ms: int) -> None:
        """The answer to a flush is late: go on with what there is. A service that has said nothing at all of speech is
        at fault."""
        name, waited_s = self._habits.name, self._habits.final_s
        if self._nearly_covered(voiced_ms) and self._habits.quiet_s is not None:
            self._asked.clear()
            if self._socket is not None:
                self._socket.count_as_answered()
        elif not self._spoke and voiced_ms > LITTLE_MS:
            self._error = EngineError(f"{name} gave no text within {waited_s:g} s.", retryable=True)
            self._wake.set()
        else:
            log.warning("%s did not give its final text within %g s: its text so far counts", name, waited_s)

    def _confirm(self, ms: int) -> None:
        self._text.confirm_up_to(ms)
        self._sound.confirm(ms * BYTES_PER_MS)

    def _show(self) -> None:
        growing = self._text.growing()
        if growing.text != self._shown.text and not self._closed:
            self._shown = growing
            if self._on_partial is not None:
                self._on_partial(growing)


class SocketEar:
    """What the engines over `EarSockets` have in common as an `Stt`."""

    def __init__(self, info: SttInfo, sockets: EarSockets, client: CloudClient) -> None:
        self.info = info
        self._sockets, self._client = sockets, client

    async def warm_up(self) -> None:
        """Connect, which proves the key. Raises EngineError."""
        await self._sockets.warm()

    async def close(self) -> None:
        await self._sockets.close()
        await self._client.close()

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> CloudEarStream:
        """See `Stt.open`. A connection that cannot be made is told by `SttStream.flush`."""
        return CloudEarStream(self._sockets, options, on_partial)


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
