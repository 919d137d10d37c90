"""What the conversation is given before it begins: the agent's phrases and the rules of turn-taking. Plain data."""

from dataclasses import dataclass, field, replace
from typing import Self

from voi.core.endpoint_weights import SignWeight
from voi.core.options import CallOptions
from voi.core.tool_rule import ToolRule
from voi.dialogue import Message, Phrase, ReplyForm
from voi.turn_policy import TurnPolicy

PLAYBACK_LAG_MAX_MS = 2_000


@dataclass(frozen=True, slots=True)
class Script(CallOptions):
    """Settings of one conversation: what the client chose, and what the agent's author wrote."""

    prompt: tuple[Message, ...] = ()
    """System prompt and few-shot examples, before the history."""
    reply_form: ReplyForm = field(default_factory=ReplyForm)
    """How the prompt asks for replies. The model is shown its own earlier words in this form."""
    notice: Phrase | None = None
    """Said first of all, before the greeting and also without one."""
    greeting: Phrase | None = None
    turn: TurnPolicy = field(default_factory=TurnPolicy)
    answers_turns: bool = True
    """False: a turn that ends is not answered before the client asks for it."""
    interrupts: bool = True
    """False: the person's voice does not stop the agent."""
    turn_weights: tuple[SignWeight, ...] = ()
    """Weights of the signs that a turn has ended, instead of those that Voi ships."""
    reminder: Phrase | None = None
    """Said after `reminder_after_ms` of mutual silence (call mode)."""
    reminder_after_ms: int = 0
    reminders_max: int = 2
    apology: Phrase | None = None
    """Said when an answer failed."""
    welcome_back: Phrase | None = None
    """Said after the client was away for at least `welcome_back_after_ms` (call mode)."""
    welcome_back_after_ms: int = 0
    goodbye: Phrase | None = None
    """Said before the conversation is ended because its time is up."""
    late_phrase: Phrase | None = None
    """Said ahead of an answer whose words take longer than `late_after_ms`."""
    late_after_ms: int = 0
    idle_limit_ms: int = 0
    """Hang up after this much mutual silence; 0: never."""
    duration_limit_ms: int = 0
    """Hang up after this much time in total; 0: never."""
    reply_timeout_ms: int = 30_000
    """A reply that made no text or sound for this long has failed."""
    tool_timeout_ms: int = 30_000
    """A tool without a rule that did not return within this time has failed."""
    tools: tuple[ToolRule, ...] = ()
    tool_rounds_max: int = 8
    """How many rounds of tool calls one answer may make, each after the results of the one before."""
    tool_time_ms: int = 60_000
    """After this time from its first round an answer may call no more tools."""
    playback_lag_max_ms: int | None = PLAYBACK_LAG_MAX_MS
    """The client's count of how much of a speech it played may be this far behind our own clock. None: any distance
    behind is believed, because our clock knows only when the sound was sent."""
    judges_voices: bool = False
    """The server has a voice judge, so JudgeVoice is answered."""
    history_limit_messages: int = 400
    context_tokens: int = 0
    """How many tokens a request to the agent's model may take, by estimate; 0: it is not known."""
    condenses: bool = False
    """Someone summarizes the oldest turns when they get too many, so Condense is answered."""
    keep_turns: int = 4
    """So many of the newest turns are never condensed."""

    def followed_by(self, other: Self) -> Self:
        """This script from the moment on at which the agent of another one goes on with the conversation."""
        return replace(self, **{name: getattr(other, name) for name in _OF_THE_AGENT})


_OF_THE_AGENT = (
    "prompt", "reply_form", "reminder", "reminder_after_ms", "reminders_max", "apology", "welcome_back",
    "welcome_back_after_ms", "goodbye", "late_phrase", "late_after_ms", "tools", "tool_rounds_max", "tool_time_ms",
    "context_tokens", "condenses", "keep_turns",
)  # fmt: skip
