"""Outputs of the conversation: what the session has to do, in the imperative. It carries them out in order."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from voi.core.end_reason import EndReason
from voi.dialogue import Message, ReplySegment, Role

DuckLevel = Literal["soft", "deep"]


class Status(StrEnum):
    """What a door tells its client about the turn. Every `RESPONSE_CREATED` is followed by exactly one of DONE or
    CANCELLED."""

    RESPONSE_CREATED = "response_created"
    RESPONSE_DONE = "response_done"
    RESPONSE_CANCELLED = "response_cancelled"
    USER_INTERRUPT = "user_interrupt"


@dataclass(frozen=True, slots=True)
class Listen:
    """Open a transcription for this utterance. It begins with the pre-roll, the sound from just before now.
    `partials`: its words are wanted while it grows."""

    utterance: int
    partials: bool = True


@dataclass(frozen=True, slots=True)
class TakeSound:
    """Take the person's sound from now on by their voice, or, if it is `pushed`, all of it."""

    pushed: bool


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Finalize the transcript of the utterance so far. Answered by Heard(utterance, text, pause), TranscriptFailed."""

    utterance: int
    pause: int


@dataclass(frozen=True, slots=True)
class JudgeTurn:
    """Ask a judge whether the turn has ended, if the server has one. `text` "": ask the turn model, which judges the
    sound; otherwise ask the completeness agent about that text. `quiet_ms`: how long the person has been quiet.
    Answered by TurnJudged."""

    utterance: int
    pause: int
    text: str
    quiet_ms: int = 0


@dataclass(frozen=True, slots=True)
class TranscribeNow:
    """Transcribe the words so far at once, to decide on a barge-in. Answered by Heard(utterance, text), a partial."""

    utterance: int


@dataclass(frozen=True, slots=True)
class JudgeVoice:
    """Ask the voice judge about the utterance, which holds `voice_ms` of voice. Answered by VoiceJudged."""

    utterance: int
    voice_ms: int


@dataclass(frozen=True, slots=True)
class NoteBackchannel:
    """Record a backchannel: the person said this over the reply to show that they listen. It gets no answer."""

    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class EndUtterance:
    """The turn's speech is over: close its transcription and reset the VAD. `late`: the last transcript asked for is
    still wanted, and is told when it arrives."""

    utterance: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class StartReply:
    """Start generating the agent's reply to `messages`. Nothing of it may be heard or shown before Release(reply),
    which follows at once unless the reply is `muted` (speculative)."""

    reply: int
    messages: tuple[Message, ...]
    muted: bool
    tools: bool = True
    """False: it may call no more tools."""


@dataclass(frozen=True, slots=True)
class SayPhrase:
    """Say these words (a greeting, a reminder, an apology), from the sound `file` if one is named. Release follows."""

    reply: int
    text: str
    tone: str = "neutral"
    file: str | None = None


@dataclass(frozen=True, slots=True)
class SayAhead:
    """The words of an answer are late. Say these first, as the beginning of its sound, unless its own have come by
    now."""

    reply: int
    text: str
    tone: str = "neutral"
    file: str | None = None


@dataclass(frozen=True, slots=True)
class SayRest:
    """Say the rest of a reply that was begun elsewhere (`Continued`). Release follows."""

    reply: int
    segments: tuple[ReplySegment, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """The reply may be heard now. Clients know its speech by `message_id`."""

    reply: int
    message_id: int


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run the tool that the reply calls, once. The reply's text is complete, and it was released, unless the tool is
    safe. `arguments` is the text that the model wrote, which may not be valid JSON. Answered by ToolReturned(reply,
    call_id)."""

    reply: int
    call_id: str
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class CancelTool:
    """Nobody wants the result of this call any more: end it if it still runs."""

    reply: int
    call_id: str


@dataclass(frozen=True, slots=True)
class Condense:
    """Summarize these messages of the dialogue, together with `summary`, which is of what came before them. Answered by
    Condensed(condensing). They are shown to the model until the summary takes their place. `own_from` None: all of this
    is of one call. Else the messages from there on are of this call, those before of another day: summarize these, with
    `own_summary` of what came before them in this call, also apart."""

    condensing: int
    message_ids: tuple[int, ...]
    messages: tuple[Message, ...]
    summary: str = ""
    own_from: int | None = None
    own_summary: str = ""


@dataclass(frozen=True, slots=True)
class NoteForgotten:
    """Record that the oldest messages were forgotten, because the model's context holds no more and there is no summary
    of them."""

    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Duck:
    """Lower the reply's volume and play on: the person may be interrupting. "soft": it may be only a noise. "deep": it
    is probably speech, and what is played at this volume counts as not heard."""

    reply: int
    level: DuckLevel = "deep"


@dataclass(frozen=True, slots=True)
class Resume:
    """It was not a barge-in: play on at full volume. After a "deep" duck, go back to the beginning of the word in which
    the volume went down."""

    reply: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Cancel all work for the reply and clear its sound everywhere. Answered by ReplyStopped."""

    reply: int


@dataclass(frozen=True, slots=True)
class Show:
    """Show a message. The same id again replaces it. `final` False: more of it is still to come. `narrated`: where in
    the text the narrator speaks, begin and end index of each comment."""

    message_id: int
    role: Role
    text: str
    image_urls: tuple[str, ...] = ()
    final: bool = True
    narrated: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SendStatus:
    """Tell the client the status of the agent's response. `unfinished`: of one that is done, see `ReplyWritten`."""

    status: Status
    unfinished: str = ""


@dataclass(frozen=True, slots=True)
class ReportError:
    """Tell the client what went wrong. `error` is worded for the person who can fix it. `of_hearing`: what the person
    says cannot be transcribed."""

    error: str
    of_hearing: bool = False


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the conversation for that reason. `words`: for the client."""

    reason: EndReason
    words: str = ""


@dataclass(frozen=True, slots=True)
class NoteCut:
    """Record that the newest message, or a tool's result, is longer than the model's context, and that the model is not
    shown so many characters of it."""

    characters: int


Action = (
    Listen | TakeSound | Transcribe | TranscribeNow | JudgeTurn | JudgeVoice | NoteBackchannel | EndUtterance
    | StartReply | SayPhrase | SayAhead | SayRest | Release | RunTool | CancelTool | Condense | NoteForgotten | NoteCut
    | Duck
    | Resume | Stop | Show | SendStatus | ReportError | HangUp
)  # fmt: skip
