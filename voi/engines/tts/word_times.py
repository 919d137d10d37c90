"""Estimated word times, for voices that have none: in proportion to the words' characters."""

import re
from collections.abc import Sequence

import numpy as np

from voi.dialogue import SpokenWord

LOUD = 300
"""Samples beyond this (of 32,768; -41 dB) are speech and not the hiss between."""


class Sounding:
    """Tracks the length of a sound, and when it begins and ends to be audible."""

    __slots__ = ("_first_bytes", "_last_bytes", "_n_bytes", "_odd", "_rate_hz")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._n_bytes = 0
        self._first_bytes = -1
        self._last_bytes = 0
        self._odd = b""

    def take(self, pcm: bytes) -> bytes:
        """Take more sound. Returns it in whole samples: a network chunk may end within a sample."""
        pcm = self._odd + pcm
        self._odd = pcm[len(pcm) & ~1 :]
        pcm = pcm[: len(pcm) & ~1]
        samples = np.frombuffer(pcm, np.int16)
        loud = np.flatnonzero((samples > LOUD) | (samples < -LOUD))
        if loud.size:
            if self._first_bytes < 0:
                self._first_bytes = self._n_bytes + 2 * int(loud[0])
            self._last_bytes = self._n_bytes + 2 * int(loud[-1]) + 2
        self._n_bytes += len(pcm)
        return pcm

    @property
    def ms(self) -> int:
        return self._ms(self._n_bytes)

    def estimated(self, text: str) -> tuple[SpokenWord, ...]:
        """The words of `text`, which is spoken by all the sound so far."""
        if self._n_bytes == 0:
            return ()
        heard = self._first_bytes >= 0
        return estimated(text, self._ms(max(0, self._first_bytes)), self._ms(self._last_bytes) if heard else self.ms)

    def _ms(self, n_bytes: int) -> int:
        return n_bytes * 1_000 // (2 * self._rate_hz)


def estimated(text: str, start_ms: int, end_ms: int) -> tuple[SpokenWord, ...]:
    """The words of a text spoken between the two times, each at the place of its characters in the text."""
    text = text.strip()
    length_ms, whole = end_ms - start_ms, max(1, len(text))
    return tuple(
        SpokenWord(
            word.group(), start_ms + length_ms * word.start() // whole, start_ms + length_ms * word.end() // whole, True
        )
        for word in re.finditer(r"\S+", text)
    )


def letters(text: str) -> int:
    """Number of letters and digits, at least 1."""
    return max(1, sum(map(str.isalnum, text)))


def shared_out(weights: Sequence[int], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Split the time span into one part for each weight, in proportion to the weights."""
    whole, before, spans = max(1, sum(weights)), 0, []
    for weight in weights:
        after = before + weight
        length_ms = end_ms - start_ms
        spans.append((start_ms + length_ms * before // whole, start_ms + length_ms * after // whole))
        before = after
    return spans
