"""Sound that a scripted model can read: word number n is a stretch of samples of the value n + 1.

The model reads what the window shows, goes on after the prefix as Whisper does, is off by some ten milliseconds with
its times, and gets a word wrong that the window's end cuts."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voi.engines.stt.whisper.passes import BYTES_PER_MS, HeardBatch, Hypothesis, Pass, decoded_again
from voi.engines.stt.whisper.words import RawWord

JITTER_MS = 60


@dataclass(frozen=True)
class Piece:
    """`word` None: a pause."""

    word: int | None
    ms: int

    @property
    def pcm(self) -> bytes:
        return np.full(self.ms * BYTES_PER_MS // 2, 0 if self.word is None else self.word + 1, "<i2").tobytes()


def speech(*words_ms: int, first: int = 0, pause_ms: int = 0) -> bytes:
    """Words of these lengths, with pauses of `pause_ms` between."""
    pause = Piece(None, pause_ms).pcm
    return pause.join(Piece(first + at, ms).pcm for at, ms in enumerate(words_ms))


def said(*numbers: int) -> str:
    return " ".join(name(number) for number in numbers)


def name(number: int) -> str:
    """Not "w1 w2 w3": texts like that compress as loops do."""
    return f"w{number * 2_654_435_761 % 2**32:08x}"


def read(each: Pass) -> Hypothesis:
    samples = np.frombuffer(each.pcm, "<i2")
    a_ms = samples[:: BYTES_PER_MS // 2]  # a piece is of whole milliseconds, and so is what is shown of it
    edges: Any = np.flatnonzero(np.diff(a_ms, prepend=0, append=0)) * (BYTES_PER_MS // 2) if len(samples) else []
    last = each.prefix[-1].tokens[0] if each.prefix else -1
    words = []
    for start, end in itertools.pairwise(edges):
        value = int(samples[start])
        if value and value - 1 > last:
            cut = end == len(samples)
            words.append(_word(value - 1, int(start), int(end), len(samples), "?" if cut else ""))
    return Hypothesis(tuple(words), language=each.language or "en")


def _word(number: int, start: int, end: int, length: int, mark: str) -> RawWord:
    jitter = (number * 7919 + length) % (2 * JITTER_MS + 1) - JITTER_MS
    samples_per_ms = BYTES_PER_MS // 2
    total_ms = length // samples_per_ms
    start_ms, end_ms = (min(total_ms, max(0, at // samples_per_ms + jitter)) for at in (start, end))
    return RawWord(f" {name(number)}{mark and '-cut'}", (number,), start_ms, end_ms)


@dataclass
class ScriptedBackend:
    """`Backend`. `failures`: raised instead of an answer, one a call."""

    languages: tuple[str, ...] = ("en", "de")
    failures: list[BaseException] = field(default_factory=list)
    batches: list[list[Pass]] = field(default_factory=list)
    loads: int = 0

    def load(self) -> None:
        self.loads += 1

    def hear(self, passes: Sequence[Pass]) -> HeardBatch:
        said = self.transcribe(passes)
        return HeardBatch(lambda: said, decoded_again(passes, said))

    def transcribe(self, passes: Sequence[Pass]) -> list[Hypothesis]:
        self.batches.append(list(passes))
        if self.failures:
            raise self.failures.pop(0)
        return [read(each) for each in passes]

    def unload(self) -> None: ...
