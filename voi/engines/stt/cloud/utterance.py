"""Ears over a service's WebSocket, as an `Stt`: one utterance after the other on each socket.

A provider's file says only what it sends and how it reads the answers (`EarScript`, without I/O). Sound that the
service has not confirmed is kept, and sent again when the socket is lost.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from voi.engines.base import SttOptions, Transcript
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import ANSWER_LATE_S, ROTATE_LATE_S, now_s, wait_at_most
from voi.engines.stt.cloud.ear_socket import EarSocket
from voi.engines.stt.cloud.heard import Flushed, HeardText, SoundClock, UnconfirmedSound, UtteranceText
from voi.engines.stt.cloud.sockets import Connects, EarSockets
from voi.engines.stt.flushes import FLUSH_DEADLINE_S, LONGEST_BUFFER_MS, too_far_behind
from voi.engines.stt.segments import BYTES_PER_MS, ROLL_MS
from voi.errors import EngineError
from voi.tasks import FAULT

RECONNECTS_MAX = 3
"""So often in a row, without a word between, a socket may be lost before the utterance fails."""
RECONNECT_S = 0.25
SLACK_MS = 60
"""Sound at the end of speech that no word can be in: the VAD is not sharper."""
LITTLE_MS = 500
"""Of so little sound a service may not say that it has nothing more to say."""
TEXT_MAX_CHARACTERS = 100_000

log = logging.getLogger(__name__)


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
        if self._habits.own_turn_s:
            await self._own_turn(voiced_ms)
        if self._covered(voiced_ms):
            return self._text.final(voiced_ms)
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
        return self._text.final(voiced_ms)

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
                if self._habits.flush_ends:
                    self._text.settle()
                    self._wake.set()
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
            lost = False
            try:
                self._socket = await self._sockets.take(self._options)
                self._clock = SoundClock()
                self._clock.mark(self._socket.sound_ms, self._sound.sent // BYTES_PER_MS)
                self._socket.owner = self
                await self._send()
            except EngineError as error:
                lost = True
                self._losses += 1 if self._socket is not None else 2
                if not error.retryable or self._losses > RECONNECTS_MAX:
                    self._error = error
            except Exception:
                self._error = EngineError(FAULT)
                self._news.set()
                raise
            self._give_back()
            if self._error is not None:
                break
            if lost:
                self._count_loss()
                await asyncio.sleep(RECONNECT_S * (self._losses - 1))
            else:
                await self._more()
        self._news.set()

    async def _more(self) -> None:
        """Wait for speech, or for a flush of sound that was not flushed: quiet alone needs no connection."""
        sound = self._sound
        while sound.voiced_end <= sound.sent and self._flush_to <= self._asked_to:
            sound.skip_to(sound.end - ROLL_MS * BYTES_PER_MS)
            self._wake.clear()
            await self._wake.wait()

    async def _send(self) -> None:
        """Send what there is and what comes, until the socket has done its part: it was flushed for good, or is old.
        Raises EngineError when it is lost."""
        socket, sound, habits = self._socket, self._sound, self._habits
        assert socket is not None
        least, most = (ms * BYTES_PER_MS for ms in habits.frame_ms)
        while self._error is None:
            if socket.lost is not None:
                raise socket.lost
            if self._is_old(socket):
                self._rewind()
                return
            wanted = self._flush_to - sound.sent if self._flush_to > self._asked_to else 0
            at = sound.sent
            if self._flush_to > self._asked_to and wanted <= 0:
                await self._ask(socket)
                if habits.flush_ends:
                    await self._answer(socket)
                    return
            elif frame := sound.next_frame(2 if wanted else least, min(wanted, most) or most):
                self._clock.mark(socket.sound_ms, at // BYTES_PER_MS)
                await socket.send_sound(frame + bytes(max(0, least - len(frame))))
                if sound.end - sound.sent >= most:
                    await asyncio.sleep(len(frame) / (1_000 * BYTES_PER_MS * habits.pace))
            else:
                self._wake.clear()
                await wait_at_most(self._wake, max(0.1, socket.opened_s + habits.rotate_s - now_s()))

    async def _ask(self, socket: EarSocket) -> None:
        self._asked_to = self._sound.sent
        self._asked.append(self._asked_to)
        self._asked_s = now_s()
        if not await socket.flush():
            self.take(Flushed())
        self._news.set()

    async def _answer(self, socket: EarSocket) -> None:
        """Wait for the answer to a flush that ends the connection. Raises EngineError."""
        began_s = now_s()
        while self._asked and self._error is None:
            if (left_s := began_s + max(ANSWER_LATE_S, self._habits.final_s) - now_s()) <= 0:
                raise EngineError(f"{self._habits.name} did not complete an utterance.", retryable=True)
            if socket.lost is not None:
                raise socket.lost
            self._wake.clear()
            await wait_at_most(self._wake, left_s)

    def _is_old(self, socket: EarSocket) -> bool:
        over_s = now_s() - socket.opened_s - self._habits.rotate_s
        return over_s > 0 and (not self._text.tentative or over_s > ROTATE_LATE_S)

    def _count_loss(self) -> None:
        self._rewind()
        self._sockets.troubles["lost_connection"] += 1
        log.info(
            "%s: a connection was lost in mid-utterance; %d ms of sound are sent again",
            self._habits.name, (self._sound.end - self._sound.sent) // BYTES_PER_MS,
        )  # fmt: skip

    def _rewind(self) -> None:
        again_ms = self._text.lose(self._sound.start // BYTES_PER_MS)
        self._sound.rewind(again_ms * BYTES_PER_MS)
        self._asked.clear()
        self._asked_to = min(self._asked_to, self._flushed_to)

    def _give_back(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            self._sockets.give_back(socket)

    # ---- how far it is ------------------------------------------------------------------------------

    def _covered(self, voiced_ms: int) -> bool:
        """All speech is in the confirmed text."""
        return not self._text.tentative and self._text.confirmed_ms + SLACK_MS >= voiced_ms and self._spoke

    async def _own_turn(self, voiced_ms: int) -> None:
        """Wait for the service to end the turn by itself."""
        until_s = now_s() + self._habits.own_turn_s
        while self._error is None and not self._covered(voiced_ms) and (left_s := until_s - now_s()) > 0:
            self._news.clear()
            await wait_at_most(self._news, left_s)

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
            self._sockets.troubles["late_final"] += 1
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

    def __init__(self, info: SttInfo, sockets: EarSockets, client: Connects) -> None:
        self.info = replace(info, counts_troubles=True)
        self._sockets, self._client = sockets, client

    @property
    def troubles(self) -> Mapping[str, int]:
        """See `CountsTroubles`."""
        return self._sockets.troubles

    async def warm_up(self) -> None:
        """Connect, which proves the key. Raises EngineError."""
        await self._sockets.warm()

    async def close(self) -> None:
        await self._sockets.close()
        await self._client.close()

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> CloudEarStream:
        """See `Stt.open`. A connection that cannot be made is told by `SttStream.flush`."""
        return CloudEarStream(self._sockets, options, on_partial)
