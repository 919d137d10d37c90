"""The Protocols that every engine (model) provider fulfils: one or two methods each, and `info` (`voi.engines.info`).

All sound is `bytes`: PCM, signed 16-bit little-endian, mono. STT, VAD and turn detection take 16 kHz.
Engines are made once at start, warmed up, and shared by all conversations; what belongs to one
conversation is an object that they open. Everything here is called on the event loop and must not
block it: a provider that computes hands the work to threads of its own (only the VAD computes inline).
Failures are `EngineError`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from voi.dialogue import Message, SpokenWord, ToolCall, Voice
from voi.engines.info import EngineInfo, SttInfo, TtsInfo, TurnInfo, VadInfo

STT_RATE_HZ = 16_000


class Engine(Protocol):
    """What every provider has besides its own methods."""

    @property
    def info(self) -> EngineInfo:
        """What it says of itself. Never waits."""
        ...

    async def warm_up(self) -> None:
        """Load weights and run once, so that the first caller waits for nothing. Raises EngineError."""

    async def close(self) -> None:
        """Release threads, sockets and memory. Safe to call twice."""


class Pings(Protocol):
    """A hook of engines whose `info.pings` is true."""

    async def ping(self) -> None:
        """Returns when the thread that computes is done with what it is at."""


class Reconfigures(Protocol):
    """A hook of engines whose `info.reconfigures` is true."""

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        """Take these options in the place of those it was made with, and look into the files that they name again,
        without a pause for those who use it; `info` may be another value then. `needed`: voices that are in use.
        False: only a restart can. Raises ConfigError for options or files that are wrong, or lack a voice that is
        needed (nothing has changed then), EngineError."""
        ...


class Fetches(Protocol):
    """A hook of engine classes whose `info.fetches` is true."""

    async def fetch(self, on_progress: Callable[[str], None], **options: Any) -> None:
        """Get what an engine with these options lacks, before a server's first start. Raises EngineError."""


# ---- voice activity ---------------------------------------------------------------------------


class VadStream(Protocol):
    """The VAD's memory of one caller."""

    def probability(self, window: bytes) -> float:
        """Probability 0..1 of speech in one window of `VadInfo.window_samples` samples at 16 kHz. Computes inline."""
        ...

    def reset(self) -> None:
        """Forget what was heard (after a turn)."""

    def close(self) -> None:
        """Give the stream's place back."""


class Vad(Engine, Protocol):
    """Voice activity detection."""

    @property
    def info(self) -> VadInfo: ...

    def open(self) -> VadStream: ...


# ---- end of turn ------------------------------------------------------------------------------


class TurnDetector(Engine, Protocol):
    """Has the person finished, judged by how it sounds?"""

    @property
    def info(self) -> TurnInfo: ...

    async def probability(self, pcm: bytes) -> float:
        """Probability 0..1 that the turn is complete, from up to the last 8 s of the turn's 16 kHz sound."""
        ...


# ---- whose sound it is ------------------------------------------------------------------------


class VoiceJudge(Engine, Protocol):
    """A cough, a key, a noise, or a person who speaks? And to say something, or to show that they listen?"""

    async def judge(self, pcm: bytes, voice_ms: int) -> tuple[float, float]:
        """Probabilities 0..1 (of a person's voice, of wanting the floor) from 16 kHz sound whose newest voice is
        `voice_ms` long; sound before it and quiet after it may be there. Raises EngineError."""
        ...


# ---- speech to text ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SttOptions:
    """Per agent. `language`: ISO code or None to detect, and then `usual` is what was detected last in this
    conversation: it stays unless another language is clearly likelier."""

    language: str | None = None
    prompt: str = ""
    hot_words: tuple[str, ...] = ()
    usual: str | None = None


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its punctuation, without spaces around it. Times from the start of all the sound that was fed to its
    stream, pauses included. `probability`: 0..1, the engine's own, that this is what was said."""

    text: str
    start_ms: int
    end_ms: int
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """Text of the whole utterance so far. `confirmed` will not change; `tentative`, which may, goes on right behind it
    and begins with a space where one belongs: not before a comma, nor in languages that write none. `language`: ISO
    code of what was detected; None where the engine does not tell. `words`: all of the text, of `SttStream.flush`
    alone; empty where the engine does not tell times."""

    confirmed: str
    tentative: str = ""
    language: str | None = None
    words: tuple[TimedWord, ...] = ()

    @property
    def text(self) -> str:
        return (self.confirmed + self.tentative).strip()


