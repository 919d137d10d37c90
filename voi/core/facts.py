"""Inputs of the conversation: what happened, in the past tense.

Numbers that fence off stale work: an `utterance` is one user turn's speech, a `pause` one silence within it, a
`reply` one answer of ours; each counts up from 1 over the conversation. `audio_ms` is time on the audio clock (samples
received), not on the wall.
"""

from dataclasses import dataclass

from voi.dialogue import SpokenWord, Voice

# ---- what the ears noticed ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserStarted:
    """Voice set in (again), beginning at `audio_ms`."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class SpeechGrew:
    """The voice that set in goes on: `speech_ms` since its UserStarted. Told once a VAD window."""

    speech_ms: int


@dataclass(frozen=True, slots=True)
class QuietGrew:
    """The person has been quiet for `quiet_ms` since they last spoke. Told once a VAD window until the turn ends."""

    quiet_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Speech was transcribed: `text` is the whole utterance so far. `pause` is 0 for a partial; otherwise the answer
    to `Transcribe(utterance, pause)`."""

    utterance: int
    text: str
    pause: int = 0


@dataclass(frozen=True, slots=True)
class TurnJudged:
    """Somebody judged whether the person had finished at that pause. `judge`: "audio" or "agent". `quiet_ms`: how long
    they had been quiet when the judge was asked."""

    utterance: int
    pause: int
    judge: str
    probability: float
    quiet_ms: int = 0


@dataclass(frozen=True, slots=True)
class VoiceJudged:
    """The sound of that utterance was judged when it was `voice_ms` of voice long. `voice`: probability that it is a
    person who speaks, and no cough, key or noise. `floor`: that they want to speak, and do not only show that they
    listen."""

    utterance: int
    voice_ms: int
    voice: float
    floor: float


# ---- what the client asked ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """The conversation began. `greet`: the client wants a greeting."""

    greet: bool = True


@dataclass(frozen=True, slots=True)
class VoicePushed:
    """Push-to-talk sound arrived (chat mode), the first since the last answer was asked for."""


@dataclass(frozen=True, slots=True)
class TextTyped:
    text: str


@dataclass(frozen=True, slots=True)
class ImageGiven:
    url: str


@dataclass(frozen=True, slots=True)
class AnswerAsked:
    """The client asked for an answer (`create_response`)."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The client stopped the speech of that message. `played_ms` None: it does not know how much was heard.
    `message_id` None: it does not know which."""

    message_id: int | None
    played_ms: int | None = None


# ---- what became of a reply -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The text of one piece (clause or sentence) passed the guard. Pieces count from 0; an empty text takes the piece
    of that number back. `spoken` False: shown only."""

    reply: int
    piece: int
    text: str
    voice: Voice = "character"
    spoken: bool = True
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class PieceVoiced:
    """That piece's sound is complete: `audio_ms` long, starting `start_ms` into the reply's sound. `words`: all words
    of the piece's own text (as spaces part it), in order, with times from `start_ms` on; empty: nobody knows them."""

    reply: int
    piece: int
    start_ms: int
    audio_ms: int
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyThinking:
    """The model is at work on the reply and writes what nobody may hear: thoughts, or a tool call. Told at most once a
    second; a sign of life and no more."""

    reply: int


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The reply, which is no denial and is whole, calls a tool. `arguments` is JSON as the model wrote it."""

    reply: int
    call_id: str
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """`RunTool` was carried out. `failed`: `result` says why there is none."""

    reply: int
    call_id: str
    result: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """The reply's text is complete; its sound may still be coming."""

    reply: int


@dataclass(frozen=True, slots=True)
class ReplySounded:
    """The first sound of the reply is there: it could be heard at once."""

    reply: int


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first sound of the reply went out."""

    reply: int


@dataclass(frozen=True, slots=True)
class ReplyPlayed:
    """All of the reply was played (or shown, when it has no sound)."""

    reply: int


@dataclass(frozen=True, slots=True)
class ReplyStopped:
    """`Stop(reply)` was carried out: the person heard `played_ms` of it, by our own clock. `loud_ms`: what lies beyond
    was lowered so far that nobody heard it; None: nothing was. `repeated_ms`: so much was sent twice, as the sound went
    on from a word's beginning; a client that counts what it played counts it twice."""

    reply: int
    played_ms: int
    loud_ms: int | None = None
    repeated_ms: int = 0


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The reply broke. `message` says who is to blame and what to do."""

    reply: int
    message: str


# ---- the rest ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TranscriptFailed:
    """`Transcribe(utterance, pause)` could not be done."""

    utterance: int
    pause: int
    message: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """`Conversation.deadline_ms` has come."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The client is gone."""


Fact = (
    UserStarted | SpeechGrew | QuietGrew | Heard | TurnJudged | VoiceJudged | Opened | VoicePushed | TextTyped
    | ImageGiven | AnswerAsked | Interrupted | ReplyText | PieceVoiced | ReplyThinking | ToolCalled | ReplyWritten
    | ToolReturned | ReplySounded | PlaybackStarted | ReplyPlayed | ReplyStopped | ReplyFailed
    | TranscriptFailed | DeadlinePassed | HungUp
)  # fmt: skip
