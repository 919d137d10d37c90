"""What the other side of a line says, from packets to PCM: put in order, decoded, and made up where packets were lost.

Its time is that of the packets: sound is passed on as it comes, and the clock fills in what does not come. So a sender
whose clock drifts, by whatever measure, leaves no delay behind.
"""

import asyncio
from collections.abc import Callable

from voi.audio.comfort_noise import noise_level_dbov
from voi.audio.jitter_buffer import JitterBuffer, JitterCounts, SoundPiece
from voi.transports.rtp import RtpPacket
from voi.transports.telephone.codecs import LineCodec
from voi.transports.telephone.coders import LineDecoder


class RtpEar:
    """`hear` takes PCM at `rate_hz`."""

    def __init__(self, rate_hz: int, codecs: tuple[LineCodec, ...], hear: Callable[[bytes], None]) -> None:
        self._rate_hz, self._hear = rate_hz, hear
        self._codecs = {each.payload_type: each for each in codecs}
        self._decoders: dict[int, LineDecoder] = {}
        self._decoder: LineDecoder | None = None
        self._buffer: JitterBuffer | None = None
        self._counted = JitterCounts()
        """Of the streams that are over."""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due_ms = 0.0
        self._closed = False
        self._noise_dbov: int | None = None
        """Level of the comfort noise that fills pauses now; None: they are silent."""
        self.muted = False
        """On hold: silence takes the place of what comes."""

    def change(self, codecs: tuple[LineCodec, ...]) -> None:
        """Take these from now on."""
        changed = {each.payload_type: each for each in codecs}
        if changed != self._codecs:
            self._codecs = changed
            self._decoders.clear()
            self.new_stream()

    def knows(self, payload_type: int) -> bool:
        return payload_type in self._codecs

    def new_stream(self) -> None:
        """What comes next has nothing to do with what came before."""
        self._count_out()
        self._buffer = self._decoder = self._noise_dbov = None

    def packet(self, packet: RtpPacket) -> None:
        """Take a packet with sound, of a codec that this knows. Raises ConfigError if a library is missing."""
        if self._closed:
            return
        decoder = self._decoders.get(packet.payload_type)
        if decoder is None:
            codec = self._codecs[packet.payload_type]
            decoder = self._decoders[packet.payload_type] = LineDecoder(codec, self._rate_hz)
        if decoder is not self._decoder or self._buffer is None:
            self.new_stream()
            self._decoder = decoder
            self._buffer = JitterBuffer(decoder.codec.clock_hz, decoder.samples_of)
        self._pass_on(self._buffer.push(packet.sequence, packet.timestamp, packet.payload, self._now_ms()))
        self._arm()

    def noise(self, packet: RtpPacket) -> None:
        """Take a packet of comfort noise: the pause that follows has that noise, until sound comes again."""
        self.soundless(packet)
        self._noise_dbov = noise_level_dbov(packet.payload)

    def soundless(self, packet: RtpPacket) -> None:
        """Take a packet of the stream that has no sound, such as a key."""
        if self._buffer is not None and not self._closed:
            self._pass_on(self._buffer.skip(packet.sequence, self._now_ms()))
            self._arm()

    @property
    def counts(self) -> JitterCounts:
        """Of all streams so far."""
        now = self._buffer.counts if self._buffer is not None else JitterCounts()
        return JitterCounts(*(a + b for a, b in zip(_numbers(self._counted), _numbers(now), strict=True)))  # type: ignore[arg-type]

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _count_out(self) -> None:
        self._counted = self.counts
        self._buffer = None

    def _pass_on(self, pieces: list[SoundPiece]) -> None:
        if not pieces:
            return
        pcm = self._sound_of(pieces[0]) if len(pieces) == 1 else b"".join(map(self._sound_of, pieces))
        if pcm:
            self._hear(bytes(len(pcm)) if self.muted else pcm)

    def _sound_of(self, piece: SoundPiece) -> bytes:
        assert self._decoder is not None
        match piece.kind:
            case "sound":
                self._noise_dbov = None
                return self._decoder.decode(piece.payload)
            case "recovered":
                return self._decoder.recover(piece.payload, piece.samples)
            case "concealed":
                return self._decoder.conceal(piece.samples)
        return self._decoder.silence(piece.samples, self._noise_dbov)

    def _arm(self) -> None:
        """Have the timer run when something is due. One that runs earlier is left: each packet would renew it."""
        due_ms = self._buffer.deadline_ms if self._buffer is not None else None
        if due_ms is None or self._closed or (self._timer is not None and self._due_ms <= due_ms):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_ms = due_ms
        self._timer = self._loop.call_at(due_ms / 1_000, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._buffer is not None:
            self._pass_on(self._buffer.due(self._now_ms()))
        self._arm()

    def _now_ms(self) -> float:
        return self._loop.time() * 1_000


def _numbers(counts: JitterCounts) -> tuple[float, ...]:
    return (
        counts.received, counts.lost, counts.late, counts.doubled, counts.concealed_ms, counts.stood_still_ms,
    )  # fmt: skip
