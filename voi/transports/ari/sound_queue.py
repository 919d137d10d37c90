"""An agent's sound on its way to Asterisk: cut into frames, in the order of its messages."""

from collections import deque
from dataclasses import dataclass, field

from voi.audio.pcm import ms_to_bytes
from voi.transports.telephone.line import SOUND_MAX_S

FRAME_MS = 20
FRAME_S = FRAME_MS / 1_000


@dataclass(frozen=True, slots=True)
class QueuedFrame:
    """One frame of PCM. `given_bytes`: how much of the message's sound ends with it."""

    message_id: int
    pcm: bytes
    given_bytes: int


@dataclass(slots=True)
class _QueuedMessage:
    message_id: int
    pcm: bytearray = field(default_factory=bytearray)
    taken_bytes: int = 0
    finished: bool = False


class SoundQueue:
    """Holds PCM (s16le) at `rate_hz`."""

    def __init__(self, rate_hz: int) -> None:
        self.frame_bytes = ms_to_bytes(FRAME_MS, rate_hz)
        self._max_bytes = ms_to_bytes(SOUND_MAX_S * 1_000, rate_hz)
        self._waiting: deque[_QueuedMessage] = deque()
        self.backlog_bytes = 0
        """PCM that waits."""

    def play(self, message_id: int, pcm: bytes) -> bool:
        """Append sound of that message. False: there is too much, and it was dropped."""
        if self.backlog_bytes + len(pcm) > self._max_bytes:
            return False
        if not self._waiting or self._waiting[-1].message_id != message_id:
            self._waiting.append(_QueuedMessage(message_id))
        self._waiting[-1].pcm += pcm
        self.backlog_bytes += len(pcm)
        return True

    def finish(self, message_id: int) -> None:
        """No more sound of that message comes: its begun frame need not wait."""
        for each in self._waiting:
            each.finished = each.finished or each.message_id == message_id

    def clear(self, message_id: int) -> None:
        """Drop what waits of that message."""
        for each in self._waiting:
            if each.message_id == message_id:
                self.backlog_bytes -= len(each.pcm)
        self._waiting = deque(each for each in self._waiting if each.message_id != message_id)

    def next_frame(self) -> QueuedFrame | None:
        """The next frame, the last of a message filled up with silence; None: there is no whole one."""
        while self._waiting:
            first = self._waiting[0]
            size = min(len(first.pcm), self.frame_bytes)
            complete = first.finished or len(self._waiting) > 1
            if size < self.frame_bytes and not complete:
                return None
            if not size:
                self._waiting.popleft()
                continue
            pcm = bytes(first.pcm[:size]).ljust(self.frame_bytes, b"\0")
            del first.pcm[:size]
            first.taken_bytes += size
            self.backlog_bytes -= size
            if complete and not first.pcm:
                self._waiting.popleft()
            return QueuedFrame(first.message_id, pcm, first.taken_bytes)
        return None
