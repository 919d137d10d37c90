"""A call's sound over AudioSocket. Asterisk plays what comes at once and can take nothing back, so each frame leaves
when it is due: 20 ms after the one before."""

import asyncio
import logging

from voi.config.ari_apps import AriFormat
from voi.transports.ari.audiosocket import (
    AUDIO_KINDS,
    AUDIO_RATES_HZ,
    DTMF,
    ERROR,
    HANGUP,
    SILENCE,
    UUID,
    AudioSocketReader,
    audio_message,
)
from voi.transports.ari.sound_queue import FRAME_S, QueuedFrame, SoundQueue
from voi.transports.telephone.line import LineListener

log = logging.getLogger(__name__)

LATE_MAX_S = 0.06
"""A frame that is later than this makes a gap; less is caught up. Frames in a burst would only fill the jitter buffer
of the caller's telephone."""
UNSENT_MAX_S = 0.2
"""So much may wait in the socket; then Asterisk does not read, and the sound waits here."""
STALLED_S = 10.0
"""An Asterisk that has not read for so long is lost."""


class AudioSocketLine:
    """`PhoneLine`. `received` and `lost` are called by its connection."""

    def __init__(self, transport: asyncio.Transport, form: AriFormat) -> None:
        self._kind = AUDIO_KINDS[form]
        self.rate_hz = AUDIO_RATES_HZ[self._kind]
        self._queue = SoundQueue(self.rate_hz)
        self._transport = transport
        self._reader = AudioSocketReader()
        self._silence = audio_message(self._kind, bytes(self._queue.frame_bytes))
        self._unsent_max_bytes = int(UNSENT_MAX_S * self.rate_hz * 2)
        self._listener: LineListener | None = None
        self._loop = asyncio.get_running_loop()
        self._due_s = 0.0
        self._stalled_since_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._playing: QueuedFrame | None = None
        """The frame that is heard now."""
        self._over = False

    @property
    def backlog_bytes(self) -> int:
        return self._queue.backlog_bytes

    def open(self, listener: LineListener) -> None:
        self._listener = listener
        self._due_s = self._loop.time()
        if self._over:
            self._loop.call_soon(listener.gone, "the connection was closed")
        elif self._timer is None:
            self._tick()

    def play(self, message_id: int, pcm: bytes) -> None:
        if not self._queue.play(message_id, pcm):
            self._fault("too_much_sound")

    def finish(self, message_id: int) -> None:
        self._queue.finish(message_id)

    def clear(self, message_id: int) -> None:
        self._queue.clear(message_id)
        if self._playing is not None and self._playing.message_id == message_id:
            self._playing = None

    def press(self, keys: str) -> bool:
        return False  # ARI presses them

    async def aclose(self) -> None:
        self._listener = None
        self._stop()
        if not self._transport.is_closing():
            self._transport.write(audio_message(HANGUP, b""))
            self._transport.close()

    # ---- from its connection ------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        for kind, payload in self._reader.feed(data):
            if self._over:
                return
            if kind == self._kind:
                self._heard(payload)
            elif kind == HANGUP:
                self._gone("Asterisk ended it")
            elif kind == ERROR:
                self._fault("error")
            elif kind == UUID or kind in AUDIO_RATES_HZ or kind not in (DTMF, SILENCE):  # keys come by ARI
                self._fault("mistake")

    def lost(self) -> None:
        self._gone("the connection was closed")

    def _heard(self, pcm: bytes) -> None:
        if len(pcm) % 2:
            self._fault("mistake")
        elif self._listener is not None:
            self._listener.sound(pcm)

    # ---- to its connection --------------------------------------------------------------------------

    def _tick(self) -> None:
        """A frame is due."""
        now_s = self._loop.time()
        played, self._playing = self._playing, None
        if played is not None and self._listener is not None:
            self._listener.played(played.message_id, played.given_bytes)
        if self._over:
            return
        if self._transport.get_write_buffer_size() <= self._unsent_max_bytes:
            self._stalled_since_s = None
            self._playing = frame = self._queue.next_frame()
            self._transport.write(audio_message(self._kind, frame.pcm) if frame is not None else self._silence)
        elif self._stalled_since_s is None:
            self._stalled_since_s = now_s
            self._fault("stalled")
        elif now_s - self._stalled_since_s > STALLED_S:
            self._transport.abort()
            self._gone("Asterisk does not read what it is sent")
            return
        self._due_s = max(self._due_s + FRAME_S, now_s + FRAME_S - LATE_MAX_S)
        self._timer = self._loop.call_at(self._due_s, self._tick)

    def _fault(self, fault: str) -> None:
        if self._listener is not None:
            self._listener.fault(fault)

    def _gone(self, why: str) -> None:
        if not self._over:
            self._stop()
            if self._listener is not None:
                self._listener.gone(why)

    def _stop(self) -> None:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
