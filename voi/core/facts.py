"""Inputs of the conversation: what happened, in the past tense.

Numbers that fence off stale work: an `utterance` is one user turn's speech, a `pause` one silence within it, a
`reply` one answer of ours; each counts up from 1 over the conversation. `audio_ms` is time on the audio clock (samples
received), not on the wall.
"""

from dataclasses import dataclass

from voi.core.end_reason import EndReason
from voi.core.expects import Expects
from voi.core.kept import Kept
from voi.core.options import Mode
from voi.core.script import Script
from voi.core.tool_rule import AfterCall
from voi.dialogue import Message, Phrase, SpokenWord, Voice
from voi.turn_policy import TurnPolicy

# ---- what was heard -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserStarted:
    """Voice set in (again), beginning at `audio_ms`."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class SpeechGrew:
    """The voice goes on: `speech_ms` of it since UserStarted. Told once per VAD window."""

    speech_ms: int


@dataclass(frozen=True, slots=True)
class QuietGrew:
    """The person has been quiet for `quiet_ms` since they last spoke. Told once per VAD window until the turn ends."""

    quiet_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Speech was transcribed: `text` is the whole utterance so far. `pause` is 0 for a partial transcript; otherwise
    this answers `Transcribe(utterance, pause)`."""

    utterance: int
    text: str
    pause: int = 0


@dataclass(frozen=True, slots=True)
class TurnJudged:
    """A judge said how probable it is that the person had finished at that pause. `judge`: "audio" (the turn model),
    "agent" (the completeness agent) or "capture" (what is dictated is a whole value, or is not yet). `quiet_ms`: how
    long they had been quiet when the judge was asked."""

    utterance: int
    pause: int
    judge: str
    probability: float
    quiet_ms: int = 0


@dataclass(frozen=True, slots=True)
class VoiceJudged:
    """The utterance was judged by its sound after `voice_ms` of voice. `voice`: probability that a person speaks,
    rather than a cough, a keyboard or noise. `floor`: probability that they want the floor, rather than to show that
    they listen."""

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
class PhraseAsked:
    """Say this as it is, in place of an answer to what the person says at the moment: as soon as they have finished,
    and at once if nobody speaks."""

    phrase: Phrase


@dataclass(frozen=True, slots=True)
class FloorGiven:
    """From now on the agent may answer (`CallOptions.holds_back`): it was found out that a person listens. `greet`:
    with its greeting, in place of an answer to what they have said; else it answers that, or waits for more."""

    greet: bool = False


@dataclass(frozen=True, slots=True)
class FloorTaken:
    """It is no person after all: the agent stops speaking, and is held back as before `FloorGiven`."""


@dataclass(frozen=True, slots=True)
class LastWordsAsked:
    """Say this, whatever is heard meanwhile, and hang up for that reason when it was played: a message for a voicemail,
    which nobody answers. It begins with the notice if that is owed."""

    phrase: Phrase
    reason: EndReason


@dataclass(frozen=True, slots=True)
class VoicePushed:
    """Push-to-talk sound arrived (chat mode), for the first time since an answer was last asked for."""


