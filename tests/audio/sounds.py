"""Sounds for audio tests, and how alike two of them are."""

import io
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voi.audio.wav import read_wav

AUDIO = Path(__file__).parents[1] / "data" / "audio"


@cache
def speech(name: str = "austen-0880") -> bytes:
    """PCM at 16 kHz."""
    pcm, rate_hz = read_wav(AUDIO / f"{name}.wav")
    assert rate_hz == 16_000
    return pcm


def samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def tone(hz: float, rate_hz: int, seconds: float, amplitude: int = 16_000) -> bytes:
    at = np.arange(round(rate_hz * seconds))
    pcm: bytes = np.rint(np.sin(2 * np.pi * hz * at / rate_hz) * amplitude).astype("<i2").tobytes()
    return pcm


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def likeness(one: bytes, other: bytes) -> float:
    """Correlation, 1 for the same sound, at the best shift of up to 50 ms at 16 kHz."""
    a, b = samples(one), samples(other)
    size = min(len(a), len(b))
    a, b = a[:size], b[:size]
    cross = np.fft.irfft(np.fft.rfft(a, 2 * size) * np.conj(np.fft.rfft(b, 2 * size)))
    near = np.concatenate((cross[:800], cross[-800:]))
    return float(near.max() / np.sqrt((a @ a) * (b @ b)))


@cache
def encoded(container: str, codec: str, **options: str) -> bytes:
    """The speech as a file of that kind."""
    import av

    blob = io.BytesIO()
    with av.open(blob, "w", format=container, options=dict(options)) as out:
        stream: Any = out.add_stream(codec, rate=48_000, layout="mono")
        frame: Any = av.AudioFrame.from_ndarray(samples(speech()).astype(np.int16)[None, :], "s16", "mono")
        frame.sample_rate = 16_000
        frame.time_base = Fraction(1, 16_000)
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=48_000)
        for resampled in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(resampled))
        out.mux(stream.encode(None))
    return blob.getvalue()


def fragmented_mp4(codec: str = "aac") -> bytes:
    return encoded("mp4", codec, movflags="frag_keyframe+empty_moov+default_base_moof", frag_duration="250000")
