"""What a line sends: the agent's sound and keys in the order in which they were given, one packet at each tick.

A message is reported as played by what has left, packet by packet. Nothing is sent ahead of its time, so what is
cleared was not heard.
"""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from voi.transports.rtp import RtpPacket
from voi.transports.telephone.coders import LineEncoder
from voi.transports.telephone.key_events import END_PACKETS, KEYS, event_payload
from voi.transports.telephone.rtp_terms import RtpTerms, SilencePolicy
from voi.transports.telephone.rtp_ticker import TICK_MS

KEY_MS, KEY_GAP_MS = 100, 80
"""How long a key is pressed, and the least time to the next one; machines want 40 ms of both (ITU-T Q.24)."""
WAIT_MS = 500
KEYS_MAX = 64
"""So many keys wait at most."""
TAIL_MS = 200
"""Silence that is sent after sound, before a policy leaves it out."""
IDLE_MS = 400
"""How often a packet is sent nevertheless."""
NOISE_LEVEL = 70
"""Comfort noise, in -dBov: all but silent."""
DTX_BYTES = 2
"""Opus packets that are no longer than this need not be sent."""
MESSAGES_MAX = 64


@dataclass(slots=True)
class _QueuedSound:
    message_id: int
    pcm: bytearray = field(default_factory=bytearray)
    ended: bool = False


@dataclass(slots=True)
class _QueuedKey:
    key: str
    pressed_ms: int = 0
    timestamp: int = 0


@dataclass(slots=True)
class _QueuedPause:
    left_ms: int


