"""The agent's sound as Opus packets, one every 20 ms by the clock.

Sound goes out as soon as it is there: nothing is kept back to even it out, which the player does. When the sender was
held up it catches up, so that no delay is left. In silence the encoder leaves most packets out (DTX), and after a while
only one is sent now and then.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from voi.audio.libopus import RTP_CLOCK_HZ, OpusEncoder
from voi.transports.rtp import RtpPacket

FRAME_S = 0.02
BIT_RATE = 32_000
TAIL_FRAMES = 15
"""Silence that is encoded after sound, so that the decoder learns how silence sounds."""
IDLE_S = 0.4
"""How often a packet is sent in silence."""
CATCH_UP_S = 0.4
"""Being held up for longer than this, about as much as the conversation is ahead, is not made up for."""


@dataclass(slots=True)
class Utterance:
    """The sound of one message that is still to be sent. `sent_bytes`: how much of it was."""

    response_id: str
    message_id: int
    pcm: bytearray = field(default_factory=bytearray)
    ended: bool = False
    sent_bytes: int = 0


class PeerMouth:
    """Sends what it is given to `play`, s16le mono at `rate_hz`. `send` sends an RTP packet. `on_started` and
    `on_stopped` are told the response whose sound begins to be sent, or was sent to its end; `on_sent` how many bytes
    of a message's sound were sent so far. The conversation gives at most some 450 ms ahead, so that bounds what waits
    here."""

    def __init__(
        self,
        rate_hz: int,
        payload_type: int,
        send: Callable[[bytes], Awaitable[None]],
        on_started: Callable[[str], None],
        on_stopped: Callable[[str], None],
        on_sent: Callable[[int, int], None] = lambda message_id, sent_bytes: None,
    ) -> None:
        self._send, self._on_started, self._on_stopped, self._on_sent = send, on_started, on_stopped, on_sent
        self._encoder = OpusEncoder(rate_hz, BIT_RATE)
        self._silence = bytes(self._encoder.frame_bytes)
        self._payload_type = payload_type
        self.ssrc = secrets.randbits(32)
        self._sequence, self._first_tick = secrets.randbits(16), secrets.randbits(32)
        self._queue: deque[Utterance] = deque()
        self._heard: Utterance | None = None
        """The one that was sent last."""
        self._wanted = asyncio.Event()
        self._quiet_frames = TAIL_FRAMES
        self._sounding = ""
        """The response whose sound has begun to be sent."""
        self._pause = True
        self.packets = self.octets = 0
        """How many were sent."""
        self._start_s = 0.0

    # ---- what is to be sent ---------------------------------------------------------------------------

    def play(self, response_id: str, message_id: int, pcm: bytes) -> None:
        """More sound of that message."""
        last = self._queue[-1] if self._queue else None
        if last is None or last.message_id != message_id or last.ended:
            last = Utterance(response_id, message_id)
            self._queue.append(last)
        last.pcm += pcm
        self._wanted.set()

    def end(self, message_id: int) -> None:
        """All sound of that message was given."""
        for each in self._queue:
            if each.message_id == message_id:
                each.ended = True

    def clear(self, message_id: int) -> None:
        """Send no more of that message: the next packet has none of it."""
        self._queue = deque(each for each in self._queue if each.message_id != message_id)
        if not self._queue:
            self._sounding = ""

    def expect_loss(self, percent: int) -> None:
        """So much of what was sent did not arrive: the copies in the packets are made to fit."""
        self._encoder.expect_loss(max(5, percent))

    # ---- the clock ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send, until cancelled. Raises ConnectionError when the peer is gone."""
        loop = asyncio.get_running_loop()
        self._start_s = next_s = loop.time()
        while True:
            if self._quiet_frames >= TAIL_FRAMES and not self._queue:
                self._pause = True
                await self._sound_wanted()
                next_s = loop.time()
            await self._send_frame(self._tick_at(next_s))
            next_s += FRAME_S
            now_s = loop.time()
            if now_s - next_s > CATCH_UP_S:
                next_s = now_s
            await asyncio.sleep(max(0.0, next_s - now_s))

    def timestamp_now(self) -> int:
        """What a packet that is sent now has as its timestamp."""
        return self._tick_at(asyncio.get_running_loop().time())

    def _tick_at(self, at_s: float) -> int:
        return (self._first_tick + round((at_s - self._start_s) * RTP_CLOCK_HZ)) & 0xFFFF_FFFF

    async def _sound_wanted(self) -> None:
        self._wanted.clear()
        try:
            async with asyncio.timeout(IDLE_S):
                await self._wanted.wait()
        except TimeoutError:
            pass

    async def _send_frame(self, tick: int) -> None:
        pcm = self._next_sound()
        self._quiet_frames = min(self._quiet_frames + 1, TAIL_FRAMES) if pcm is None else 0
        if pcm is not None and self._heard is not None:
            self._on_sent(self._heard.message_id, self._heard.sent_bytes)
        payload = self._encoder.encode(self._silence if pcm is None else pcm)
        if not payload or (len(payload) <= 2 and self._quiet_frames < TAIL_FRAMES):
            self._pause = True
            return
        packet = RtpPacket(self._payload_type, self._sequence, tick, self.ssrc, payload, self._pause)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._pause = False
        self.packets += 1
        self.octets += len(payload)
        await self._send(packet.encode())

    def _next_sound(self) -> bytes | None:
        """The next frame; None: silence, because there is no sound, or not enough of it yet."""
        size = self._encoder.frame_bytes
        while self._queue:
            utterance = self._queue[0]
            if utterance.ended and not utterance.pcm:
                self._queue.popleft()
                self._maybe_stopped(utterance)
                continue
            if len(utterance.pcm) < size and not utterance.ended:
                return None
            pcm = bytes(utterance.pcm[:size])
            del utterance.pcm[:size]
            utterance.sent_bytes += len(pcm)
            self._heard = utterance
            if self._sounding != utterance.response_id:
                self._sounding = utterance.response_id
                self._on_started(utterance.response_id)
            return pcm.ljust(size, b"\0")
        return None

    def _maybe_stopped(self, utterance: Utterance) -> None:
        if self._sounding == utterance.response_id and not any(
            each.response_id == utterance.response_id for each in self._queue
        ):
            self._sounding = ""
            self._on_stopped(utterance.response_id)
