"""G.711 telephone sound: µ-law and A-law, one byte a sample at 8 kHz, to and from PCM by table.

Source: ITU-T Recommendation G.711 (11/1988), tables 1a to 2b; bit inversions as on the wire.
"""

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voi.audio.pcm import to_int16

Law = Literal["ulaw", "alaw"]
RATE_HZ = 8_000

ULAW_BIAS = 0x84  # 33 at G.711's 14 bits, moved to 16
INT16_OFFSET = 32_768


def _expand_ulaw(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    inverted = ~codes & 0xFF
    segment, step = inverted >> 4 & 7, inverted & 0xF
    magnitude = ((step << 3) + ULAW_BIAS << segment) - ULAW_BIAS
    return np.where(inverted & 0x80, -magnitude, magnitude)


def _expand_alaw(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    inverted = codes ^ 0x55
    segment, step = inverted >> 4 & 7, inverted & 0xF
    magnitude = np.where(segment == 0, (step << 4) + 8, (step << 4) + 0x108 << np.maximum(segment - 1, 0))
    return np.where(inverted & 0x80, magnitude, -magnitude)


@cache
def _expansion(law: Law) -> NDArray[np.int16]:
    """Shape (256,): the sample that each code byte stands for."""
    codes = np.arange(256, dtype=np.int32)
    return (_expand_ulaw(codes) if law == "ulaw" else _expand_alaw(codes)).astype("<i2")


@cache
def _compression(law: Law) -> NDArray[np.uint8]:
    """Shape (65536,): the code byte for each sample + INT16_OFFSET, the one that stands for the nearest sample."""
    levels = _expansion(law).astype(np.int32)
    order = np.argsort(levels, kind="stable")
    levels = levels[order]
    between = (levels[:-1] + levels[1:] + 1) // 2
    samples = np.arange(-INT16_OFFSET, INT16_OFFSET)
    return order[np.searchsorted(between, samples, side="right")].astype(np.uint8)


def decode(data: bytes, law: Law) -> bytes:
    """PCM of G.711 bytes: two bytes for each."""
    return _expansion(law)[np.frombuffer(data, dtype=np.uint8)].tobytes()


def encode(pcm: bytes, law: Law) -> bytes:
    """G.711 bytes of PCM: one for each sample."""
    return _compression(law)[to_int16(pcm).astype(np.int32) + INT16_OFFSET].tobytes()
