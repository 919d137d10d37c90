"""What the conversation is told before it begins: the agent's words and the rules of turn-taking. Plain data."""

from dataclasses import dataclass, field

from voi.core.options import CallOptions
from voi.dialogue import Message, Phrase

PLAYBACK_LAG_MAX_MS = 2_000


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """When a silence is the end of a turn, and when speech over the agent is an interruption. All in milliseconds.

    `min_silence_ms`: enough when the judges say that the person has finished. `silence_ms`: enough when nobody can
    tell. `max_silence_ms`: enough even when they seem to be in the middle of a sentence.
    """

    speculate: bool = True
    """Begin the answer, muted, in the silence that the end of turn needs anyway."""
    speculate_after_ms: int = 64
    """Silence before the first transcript (and speculative reply) is asked for. Two VAD windows."""
    min_silence_ms: int = 256
    silence_ms: int = 608
    max_silence_ms: int = 2_000
    barge_in_ms: int = 300
    """Speech over the agent that lasts this long interrupts it, words or not; less resumes it."""
    barge_in_timeout_ms: int = 1_500
    """A possible barge-in ends after this: voice at that moment stops the reply, without it the reply resumes."""
    transcript_timeout_ms: int = 5_000
    audio_timeout_ms: int = 2_000
    """Sound stopped arriving in the middle of a turn: end the turn as if it were silence."""


@dataclass(frozen=True, slots=True)
class Script(CallOptions):
    """One conversation's givens: what the client chose, and what the agent's author wrote."""

    prompt: tuple[Message, ...] = ()
    """System prompt and few-shot examples, before the history."""
    greeting: Phrase | None = None
    turn: TurnPolicy = field(default_factory=TurnPolicy)
    reminder: Phrase | None = None
    """Said after `reminder_after_ms` of mutual silence (call mode)."""
    reminder_after_ms: int = 0
    reminders_max: int = 2
    apology: Phrase | None = None
    """Said when an answer failed."""
    idle_limit_ms: int = 0
    """Hang up after that much mutual silence; 0: never."""
    duration_limit_ms: int = 0
    """Hang up after that long; 0: never."""
    reply_timeout_ms: int = 30_000
    """A reply that gave no text or sound for that long has failed."""
    playback_lag_max_ms: int | None = PLAYBACK_LAG_MAX_MS
    """The client's word on how much of a speech it played may be that far behind our own clock. None: however far, for
    our clock knows only when the sound was sent."""
    judges_voices: bool = False
    """There is a judge of voices: JudgeVoice is answered."""
    history_limit_messages: int = 400
