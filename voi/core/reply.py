"""One reply of the agent: what is known of it from its start to the end of its sound."""

from dataclasses import dataclass, field

from voi.core.ledger import Ledger
from voi.dialogue import ToolCall

CUT_OFF_MS = 1_500
"""A person who speaks on within this time after an answer's first sound was cut off by it."""


@dataclass(slots=True)
class Reply:
    """One reply of the agent, from its start to the end of its sound."""

    number: int
    answers: str | None = None
    """The person's words that it answers; None for a phrase."""
    message_id: int | None = None
    """None while muted."""
    ledger: Ledger = field(default_factory=Ledger)
    announced: bool = False
    """RESPONSE_CREATED was sent; RESPONSE_DONE or RESPONSE_CANCELLED must follow."""
    written: bool = False
    unfinished: str = ""
    """Why its text ends before its end: "length", "content_filter"."""
    sounded: bool = False
    """Some of it is ready to be heard, or to be shown if it has no sound."""
    awaited: bool = False
    """The person's turn has ended, which becomes final when this reply has sound."""
    stays: bool = False
    """It is shown whole however little was heard: a phrase that the TTS failed to say can still be read."""
    cut: bool = False
    """It is shown and remembered only as far as it was heard."""
    held: bool = False
    """Its sound was held for a while, so players may have run dry."""
    cut_off: bool = False
    """The person went on speaking just after it began, so it answers only half of what they say."""
    playing_since_ms: int | None = None
    sound_ms: int = 0
    played_ms: int = 0
    """How much was played by our own clock; set once the reply is over."""
    told_ms: int | None = None
    """How much was played by the client's count, if that can be believed."""
    loud_ms: int | None = None
    """From here on it was ducked too low to be heard; None: it was not."""
    repeated_ms: int = 0
    """How much was sent twice; a client counts it twice."""
    deadline_ms: int = 0
    wanted_ms: int | None = None
    """Since when the person waits for it."""
    ahead: str = ""
    """What is said ahead of its own words, because these are late. It is heard and shown, but is not part of the
    text."""
    aside: bool = False
    """It says that the answer takes long, and is no part of the dialogue: the model is not shown it."""
    may_call: bool = True
    """It may call tools."""
    calls: list[ToolCall] = field(default_factory=list)
    """Tools that it calls. They run once it is released and its text is complete."""
    acted: bool = False
    """The tools were run."""
    goes_on: bool = False
    """It follows a reply that called tools."""

    @property
    def is_silent(self) -> bool:
        """True if none of its own words has arrived."""
        return not (self.sounded or self.written or self.calls or self.ledger.full_text())

    def cuts_off(self, now_ms: int) -> bool:
        """Note that the person speaks over it. True if it began less than `CUT_OFF_MS` ago: they are still saying what
        it answers."""
        since_ms = now_ms if self.playing_since_ms is None else self.playing_since_ms
        self.cut_off = self.answers is not None and now_ms - since_ms <= CUT_OFF_MS
        return self.cut_off
