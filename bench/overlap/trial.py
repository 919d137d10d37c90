"""One sound that sets in over the agent, or in silence: the core is fed with it in the sound's own time."""

from dataclasses import dataclass, field
from typing import Protocol

from voi.core import actions as do
from voi.core import facts as was
from voi.core.conversation import Conversation
from voi.core.facts import Fact
from voi.core.script import Script
from voi.core.vad_edges import VadEdges
from voi.dialogue import Phrase
from voi.session.audio_input import PREROLL_MS
from voi.training.turns.clips import Clip
from voi.turn_policy import TurnPolicy

WINDOW_BYTES = 1_024
WINDOW_MS = 32
WORDS_AFTER_MS = 70
JUDGED_AFTER_MS = 12
LATEST_STOP_MS = 1_000


class Hearing(Protocol):
    """What the engines say of s16le at 16 kHz."""

    def voiced(self, pcm: bytes) -> list[float]:
        """The VAD's probability of each window."""
        ...

    async def voice(self, pcm: bytes, voice_ms: int, speaker: str) -> tuple[float, float]:
        """See `VoiceJudge.judge`. `speaker`: whose sound it is, so that a judge may be chosen that never heard them."""
        ...

    async def words(self, pcm: bytes) -> str: ...


@dataclass
class Outcome:
    """Times in ms of the sound; None: it did not happen."""

    clip: str
    kind: str
    wants: str | None
    condition: str
    onset_ms: int | None = None
    soft_ms: int | None = None
    deep_ms: int | None = None
    stop_ms: int | None = None
    loud_again_ms: int | None = None
    voice_end_ms: int | None = None
    answered: str | None = None
    """In silence: what was answered."""

    def since_onset(self, at_ms: int | None) -> int | None:
        return None if at_ms is None or self.onset_ms is None else at_ms - self.onset_ms

    @property
    def stopped(self) -> bool:
        after_ms = self.since_onset(self.stop_ms)
        return after_ms is not None and after_ms <= LATEST_STOP_MS


@dataclass
class Trial:
    """The core, fed with one sound in its own time."""

    judges: Hearing
    clip: Clip
    outcome: Outcome
    core: Conversation
    pcm: bytes
    due: list[tuple[int, Fact]] = field(default_factory=list)
    now_ms: int = 0
    heard_from: int = 0
    answering: str = ""
    over: bool = False
    edges: VadEdges = field(default_factory=VadEdges)

    async def run(self) -> Outcome:
        for index, probability in enumerate(self.judges.voiced(self.pcm)):
            self.now_ms = (index + 1) * WINDOW_MS
            await self._serve()
            fact = self.edges.window(probability)
            if fact is not None:
                if isinstance(fact, was.UserStarted) and self.outcome.onset_ms is None:
                    self.outcome.onset_ms = fact.audio_ms
                if not isinstance(fact, was.QuietGrew):
                    self.outcome.voice_end_ms = self.now_ms
                await self._tell(fact)
        return self.outcome

    async def _serve(self) -> None:
        while self.due and min(at_ms for at_ms, _ in self.due) <= self.now_ms:
            entry = min(self.due, key=lambda one: one[0])
            self.due.remove(entry)
            window_ms, self.now_ms = self.now_ms, entry[0]
            await self._tell(entry[1])
            self.now_ms = window_ms
        while (deadline_ms := self.core.deadline_ms) is not None and deadline_ms <= self.now_ms:
            await self._tell(was.DeadlinePassed())

    async def _tell(self, fact: Fact) -> None:
        at_ms = self.now_ms
        for action in self.core.handle(fact, at_ms):
            await self._carry_out(action, at_ms)

    def _heard(self) -> bytes:
        return self.pcm[self.heard_from : self.now_ms // WINDOW_MS * WINDOW_BYTES]

    async def _carry_out(self, action: do.Action, at_ms: int) -> None:
        outcome = self.outcome
        match action:
            case do.Listen():
                preroll = PREROLL_MS // WINDOW_MS
                self.heard_from = max(0, self.now_ms // WINDOW_MS - preroll) * WINDOW_BYTES
            case do.EndUtterance():
                self.edges.end_turn()
            case do.Transcribe(utterance=utterance, pause=pause):
                text = await self.judges.words(self._heard())
                self.due.append((at_ms + WORDS_AFTER_MS, was.Heard(utterance, text, pause)))
            case do.TranscribeNow(utterance=utterance):
                text = await self.judges.words(self._heard())
                self.due.append((at_ms + WORDS_AFTER_MS, was.Heard(utterance, text)))
            case do.JudgeVoice(utterance=utterance, voice_ms=voice_ms):
                voice, floor = await self.judges.voice(self._heard(), voice_ms, self.clip.speaker)
                self.due.append((at_ms + JUDGED_AFTER_MS, was.VoiceJudged(utterance, voice_ms, voice, floor)))
            case do.Duck(level="soft"):
                outcome.soft_ms = outcome.soft_ms if outcome.soft_ms is not None else at_ms
            case do.Duck():
                outcome.deep_ms = outcome.deep_ms if outcome.deep_ms is not None else at_ms
                outcome.soft_ms = outcome.soft_ms if outcome.soft_ms is not None else at_ms
            case do.Resume():
                outcome.loud_again_ms = at_ms
            case do.Stop(reply=1):
                outcome.stop_ms = outcome.stop_ms if outcome.stop_ms is not None else at_ms
            case do.StartReply(reply=reply, messages=messages):
                self.answering = messages[-1].text
                if not self.over:  # it is released no earlier than its first sound exists: here, at once
                    ready = was.ReplyText(reply, 0, "Yes."), was.ReplySounded(reply), was.ReplyWritten(reply)
                    self.due += [(at_ms, fact) for fact in ready]
            case do.Release() if not self.over:
                outcome.answered = self.answering


def first_onset_ms(probabilities: list[float]) -> int | None:
    """Of the clip itself, as recorded: in babble the VAD hears voices all the time."""
    edges = VadEdges()
    facts = (edges.window(probability) for probability in probabilities)
    return next((fact.audio_ms for fact in facts if isinstance(fact, was.UserStarted)), None)


def script(judged: bool) -> Script:
    policy = TurnPolicy(barge_in_ms=416) if judged else TurnPolicy()
    return Script(greeting=Phrase("Hello."), turn=policy, judges_voices=judged)


async def over_agent(
    judges: Hearing, clip: Clip, pcm: bytes, condition: str, judged: bool, onset_ms: int | None
) -> Outcome:
    """The clip over a minute of the agent's speech. Times count from `onset_ms`, where it is known."""
    core = Conversation(script(judged))
    for fact in (
        was.Opened(True),
        was.ReplyText(1, 0, "A story that goes on and on, for as long as anybody listens to it."),
        was.PieceVoiced(1, 0, 0, 60_000),
        was.PlaybackStarted(1),
        was.ReplyWritten(1),
    ):
        core.handle(fact, 0)
    outcome = Outcome(clip.name, clip.kind, clip.over_agent, f"over {condition}", onset_ms)
    return await Trial(judges, clip, outcome, core, pcm, over=True).run()


async def in_silence(judges: Hearing, clip: Clip, pcm: bytes, condition: str, judged: bool) -> Outcome:
    core = Conversation(script(judged))
    core.handle(was.Opened(False), 0)
    outcome = Outcome(clip.name, clip.kind, clip.over_agent, condition)
    return await Trial(judges, clip, outcome, core, pcm).run()
