"""The Backend Protocol: a batch of windows of sound in, a batch of hypotheses out.

A pass decodes one window of one caller. Confirmed words are its `prefix`: the model is made to begin with them, which
costs one step for all of them, so only the open words are decoded one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voi.engines.stt.hallucination import LOOP_RATIO
from voi.engines.stt.whisper.words import RawWord

RATE_HZ = 16_000
BYTES_PER_MS = RATE_HZ // 1000 * 2

# The thresholds of openai/whisper's transcribe().
LOW_LOGPROB = -1.0
NO_SPEECH = 0.6


@dataclass(slots=True, eq=False)
class Pass:
    """`pcm`: up to 30 s, 16 kHz. `language` None: detect it; `usual` stays unless another is clearly likelier.
    `translate`: into English. `prompt`: the agent's. `context`: words right before the window. `goes_on`: there was
    speech well after the prefix, so the text cannot end with it. `temperatures`: the next one is tried after a doubtful
    decode. `cancelled` may be set at any time: the result is no longer needed."""

    pcm: bytes
    language: str | None = None
    usual: str | None = None
    translate: bool = False
    prompt: str = ""
    context: tuple[RawWord, ...] = ()
    prefix: tuple[RawWord, ...] = ()
    goes_on: bool = False
    temperatures: tuple[float, ...] = (0.0,)
    cancelled: bool = False

    @property
    def seconds(self) -> float:
        return len(self.pcm) / (2 * RATE_HZ)

    @property
    def task(self) -> str:
        """As Whisper's tokenizers call it."""
        return "translate" if self.translate else "transcribe"

    @property
    def text_at_once(self) -> bool:
        """The first new token must be text: openai/whisper's `suppress_blank` wants that after any prefix, but here the
        prefix may be all that was said."""
        return self.goes_on or not self.prefix


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """`words` after the prefix, times from the start of the window. `avg_logprob` over the decoded tokens."""

    words: tuple[RawWord, ...]
    language: str = "en"
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    compression_ratio: float = 0.0
    temperature: float = 0.0

    @property
    def silent(self) -> bool:
        return self.no_speech_prob > NO_SPEECH and self.avg_logprob < LOW_LOGPROB

    @property
    def doubtful(self) -> bool:
        """True if another decode at a higher temperature is worthwhile."""
        return not self.silent and (self.compression_ratio > LOOP_RATIO or self.avg_logprob < LOW_LOGPROB)


@dataclass(frozen=True, slots=True)
class HearAgain:
    """Some of a batch is in doubt. `hear`: decode that once more, on the device's thread."""

    hear: Callable[[], "HeardBatch"]


@dataclass(frozen=True, slots=True)
class HeardBatch:
    """A batch that the device is done with, for now. `finished`: one hypothesis a pass, or what the device has to do
    before; it takes no device, so it may be called on another thread while the next batch is heard. `repeated`: some of
    it was decoded more than once already, so that it took longer."""

    finished: Callable[[], "list[Hypothesis] | HearAgain"]
    repeated: bool = False


def decoded_again(passes: Sequence[Pass], said: Sequence[Hypothesis]) -> bool:
    """True if one of them was decoded more than once for what is said; the first attempt may be the best."""
    return any(
        len(each.temperatures) > 1 and (hypothesis.temperature > 0 or hypothesis.doubtful)
        for each, hypothesis in zip(passes, said, strict=True)
    )


def better(one: Hypothesis | None, other: Hypothesis) -> Hypothesis:
    """The better of two attempts at the same window. A loop has a high probability, so its probability says nothing."""
    if one is None:
        return other
    return max(one, other, key=lambda each: (not each.doubtful, each.compression_ratio <= LOOP_RATIO, each.avg_logprob))


class Backend(Protocol):
    """A model on a device. Everything blocks, and is called from one thread only."""

    languages: tuple[str, ...]
    """ISO codes, known after `load`."""

    def load(self) -> None:
        """Load the weights and run once, on a GPU at every batch size that it prepares for. Raises EngineError; never
        fetches anything."""

    def hear(self, passes: Sequence[Pass]) -> "HeardBatch":
        """Transcribe at most `max_batch` passes: each gets the same as it would get alone. Raises whatever the device
        raises."""
        ...

    def unload(self) -> None:
        """Give the memory back. Safe to call twice."""
