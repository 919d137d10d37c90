"""Sends the agent's sound just before it is heard, because a client of RTVI cannot drop what it has.

The session gives sound 350 to 450 ms ahead. All of it that waits here can still be stopped: the client has at most
`LEAD_MS` plus one piece. Like the session's own clock, this one assumes that the client plays what it gets at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from voi.audio.pcm import SAMPLE_BYTES
from voi.transports.rtvi.wire import OUTPUT_BLOCK_SAMPLES

LEAD_MS = 120
"""More sound is sent when the client has less than this left to play. Less: a busy network is heard as gaps."""
PIECE_MS = 40
"""About how much is sent at a time: a whole number of the player's blocks."""
LOOK_MS = 40
"""How often `on_heard` is called while something is heard."""
BACKLOG_MAX_MS = 200
"""With more sound than this on its way through a slow network, the rest waits here, where it can be stopped."""


@dataclass(slots=True)
class _MessageSound:
    """The sound of one message."""

    waiting: bytearray = field(default_factory=bytearray)
    whole: bool = False
    sent_bytes: int = 0
    ends_s: float = 0.0
    """When what was sent of it is over."""


class PacedSound:
    """`send(message_id, pcm)` is given the sound when it is due, `on_heard()` called while it is heard. `backlog_bytes`
    returns what the network has not taken. All methods return at once."""

    def __init__(
        self,
        rate_hz: int,
        send: Callable[[int, bytes], None],
        on_heard: Callable[[], None],
        backlog_bytes: Callable[[], int],
    ) -> None:
        self._bytes_per_s = rate_hz * SAMPLE_BYTES
        self._block_bytes = OUTPUT_BLOCK_SAMPLES * SAMPLE_BYTES
        blocks = max(1, round(rate_hz * PIECE_MS / 1_000 / OUTPUT_BLOCK_SAMPLES))
        self._piece_bytes = blocks * self._block_bytes
        self._backlog_max_bytes = self._bytes_per_s * BACKLOG_MAX_MS // 1_000
        self._send = send
        self._on_heard = on_heard
        self._backlog_bytes = backlog_bytes
        self._loop = asyncio.get_running_loop()
        self._lines: dict[int, _MessageSound] = {}
        self._queue: deque[int] = deque()
        """Messages whose sound is not all sent, in order."""
        self._ends_s = 0.0
        """When the client has nothing left to play."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting_bytes(self) -> int:
        """How much sound waits here."""
        return sum(len(self._lines[message_id].waiting) for message_id in self._queue)

    def put(self, message_id: int, pcm: bytes) -> None:
        """Take sound of that message: s16le mono at the door's rate."""
        line = self._lines.get(message_id)
        if line is None:
            line = self._lines[message_id] = _MessageSound()
            self._queue.append(message_id)
        line.waiting += pcm
        self._pump()

    def end(self, message_id: int) -> None:
        """That was all sound of the message. It is filled up to a whole block, so that all of it is played."""
        if (line := self._lines.get(message_id)) is not None and not line.whole:
            line.whole = True
            line.waiting += bytes(-(line.sent_bytes + len(line.waiting)) % self._block_bytes)
            self._pump()

    def clear(self, message_id: int) -> None:
        """Drop the message's sound that was not sent."""
        if self._lines.pop(message_id, None) is not None and message_id in self._queue:
            self._queue.remove(message_id)

    def heard_ms(self, message_id: int) -> int | None:
        """How much of that message was heard, an estimate; None: nothing was sent."""
        line = self._lines.get(message_id)
        if line is None or not line.sent_bytes:
            return None
        left = max(0.0, line.ends_s - self._loop.time()) * self._bytes_per_s
        return max(0, int(line.sent_bytes - left)) * 1_000 // self._bytes_per_s

    def all_heard(self, message_id: int) -> bool:
        """Whether the message's sound is complete, and over."""
        line = self._lines.get(message_id)
        return line is not None and line.whole and not line.waiting and line.ends_s <= self._loop.time()

    def close(self) -> None:
        self._lines.clear()
        self._queue.clear()
        self._disarm()

    def _pump(self) -> None:
        self._disarm()
        now_s = self._loop.time()
        wait_s = self._send_due(now_s)
        if self._ends_s > now_s:
            look_s = min(LOOK_MS / 1_000, max(0.001, self._ends_s - now_s))
            wait_s = look_s if wait_s is None else min(wait_s, look_s)
        if wait_s is not None:
            self._timer = self._loop.call_later(max(0.001, wait_s), self._on_timer)

    def _on_timer(self) -> None:
        self._pump()
        self._on_heard()

    def _send_due(self, now_s: float) -> float | None:
        """Send what is due. Returns the seconds until more is; None: nothing is left to send."""
        while self._queue:
            message_id = self._queue[0]
            line = self._lines[message_id]
            size = min(len(line.waiting), self._piece_bytes)
            size -= size % self._block_bytes
            if not size:
                if not line.whole:
                    return None
                self._queue.popleft()
                continue
            early_s = self._ends_s - now_s - LEAD_MS / 1_000
            if early_s > 0:
                return early_s
            if self._backlog_bytes() > self._backlog_max_bytes:
                return LOOK_MS / 1_000
            pcm = bytes(line.waiting[:size])
            del line.waiting[:size]
            self._ends_s = max(self._ends_s, now_s) + size / self._bytes_per_s
            line.sent_bytes += size
            line.ends_s = self._ends_s
            self._send(message_id, pcm)
        return None

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
