"""The guards, with ears of their own: what a hypothesis's words are checked against. Belongs to the model's thread."""

from collections.abc import Sequence
from dataclasses import replace

from voi.engines.stt.whisper.guards import BRIEF_MS, believable
from voi.engines.stt.whisper.passes import BYTES_PER_MS, Backend, Hypothesis, Pass
from voi.engines.vad.silero import Silero

VOICED_PROBABILITY = 0.5
BEFORE_TAIL_MS = 200  # a word's time may be off by so much


class Judge:
    """Runs the passes of a batch, and drops the words that nobody can have said."""

    def __init__(self) -> None:
        self._vad = Silero()

    def transcribe(self, backend: Backend, passes: Sequence[Pass]) -> list[Hypothesis]:
        hypotheses = backend.transcribe(passes)
        return [self._judged(*pair) for pair in zip(passes, hypotheses, strict=True)]

    def _judged(self, each: Pass, hypothesis: Hypothesis) -> Hypothesis:
        start_ms = max(0, each.prefix[-1].end_ms - BEFORE_TAIL_MS) if each.prefix else 0
        tail = each.pcm[start_ms * BYTES_PER_MS :]
        words = believable(
            hypothesis,
            each.prompt,
            lambda enough_ms: self.voiced_ms(tail, enough_ms),
            brief=not each.prefix and each.seconds * 1000 < BRIEF_MS,
        )
        return replace(hypothesis, words=words)

    def voiced_ms(self, pcm: bytes, enough_ms: int) -> int:
        """How much of the sound is voice; stops counting at `enough_ms`. The end is padded with silence."""
        window_bytes = self._vad.window_samples * 2
        window_ms = window_bytes // BYTES_PER_MS
        stream = self._vad.open()
        voiced_ms = 0
        for at in range(0, len(pcm), window_bytes):
            window = pcm[at : at + window_bytes].ljust(window_bytes, b"\0")
            voiced_ms += window_ms * (stream.probability(window) >= VOICED_PROBABILITY)
            if voiced_ms >= enough_ms:
                break
        stream.close()
        return voiced_ms
