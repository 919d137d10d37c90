"""What the person says, from Opus packets to PCM: put in order, decoded, and made up where packets were lost."""

import asyncio
from collections.abc import Callable

from voi.audio.jitter_buffer import JitterBuffer, SoundPiece
from voi.audio.libopus import RTP_CLOCK_HZ, OpusDecoder, opus_samples
from voi.audio.pcm import SAMPLE_BYTES


class PeerEar:
    """`hear` takes PCM, s16le mono at `rate_hz`. Raises ConfigError without libopus."""

    def __init__(self, rate_hz: int, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._decoder = OpusDecoder(rate_hz)
        self._ratio = RTP_CLOCK_HZ // rate_hz
        self._buffer = JitterBuffer(RTP_CLOCK_HZ, opus_samples)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due_ms = 0.0
        self._closed = False
        self.counts = self._buffer.counts

    def packet(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """Take the next packet from the network."""
        if not self._closed:
            self._pass_on(self._buffer.push(sequence, timestamp, payload, self._now_ms()))
            self._arm()

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass_on(self, pieces: list[SoundPiece]) -> None:
        pcm = b"".join(map(self._sound_of, pieces))
        if pcm:
            self._hear(pcm)

    def _sound_of(self, piece: SoundPiece) -> bytes:
        samples = piece.samples // self._ratio
        match piece.kind:
            case "sound":
                return self._decoder.decode(piece.payload) or self._decoder.conceal(samples)
            case "recovered":
                return self._decoder.recover(piece.payload, samples)
            case "concealed":
                return self._decoder.conceal(samples)
        return bytes(samples * SAMPLE_BYTES)

    def _arm(self) -> None:
        """Have the timer run when something is due. One that runs earlier is left: each packet would renew it."""
        due_ms = self._buffer.deadline_ms
        if due_ms is None or self._closed or (self._timer is not None and self._due_ms <= due_ms):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_ms = due_ms
        self._timer = self._loop.call_at(due_ms / 1_000, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._pass_on(self._buffer.due(self._now_ms()))
        self._arm()

    def _now_ms(self) -> float:
        return self._loop.time() * 1_000
