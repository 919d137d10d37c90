"""What a door is told, in the past tense and in order. A door translates what its protocol has a word for and lets the
rest pass, so an event that one door needs changes no other.

Ids are `message_id`s: the messages of both sides count up from 0 over the conversation, and the sound of a message of
the agent has that message's id. Sound is s16le mono at the door's `output_rate_hz`. What is said of played sound is an
estimate by the conversation's own clock.
"""

from dataclasses import dataclass

from voi.core.actions import Status
from voi.core.end_reason import EndReason
from voi.dialogue import Voice

# ---- the person -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The person's voice set in (again) at `audio_ms` of the sound that they sent."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Their voice fell silent at `audio_ms`. They may go on: their turn ends with a final `UserMessage`."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class UserMessage:
    """The person's message so far, spoken or typed; it replaces what was told of that id before. `final` False: more is
    to come. `added`: what is new at its end; None where it does not only go on."""

    message_id: int
    text: str
    image_urls: tuple[str, ...] = ()
    final: bool = True
    added: str | None = None


# ---- the agent ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """The agent's message so far, or as far as it was heard; it replaces what was told of that id before."""

    message_id: int
    text: str
    final: bool = True


@dataclass(frozen=True, slots=True)
class AgentText:
    """One piece (clause or sentence) of the agent's message; pieces count up from 0. An empty text takes the piece of
    that number back. `spoken` False: it has no sound."""

    message_id: int
    piece: int
    text: str
    voice: Voice = "character"
    tone: str = "neutral"
    spoken: bool = True


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound of the agent, paced: 350 to 450 ms ahead of the ear."""

    message_id: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """All sound of that message, if it has any, was given: a door may pad or encode it and send it now."""

    message_id: int


@dataclass(frozen=True, slots=True)
class SoundCleared:
    """The sound was stopped when `played_ms` of it were heard: drop what is not yet sent, and have the client drop what
    is not yet played."""

    message_id: int
    played_ms: int


@dataclass(frozen=True, slots=True)
class SoundLowered:
    """What comes of that sound from now on is lowered by so much already, for the person may be interrupting; 0: as
    loud as it was made, for they were not. A door that can lower, or hold, what its client has not played does so."""

    message_id: int
    gain_db: float


@dataclass(frozen=True, slots=True)
class SoundPlayed:
    """All of it was heard."""

    message_id: int
    played_ms: int


# ---- the conversation -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The state of the turn."""

    status: Status


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """Something went wrong, in words for the person to blame; the conversation goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation is over; nothing comes after this. `words`: what there is to say beyond the reason."""

    reason: EndReason
    words: str = ""


Event = (
    SpeechStarted | SpeechStopped | UserMessage | AgentMessage | AgentText | Sound | SoundEnded | SoundCleared
    | SoundLowered | SoundPlayed | StatusChanged | ErrorReported | Ended
)  # fmt: skip
