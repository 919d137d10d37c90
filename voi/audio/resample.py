"""Sample-rate conversion for live sound: a polyphase windowed-sinc filter with a delay of at most 3 ms.

Libraries made for files (libsoxr among them) work on large blocks: from 8 to 16 kHz the first sound comes out after
120 ms, which the caller would hear as a slower answer. Here a block is about one millisecond (up to 10 ms for 44.1 kHz
and its likes, whose ratios are awkward): `output block = input window @ weights`. That is computed by `_resample.c`, or
in numpy where Voi was installed without a compiler.

Filter: sinc times a Kaiser window (J. O. Smith, "Digital Audio Resampling", ccrma.stanford.edu/~jos/resample).
"""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voi.audio.compiled import compiled_module
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


AT_ONCE = 16
"""The compiled kernel computes a multiple of this many output samples of a block."""


_KERNEL = compiled_module("voi.audio._resample")


class _Bank(NamedTuple):
    in_samples: int
    """Input samples per block."""
    side_samples: int
    """Input samples that a block needs before and after its own."""
    weights: NDArray[np.float64]
    """Shape (side + in + side, output samples per block)."""
    packed: bytes
    """The same for the kernel: float32, each row padded with zeros to a multiple of `AT_ONCE`."""


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
    weights = np.ascontiguousarray(weights / weights.sum(axis=0))
    packed = np.pad(weights, ((0, 0), (0, -up % AT_ONCE)))
    return _Bank(down, side, weights, packed.astype(np.float32).tobytes())


class Resampler:
    """Converts one stream of PCM, given in pieces of any length; what comes out does not depend on how it was cut.

    `compiled` False computes in numpy. Raises ValueError for rates outside RATE_RANGE_HZ or whose ratio is not a usual
    one.
    """

    __slots__ = ("_bank", "_convert", "_half_sample", "_taken_bytes", "_waiting", "in_rate_hz", "out_rate_hz")

    def __init__(self, in_rate_hz: int, out_rate_hz: int, *, compiled: bool = True) -> None:
        self.in_rate_hz = in_rate_hz
        self.out_rate_hz = out_rate_hz
        self._bank = bank = None if in_rate_hz == out_rate_hz else _bank(in_rate_hz, out_rate_hz)
        self._convert: _Convert = lambda waiting, pcm: (pcm, b"")
        if bank is not None:
            self._convert = partial(_in_numpy, bank)
            if _KERNEL is not None and compiled:
                out_samples = bank.weights.shape[1]
                self._convert = partial(_KERNEL.convert, bank.packed, bank.in_samples, bank.side_samples, out_samples)
        self._start()

    def _start(self) -> None:
        self._half_sample = b""
        self._taken_bytes = 0
        self._waiting = bytes(self._bank.side_samples * SAMPLE_BYTES) if self._bank else b""

    @property
    def lag_samples(self) -> int:
        """How many samples of the output wait for the next input, where the pieces are of whole blocks (milliseconds
        at the usual rates)."""
        bank = self._bank
        return 0 if bank is None else -(-bank.side_samples // bank.in_samples) * bank.weights.shape[1]

    def push(self, pcm: bytes) -> bytes:
        """The sound at the output rate, except for the last few milliseconds, which need the next input."""
        if self._half_sample or len(pcm) % SAMPLE_BYTES:
            pcm = self._half_sample + pcm
            whole = len(pcm) & ~1
            pcm, self._half_sample = pcm[:whole], pcm[whole:]
        self._taken_bytes += len(pcm)
        sound, self._waiting = self._convert(self._waiting, pcm)
        return sound

    def flush(self) -> bytes:
        """The rest, as if silence followed; the whole output is then as long as the input. Ready for another sound."""
        rest = b""
        if (bank := self._bank) is not None and self._taken_bytes:
            taken = self._taken_bytes // SAMPLE_BYTES
            given = max(0, (taken - bank.side_samples) // bank.in_samples) * bank.weights.shape[1]
            wanted = -(-taken * self.out_rate_hz // self.in_rate_hz) - given
            silence = bytes((bank.side_samples + bank.in_samples) * SAMPLE_BYTES)
            rest = self._convert(self._waiting, silence)[0][: wanted * SAMPLE_BYTES]
        self._start()
        return rest


_Convert = Callable[[bytes, bytes], tuple[bytes, bytes]]
"""Takes the PCM that waited and the new one. Returns the sound as far as its windows are whole, and what waits now."""


def _in_numpy(bank: _Bank, waiting: bytes, pcm: bytes) -> tuple[bytes, bytes]:
    """See `_Convert`."""
    in_samples, side, weights, _ = bank
    whole = waiting + pcm
    # In float64 the order of summation, which differs with the length of a piece, cannot move a rounded sample.
    samples = to_int16(whole).astype(np.float64)
    blocks = max(0, (len(samples) - 2 * side) // in_samples)
    if not blocks:
        return b"", whole
    # Overlapping windows without a copy; numpy's sliding_window_view takes longer than all of the arithmetic.
    strides = (in_samples * samples.itemsize, samples.itemsize)
    windows = np.ndarray((blocks, len(weights)), samples.dtype, samples, 0, strides)
    out = np.ascontiguousarray(windows).dot(weights)
    return from_scaled(out), whole[blocks * in_samples * SAMPLE_BYTES :]


def resample(pcm: bytes, in_rate_hz: int, out_rate_hz: int) -> bytes:
    """A whole sound at another rate. Raises ValueError like Resampler."""
    resampler = Resampler(in_rate_hz, out_rate_hz)
    return resampler.push(pcm) + resampler.flush()
