"""Comfort noise (RFC 3389): what a telephone plays while the other side sends no sound, at the level that it names."""

import numpy as np

from voi.audio.pcm import SAMPLE_BYTES, from_scaled

LOUDEST_DBOV = -40
"""Louder noise is played at this level: a peer that asks for more would be taken for a person who speaks."""
ROUND_S = 2
"""The noise repeats after so long, which nobody hears."""


def noise_level_dbov(payload: bytes) -> int | None:
    """The level that a packet of comfort noise names, from 0 down to -127; None: it names none. The shape of its
    spectrum, which may follow, is left out."""
    return -(payload[0] & 0x7F) if payload else None


class ComfortNoise:
    """White noise at `rate_hz`."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._at = 0
        self._level_dbov: int | None = None
        self._round = b""

    def next(self, samples: int, level_dbov: int) -> bytes:
        """So much of it as 16-bit PCM, going on where it ended. 0 dBov is the level of a full square wave."""
        level_dbov = min(level_dbov, LOUDEST_DBOV)
        if level_dbov != self._level_dbov:
            self._level_dbov = level_dbov
            shape = np.random.default_rng(3_389).standard_normal(ROUND_S * self._rate_hz)
            self._round = from_scaled(shape * 32_767 * 10 ** (level_dbov / 20))
        made = bytearray()
        size = samples * SAMPLE_BYTES
        while len(made) < size:
            piece = self._round[self._at : self._at + size - len(made)]
            made += piece
            self._at = (self._at + len(piece)) % len(self._round)
        return bytes(made)
