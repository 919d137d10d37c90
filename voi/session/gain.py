"""The volume of a reply's sound: changed in short ramps, because a sudden step is heard as a click."""

import numpy as np

from voi.audio.pcm import from_scaled, to_int16
from voi.core.actions import DuckLevel

RAMP_MS = 20
GAINS_DB: dict[DuckLevel, float] = {"soft": -6.0, "deep": -20.0}
"""Soft: still easy to follow. Deep: below the voice of the person who speaks; it counts as not heard."""


class Gain:
    """The gain of one stream of sound at `rate_hz`."""

    __slots__ = ("_now", "_step", "_target")

    def __init__(self, rate_hz: int) -> None:
        self._now = self._target = 1.0
        self._step = 1_000 / (RAMP_MS * rate_hz)
        """Largest change of the gain from one sample to the next: from 0 to 1 within `RAMP_MS`."""

    def set(self, gain_db: float) -> None:
        """Ramp to that gain from the next sample on; 0 dB leaves the sound as it is."""
        self._target = 10 ** (gain_db / 20)

    def apply(self, pcm: bytes) -> bytes:
        """Take the next sound, s16le mono, and return it with the gain applied."""
        if self._now == self._target == 1.0:
            return pcm
        samples = to_int16(pcm)
        distance = self._target - self._now
        steps = np.minimum(np.arange(1, len(samples) + 1) * self._step, abs(distance))
        gains = self._now + np.sign(distance) * steps
        if len(samples):
            self._now = self._target if steps[-1] >= abs(distance) else float(gains[-1])
        return from_scaled(samples * gains)
