"""A call's sound over chan_websocket. Asterisk plays a frame every 20 ms by its own clock and keeps the others, so
what is sent too early stays in the way for good. Behind each frame goes a mark that comes back when the frame was
played, and only so many frames are under way as bridge a pause of the network. A flush takes them back."""

import asyncio
from collections import deque
from dataclasses import dataclass

from voi.audio import g711
from voi.config.ari_apps import AriFormat
from voi.errors import ClientError
from voi.transports.ari.media_words import MediaWord, command, read_word
from voi.transports.ari.sound_queue import FRAME_S, QueuedFrame, SoundQueue
from voi.transports.telephone.line import LineListener
from voi.transports.websocket import NORMAL, PROTOCOL_ERROR, MessageSocket, Receiver

AHEAD_FRAMES = 5
"""Frames that are sent ahead of the ear: 100 ms."""
MARK_S = 2.0
"""An Asterisk that has sent no mark back for so long knows none: then the clock tells what was played."""
RATES_HZ: dict[AriFormat, int] = {"ulaw": 8_000, "alaw": 8_000, "slin": 8_000, "slin16": 16_000}
SOUND_MAX_BYTES = 64 * 1024
_LAWS: dict[str, g711.Law] = {"ulaw": "ulaw", "alaw": "alaw"}


@dataclass(frozen=True, slots=True)
class _Marked:
    number: int
    frame: QueuedFrame


class ChanWebSocketLine(Receiver):
    """`PhoneLine`. `started` is done once Asterisk has told what it sends; ConnectionResetError: the connection was
    lost before."""

    def __init__(self, socket: MessageSocket, form: AriFormat) -> None:
        self.rate_hz = RATES_HZ[form]
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._socket = socket
        self._form = form
        self._law = _LAWS.get(form)
        self._queue = SoundQueue(self.rate_hz)
        self._listener: LineListener | None = None
        self._loop = asyncio.get_running_loop()
        self._json = False
        self._marks: deque[_Marked] = deque()
        """Frames that Asterisk has, and has not played."""
        self._number = 0
        self._clocked = False
        """Asterisk sends no marks back."""
        self._stopped = False
        """Asterisk wants no more sound for now (MEDIA_XOFF)."""
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    @property
    def backlog_bytes(self) -> int:
        return self._queue.backlog_bytes

    def open(self, listener: LineListener) -> None:
        self._listener = listener
        if self._over:
            self._loop.call_soon(listener.gone, "the connection was closed")

    def play(self, message_id: int, pcm: bytes) -> None:
        if not self._queue.play(message_id, pcm):
            self._fault("too_much_sound")
        self._send()

    def finish(self, message_id: int) -> None:
        self._queue.finish(message_id)
        self._send()

    def clear(self, message_id: int) -> None:
        self._queue.clear(message_id)
        if any(marked.frame.message_id == message_id for marked in self._marks):
            self._say("FLUSH_MEDIA")  # its marks go with it
            others = [marked for marked in self._marks if marked.frame.message_id != message_id]
            self._marks.clear()
            self._stopped = False
            self._watch()
            for marked in others:
                self._played(marked)
            self._send()

    def press(self, keys: str) -> bool:
        return False  # ARI presses them

    async def aclose(self) -> None:
        self._listener = None
        self._stop()
        self._socket.close(NORMAL)

    # ---- from Asterisk ------------------------------------------------------------------------------

    def received(self, message: bytes | str) -> None:
        try:
            if isinstance(message, str):
                self._told(read_word(message))
            else:
                self._heard(message)
        except ClientError:
            self._fault("mistake")
            if not self.started.done():
                self._socket.close(PROTOCOL_ERROR, "The first message has to be MEDIA_START")

    def lost(self) -> None:
        if not self.started.done():
            self.started.set_exception(ConnectionResetError())
            self.started.exception()  # nobody may be waiting
        if not self._over:
            self._stop()
            if self._listener is not None:
                self._listener.gone("the connection was closed")

    def _heard(self, payload: bytes) -> None:
        if len(payload) > SOUND_MAX_BYTES or (self._law is None and len(payload) % 2):
            raise ClientError("A sound of chan_websocket has no usable length.")
        if self._listener is not None:
            self._listener.sound(payload if self._law is None else g711.decode(payload, self._law))

    def _told(self, word: MediaWord) -> None:
        match word.name:
            case "MEDIA_START":
                self._begin(word)
            case "MEDIA_MARK_PROCESSED":
                self._mark(word.mark)
            case "MEDIA_XOFF":
                self._stopped = True
            case "MEDIA_XON":
                self._stopped = False
                self._send()
            case "ERROR":
                self._fault("error")

    def _begin(self, word: MediaWord) -> None:
        size = self._queue.frame_bytes // (1 if self._law is None else 2)
        if (word.form and word.form != self._form) or (word.frame_bytes and word.frame_bytes != size):
            raise ClientError("chan_websocket sends another format than was asked for.")
        self._json = word.json
        if not self.started.done():
            self.started.set_result(None)
        self._send()

    def _mark(self, mark: str) -> None:
        if not (mark.isascii() and mark.isdecimal() and len(mark) <= 12):
            raise ClientError("A mark of chan_websocket is none of ours.")
        number = int(mark)
        if self._clocked or number > self._number:
            return
        while self._marks and self._marks[0].number <= number:  # none: it was flushed
            self._played(self._marks.popleft())
        self._watch()
        self._send()

    # ---- to Asterisk --------------------------------------------------------------------------------

    def _send(self) -> None:
        if self._over or self._stopped or not self.started.done():
            return
        idle = not self._marks
        while len(self._marks) < AHEAD_FRAMES and (frame := self._queue.next_frame()) is not None:
            self._socket.send(frame.pcm if self._law is None else g711.encode(frame.pcm, self._law))
            self._number += 1
            self._marks.append(_Marked(self._number, frame))
            if not self._clocked:
                self._say("MARK_MEDIA", str(self._number))
        if idle:
            self._watch()

    def _watch(self) -> None:
        """Wait for the next mark, or for the time that it would come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._marks and not self._over:
            self._timer = self._loop.call_later(FRAME_S if self._clocked else MARK_S, self._due)

    def _due(self) -> None:
        self._timer = None
        if not self._clocked:
            self._clocked = True
            self._fault("marks_missing")
        if self._marks:
            self._played(self._marks.popleft())
        self._watch()
        self._send()

    def _played(self, marked: _Marked) -> None:
        if self._listener is not None:
            self._listener.played(marked.frame.message_id, marked.frame.given_bytes)

    def _say(self, name: str, mark: str = "") -> None:
        self._socket.send_text(command(name, mark, json=self._json))

    def _fault(self, fault: str) -> None:
        if self._listener is not None:
            self._listener.fault(fault)

    def _stop(self) -> None:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
