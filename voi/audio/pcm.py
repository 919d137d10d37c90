"""PCM and its units. Everywhere in Voi sound is `bytes`: signed 16-bit little-endian, mono, its rate kept beside it."""

import math

import numpy as np
from numpy.typing import NDArray

SAMPLE_BYTES = 2
FULL_SCALE = 32_768
"""A float of 1.0; the loudest int16 is one less, so +1.0 is clipped and never wraps round to -1.0."""
SILENCE_DBFS = -120.0
"""What digital silence measures, in place of minus infinity (one int16 step is -90 dBFS)."""


# ---- units --------------------------------------------------------------------------------------


def ms_to_samples(ms: int, rate_hz: int) -> int:
    """How many samples at `rate_hz` last `ms`, rounded down."""
    return ms * rate_hz // 1000


def samples_to_ms(samples: int, rate_hz: int) -> int:
    """How many ms that many samples at `rate_hz` last, rounded down."""
    return samples * 1000 // rate_hz


def ms_to_bytes(ms: int, rate_hz: int) -> int:
    """How many bytes of s16le mono at `rate_hz` last `ms`, rounded down to a whole sample."""
    return ms_to_samples(ms, rate_hz) * SAMPLE_BYTES


def bytes_to_ms(n_bytes: int, rate_hz: int) -> int:
    """How many ms that many bytes of s16le mono at `rate_hz` last, rounded down."""
    return samples_to_ms(n_bytes // SAMPLE_BYTES, rate_hz)


# ---- shapes -------------------------------------------------------------------------------------


def silence(ms: int, rate_hz: int) -> bytes:
    """`ms` of silence, as s16le mono at `rate_hz`."""
    return bytes(ms_to_bytes(ms, rate_hz))


def to_int16(pcm: bytes) -> NDArray[np.int16]:
    """Shape (samples,), int16; a read-only view. An odd last byte is left out."""
    return np.frombuffer(pcm, dtype="<i2", count=len(pcm) // SAMPLE_BYTES)


def to_float(pcm: bytes) -> NDArray[np.float32]:
    """Shape (samples,), float32 in [-1, 1)."""
    return to_int16(pcm).astype(np.float32) / np.float32(FULL_SCALE)


def from_float(samples: NDArray[np.floating]) -> bytes:
    """PCM of float samples, any shape (read row by row); beyond [-1, 1] is clipped and NaN is silence.
    `from_float(to_float(pcm)) == pcm`."""
    finite = np.nan_to_num(np.asarray(samples, dtype=np.float64), posinf=1.0, neginf=-1.0)
    return from_scaled(finite * FULL_SCALE)


def from_scaled(samples: NDArray[np.floating]) -> bytes:
    """PCM of finite floats on the int16 scale (-32768 to 32767): rounded, and clipped rather than wrapped."""
    scaled = np.rint(samples)
    np.maximum(scaled, -FULL_SCALE, out=scaled)
    np.minimum(scaled, FULL_SCALE - 1, out=scaled)
    pcm: bytes = scaled.astype("<i2").tobytes()
    return pcm


# ---- loudness -----------------------------------------------------------------------------------


def rms_dbfs(pcm: bytes) -> float:
    """Root mean square in dB of full scale (a full-scale sine is -3.01 dBFS); SILENCE_DBFS for silence or nothing."""
    samples = to_int16(pcm).astype(np.float64)
    rms = math.sqrt(float(samples @ samples) / len(samples)) if len(samples) else 0.0
    return max(SILENCE_DBFS, 20 * math.log10(rms / FULL_SCALE)) if rms else SILENCE_DBFS


# ---- a sound that grows -------------------------------------------------------------------------

LOUD = 300
"""Samples beyond this (of 32,768; -41 dBFS) are speech and not the hiss between."""


class Sounding:
    """The length of a sound that comes piece by piece, and when it begins and ends to be audible."""

    __slots__ = ("_first_bytes", "_last_loud", "_n_bytes", "_odd", "_rate_hz")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._n_bytes = 0
        self._first_bytes = -1
        self._last_loud = (b"", 0)
        """The last piece with a loud sample, and where it begins: only the end of the sound asks for more."""
        self._odd = b""

    def take(self, pcm: bytes) -> bytes:
        """Take more sound. Returns it in whole samples: a network chunk may end within a sample."""
        if self._odd:
            pcm, self._odd = self._odd + pcm, b""
        if len(pcm) % SAMPLE_BYTES:
            pcm, self._odd = pcm[:-1], pcm[-1:]
        if _is_loud(pcm):
            if self._first_bytes < 0:
                self._first_bytes = self._n_bytes + int(_loud(pcm)[0]) * SAMPLE_BYTES
            self._last_loud = pcm, self._n_bytes
        self._n_bytes += len(pcm)
        return pcm

    @property
    def ms(self) -> int:
        return bytes_to_ms(self._n_bytes, self._rate_hz)

    @property
    def audible_ms(self) -> tuple[int, int]:
        """From when to when it is audible; all of it if nothing is."""
        if self._first_bytes < 0:
            return 0, self.ms
        pcm, start_bytes = self._last_loud
        end_bytes = start_bytes + (int(_loud(pcm)[-1]) + 1) * SAMPLE_BYTES
        return bytes_to_ms(self._first_bytes, self._rate_hz), bytes_to_ms(end_bytes, self._rate_hz)


def _is_loud(pcm: bytes) -> bool:
    """Whether any sample is loud. In speech nearly always one of a few is, which spares numpy's call."""
    if max(memoryview(pcm).cast("h")[::64], default=0) > LOUD:
        return True
    samples = to_int16(pcm)
    return len(samples) > 0 and bool(samples.max() > LOUD or samples.min() < -LOUD)


def _loud(pcm: bytes) -> NDArray[np.intp]:
    """Indexes of the loud samples."""
    samples = to_int16(pcm)
    return np.flatnonzero((samples > LOUD) | (samples < -LOUD))
