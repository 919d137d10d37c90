"""Between PCM at a line's rate and the payload of packets, for each codec: encoding, decoding, and making up for
what was lost."""

from typing import Protocol

from voi.audio import g711
from voi.audio.comfort_noise import ComfortNoise
from voi.audio.concealment import Concealer
from voi.audio.g722 import G722Decoder, G722Encoder
from voi.audio.libopus import OpusDecoder, OpusEncoder, opus_samples
from voi.audio.pcm import SAMPLE_BYTES
from voi.audio.resample import Resampler
from voi.transports.telephone.codecs import CodecName, LineCodec

OPUS_BIT_RATE = 24_000
OPUS_PTIME_MS = 20
PRIME_MS = 5
"""So much silence goes before resampled sound: the resampler holds back up to 3 ms."""
PAYLOAD_MAX_BYTES = 1_460
_LAWS: dict[CodecName, g711.Law] = {"PCMU": "ulaw", "PCMA": "alaw"}


class Coder(Protocol):
    """Stateful or not, encodes one stream of frames."""

    def encode(self, pcm: bytes) -> bytes:
        """The payload of a frame; b"" or two bytes of Opus: it need not be sent."""


class _Law:
    def __init__(self, law: g711.Law) -> None:
        self._law: g711.Law = law

    def encode(self, pcm: bytes) -> bytes:
        return g711.encode(pcm, self._law)


class LineEncoder:
    """Takes frames of PCM at `rate_hz`, the line's rate, of `frame_bytes`. Raises ConfigError if this server lacks the
    codec's library."""

    def __init__(self, codec: LineCodec, rate_hz: int) -> None:
        self.codec = codec
        self.ptime_ms = OPUS_PTIME_MS if codec.name == "opus" else codec.ptime_ms
        self.frame_bytes = rate_hz * self.ptime_ms // 1_000 * SAMPLE_BYTES
        self.frame_ticks = codec.clock_hz * self.ptime_ms // 1_000
        self.opus: OpusEncoder | None = None
        self._coded_bytes = codec.rate_hz * self.ptime_ms // 1_000 * SAMPLE_BYTES
        self._resampler: Resampler | None = None
        self._resampled = b""
        if rate_hz != codec.rate_hz:
            self._resampler = Resampler(rate_hz, codec.rate_hz)
            self._resampled = bytes(codec.rate_hz * PRIME_MS // 1_000 * SAMPLE_BYTES)
        self._coder: Coder
        if codec.name == "opus":
            self._coder = self.opus = OpusEncoder(codec.rate_hz, OPUS_BIT_RATE)
        elif codec.name == "G722":
            self._coder = G722Encoder()
        else:
            self._coder = _Law(_LAWS[codec.name])

    def encode(self, pcm: bytes) -> bytes:
        """The payload for one frame."""
        if self._resampler is None:
            return self._coder.encode(pcm)
        self._resampled += self._resampler.push(pcm)
        frame, self._resampled = self._resampled[: self._coded_bytes], self._resampled[self._coded_bytes :]
        return self._coder.encode(frame.ljust(self._coded_bytes, b"\0"))


class LineDecoder:
    """Gives PCM at `rate_hz`, the line's. Lengths are in samples by the codec's clock. Raises ConfigError if this
    server lacks the codec's library."""

    def __init__(self, codec: LineCodec, rate_hz: int) -> None:
        self.codec = codec
        self._resampler = Resampler(codec.rate_hz, rate_hz) if rate_hz != codec.rate_hz else None
        self._law = _LAWS.get(codec.name)
        self._opus = OpusDecoder(codec.rate_hz) if codec.name == "opus" else None
        self._g722 = G722Decoder() if codec.name == "G722" else None
        self._concealer = None if self._opus else Concealer(codec.rate_hz)
        self._noise: ComfortNoise | None = None

    def samples_of(self, payload: bytes) -> int:
        """Length of a payload; 0 if it is none."""
        if len(payload) > PAYLOAD_MAX_BYTES:
            return 0
        return opus_samples(payload) if self._opus else len(payload)

    def decode(self, payload: bytes) -> bytes:
        if self._opus is not None:
            pcm = self._opus.decode(payload) or self._opus.conceal(self._samples(opus_samples(payload)))
        elif self._g722 is not None:
            pcm = self._g722.decode(payload)
        else:
            assert self._law is not None
            pcm = g711.decode(payload, self._law)
        return self._at_line(self._concealer.heard(pcm) if self._concealer else pcm)

    def recover(self, payload: bytes, samples: int) -> bytes:
        """The sound before that packet, from the copy in it where the codec has one."""
        if self._opus is None:
            return self.conceal(samples)
        return self._at_line(self._opus.recover(payload, self._samples(samples)))

    def conceal(self, samples: int) -> bytes:
        samples = self._samples(samples)
        if self._opus is not None:
            return self._at_line(self._opus.conceal(samples))
        assert self._concealer is not None
        return self._at_line(self._concealer.conceal(samples))

    def silence(self, samples: int, noise_dbov: int | None = None) -> bytes:
        """A pause of the other side's. `noise_dbov`: the comfort noise that it asked for; None: none."""
        if self._concealer is not None:
            self._concealer.silent()
        samples = self._samples(samples)
        if noise_dbov is None:
            return self._at_line(bytes(samples * SAMPLE_BYTES))
        if self._noise is None:
            self._noise = ComfortNoise(self.codec.rate_hz)
        return self._at_line(self._noise.next(samples, noise_dbov))

    def _samples(self, ticks: int) -> int:
        return ticks * self.codec.rate_hz // self.codec.clock_hz

    def _at_line(self, pcm: bytes) -> bytes:
        return pcm if self._resampler is None else self._resampler.push(pcm)