class SttStream(Protocol):
    """One utterance (a user turn, perhaps with pauses inside)."""

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        """Take 16 kHz sound, any length. `speech` False: the VAD heard a pause here. Never blocks."""

    async def flush(self) -> Transcript:
        """Final text of all that was fed so far ("" when no speech was in it). Feeding may go on afterwards."""
        ...

    def close(self) -> None:
        """Drop the utterance; pending work is cancelled."""


class Stt(Engine, Protocol):
    """Speech to text."""

    @property
    def info(self) -> SttInfo: ...

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> SttStream:
        """Begin an utterance. `on_partial` is called on the event loop as the text grows or changes."""
        ...


# ---- language model ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """One completion. `temperature` None: the model's default. `first_token_ms`: how long its first word may take, if
    that is less than the provider's own limit. `options`: what a plug-in LLM takes besides, by its own names; the
    OpenAI and LiteLLM clients take none."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    json_mode: bool = False
    max_tokens: int | None = None
    first_token_ms: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


FinishReason = Literal["stop", "length", "content_filter", "tool_calls", "nothing"]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer's text; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The model thinks. Never spoken, but a sign of life."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the request cost, as the provider counts."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is over, and nothing comes behind this. "stop": whole. "tool_calls": whole, and tools are to run.
    "length" and "content_filter": cut, perhaps before its first word. "nothing": over, and there was no word in it and
    no tool call."""

    reason: FinishReason = "stop"


LlmEvent = TextDelta | Reasoning | ToolCall | Usage | Finished


class Llm(Engine, Protocol):
    """A chat model, streamed."""

    def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        """The answer as it comes; tool calls whole, `Finished` last. Closing the iterator (`aclose`) or cancelling the
        task closes the upstream request at once. Raises EngineError (`retryable` when the same request may work a
        moment later), also where the answer breaks off without a finish."""
        ...


# ---- text to speech ---------------------------------------------------------------------------


AS_IT_IS = ""
"""As a tone: the voice itself, whatever the model's tone map has for `neutral`."""


@dataclass(frozen=True, slots=True)
class VoiceSpec:
    """Whose voice. `voice` None: the model's first. `tone` is a name like warm; unknown tones sound neutral."""

    voice: str | None = None
    tone: str = "neutral"
    speed: float = 1.0
    language: str | None = None
    role: Voice = "character"


Speech = bytes | SpokenWord
"""What a voice yields: PCM at `TtsInfo.sample_rate_hz`, and between it, where the engine knows them, the words in the
order of the text, with times from the start of the sound of that text or context."""


class SentenceTts(Engine, Protocol):
    """Text to speech that takes a sentence at a time: one model of tts_models.json."""

    @property
    def info(self) -> TtsInfo: ...

    def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[Speech]:
        """Speak one short piece of already speakable text, the first sound as early as the model can. Closing the
        iterator stops the synthesis within one chunk. Raises EngineError."""
        ...


class TtsContext(Protocol):
    """One voice saying one reply, whose text grows. Iterating gives the speech, to the end of all text."""

    async def say(self, text: str) -> None:
        """Take more of the text: a clause or sentence, speakable, with no space at its ends. May wait. Raises
        EngineError."""

    async def finish(self) -> None:
        """There is no more text; the sound that is owed still comes. Raises EngineError."""

    def __aiter__(self) -> AsyncIterator[Speech]: ...

    async def aclose(self) -> None:
        """Drop the context, whatever it still owes. Safe to call twice."""


class ContextTts(Engine, Protocol):
    """Text to speech that takes a reply's text as it grows (`TtsInfo.contexts`)."""

    @property
    def info(self) -> TtsInfo: ...

    def open(self, voice: VoiceSpec) -> TtsContext:
        """A new context; connecting may wait for the first `say`. Raises EngineError."""
        ...


@dataclass(frozen=True, slots=True)
class TextSpoken:
    """All sound of one text was given: `text` counts from 0, times are from the start of the sound of `Tts.speak`.
    `words`: all of that text, exact or estimated, with times from `start_ms` on; empty for a text without sound."""

    text: int
    start_ms: int
    end_ms: int
    words: tuple[SpokenWord, ...] = ()


class Tts(Engine, Protocol):
    """Text to speech as callers see it, whichever of the two a provider is (`voi.engines.tts.adapter`)."""

    @property
    def info(self) -> TtsInfo: ...

    def speak(self, texts: AsyncIterator[str], voice: VoiceSpec) -> AsyncGenerator[bytes | TextSpoken, None]:
        """Speak the texts of one reply in order, each asked for when the engine can take it. PCM, and a TextSpoken for
        every text. Closing stops everything. Raises EngineError, ConfigError."""
        ...
