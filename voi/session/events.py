"""What a door is told, in the past tense and in order. A door translates the events that its protocol has a message for
and ignores the others, so an event that one door needs changes no other door.

Ids are `message_id`s. The messages of both sides count up from 0 over the conversation, and the sound of an agent's
message has that message's id. Sound is s16le mono at the door's `output_rate_hz`. Times of played sound are estimates
by the conversation's own clock.
"""

from dataclasses import dataclass

from voi.config.transfers import CallTransfer
from voi.core.actions import Status
from voi.core.end_reason import EndReason
from voi.dialogue import SpokenWord, Voice

# ---- the person -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The person's voice set in (again) at `audio_ms` of the sound that they sent."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The person's voice fell silent at `audio_ms`. They may go on: their turn ends with a final `UserMessage`."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class UserMessage:
    """The person's message so far, spoken or typed. It replaces the earlier text of that id. `final` False: more is to
    come. `added`: the text that is new at its end; None if earlier text changed as well."""

    message_id: int
    text: str
    image_urls: tuple[str, ...] = ()
    final: bool = True
    added: str | None = None


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """What the person said at the moment is over: it is part of their message, or was nothing."""


# ---- the agent ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """The agent's message so far, or as far as it was heard. It replaces the earlier text of that id. `narrated`: where
    in the text the narrator speaks, begin and end index of each comment."""

    message_id: int
    text: str
    final: bool = True
    narrated: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class AgentText:
    """One piece (clause or sentence) of the agent's message; pieces count up from 0. An empty text withdraws the piece
    of that number. `spoken` False: it has no sound."""

    message_id: int
    piece: int
    text: str
    voice: Voice = "character"
    tone: str = "neutral"
    spoken: bool = True


@dataclass(frozen=True, slots=True)
class AgentVoiced:
    """That piece's sound is complete: `audio_ms` long, starting `start_ms` into the message's sound. `words`: all words
    of the piece's text (split at spaces), with times counted from `start_ms`; empty: the times are not known."""

    message_id: int
    piece: int
    start_ms: int
    audio_ms: int
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound of the agent, paced to arrive 350 to 450 ms before it is heard."""

    message_id: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """All sound of that message, if it has any, was given. A door can pad or encode the rest and send it now."""

    message_id: int


@dataclass(frozen=True, slots=True)
class SoundCleared:
    """The sound was stopped when `played_ms` of it were heard: drop what is not yet sent, and have the client drop what
    is not yet played."""

    message_id: int
    played_ms: int


@dataclass(frozen=True, slots=True)
class SoundLowered:
    """The sound that follows is lowered by this many dB already, because the person may be interrupting; 0: full volume
    again, because they were not. A door that can lower what its client has not played yet should do so; where
    the client said that it can (`CallOptions.lowers_sound`), that counts as lowered."""

    message_id: int
    gain_db: float


@dataclass(frozen=True, slots=True)
class SoundPlayed:
    """All sound of that message was heard."""

    message_id: int
    played_ms: int


# ---- the conversation -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The status of the agent's response changed. `unfinished`: why one that is done ends before its end, "length" or
    "content_filter"; "": it does not."""

    status: Status
    unfinished: str = ""


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """Something went wrong, and the conversation goes on. The text is worded for the person who can fix it.
    `of_hearing`: what the person says cannot be transcribed."""

    text: str
    of_hearing: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation is over; no event follows. `words`: details beyond the reason, may be ""."""

    reason: EndReason
    words: str = ""


# ---- what a tool asks of the door -------------------------------------------------------------------
# `number` is the request's, and the door answers it with `Session.door_answers`.


@dataclass(frozen=True, slots=True)
class AppToolCalled:
    """The connected app is to run one of its tools (`CallOptions.app_tools`). `arguments`: a JSON object."""

    number: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The call is to be passed on to that telephone number or SIP address. `how`: somebody is asked there before; None:
    at once. Told to telephones only."""

    number: str
    target: str
    how: CallTransfer | None = None


@dataclass(frozen=True, slots=True)
class KeysAsked:
    """These keys are to be pressed on the line; w: wait half a second. Told to telephones only."""

    number: str
    keys: str


@dataclass(frozen=True, slots=True)
class RequestWithdrawn:
    """That request needs no answer any more: it took too long, or was cancelled."""

    number: str


@dataclass(frozen=True, slots=True)
class AppMessage:
    """The agent sends the app a text for the person to read. Told to clients that want it
    (`CallOptions.app_messages`)."""

    content: str


DoorEvent = (
    SpeechStarted | SpeechStopped | TurnEnded | UserMessage | AgentMessage | AgentText | AgentVoiced | Sound
    | SoundEnded | SoundCleared | SoundLowered | SoundPlayed | StatusChanged | ErrorReported | AppToolCalled
    | TransferAsked | KeysAsked | RequestWithdrawn | AppMessage | Ended
)  # fmt: skip
