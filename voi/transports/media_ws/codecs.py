"""How a carrier sends and wants sound: G.711 or 16-bit PCM, in either byte order."""

from dataclasses import dataclass

from voi.audio import g711
from voi.audio.pcm import SAMPLE_BYTES, to_int16
from voi.config.phones import MediaFormat

FRAME_MS = 20
"""Carriers deal in frames of this length."""
MEDIA_RATES_HZ = frozenset({8_000, 16_000, 24_000})
_LAWS: dict[MediaFormat, g711.Law] = {"ulaw": "ulaw", "alaw": "alaw"}


@dataclass(frozen=True, slots=True)
class MediaCodec:
    """`big_endian`: of l16, whose samples then come with their high byte first."""

    form: MediaFormat
    rate_hz: int
    big_endian: bool = False

    @property
    def frame_bytes(self) -> int:
        """Length of a frame of PCM (s16le)."""
        return self.rate_hz * FRAME_MS // 1_000 * SAMPLE_BYTES

    def encode(self, pcm: bytes) -> bytes:
        """The carrier's bytes of PCM (s16le) at `rate_hz`."""
        law = _LAWS.get(self.form)
        if law is not None:
            return g711.encode(pcm, law)
        return to_int16(pcm).byteswap().tobytes() if self.big_endian else pcm

    def decode(self, payload: bytes) -> bytes:
        """PCM (s16le) of the carrier's bytes."""
        law = _LAWS.get(self.form)
        if law is not None:
            return g711.decode(payload, law)
        return to_int16(payload).byteswap().tobytes() if self.big_endian else payload