class RtpMouth:
    """`send` sends a packet, and returns whether it left. `on_played` is told a message and how much of it was sent
    altogether, in bytes of PCM at `rate_hz`. `send_key` presses a key by other means than RTP."""

    def __init__(
        self,
        rate_hz: int,
        terms: RtpTerms,
        silence: SilencePolicy,
        send: Callable[[bytes], bool],
        on_played: Callable[[int, int], None],
        send_key: Callable[[str], None] | None = None,
    ) -> None:
        self._rate_hz, self._silence_policy = rate_hz, silence
        self._send, self._on_played, self._send_key = send, on_played, send_key
        self._terms = terms
        self._encoder = LineEncoder(terms.codec, rate_hz)
        self._queue: deque[_QueuedSound | _QueuedKey | _QueuedPause] = deque()
        self._given: dict[int, int] = {}
        """How many bytes were sent of each message that is not over."""
        self.ssrc = secrets.randbits(32)
        self._sequence, self.timestamp = secrets.randbits(16), secrets.randbits(32)
        self._owed_ms = 0
        self._quiet_ms = TAIL_MS
        self._idle_ms = IDLE_MS
        self._pause = True
        self.packets = self.octets = 0
        """How many were sent."""

    def change(self, terms: RtpTerms) -> None:
        """Send as agreed on now from the next packet on. Raises ConfigError like `LineEncoder`."""
        if terms.codec != self._terms.codec:
            encoder = LineEncoder(terms.codec, self._rate_hz)
            if terms.codec.clock_hz != self._terms.codec.clock_hz:
                self.ssrc = secrets.randbits(32)  # a stream has one clock, RFC 7160
                self.packets = self.octets = 0
            self._encoder, self._pause = encoder, True
        self._terms = terms

    def expect_loss(self, percent: int) -> None:
        if self._encoder.opus is not None:
            self._encoder.opus.expect_loss(max(5, percent))

    # ---- what is to be sent -------------------------------------------------------------------------

    @property
    def backlog_bytes(self) -> int:
        return sum(len(each.pcm) for each in self._queue if isinstance(each, _QueuedSound))

    def play(self, message_id: int, pcm: bytes) -> None:
        last = self._queue[-1] if self._queue else None
        if not isinstance(last, _QueuedSound) or last.message_id != message_id or last.ended:
            self._end_last()
            last = _QueuedSound(message_id)
            self._queue.append(last)
        last.pcm += pcm

    def finish(self, message_id: int) -> None:
        waiting = [each for each in self._queue if isinstance(each, _QueuedSound) and each.message_id == message_id]
        for each in waiting:
            each.ended = True
        if not waiting:
            self._given.pop(message_id, None)

    def clear(self, message_id: int) -> None:
        self._queue = deque(
            each for each in self._queue if not isinstance(each, _QueuedSound) or each.message_id != message_id
        )
        self._given.pop(message_id, None)

    def press(self, keys: str) -> bool:
        if self._terms.key_type is None and self._send_key is None:
            return False
        if not set(keys) <= set(KEYS + "w") or len(keys) + len(self._queue) > KEYS_MAX:
            return False
        self._end_last()
        for key in keys:
            self._queue.append(_QueuedPause(WAIT_MS) if key == "w" else _QueuedKey(key))
        return True

    def _end_last(self) -> None:
        """Something follows the last sound, so its begun frame is played."""
        if self._queue and isinstance(self._queue[-1], _QueuedSound):
            self._queue[-1].ended = True

    # ---- the clock ----------------------------------------------------------------------------------

    def tick(self) -> None:
        """Send what is due after another 20 ms."""
        self._owed_ms += TICK_MS
        while self._owed_ms >= self._encoder.ptime_ms:
            self._owed_ms -= self._encoder.ptime_ms
            self._send_frame()
            self.timestamp = (self.timestamp + self._encoder.frame_ticks) & 0xFFFF_FFFF

    def skip(self, ticks: int) -> None:
        """Nothing was sent for so long."""
        samples = self._encoder.codec.clock_hz * TICK_MS * ticks // 1_000
        self.timestamp = (self.timestamp + samples) & 0xFFFF_FFFF
        self._pause = True

    def _send_frame(self) -> None:
        if not self._terms.sending:
            self._pause = True
            return
        first = self._queue[0] if self._queue else None
        if isinstance(first, _QueuedKey):
            self._send_key_packets(first)
            return
        if isinstance(first, _QueuedPause):
            first.left_ms -= self._encoder.ptime_ms
            if first.left_ms <= 0:
                self._queue.popleft()
            self._send_silence()
            return
        speech, pcm = self._next_sound()
        if speech is None:
            self._send_silence()
            return
        self._quiet_ms = 0
        payload = self._encoder.encode(pcm.ljust(self._encoder.frame_bytes, b"\0"))
        if self._encoder.opus is None or len(payload) > DTX_BYTES:
            self._send_packet(self._terms.codec.payload_type, payload)
        else:
            self._pause = True
        self._report(speech, len(pcm))

    def _next_sound(self) -> tuple[_QueuedSound | None, bytes]:
        """The next frame, or the rest of a message; None: there is no sound, or not enough of it yet."""
        size = self._encoder.frame_bytes
        while self._queue and isinstance(speech := self._queue[0], _QueuedSound):
            if len(speech.pcm) < size and not speech.ended:
                break
            pcm = bytes(speech.pcm[:size])
            del speech.pcm[:size]
            if speech.ended and not speech.pcm:
                self._queue.popleft()
            if pcm:
                return speech, pcm
        return None, b""

    def _report(self, speech: _QueuedSound, size: int) -> None:
        given = self._given[speech.message_id] = self._given.get(speech.message_id, 0) + size
        if len(self._given) > MESSAGES_MAX:
            del self._given[next(iter(self._given))]
        self._on_played(speech.message_id, given)

    # ---- silence ------------------------------------------------------------------------------------

    def _send_silence(self) -> None:
        ptime_ms = self._encoder.ptime_ms
        self._quiet_ms = min(self._quiet_ms + ptime_ms, TAIL_MS)
        opus, tail_over = self._encoder.opus is not None, self._quiet_ms >= TAIL_MS
        noise = self._silence_policy == "noise" and self._terms.noise_type is not None and not opus
        if tail_over and (opus or noise or self._silence_policy == "pause"):
            self._pause = True
            self._idle_ms += ptime_ms
            if self._idle_ms < IDLE_MS:
                return
        self._idle_ms = 0
        if tail_over and noise:
            assert self._terms.noise_type is not None
            self._send_packet(self._terms.noise_type, bytes([NOISE_LEVEL]))
            self._pause = True
            return
        payload = self._encoder.encode(bytes(self._encoder.frame_bytes))
        if payload:
            self._send_packet(self._terms.codec.payload_type, payload)

    # ---- keys ---------------------------------------------------------------------------------------

    def _send_key_packets(self, key: _QueuedKey) -> None:
        terms = self._terms
        if terms.key_type is None:
            self._queue[0] = _QueuedPause(KEY_MS + KEY_GAP_MS)
            if self._send_key is not None:
                self._send_key(key.key)
            self._send_silence()
            return
        begins = not key.pressed_ms
        if begins:
            key.timestamp = self.timestamp
        key.pressed_ms += self._encoder.ptime_ms
        duration = key.pressed_ms * terms.key_clock_hz // 1_000
        end = key.pressed_ms >= KEY_MS
        self._pause = begins
        for _ in range(END_PACKETS if end else 1):
            self._send_packet(terms.key_type, event_payload(key.key, duration, end=end), key.timestamp)
        if end:
            self._queue[0] = _QueuedPause(KEY_GAP_MS)
            self._pause = True

    def _send_packet(self, payload_type: int, payload: bytes, timestamp: int | None = None) -> None:
        at = self.timestamp if timestamp is None else timestamp
        packet = RtpPacket(payload_type, self._sequence, at, self.ssrc, payload, self._pause)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._pause = False
        if self._send(packet.encode()):
            self.packets += 1
            self.octets += len(payload)
