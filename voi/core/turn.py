"""The speech of the person's current turn: one utterance, its pauses, its transcript and its verdicts so far."""

from dataclasses import dataclass, field

from voi.core.facts import Heard, TurnJudged, VoiceJudged

JUDGED_AT_MS = 64
"""Silence, in whole VAD windows, at which the turn model is asked, once per pause. Asking again as the silence grows
cut more people off when it was measured (docs/turn-taking.md)."""
VOICE_JUDGED_MAX_MS = 3_000
"""Longer sounds are taken for speech without asking the voice judge."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for the end of the turn and against it (`endpoint.py`). `of`: what they depend on."""

    of: object
    by_words: float | None
    """Probability that the words are complete, by their end; None: it cannot be told."""
    said: dict[str, float]
    evidence: float
    """Their weighted sum, in log-odds."""


@dataclass(slots=True)
class Turn:
    """One utterance, while it is being heard."""

    utterance: int
    pause: int = 0
    """Number of the current or last silence; 0 before the first."""
    quiet_ms: int = 0
    """0 while they speak."""
    text: str = ""
    """The newest transcript, partial or final."""
    asked: bool = False
    """This pause's transcript was asked for."""
    final: str | None = None
    """This pause's transcript; None until it arrives."""
    verdicts: list[tuple[int, float]] = field(default_factory=list)
    """The turn model's verdicts in this pause: the silence in ms that it heard, and its probability that the turn is
    over."""
    judge_asked: bool = False
    """The turn model was asked about this pause."""
    agent_judgement: float | None = None
    dictated: float | None = None
    """Probability that what is dictated is whole; None: nothing is dictated, or it cannot be told."""
    unheard: bool = False
    """The transcription failed or took too long, so what was said is not known."""
    late: bool = False
    """The transcript took too long, and may still arrive."""
    signs: Signs | None = None
    """The signs by the newest transcript and verdicts."""
    stretch_ms: int = 0
    """Length of the current stretch of voice."""
    earlier_ms: int = 0
    """Length of all stretches before it."""
    voice: float | None = None
    """Probability that a person speaks, rather than a cough or noise: the mean of all verdicts, weighted by the length
    of voice that each judged. None: not judged yet."""
    judged_ms: int = 0
    """Length of voice judged, summed over all verdicts."""
    after_noise: bool = False
    """It set in shortly after a sound that was no speech."""
    voice_asked: bool = False
    """The voice judge was asked about this pause."""

    @property
    def voice_ms(self) -> int:
        """How much voice the utterance has so far."""
        return self.earlier_ms + self.stretch_ms

    def sets_in(self, voice_ms: int) -> None:
        """Voice sets in, or sets in again. `voice_ms`: how long it had lasted when it was noticed."""
        self.earlier_ms += self.stretch_ms
        self.stretch_ms, self.quiet_ms = voice_ms, 0

    def quiet_grew(self, quiet_ms: int) -> None:
        """The person has been quiet for that long. The first time, a pause begins."""
        if self.quiet_ms == 0:
            self.next_pause()
        self.quiet_ms = quiet_ms

    def heard(self, fact: Heard) -> bool:
        """Note a transcript. True if it is this pause's final one."""
        self.text = fact.text
        is_final = fact.pause != 0 and fact.pause == self.pause
        if is_final:
            self.final, self.unheard, self.late = fact.text, False, False
        return is_final

    def give_up(self, *, late: bool = False) -> None:
        """Stop waiting for this pause's transcript and use what is known. `late`: it may still arrive."""
        self.final, self.unheard, self.late = self.text, True, late

    def voice_judged(self, fact: VoiceJudged) -> None:
        """Take a verdict into the mean of all of them."""
        judged_ms = self.judged_ms + max(1, fact.voice_ms)
        self.voice = ((self.voice or 0) * self.judged_ms + fact.voice * max(1, fact.voice_ms)) / judged_ms
        self.judged_ms = judged_ms

    def judged(self, fact: TurnJudged) -> bool:
        """Note a verdict. False if it is about another pause."""
        if (fact.utterance, fact.pause) != (self.utterance, self.pause):
            return False
        if fact.judge == "agent":
            self.agent_judgement = fact.probability
        elif fact.judge == "capture":
            self.dictated = fact.probability
        else:
            self.verdicts.append((fact.quiet_ms, fact.probability))
        return True

    def wants_verdict(self) -> bool:
        """True, once per pause, when it is time to ask the turn model. The turn then counts it as asked."""
        wants = not self.judge_asked and self.quiet_ms >= JUDGED_AT_MS
        self.judge_asked |= wants
        return wants

    def wants_voice_verdict(self) -> bool:
        """True, once per pause, when it is time to ask the voice judge: at once, also where the words are asked for
        later or not at all, since a fit of coughing has short pauses. The turn then counts it as asked."""
        wants = not self.voice_asked and self.quiet_ms >= JUDGED_AT_MS and self.voice_ms < VOICE_JUDGED_MAX_MS
        self.voice_asked |= wants
        return wants

    def next_pause(self) -> None:
        """Another pause begins: nothing is known of it yet."""
        self.pause += 1
        self.asked = self.late = self.voice_asked = False
        self.final = self.agent_judgement = self.dictated = None
        self.judge_asked = False
        self.verdicts.clear()
