"""Runs the guards with their own VAD, against which a hypothesis's words are checked. Only for one thread."""

from collections.abc import Sequence
from dataclasses import replace

from voi.engines.stt.whisper.guards import VoiceSpan, believable
from voi.engines.stt.whisper.passes import BYTES_PER_MS, HearAgain, HeardBatch, Hypothesis, Pass
from voi.engines.vad.silero import Silero

VOICED_PROBABILITY = 0.5
BEFORE_TAIL_MS = 200  # word times may be off by this much


class Acceptance:
    """Drops hallucinated words from what a batch says."""

    def __init__(self) -> None:
        self._vad = Silero()

    def finished(self, passes: Sequence[Pass], heard: HeardBatch) -> list[Hypothesis] | HearAgain:
        said = heard.finished()
        if isinstance(said, HearAgain):
            return said
        return [self._accepted(*pair) for pair in zip(passes, said, strict=True)]

    def _accepted(self, each: Pass, hypothesis: Hypothesis) -> Hypothesis:
        start_ms = max(0, each.prefix[-1].end_ms - BEFORE_TAIL_MS) if each.prefix else 0
        tail = memoryview(each.pcm)[start_ms * BYTES_PER_MS :]
        voice = VoiceSpan(lambda: self._voiced(tail), self._vad.info.window_samples * 2 // BYTES_PER_MS, start_ms)
        return replace(hypothesis, words=believable(hypothesis, each.prompt, voice, all_new=not each.prefix))

    def _voiced(self, pcm: memoryview) -> list[bool]:
        """For each window of the sound, whether it is voice. The end is padded with silence."""
        size = self._vad.info.window_samples * 2
        stream = self._vad.open()
        voiced = [
            stream.probability(bytes(pcm[at : at + size]).ljust(size, b"\0")) >= VOICED_PROBABILITY
            for at in range(0, len(pcm), size)
        ]
        stream.close()
        return voiced
