"""LocalAgreement-2: a word is confirmed when two passes in a row, the second having heard more, begin with it.

Macháček, Dabre, Bojar: Turning Whisper into Real-Time Transcription System (2023), after Liu, Spanakis, Niehues:
Low-Latency Sequence-to-Sequence Speech Recognition and Translation (2020). Pure.
"""

from collections.abc import Sequence
from itertools import takewhile

from voi.engines.stt.whisper.words import RawWord, agreed

EDGE_MS = 400
"""A word so close to the end of the sound is decoded without what follows it, so it does not count as agreement."""


class Agreement:
    """Hypotheses given to `take` follow the confirmed words: they begin where `confirmed` ends."""

    def __init__(self) -> None:
        self.confirmed: list[RawWord] = []
        self.tentative: tuple[RawWord, ...] = ()
        self._heard_until_ms = -1
        self._sure = 0  # how many tentative words are well inside the sound

    def take(self, words: Sequence[RawWord], heard_until_ms: int) -> None:
        """Take the words of the next pass. `heard_until_ms`: where its sound ended. Hearing the same sound twice
        confirms nothing."""
        agreeing = agreed(self.tentative, words) if heard_until_ms > self._heard_until_ms else 0
        count = min(agreeing, self._sure)
        self._heard_until_ms = heard_until_ms
        self.tentative = tuple(words)
        inside = (word.end_ms <= heard_until_ms - EDGE_MS for word in words)
        self._sure = sum(1 for _ in takewhile(bool, inside))
        self.confirm(count)

    def confirm(self, count: int) -> None:
        """Confirm the first `count` tentative words, even without agreement."""
        self.confirmed += self.tentative[:count]
        self.tentative = self.tentative[count:]
        self._sure = max(0, self._sure - count)
