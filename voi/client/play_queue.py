"""Sound that waits to be played, and can be lowered while it waits."""

from collections import deque

import numpy as np

from voi.audio.pcm import from_scaled, ms_to_samples, to_int16
from voi.transports.voi_ws import wire

RAMP_MS = 20
"""The volume changes this slowly, because a sudden step is heard as a click."""


class PlayQueue:
    """Takes the agent's sound as it comes (s16le, mono, 24 kHz) and gives it out as it is played. Guard it with a lock
    if two threads use it. `limit_bytes`: what is beyond that is dropped."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._waiting: deque[tuple[bytes, float]] = deque()
        """Pieces, and the gain in dB that each of them has."""
        self._gain_db = 0.0
        """Of what comes next."""
        self._bytes = 0

    def put(self, pcm: bytes) -> None:
        pcm = pcm[: max(0, self._limit_bytes - self._bytes)]
        if pcm:
            self._waiting.append((pcm, self._gain_db))
            self._bytes += len(pcm)

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer if no more are waiting."""
        parts, left = [], size
        while left and self._waiting:
            pcm, gain_db = self._waiting.popleft()
            if len(pcm) > left:
                self._waiting.appendleft((pcm[left:], gain_db))
                pcm = pcm[:left]
            parts.append(pcm)
            left -= len(pcm)
        taken = b"".join(parts)
        self._bytes -= len(taken)
        return taken

    def lower(self, gain_db: float) -> None:
        """A SoundLoweredEvent: lower what waits and is louder than that. What comes later is that loud already."""
        waiting, self._waiting = self._waiting, deque()
        for at, (pcm, has_db) in enumerate(waiting):
            if has_db > gain_db:
                pcm, has_db = _lowered(pcm, gain_db - has_db, ramps=at == 0), gain_db
            self._waiting.append((pcm, has_db))
        self._gain_db = min(0.0, gain_db)

    def clear(self) -> None:
        """Drop all that waits: the agent was interrupted."""
        self._waiting.clear()
        self._bytes, self._gain_db = 0, 0.0


def _lowered(pcm: bytes, change_db: float, *, ramps: bool) -> bytes:
    samples = to_int16(pcm)
    gains = np.full(len(samples), 10 ** (change_db / 20))
    if ramps:
        ramp = min(len(samples), ms_to_samples(RAMP_MS, wire.OUTPUT_RATE_HZ))
        gains[:ramp] = np.linspace(1.0, gains[0], ramp) if ramp else []
    return from_scaled(samples * gains)
