"""Sample-rate conversion for live sound: a polyphase windowed-sinc filter with a delay of at most 3 ms.

Libraries made for files (libsoxr among them) work on large blocks: from 8 to 16 kHz the first sound comes out after
120 ms, which the caller would hear as a slower answer. Here a block is about one millisecond (up to 10 ms for 44.1 kHz
and its likes, whose ratios are awkward): `output block = input window @ weights`.

Filter: sinc times a Kaiser window (J. O. Smith, "Digital Audio Resampling", ccrma.stanford.edu/~jos/resample).
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voi.audio.pcm import SAMPLE_BYTES, from_scaled, to_int16

ZERO_CROSSINGS = 24
"""Sinc half-length in samples of the lower rate: 3 ms at 8 kHz, 1.5 ms at 16 kHz."""
CUTOFF = 0.92
"""As a share of the lower rate's Nyquist frequency: flat to 0.83, over 70 dB down from 1.02 (what folds over lands
above 0.98)."""
KAISER_BETA = 7.5
RATE_RANGE_HZ = (4_000, 192_000)
RATIO_TERM_MAX = 1_000
"""Greatest numerator or denominator of the reduced ratio; 11 025 -> 16 000 Hz needs 640/441."""


class _Bank(NamedTuple):
    in_samples: int
    """Input samples per block."""
    side_samples: int
    """Input samples that a block needs before and after its own."""
    weights: NDArray[np.float64]
    """Shape (side + in + side, output samples per block)."""


@lru_cache(maxsize=32)
def _bank(in_rate_hz: int, out_rate_hz: int) -> _Bank:
    low, high = RATE_RANGE_HZ
    common = math.gcd(in_rate_hz, out_rate_hz)
    up, down = out_rate_hz // common, in_rate_hz // common
    if not (low <= in_rate_hz <= high and low <= out_rate_hz <= high and max(up, down) <= RATIO_TERM_MAX):
        raise ValueError(f"Sound cannot be converted from {in_rate_hz} to {out_rate_hz} Hz; use a usual rate.")
    repeats = max(1, round(in_rate_hz / 1000 / down))
    up, down = up * repeats, down * repeats
    scale = min(1.0, out_rate_hz / in_rate_hz)
    half_width = ZERO_CROSSINGS / scale  # in input samples
    side = math.ceil(half_width)
    out_at = np.arange(up) * (down / up)
    distance = out_at[None, :] - (np.arange(down + 2 * side) - side)[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (distance / half_width) ** 2, 0, None)))
    weights = np.where(np.abs(distance) < half_width, np.sinc(CUTOFF * scale * distance) * window, 0.0)
    return _Bank(down, side, np.ascontiguousarray(weights / weights.sum(axis=0)))


class Resampler:
    """Converts one stream of PCM, given in pieces of any length; what comes out does not depend on how it was cut.

    Raises ValueError for rates outside RATE_RANGE_HZ or whose ratio is not a usual one.
    """

    def __init__(self, in_rate_hz: int, out_rate_hz: int) -> None:
        self.in_rate_hz = in_rate_hz
        self.out_rate_hz = out_rate_hz
        self._bank = None if in_rate_hz == out_rate_hz else _bank(in_rate_hz, out_rate_hz)
        self._start()

    def _start(self) -> None:
        self._half_sample = b""
        self._taken_samples = 0
        self._given_samples = 0
        # In float64 the order of summation, which differs with the length of a piece, cannot move a rounded sample.
        self._waiting = np.zeros(self._bank.side_samples if self._bank else 0)

    def push(self, pcm: bytes) -> bytes:
        """The sound at the output rate, except for the last few milliseconds, which need the next input."""
        if self._half_sample:
            pcm = self._half_sample + pcm
        whole_bytes = len(pcm) - len(pcm) % SAMPLE_BYTES
        self._half_sample = pcm[whole_bytes:]
        if self._bank is None:
            return pcm[:whole_bytes]
        samples = to_int16(pcm)
        self._taken_samples += len(samples)
        return self._convert(samples)

    def flush(self) -> bytes:
        """The rest, as if silence followed; the whole output is then as long as the input. Ready for another sound."""
        rest = b""
        if self._bank is not None and self._taken_samples:
            wanted = -(-self._taken_samples * self.out_rate_hz // self.in_rate_hz) - self._given_samples
            rest = self._convert(np.zeros(self._bank.side_samples + self._bank.in_samples))[: wanted * SAMPLE_BYTES]
        self._start()
        return rest

    def _convert(self, samples: NDArray[np.generic]) -> bytes:
        assert self._bank is not None
        in_samples, side, weights = self._bank
        waiting = np.concatenate((self._waiting, samples))
        blocks = max(0, (len(waiting) - 2 * side) // in_samples)
        self._waiting = waiting[blocks * in_samples :]
        if not blocks:
            return b""
        # Overlapping windows without a copy; numpy's sliding_window_view takes longer than all of the arithmetic.
        strides = (in_samples * waiting.itemsize, waiting.itemsize)
        windows = np.ndarray((blocks, len(weights)), waiting.dtype, waiting, 0, strides)
        out = np.ascontiguousarray(windows).dot(weights)
        self._given_samples += out.size
        return from_scaled(out)


def resample(pcm: bytes, in_rate_hz: int, out_rate_hz: int) -> bytes:
    """A whole sound at another rate. Raises ValueError like Resampler."""
    resampler = Resampler(in_rate_hz, out_rate_hz)
    return resampler.push(pcm) + resampler.flush()
