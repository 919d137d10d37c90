"""The Protocols that engine (model) providers implement: one or two methods each, and `info` (`voi.engines.info`).

All sound is `bytes`: PCM, signed 16-bit little-endian, mono. STT, VAD and turn detection take 16 kHz.
Engines are made and warmed up once, when the server starts, and all conversations share them. State of one
conversation lives in a stream or context that the engine opens. Everything here is called on the event loop and must
not block it: a provider that computes does so on its own threads (only the VAD computes inline).
Failures are `EngineError`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from voi.audio.sample import Sample
from voi.dialogue import Message, SpokenWord, ToolCall, ToolSpec, Voice
from voi.engines.info import EngineInfo, SttInfo, TtsInfo, TurnInfo, VadInfo, VoiceJudgeInfo

STT_RATE_HZ = 16_000


class Engine(Protocol):
    """What every provider has in addition to the methods of its kind."""

    @property
    def info(self) -> EngineInfo:
        """The engine's description of itself. Never waits."""
        ...

    async def warm_up(self) -> None:
        """Load weights and run once, so that the first caller does not wait for that. Raises EngineError."""

    async def close(self) -> None:
        """Release threads, sockets and memory. Safe to call twice."""


class Pings(Protocol):
    """Optional: the method of engines whose `info.pings` is true."""

    async def ping(self) -> None:
        """Return when the computing thread has finished its current step."""


class Reconfigures(Protocol):
    """Optional: the method of engines whose `info.reconfigures` is true."""

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        """Replace the engine's options and read the files that they name again, without a pause for running streams.
        `info` may change. `needed`: names of voices that are in use. Returns False when only a restart can apply the
        options. Raises ConfigError when options or files are wrong or lack a needed voice (nothing has changed then),
        EngineError."""
        ...


class CountsTroubles(Protocol):
    """Optional: the attribute of engines whose `info.counts_troubles` is true."""

    @property
    def troubles(self) -> Mapping[str, int]:
        """What went wrong since the start without failing a call, by kind, such as "lost_connection"."""
        ...


class Fetches(Protocol):
    """Optional: the method of engine classes whose `info.fetches` is true."""

    async def fetch(self, on_progress: Callable[[str], None], **options: Any) -> None:
        """Download the files that an engine with these options needs and does not have. `on_progress` gets a line of
        text from time to time. Raises EngineError."""


class VoiceCloner(Protocol):
    """The voices of one model, which are made from recordings. All methods block: call them on a thread, one at a time.
    All raise ConfigError when what the model's options name cannot be used, EngineError when a package is missing or
    the engine fails."""

    @property
    def place(self) -> str:
        """Where the voices are kept, such as a file's path. Models with the same place share their voices."""
        ...

    def names(self) -> tuple[str, ...]:
        """Names of the voices that there are now."""
        ...

    def add(self, voices: Mapping[str, Sequence[Sample]], *, force: bool = False) -> None:
        """Make a voice of each name from recordings of it, and keep all of them or none. `force`: replace voices of
        these names. Raises NameTaken, ClientError for recordings that cannot be used."""

    def remove(self, *names: str) -> None:
        """Delete these voices, all or none. Raises ClientError for one that does not exist, or has to stay."""


class Clones(Protocol):
    """Optional: the method of TTS engine classes whose `info.clones` is true."""

    def cloner(self, **options: Any) -> VoiceCloner:
        """The voices of a model with these options (those of the engine). Reads nothing yet. Raises ConfigError."""
        ...


class Encodes(Protocol):
    """Optional: the method of turn detectors whose `info.encodes` is true."""

    async def encode(self, pcm: bytes) -> Any:
        """The encoder's output, float32 [384], for the last second of 16 kHz sound. Raises EngineError."""


class TakesEncoder(Protocol):
    """Optional: the attribute of voice judges whose `info.takes_encoder` is true."""

    encoder: Callable[[bytes], Awaitable[Any]] | None
    """`Encodes.encode` of a turn detector; None: there is none."""


# ---- voice activity ---------------------------------------------------------------------------


class VadStream(Protocol):
    """The VAD's state for one caller."""

    def probability(self, window: bytes) -> float:
        """Probability 0..1 of speech in one window of `VadInfo.window_samples` samples at 16 kHz. Computes inline."""
        ...

    def reset(self) -> None:
        """Clear the state (after a turn)."""

    def close(self) -> None:
        """Release the stream."""


