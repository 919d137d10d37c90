"""One speech as one Ogg/Opus blob (RFC 7845), for clients that want no stream. Needs the extra `media`."""

import io

import numpy as np

from voi.audio.ffmpeg import load_av
from voi.audio.pcm import to_int16
from voi.audio.resample import resample

RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
"""What an Opus encoder takes (RFC 6716, section 2)."""
BIT_RATE = 32_000
"""Transparent for mono speech at 24 kHz (RFC 7587, section 3.1.1 recommends 28 to 40 kb/s for fullband speech)."""


def encode_ogg_opus(pcm: bytes, rate_hz: int, bit_rate: int = BIT_RATE) -> bytes:
    """PCM (s16le mono) as a complete Ogg/Opus file; b"" for no sound. Takes about 1/200 of the sound's length: call it
    in a worker thread. Raises ConfigError when PyAV is missing."""
    av = load_av()
    if not pcm:
        return b""
    if rate_hz not in RATES_HZ:
        pcm, rate_hz = resample(pcm, rate_hz, 48_000), 48_000
    blob = io.BytesIO()
    with av.open(blob, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=rate_hz, layout="mono", bit_rate=bit_rate)
        samples = np.ascontiguousarray(to_int16(pcm)).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate_hz
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return blob.getvalue()
