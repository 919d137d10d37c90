"""Plays samples of the set to the judge as a call does: the VAD's facts, the words, the tones, in the order in which
they come."""

from collections import Counter
from dataclasses import dataclass

from tests.transports.telephone.answer_set import RATE_HZ, Answered
from voi.audio.framing import Framer
from voi.audio.resample import Resampler
from voi.audio.tones import ToneDetector
from voi.core.answering_machine import AnswerJudge, AnswerVerdict
from voi.core.facts import QuietGrew, SpeechGrew, UserStarted
from voi.core.vad_edges import VadEdges
from voi.engines.vad.silero import Silero

WINDOW_SAMPLES, VAD_HZ = 512, 16_000
NEVER_MS = 99_999
STEP_BYTES = 320


@dataclass(frozen=True)
class Judged:
    """`first` and `last`: the first verdict and the last. `message_ms`: when a message could be left; None: never."""

    sample: Answered
    first: AnswerVerdict | None
    last: AnswerVerdict | None
    message_ms: int | None

    @property
    def right(self) -> bool:
        """The first verdict, which is the one that counts: whether it is a person."""
        return self.first is not None and is_person(self.first.taken_by) == (self.sample.kind == "person")

    @property
    def right_in_the_end(self) -> bool:
        """The last verdict: who, or which kind of machine."""
        return self.last is not None and same(self.last.taken_by, self.sample.kind)

    @property
    def decided_ms(judged: list[Judged], share: float) -> int:
    """When the first decision had come in so many of the samples, since the call was answered."""
    times = sorted(each.decided_ms for each in judged)
    return times[min(len(times) - 1, int(share * len(times)))]
