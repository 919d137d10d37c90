"""The messages between the server and its worker processes, one dataclass each.

`call` is a number that the server gives to each question, spoken text or utterance; messages with it belong to that.
`pcm` is sent as raw bytes, all other fields as JSON (`voi.engines.frames`).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from voi.dialogue import SpokenWord
from voi.engines.base import SttOptions, Transcript, VoiceSpec
from voi.engines.info import SttInfo, TtsInfo

WorkerKind = Literal["tts", "stt"]

# ---- to the worker --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Make:
    """Make and warm up a new engine, with the number `engine` from now on. Answered by Ready."""

    call: int
    engine: int
    kind: WorkerKind
    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """See `Reconfigures.reconfigure`. Answered by Ready."""

    call: int
    engine: int
    options: dict[str, Any]
    needed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak a text. Answered by SpokenSound and TimedSpokenWord, in order, and then Done."""

    call: int
    engine: int
    text: str
    voice: VoiceSpec


@dataclass(frozen=True, slots=True)
class More:
    """The server took a Sound of that call; another may be sent (backpressure)."""

    call: int


@dataclass(frozen=True, slots=True)
class CancelCall:
    """Cancel that call."""

    call: int


@dataclass(frozen=True, slots=True)
class OpenUtterance:
    """An utterance begins. Answered by any number of Partials if `partials`."""

    call: int
    engine: int
    options: SttOptions
    partials: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """Sound of the utterance."""

    call: int
    speech: bool
    pcm: bytes = b""


@dataclass(frozen=True, slots=True)
class Flush:
    """Ask for the final transcript. Answered by FinalTranscript, with the same `call`; `utterance` is the `call` of
    OpenUtterance."""

    call: int
    utterance: int


@dataclass(frozen=True, slots=True)
class CloseUtterance:
    """The utterance is dropped; what is under way for it is not answered."""

    call: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Answered by Done: at once if `engine` is 0, else after that engine's `ping`."""

    call: int
    engine: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """Close that engine; the others stay."""

    engine: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close all engines, and end the process."""


# ---- to the server --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine's current `info`: `tts` or `stt`. `taken`: what `reconfigure` returned."""

    call: int
    tts: TtsInfo | None = None
    stt: SttInfo | None = None
    taken: bool = True


@dataclass(frozen=True, slots=True)
class SpokenSound:
    """The next piece of a text's sound: s16le at the engine's rate."""

    call: int
    pcm: bytes = b""


@dataclass(frozen=True, slots=True)
class TimedSpokenWord:
    """A word of the text with its time in the text's sound."""

    call: int
    word: SpokenWord


@dataclass(frozen=True, slots=True)
class Partial:
    """The text of an utterance so far."""

    call: int
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class FinalTranscript:
    """The answer to Flush, with its `call`: the text of all sound before it."""

    call: int
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Done:
    """The call has ended well."""

    call: int


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call failed. `blame`: selects the error that the server raises (ConfigError, EngineError, EngineBroken).
    `problems`: its lines."""

    call: int
    blame: Literal["config", "engine", "broken"]
    problems: tuple[str, ...]
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """A log record, for the server's log."""

    text: str
    level: int
    logger: str


ToWorker = (
    Make | Reconfigure | Speak | More | CancelCall | OpenUtterance | Feed | Flush | CloseUtterance | Ping | Drop | Close
)
Answer = Ready | SpokenSound | TimedSpokenWord | Partial | FinalTranscript | Done | CallFailed
ToServer = Answer | Logged
