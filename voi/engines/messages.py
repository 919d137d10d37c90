"""What a server and its workers (engines in processes of their own) say to each other: a dataclass for every message.

`call` is the number of what a message belongs to, given by the server: a question, a text that is spoken, an
utterance. `pcm` goes over the wire as it is; all other fields as JSON (`voi.engines.frames`).
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
    """A new engine, `engine` from now on, made and warmed up. Answered by Ready."""

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
    """Answered by Sound and Words, in order, and then Done."""

    call: int
    engine: int
    text: str
    voice: VoiceSpec


@dataclass(frozen=True, slots=True)
class More:
    """A Sound of that call was taken; another may be sent."""

    call: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody wants more of that call."""

    call: int


@dataclass(frozen=True, slots=True)
class Listen:
    """An utterance begins. Answered by Partial, again and again, where `partials`."""

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
    """Answered by Heard, under the call's own number; `utterance` is that of Listen."""

    call: int
    utterance: int


@dataclass(frozen=True, slots=True)
class EndUtterance:
    call: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Answered by Done: by the process itself where `engine` is 0, else by that engine's `ping`."""

    call: int
    engine: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """Close that engine; the others stay."""

    engine: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close all, and end."""


# ---- to the server --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """What the engine says of itself now, one of the two. `taken`: what `reconfigure` returned."""

    call: int
    tts: TtsInfo | None = None
    stt: SttInfo | None = None
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Sound:
    call: int
    pcm: bytes = b""


@dataclass(frozen=True, slots=True)
class Word:
    call: int
    word: SpokenWord


@dataclass(frozen=True, slots=True)
class Partial:
    call: int
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Heard:
    call: int
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Done:
    call: int


@dataclass(frozen=True, slots=True)
class Failed:
    """`blame`: whose fault it is, and so which error the server raises; `problems`: one for each line."""

    call: int
    blame: Literal["config", "engine", "broken"]
    problems: tuple[str, ...]
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """To be logged by the server, in its own form."""

    text: str
    level: int
    logger: str


ToWorker = Make | Reconfigure | Speak | More | Stop | Listen | Feed | Flush | EndUtterance | Ping | Drop | Close
Answer = Ready | Sound | Word | Partial | Heard | Done | Failed
ToServer = Answer | Logged