class Vad(Engine, Protocol):
    """Voice activity detection."""

    @property
    def info(self) -> VadInfo: ...

    def open(self) -> VadStream: ...


# ---- end of turn ------------------------------------------------------------------------------


class TurnDetector(Engine, Protocol):
    """Judges from the sound whether the person has finished their turn."""

    @property
    def info(self) -> TurnInfo: ...

    async def probability(self, pcm: bytes) -> float:
        """Probability 0..1 that the turn is complete, from at most the last 8 s of the turn's 16 kHz sound."""
        ...


# ---- whose sound it is ------------------------------------------------------------------------


class VoiceJudge(Engine, Protocol):
    """Tells a voice from coughs, keys and noise, and an interruption from a listener's "yeah"."""

    @property
    def info(self) -> VoiceJudgeInfo: ...

    async def judge(self, pcm: bytes, voice_ms: int, probabilities: Sequence[float] = ()) -> tuple[float, float]:
        """Two probabilities 0..1: that a person's voice is heard, and that the person wants the floor. `pcm`: 16 kHz
        sound. `voice_ms`: length of the newest voice in it; earlier sound and later quiet may be around it.
        `probabilities`: what the VAD `info.vad` said of each of its windows in `pcm`; only a judge that names one is
        given them. Raises EngineError."""
        ...


# ---- speech to text ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SttOptions:
    """Options of one utterance, from the agent. `language`: ISO code; None: detect it. `usual`: the language detected
    last in this conversation; detection keeps it unless another one is clearly more likely. `translate`: write it in
    English, where `SttInfo.translates`; `language` is then what is spoken."""

    language: str | None = None
    prompt: str = ""
    hot_words: tuple[str, ...] = ()
    usual: str | None = None
    translate: bool = False


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its punctuation, without spaces around it. Times count from the start of the sound that was fed to
    its stream, pauses included. `probability`: 0..1, the engine's confidence in the word."""

    text: str
    start_ms: int
    end_ms: int
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """Text of the whole utterance so far. `confirmed` will not change. `tentative` may change; it follows `confirmed`
    directly and begins with a space where one belongs (not before a comma, nor in languages without spaces).
    `language`: ISO code of the detected language; None where the engine does not tell. `words`: the whole text, only
    from `SttStream.flush`; empty where the engine has no word times. `turn_end`: probability 0..1 that the person has
    finished their turn, only from `SttStream.flush`; None where the ear does not judge that (`SttInfo.judges_turns`),
    or has not yet."""

    confirmed: str
    tentative: str = ""
    language: str | None = None
    words: tuple[TimedWord, ...] = ()
    turn_end: float | None = None

    @property
    def text(self) -> str:
        return (self.confirmed + self.tentative).strip()


class SttStream(Protocol):
    """One utterance (a user turn, perhaps with pauses inside)."""

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        """Take 16 kHz sound of any length. `speech` False: the VAD found a pause here. Never blocks."""

    async def flush(self) -> Transcript:
        """Final text of all sound fed so far ("" when there was no speech in it). Feeding may go on afterwards. Raises
        EngineError."""
        ...

    def close(self) -> None:
        """Drop the utterance; pending work is cancelled."""


class Stt(Engine, Protocol):
    """Speech to text."""

    @property
    def info(self) -> SttInfo: ...

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> SttStream:
        """Begin an utterance. `on_partial` is called on the event loop when the text grows or changes. Raises
        EngineError."""
        ...


# ---- language model ---------------------------------------------------------------------------


ANY_CALL = "*"
"""For `LlmRequest.must_call`."""


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """One completion. `temperature` None: the model's default. `first_token_ms`: how long the first token may take, if
    less than the provider's own limit."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    json_mode: bool = False
    max_tokens: int | None = None
    first_token_ms: int | None = None
    tools: tuple[ToolSpec, ...] = ()
    """Those that the model may call."""
    may_call: bool = True
    """False: it is shown the tools, since earlier messages hold their calls, and has to answer in words."""
    must_call: str = ""
    """The tool that it has to call; `ANY_CALL`: one of them."""


FinishReason = Literal["stop", "length", "content_filter", "tool_calls", "nothing"]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer's text; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Text of the model's reasoning. Never spoken, but it shows that the model is at work."""

    text: str


