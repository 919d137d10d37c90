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
    def decided_ms(self) -> int:
        """When the first verdict came, since the call was answered."""
        return NEVER_MS if self.first is None else self.first.at_ms


def is_person(found: str) -> bool:
    """A person who says nothing would be greeted like a person."""
    return found in ("person", "silence")


def same(found: str, kind: str) -> bool:
    """Whether that verdict is right. An announcement at which nothing can be left ("machine") has no kind of its own:
    after a while it counts as a voicemail without a beep."""
    return found == kind or (found == "silence" and kind == "person") or (kind == "machine" and found == "voicemail")


def judge(sample: Answered, silero: Silero) -> Judged:
    judge, tones = AnswerJudge(), ToneDetector()
    edges, vad = VadEdges(WINDOW_SAMPLES), silero.open()
    resampler, framer = Resampler(RATE_HZ, VAD_HZ), Framer(WINDOW_SAMPLES)
    words = list(sample.words)
    verdicts: list[AnswerVerdict] = []
    message_ms = None
    started = False

    def note(verdict: AnswerVerdict | None) -> None:
        if verdict is not None:
            verdicts.append(verdict)

    for start in range(0, len(sample.pcm), STEP_BYTES):
        piece = sample.pcm[start : start + STEP_BYTES]
        now_ms = (start + len(piece)) // 2 * 1_000 // RATE_HZ
        for beep in tones.push(piece):
            note(judge.beep(now_ms, beep.frequency_hz))
        if tones.music_ms:
            note(judge.music(now_ms, tones.music_ms))
        for window in framer.push(resampler.push(piece)):
            match edges.window(vad.probability(window)):
                case UserStarted():
                    started = True
                    note(judge.voice(now_ms, 96))
                case SpeechGrew(speech_ms):
                    note(judge.voice(now_ms, speech_ms))
                case QuietGrew(quiet_ms) if started:
                    note(judge.quiet(now_ms, quiet_ms))
        while words and words[0][0] <= now_ms:
            note(judge.words(now_ms, words.pop(0)[1]))
        note(judge.passed(now_ms))
        if message_ms is None and verdicts and verdicts[-1].taken_by == "voicemail" and judge.may_leave_message(now_ms):
            message_ms = now_ms
    vad.close()
    return Judged(sample, verdicts[0] if verdicts else None, verdicts[-1] if verdicts else None, message_ms)


def report(judged: list[Judged]) -> str:
    """Figures of a run, for people."""
    right, in_the_end = sum(each.right for each in judged), sum(each.right_in_the_end for each in judged)
    people = [each for each in judged if each.sample.kind == "person"]
    lines = [
        f"first decision right in {right} of {len(judged)} ({100 * right / len(judged):.1f} %), "
        f"{sum(not each.right for each in people)} of {len(people)} people taken for a machine",
        f"decided after (ms since the answer): p50 {decided_ms(judged, 0.5)}, p90 {decided_ms(judged, 0.9)}; "
        f"people p50 {decided_ms(people, 0.5)}, p90 {decided_ms(people, 0.9)}",
        f"kind right in the end: {in_the_end} ({100 * in_the_end / len(judged):.1f} %)",
    ]
    kinds = Counter((each.sample.kind, each.last.taken_by.value if each.last else "-") for each in judged)
    lines += [f"  {kind:10} -> {found:10} {count}" for (kind, found), count in sorted(kinds.items())]
    for each in judged:
        if not (each.right and each.right_in_the_end):
            told = [f"{one.taken_by} by {one.why} at {one.at_ms}" for one in (each.first, each.last) if one]
            lines.append(f"  {each.sample.kind} {each.sample.voice} {each.sample.text[:70]!r}: {', '.join(told)}")
    return "\n".join(lines)


def decided_ms(judged: list[Judged], share: float) -> int:
    """When the first decision had come in so many of the samples, since the call was answered."""
    times = sorted(each.decided_ms for each in judged)
    return times[min(len(times) - 1, int(share * len(times)))]
