"""What an engine says of itself: one frozen value, `engine.info`. When something changes (voices after a restart, the
device), a new value takes its place. Wrappers around an engine pass the value on and repeat none of its fields.

A class states in its body what is known before an engine is made; `warm_up` may replace the value:

    info = TtsInfo("chime", voices=("bell",))
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal

from voi.config.model_folder import ModelFolder

WordTimes = Literal["none", "exact"]


@dataclass(frozen=True, slots=True)
class Licences:
    """`code`: of what computes, besides Voi itself (MIT). `weights`: of those that the engine uses unless its options
    name others; "": it has none. `commercial`: whether `weights` allow commercial use; None: that depends.
    `own_weights`: the option that, if it is a path, names weights with a licence of their own."""

    code: str
    weights: str
    commercial: bool | None = True
    own_weights: str = ""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Fields of every engine. `name`: as shown in the log and in errors."""

    name: str
    _: KW_ONLY
    cloud: bool = False
    """True: the engine calls an external service. Repeated failures are followed by a wait, and Voi never sends it a
    trial text or sound, since that costs money. False: it computes on this machine; when it hangs, it is restarted.
    A VAD alone is not supervised: it computes inline, so it can neither hang by itself nor be asked for a trial."""
    gpu: bool = False
    """It is made for a GPU and takes the option `device`. Such STT and TTS engines run in their own process."""
    own_process: bool = False
    """It needs no GPU, and computes so much from Python that it runs in its own process."""
    note: str = ""
    """How it runs on this machine, for the log, such as "it computes on the CPU and is slow"."""
    languages: tuple[str, ...] | None = None
    """ISO codes of the languages that it hears or speaks; None: unknown."""
    at_once_max: int | None = None
    """The most streams at the same time; one more waits or is refused. None: the engine limits them itself."""
    pings: bool = False
    """It implements `voi.engines.base.Pings`."""
    counts_troubles: bool = False
    """It implements `voi.engines.base.CountsTroubles`."""
    fetches: bool = False
    """Its class implements `voi.engines.base.Fetches`."""
    reconfigures: bool = False
    """It implements `voi.engines.base.Reconfigures`."""
    licences: Licences | None = None
    """None: those of the service (`cloud`), or known to those who brought the engine."""


@dataclass(frozen=True, slots=True)
class VadInfo(EngineInfo):
    """A VAD. `window_samples`: length of one window at 16 kHz."""

    window_samples: int = 512


@dataclass(frozen=True, slots=True)
class TurnInfo(EngineInfo):
    """A turn detector. `encodes`: it has `Encodes.encode`, so that the voice judge can share its encoder."""

    encodes: bool = False


@dataclass(frozen=True, slots=True)
class VoiceJudgeInfo(EngineInfo):
    """A voice judge. `takes_encoder`: it implements `voi.engines.base.TakesEncoder`. `vad`: the VAD whose probabilities
    it takes, so that it need not compute them again; "": none."""

    takes_encoder: bool = False
    vad: str = ""


@dataclass(frozen=True, slots=True)
class SttInfo(EngineInfo):
    """Speech to text. `partials`: text comes while the person speaks. `word_times`: whether final transcripts have the
    times of words. `translates`: it can write in English what is said in other languages. `judges_turns`: it tells
    whether the turn is over (`Transcript.turn_end`), in place of a turn detector."""

    partials: bool = True
    word_times: WordTimes = "none"
    translates: bool = False
    judges_turns: bool = False


@dataclass(frozen=True, slots=True)
class LlmInfo(EngineInfo):
    """A language model, or a client or router that reaches several."""


@dataclass(frozen=True, slots=True)
class TtsInfo(EngineInfo):
    """Text to speech. `contexts` True: a `ContextTts`, which takes a reply's text as it grows; False: a
    `SentenceTts`."""

    sample_rate_hz: int = 24_000
    voices: tuple[str, ...] = ()
    """Valid values of `VoiceSpec.voice`, the default first."""
    tones: tuple[str, ...] = ("neutral",)
    """Valid values of `VoiceSpec.tone`, in lower case; "neutral" is always among them."""
    tone_voices: Mapping[str, str] = field(default_factory=dict)
    """Tones that are voices of the model, tone to voice. A client that names a voice gets that voice, not these."""
    contexts: bool = False
    word_times: WordTimes = "none"
    """exact: it yields `SpokenWord`; none: word times are estimated in proportion to the text."""
    text_max_characters: int | None = None
    """Longer texts are cut between words before the engine gets them; None: any length."""
    clones: bool = False
    """Its class implements `voi.engines.base.Clones`: voices can be added to its models."""
    files: Mapping[str, bool] = field(default_factory=dict)
    """Fields of a model in tts_models.json that name files which must exist. True: the field is needed; False: it may
    be left out. A model that lacks one is left out, or is a mistake where an agent uses it."""
    folder: ModelFolder | None = None
    """Where the files of a model lie that it does not name."""
    maps_tones: bool = False
    """Its tones are those of the model's `voice_tone_map` and the four default ones, so that `voi check` can tell a
    tone that does not exist. False: only the running engine knows them."""


def info_of(factory: Callable[..., Any], name: str) -> EngineInfo:
    """The `info` of a factory's engines before any is made; for a plain function only `name` is known."""
    info = getattr(factory, "info", None)
    return info if isinstance(info, EngineInfo) else EngineInfo(name)