@dataclass(frozen=True, slots=True)
class CallPart:
    """A piece of a tool call, as the model writes it. It shows that the model is at work: the whole `ToolCall` comes at
    the end."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the request and of the answer, as the provider counts them. May come several times, the last counts."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The answer broke off before its first text, and the provider is asked again: it counts the request twice."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of an answer. "stop": complete. "tool_calls": complete, and tools are to run. "length" and
    "content_filter": cut off, perhaps before the first word. "nothing": complete, without a word or a tool call."""

    reason: FinishReason = "stop"


LlmEvent = TextDelta | Reasoning | CallPart | ToolCall | Usage | AskedAgain | Finished


class Llm(Engine, Protocol):
    """A chat model, streamed."""

    def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        """The answer as it comes: each tool call in one piece, `Finished` last. Closing the iterator (`aclose`) or
        cancelling the task closes the upstream request at once. Raises EngineError (`retryable` when the same request
        may work a moment later), also when the answer breaks off without a finish."""
        ...


# ---- text to speech ---------------------------------------------------------------------------


AS_IT_IS = ""
"""As a tone: the voice itself, even if the model's tone map names another voice for `neutral`."""


@dataclass(frozen=True, slots=True)
class VoiceSpec:
    """The voice to speak with. `voice`: a name of `TtsInfo.voices`; None: the first. `tone`: a name such as "warm";
    unknown tones sound neutral. `speed`: 1.0 is the voice's own. `language`: ISO code; None: the model's own."""

    voice: str | None = None
    tone: str = "neutral"
    speed: float = 1.0
    language: str | None = None
    role: Voice = "character"


Speech = bytes | SpokenWord
"""What a voice yields: PCM at `TtsInfo.sample_rate_hz` and, where the engine knows their times, the words in the order
of the text. Times count from the start of the sound of that text or context."""


class SentenceTts(Engine, Protocol):
    """Text to speech, one sentence at a time. Each model of tts_models.json is one engine."""

    @property
    def info(self) -> TtsInfo: ...

    def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[Speech]:
        """Speak one short text that is already normalized for speech, with the first sound as early as the model can.
        Closing the iterator stops the synthesis within one chunk. Raises EngineError."""
        ...


class TtsContext(Protocol):
    """One voice speaking one reply whose text grows. Iterating yields the speech until the end of all text."""

    async def say(self, text: str) -> None:
        """Take more text: a clause or sentence, normalized for speech, without spaces at its ends. May wait
        (backpressure). Raises EngineError."""

    async def finish(self) -> None:
        """There is no more text; the remaining sound still comes. Raises EngineError."""

    def __aiter__(self) -> AsyncIterator[Speech]: ...

    async def aclose(self) -> None:
        """Drop the context and the sound that has not come yet. Safe to call twice."""


class ContextTts(Engine, Protocol):
    """Text to speech that takes a reply's text as it grows (`TtsInfo.contexts`)."""

    @property
    def info(self) -> TtsInfo: ...

    def open(self, voice: VoiceSpec) -> TtsContext:
        """A new context. The engine may connect only at the first `say`. Raises EngineError."""
        ...


@dataclass(frozen=True, slots=True)
class TextSpoken:
    """All sound of one text was yielded. `text`: its index, from 0. Times count from the start of the sound of
    `Tts.speak`. `words`: the words of that text, with exact or estimated times from `start_ms` on; empty for a text
    without sound. `made_before`: the engine had no part in it."""

    text: int
    start_ms: int
    end_ms: int
    words: tuple[SpokenWord, ...] = ()
    made_before: bool = False


class Tts(Engine, Protocol):
    """Text to speech as the session uses it, over both kinds of provider (`voi.engines.tts.adapter`)."""

    @property
    def info(self) -> TtsInfo: ...

    def speak(self, texts: AsyncIterator[str], voice: VoiceSpec) -> AsyncGenerator[bytes | TextSpoken, None]:
        """Speak the texts of one reply in order; each is pulled from `texts` when the engine can take it. Yields PCM,
        and one TextSpoken for every text. Closing the generator stops everything. Raises EngineError, ConfigError."""
        ...
