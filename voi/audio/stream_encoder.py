"""Sound encoded while it is made, for clients that play what they receive. Formats other than wav and pcm need the
extra `media`.

Each format is one that can be written without seeking: what was given out is never changed.
"""

from typing import Any, Literal

import numpy as np

from voi.audio.ffmpeg import load_av
from voi.audio.pcm import SAMPLE_BYTES, to_int16
from voi.audio.resample import Resampler
from voi.audio.wav import ENDLESS_BYTES, header

SoundFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
RATE_HZ = 24_000
"""Sample rate of all formats. Clients that ask for PCM expect it."""
BIT_RATE = 64_000
"""Of mp3 and AAC; Opus needs half."""
MEDIA_TYPES: dict[SoundFormat, str] = {
    "mp3": "audio/mpeg", "opus": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav",
    "pcm": "audio/pcm",
}  # fmt: skip
_CODECS: dict[str, tuple[str, str, int, dict[str, str]]] = {
    # container, codec, bit rate, options of the container
    "mp3": ("mp3", "libmp3lame", BIT_RATE, {"write_xing": "0", "id3v2_version": "0"}),
    "opus": ("ogg", "libopus", BIT_RATE // 2, {"page_duration": "200000"}),  # µs; by default a page has a second
    "aac": ("adts", "aac", BIT_RATE, {}),
    "flac": ("flac", "flac", 0, {}),
}


class StreamEncoder:
    """Encodes one stream of PCM (s16le mono at `in_rate_hz`). Raises ConfigError when PyAV is needed and missing."""

    def __init__(self, form: SoundFormat, in_rate_hz: int) -> None:
        self.compresses = form in _CODECS
        """True: `push` and `close` take about 1/200 of the sound's length. Call them in a worker thread."""
        self._resampler = Resampler(in_rate_hz, RATE_HZ)
        self._out = _Sink()
        self._container: Any = None
        self._samples = 0
        if form == "wav":
            self._out.write(header(ENDLESS_BYTES, RATE_HZ))
        elif form != "pcm":
            self._av = load_av()
            kind, codec, bit_rate, options = _CODECS[form]
            self._container = self._av.open(self._out, "w", format=kind, options=options)
            self._stream = self._container.add_stream(codec, rate=RATE_HZ, layout="mono")
            if bit_rate:
                self._stream.bit_rate = bit_rate

    def push(self, pcm: bytes) -> bytes:
        """The encoded bytes that are ready, perhaps none."""
        self._encode(self._resampler.push(pcm))
        return self._out.taken()

    def close(self) -> bytes:
        """The rest."""
        self._encode(self._resampler.flush())
        if self._container is not None:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        return self._out.taken()

    def _encode(self, pcm: bytes) -> None:
        if self._container is None:
            self._out.write(pcm)
        elif pcm:
            samples = np.ascontiguousarray(to_int16(pcm)).reshape(1, -1)
            frame = self._av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, self._samples
            self._samples += len(pcm) // SAMPLE_BYTES
            self._container.mux(self._stream.encode(frame))


class _Sink:
    """A file that can only be written to."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last call."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data
