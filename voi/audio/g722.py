"""G.722 at 64 kbit/s: wideband telephone sound, one byte for two samples at 16 kHz, by FFmpeg (PyAV)."""

from fractions import Fraction
from typing import Any

import numpy as np

from voi.audio.pcm import SAMPLE_BYTES, to_int16
from voi.errors import ConfigError

RATE_HZ = 16_000
_MISSING = "G.722 needs the package PyAV. Run: ./install.sh media"


def _codec(mode: str) -> Any:
    try:
        import av
    except ImportError:
        raise ConfigError(_MISSING) from None
    context: Any = av.CodecContext.create("g722", mode)
    context.sample_rate, context.layout = RATE_HZ, "mono"
    if mode == "w":
        context.format, context.time_base = "s16", Fraction(1, RATE_HZ)
    return context


class G722Encoder:
    """Raises ConfigError without PyAV."""

    def __init__(self) -> None:
        self._context = _codec("w")

    def encode(self, pcm: bytes) -> bytes:
        """s16le mono at 16 kHz, an even number of samples."""
        import av

        samples = to_int16(pcm).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


class G722Decoder:
    """Raises ConfigError without PyAV."""

    def __init__(self) -> None:
        self._context = _codec("r")

    def decode(self, payload: bytes) -> bytes:
        """s16le mono at 16 kHz: two samples of each byte. Any bytes are valid."""
        import av

        pcm = b"".join(frame.to_ndarray().tobytes() for frame in self._context.decode(av.Packet(payload)))
        return pcm[: len(payload) * 2 * SAMPLE_BYTES]
