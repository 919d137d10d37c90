"""What an engine says of itself: one frozen value, `engine.info`. A change (voices after a restart, where it runs) is a
new value in its place. Every layer round an engine passes the value on and repeats none of its fields.

A class states in its body what is known before any engine is made; `warm_up` may replace it by what is known then:

    info = TtsInfo("chime", voices=("bell",))
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal

WordTimes = Literal["none", "exact"]


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Of any engine. `name`: what people read in the log and in errors."""

    name: str
    _: KW_ONLY
    cloud: bool = False
    """It calls a service of somebody else. Failures are counted and followed by a wait, and it is never given a text
    or sound of ours to try it with, since that costs money. Else it computes here: what hangs is made anew."""
    gpu: bool = False
    """It was made for a GPU and takes the option `device`; engines that hear and speak then run in a process of their
    own."""
    note: str = ""
    """What to say of how it runs here, such as "it computes on the CPU and is slow"."""
    languages: tuple[str, ...] | None = None
    """ISO codes of what it hears or speaks; None: it does not say."""
    at_once_max: int | None = None
    """Streams at the same time; more have to wait, or are refused. None: it sees to that itself."""
    pings: bool = False
    """It has `Pings.ping`."""
    fetches: bool = False
    """Its class has `Fetches.fetch`."""
    reconfigures: bool = False
    """It has `Reconfigures.reconfigure`."""


@dataclass(frozen=True, slots=True)
class VadInfo(EngineInfo):
    """`window_samples` at 16 kHz are judged at a time."""

    window_samples: int = 512


@dataclass(frozen=True, slots=True)
class TurnInfo(EngineInfo):
    """A detector of the end of a turn."""


@dataclass(frozen=True, slots=True)
class SttInfo(EngineInfo):
    """`partials`: text comes while somebody speaks. `word_times`: of final transcripts."""

    partials: bool = True
    word_times: WordTimes = "none"


@dataclass(frozen=True, slots=True)
class LlmInfo(EngineInfo):
    """A language model, or a way to many."""


@dataclass(frozen=True, slots=True)
class TtsInfo(EngineInfo):
    """`contexts`: it has `ContextTts.open` and takes the text of a reply as it grows; else `SentenceTts.stream`."""

    sample_rate_hz: int = 24_000
    voices: tuple[str, ...] = ()
    """Names that `VoiceSpec.voice` may have, the default first."""
    tones: tuple[str, ...] = ("neutral",)
    """Names that `VoiceSpec.tone` may have, in lower case; "neutral" is always among them."""
    tone_voices: Mapping[str, str] = field(default_factory=dict)
    """Tones that are voices of the model: whoever names a voice does not mean these instead."""
    contexts: bool = False
    word_times: WordTimes = "none"
    """exact: it yields `SpokenWord`; none: they are estimated, in proportion to the text."""
    text_max_characters: int | None = None
    """Longer texts are cut between words before the engine gets them; None: it takes any."""


def info_of(factory: Callable[..., Any], name: str) -> EngineInfo:
    """What a factory says of its engines before any is made; of a plain function only its `name` is known."""
    info = getattr(factory, "info", None)
    return info if isinstance(info, EngineInfo) else EngineInfo(name)
