"""Outputs of the conversation: what is to be done, in the imperative. The session carries them out in order."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from voi.core.end_reason import EndReason
from voi.dialogue import Message, Role

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
    """Open a transcription for this utterance, from a little before now (the ears keep a pre-roll)."""

    utterance: int


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Answer with the final text of the utterance so far: Heard(utterance, text, pause) or TranscriptFailed."""

    utterance: int
    pause: int


@dataclass(frozen=True, slots=True)
class JudgeTurn:
    """Ask those judges that there are: answers TurnJudged. `text` is "" when the sound is to be judged, else the judge
    of the words is asked. `quiet_ms`: how long the person has been quiet."""

    utterance: int
    pause: int
    text: str
    quiet_ms: int = 0


@dataclass(frozen=True, slots=True)
class TranscribeNow:
    """Tell the words so far at once: Heard(utterance, text), as a partial. They are needed to decide a barge-in."""

    utterance: int


@dataclass(frozen=True, slots=True)
class JudgeVoice:
    """Ask the judge of voices about the utterance, of which `voice_ms` are voice: answers VoiceJudged."""

    utterance: int
    voice_ms: int


@dataclass(frozen=True, slots=True)
class NoteBackchannel:
    """For the record: the person said this over the reply to show that they listen. It is not answered."""

    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class EndUtterance:
    """The turn's speech is over: close its transcription; the VAD forgets. `late`: the transcript that was asked for
    last is still wanted, and told when it comes."""

    utterance: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class StartReply:
    """Have the agent answer. Nothing of it may be heard or shown before Release(reply), which follows at once unless
    the reply is `muted` (speculative)."""

    reply: int
    messages: tuple[Message, ...]
    muted: bool


@dataclass(frozen=True, slots=True)
class SayPhrase:
    """Say these words (a greeting, a reminder, an apology), from the sound file where one is named; Release follows."""

    reply: int
    text: str
    tone: str = "neutral"
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """The reply may be heard now; its speech is known to clients by `message_id`."""

    reply: int
    message_id: int


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run the tool that the reply calls, once: answers ToolReturned(reply, call_id). The reply was released, and its
    text is whole. `arguments` is JSON as the model wrote it, perhaps none."""

    reply: int
    call_id: str
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Duck:
    """Lower the reply's sound, which goes on: perhaps the person is interrupting. "soft": they may make a noise;
    "deep": probably they speak, and what is so low counts as not heard."""

    reply: int
    level: DuckLevel = "deep"


@dataclass(frozen=True, slots=True)
class Resume:
    """It was a cough: as loud as before, after "deep" from the beginning of the word in which it went down."""

    reply: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Cancel all work for the reply and clear its sound everywhere; answer ReplyStopped."""

    reply: int


@dataclass(frozen=True, slots=True)
class Show:
    """Show a message; the same id again replaces it. `final` False: more of it is to come."""

    message_id: int
    role: Role
    text: str
    image_urls: tuple[str, ...] = ()
    final: bool = True


@dataclass(frozen=True, slots=True)
class SendStatus:
    status: Status


@dataclass(frozen=True, slots=True)
class ReportError:
    """Tell the client what went wrong, in words for the person to blame."""

    error: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the conversation for that reason."""

    reason: EndReason


Action = (
    Listen | Transcribe | TranscribeNow | JudgeTurn | JudgeVoice | NoteBackchannel | EndUtterance | StartReply
    | SayPhrase | Release | RunTool | Duck | Resume | Stop | Show | SendStatus | ReportError | HangUp
)  # fmt: skip
