"""The person's speech that is being heard: one utterance, its pauses, what was understood and judged so far."""

from dataclasses import dataclass, field

from voi.core.facts import Heard, TurnJudged, VoiceJudged

JUDGED_AT_MS = 64
"""Silence, in whole VAD windows, at which the judge of the sound is asked, once a pause. Asking again as the silence
grows was measured (docs/turn-taking.md): it cut more people off."""


@dataclass(slots=True)
class Turn:
    """The person's speech that is being heard."""

    utterance: int
    pause: int = 0
    """Which silence we are in, or 0 while none has come yet."""
    quiet_ms: int = 0
    """0 while they speak."""
    text: str = ""
    """The newest transcript, partial or final."""
    asked: bool = False
    """This pause's transcript was asked for."""
    final: str | None = None
    """This pause's transcript."""
    verdicts: list[tuple[int, float]] = field(default_factory=list)
    """Of the sound in this pause: the silence in ms that the judge heard, and its probability that the turn is over."""
    judge_asked: bool = False
    """The judge of the sound was asked about this pause."""
    agent_judgement: float | None = None
    unheard: bool = False
    """The transcription failed, or took too long: nobody knows what was said."""
    late: bool = False
    """It took too long, and may still come."""
    stretch_ms: int = 0
    """Voice since it last set in."""
    earlier_ms: int = 0
    """Voice before that."""
    voice: float | None = None
    """Probability that it is a person who speaks, and no cough or noise; all judgements, longer sounds for more."""
    judged_ms: int = 0
    """Voice that was judged, over all judgements."""

    @property
    def voice_ms(self) -> int:
        return self.earlier_ms + self.stretch_ms

    def sets_in(self, voice_ms: int) -> None:
        """Voice sets in again, and has lasted that long when it is noticed."""
        self.earlier_ms += self.stretch_ms
        self.stretch_ms, self.quiet_ms = voice_ms, 0

    def quiet_grew(self, quiet_ms: int) -> None:
        if self.quiet_ms == 0:
            self.next_pause()
        self.quiet_ms = quiet_ms

    def heard(self, fact: Heard) -> bool:
        """Note a transcript. True if it is the one of this pause."""
        self.text = fact.text
        is_final = fact.pause != 0 and fact.pause == self.pause
        if is_final:
            self.final, self.unheard, self.late = fact.text, False, False
        return is_final

    def give_up(self, *, late: bool = False) -> None:
        """This pause's transcript is not waited for any more: what is known has to do."""
        self.final, self.unheard, self.late = self.text, True, late

    def voice_judged(self, fact: VoiceJudged) -> None:
        judged_ms = self.judged_ms + max(1, fact.voice_ms)
        self.voice = ((self.voice or 0) * self.judged_ms + fact.voice * max(1, fact.voice_ms)) / judged_ms
        self.judged_ms = judged_ms

    def judged(self, fact: TurnJudged) -> bool:
        """Note a judgement. False if it is about another pause."""
        if (fact.utterance, fact.pause) != (self.utterance, self.pause):
            return False
        if fact.judge == "agent":
            self.agent_judgement = fact.probability
        else:
            self.verdicts.append((fact.quiet_ms, fact.probability))
        return True

    def wants_verdict(self) -> bool:
        """Is it time to ask the judge of the sound? Once a pause; note that it is asked."""
        wants = not self.judge_asked and self.quiet_ms >= JUDGED_AT_MS
        self.judge_asked |= wants
        return wants

    def next_pause(self) -> None:
        self.pause += 1
        self.asked = self.late = False
        self.final = self.agent_judgement = None
        self.judge_asked = False
        self.verdicts.clear()