@dataclass(frozen=True, slots=True)
class TextTyped:
    """The person typed text. It is part of their message; AnswerAsked then asks for the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageGiven:
    """The person sent a picture. `url`: http, https or `data:`."""

    url: str


@dataclass(frozen=True, slots=True)
class AnswerAsked:
    """The client asked for an answer (`create_response`)."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The client stopped the speech of that message. `played_ms`: how much of it was played; None: the client does not
    know. `message_id` None: the client does not know which message it was."""

    message_id: int | None
    played_ms: int | None = None


# ---- what a client that manages the dialogue asked ----------------------------------------------
# Messages that it brings have ids below 0, which it chooses itself.


@dataclass(frozen=True, slots=True)
class TurnTakingSet:
    """The client chose how turns are taken from now on: by the person's voice ("call") or by SpeechCommitted ("chat").
    `answers` False: a turn that ends is not answered before ReplyAsked. `interrupts` False: voice does not stop the
    agent; the turn counts when the agent has finished."""

    mode: Mode
    turn: TurnPolicy
    answers: bool = True
    interrupts: bool = True


@dataclass(frozen=True, slots=True)
class SpeechCommitted:
    """The client says that what the person said is complete."""


@dataclass(frozen=True, slots=True)
class SpeechDropped:
    """The client says that what the person says at the moment does not count."""


@dataclass(frozen=True, slots=True)
class ReplyAsked:
    """The client asks for a reply to the dialogue as it is. `instructions`: a note for the prompt of this reply.
    `given`: the model is shown this in place of the dialogue so far; None: the dialogue."""

    instructions: str = ""
    given: tuple[Message, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReplyCancelled:
    """The client wants no answer at the moment, whether it has begun or not."""


@dataclass(frozen=True, slots=True)
class MessageInserted:
    """The client put a message into the dialogue. `after`: the id of the message before it; None: it is the newest;
    `FIRST`: it is the oldest."""

    message_id: int
    message: Message
    after: int | None = None


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """The client took a message out of the dialogue."""

    message_id: int


@dataclass(frozen=True, slots=True)
class SoundTruncated:
    """The client says how much of the sound of that message the person heard, and nothing contradicts it but our own
    clock, which knows what was sent."""

    message_id: int
    played_ms: int


# ---- what became of a reply -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The text of one piece (clause or sentence) passed the guard. Pieces count from 0; an empty text withdraws the
    piece of that number. `spoken` False: the text is shown and not spoken."""

    reply: int
    piece: int
    text: str
    voice: Voice = "character"
    spoken: bool = True
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class PieceVoiced:
    """That piece's sound is complete: `audio_ms` long, starting `start_ms` into the reply's sound. `words`: all words
    of the piece's text (split at spaces), in order, with times counted from `start_ms`; empty: the times are not
    known."""

    reply: int
    piece: int
    start_ms: int
    audio_ms: int
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyThinking:
    """The model is working on the reply, but writes text that is not for the person: thoughts, or a tool call. Told at
    most once a second, and only to show that the model is alive."""

    reply: int


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The reply calls a tool. Told once the reply's text is complete and known not to be a denial. `arguments` is JSON
    as the model wrote it."""

    reply: int
    call_id: str
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """`RunTool` was carried out. `failed`: the tool returned nothing, and `result` says why. `then`: what follows."""

    reply: int
    call_id: str
    result: str
    failed: bool = False
    then: AfterCall = "answer"


@dataclass(frozen=True, slots=True)
class AgentSwitched:
    """Another agent goes on with the conversation. Of its script the prompt, the phrases and the rules of its tools
    count from now on. `agent`: its name."""

    script: Script
    agent: str = ""


@dataclass(frozen=True, slots=True)
class AnswerExpected:
    """A tool says what the person is asked for from now on, whatever the agent's words are. OPEN: it says nothing any
    more."""

    kind: Expects


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """The reply's text is complete; its sound may still be coming. `unfinished`: why its model wrote no more before the
    end, "length" or "content_filter"; "": it is whole."""

    reply: int
    unfinished: str = ""


@dataclass(frozen=True, slots=True)
class ReplySounded:
    """The first sound of the reply is ready to be played."""

    reply: int


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first sound of the reply was sent."""

    reply: int


@dataclass(frozen=True, slots=True)
class ReplyPlayed:
    """All of the reply was played (or shown, when it has no sound)."""

    reply: int


@dataclass(frozen=True, slots=True)
class ReplyStopped:
    """`Stop(reply)` was carried out: `played_ms` of its sound were played, by the server's clock. `loud_ms`: from here
    on the sound was ducked too low to be heard; None: it was not. `repeated_ms`: this much was sent twice, because the
    sound was resumed at the beginning of a word; a client that counts what it played counts it twice."""

    reply: int
    played_ms: int
    loud_ms: int | None = None
    repeated_ms: int = 0


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The reply failed. `message`, for the client, says what went wrong and what to do."""

    reply: int
    message: str


# ---- the connection -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CameBack:
    """The client's connection was lost, and is back after `away_ms`, in which the conversation's time stood still."""

    away_ms: int


@dataclass(frozen=True, slots=True)
class Continued:
    """The conversation goes on that was kept elsewhere, in place of Opened. `heard_ms`: how much of the sound of its
    newest reply reached the person; None: all."""

    kept: Kept
    heard_ms: int | None = None


# ---- the rest ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the agent is to know of the person from earlier conversations: a note for its prompt, in place of the one
    before."""

    text: str


@dataclass(frozen=True, slots=True)
class Condensed:
    """`Condense` was carried out. `summary` "": there is none, because it failed. `own_summary`: of what it has of this
    call, if that was wanted apart."""

    condensing: int
    summary: str = ""
    own_summary: str = ""


@dataclass(frozen=True, slots=True)
class TranscriptFailed:
    """`Transcribe(utterance, pause)` failed. `message`, for the client, says why."""

    utterance: int
    pause: int
    message: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """`Conversation.deadline_ms` has been reached."""


@dataclass(frozen=True, slots=True)
class LoadChanged:
    """The server became `busy`, or is no longer. While it is, the conversation asks for no optional work: no partial
    transcripts, no speculation, no second judge of the end of a turn."""

    busy: bool


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """The server ends the conversation for that reason: say goodbye, then hang up. `words`: for the client."""

    reason: EndReason
    words: str = ""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The client has left."""


Fact = (
    UserStarted | SpeechGrew | QuietGrew | Heard | TurnJudged | VoiceJudged | Opened | VoicePushed | TextTyped
    | ImageGiven | AnswerAsked | Interrupted | ReplyText | PieceVoiced | ReplyThinking | ToolCalled | ReplyWritten
    | ToolReturned | AgentSwitched | AnswerExpected | ReplySounded | PlaybackStarted | ReplyPlayed | ReplyStopped
    | ReplyFailed | Recalled | Condensed | TranscriptFailed | CameBack | Continued | DeadlinePassed | LoadChanged
    | TimeIsUp | HungUp | TurnTakingSet | SpeechCommitted | SpeechDropped | ReplyAsked | ReplyCancelled
    | MessageInserted | MessageDeleted | SoundTruncated | PhraseAsked | FloorGiven | FloorTaken
    | LastWordsAsked
)  # fmt: skip
