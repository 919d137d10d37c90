"""Engines without models: the VAD hears amplitude, the STT hears a word every so many ms, the rest is scripted."""

import array
import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from voi.dialogue import ToolCall
from voi.engines.base import Finished, LlmEvent, LlmRequest, SttOptions, TextDelta, TextSpoken, Transcript, VoiceSpec
from voi.engines.info import LlmInfo, SttInfo, TtsInfo, TurnInfo, VadInfo, VoiceJudgeInfo
from voi.engines.tts.adapter import TtsAdapter

LOUD = 1_000


def tone(ms: int, rate_hz: int = 16_000, amplitude: int = 8_000) -> bytes:
    """A square wave that counts as voice; amplitude 0 is silence."""
    return array.array("h", (amplitude if i // 40 % 2 else -amplitude for i in range(ms * rate_hz // 1_000))).tobytes()


def silence(ms: int, rate_hz: int = 16_000) -> bytes:
    return bytes(ms * rate_hz // 1_000 * 2)


class _Engine:
    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""


class FakeVadStream:
    def __init__(self, vad: "FakeVad") -> None:
        self._vad = vad
        self.resets = 0

    def probability(self, window: bytes) -> float:
        assert len(window) == 1_024
        samples = array.array("h", window)
        return float(max(samples) >= LOUD)

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self._vad.open_streams -= 1


class FakeVad(_Engine):
    info = VadInfo("fake", window_samples=512)

    def __init__(self) -> None:
        self.open_streams = 0
        self.streams: list[FakeVadStream] = []

    def open(self) -> FakeVadStream:
        self.open_streams += 1
        self.streams.append(FakeVadStream(self))
        return self.streams[-1]


class FakeSttStream:
    def __init__(self, stt: "FakeStt", words: Sequence[str], on_partial: Callable[[Transcript], None] | None) -> None:
        self._stt, self._words, self._on_partial = stt, words, on_partial
        self.pcm = bytearray()
        self._speech_ms = 0.0
        self._told = ""

    def _text(self) -> str:
        return " ".join(self._words[: round(self._speech_ms / self._stt.word_ms)])

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        assert len(pcm) % 2 == 0
        self.pcm += pcm
        samples = array.array("h", pcm)
        self._speech_ms += sum(abs(sample) >= LOUD for sample in samples) / 16
        text = self._text()
        if self._on_partial and self._stt.partials and text != self._told:
            self._told = text
            self._on_partial(Transcript("", text))

    async def flush(self) -> Transcript:
        text = self._text()
        if self._stt.fault:
            raise self._stt.fault
        await asyncio.sleep(self._stt.flush_s)
        return Transcript(text, turn_end=self._stt.turn_end)

    def close(self) -> None:
        self._stt.open_streams -= 1


class FakeStt(_Engine):
    """Each utterance says the next of `texts` (the last over and over), one word for every `word_ms` of voice."""

    info = SttInfo("fake")

    def __init__(
        self,
        *texts: str,
        word_ms: int = 200,
        flush_s: float = 0.05,
        partials: bool = True,
        fault: Exception | None = None,
    ) -> None:
        self.texts, self.word_ms, self.flush_s, self.partials, self.fault = texts, word_ms, flush_s, partials, fault
        self.turn_end: float | None = None
        self.open_streams = 0
        self.streams: list[FakeSttStream] = []
        self.opened: list[SttOptions] = []

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> FakeSttStream:
        self.opened.append(options)
        text = self.texts[min(len(self.streams), len(self.texts) - 1)] if self.texts else ""
        self.open_streams += 1
        self.streams.append(FakeSttStream(self, text.split(), on_partial))
        return self.streams[-1]


class FakeTurnDetector(_Engine):
    info = TurnInfo("fake")

    def __init__(self, *probabilities: float, delay_s: float = 0.03) -> None:
        self.probabilities, self.delay_s = list(probabilities), delay_s
        self.heard: list[bytes] = []

    async def probability(self, pcm: bytes) -> float:
        self.heard.append(pcm)
        await asyncio.sleep(self.delay_s)
        return self.probabilities.pop(0) if len(self.probabilities) > 1 else self.probabilities[0]


class FakeVoiceJudge(_Engine):
    """Answers with the next of (voice, floor), the last over and over."""

    info = VoiceJudgeInfo("fake")

    def __init__(self, *judgements: tuple[float, float], delay_s: float = 0.03) -> None:
        self.judgements, self.delay_s = list(judgements), delay_s
        self.asked: list[tuple[int, int]] = []
        """ms of sound, and of voice in it."""
        self.known: list[Sequence[float]] = []
        """The VAD's probabilities that it was given each time."""

    async def judge(self, pcm: bytes, voice_ms: int, probabilities: Sequence[float] = ()) -> tuple[float, float]:
        self.known.append(probabilities)
        self.asked.append((len(pcm) // 32, voice_ms))
        await asyncio.sleep(self.delay_s)
        return self.judgements.pop(0) if len(self.judgements) > 1 else self.judgements[0]


class FakeLlm(_Engine):
    """Answers with the next of `replies` (the last over and over): a text, events, an error to raise, or None to
    hang."""

    info = LlmInfo("fake")

    def __init__(
        self, *replies: str | Sequence[LlmEvent] | Exception | None, first_s: float = 0.05, token_s: float = 0.02
    ) -> None:
        self.replies, self.first_s, self.token_s = replies, first_s, token_s
        self.requests: list[LlmRequest] = []
        self.open_streams = 0

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        self.open_streams += 1
        try:
            await asyncio.sleep(self.first_s)
            if reply is None:
                await asyncio.sleep(1e6)
            if isinstance(reply, Exception):
                raise reply
            for index, event in enumerate(events_of(reply) if isinstance(reply, str) else reply or ()):
                if index and not isinstance(event, Finished):
                    await asyncio.sleep(self.token_s)
                yield event
        finally:
            self.open_streams -= 1


def events_of(text: str) -> list[LlmEvent]:
    """A whole answer, a word at a time."""
    words: list[LlmEvent] = [TextDelta(f" {w}" if i else w) for i, w in enumerate(text.split(" ")) if w or i]
    return [*words, Finished("stop" if text.strip() else "nothing")]


async def texts(stream: AsyncIterator[LlmEvent]) -> list[str]:
    """Its text deltas."""
    return [event.text async for event in stream if isinstance(event, TextDelta)]


def calls_of(*calls: ToolCall, text: str = "") -> list[LlmEvent]:
    """An answer that calls tools, behind some words."""
    return [*events_of(text)[:-1], *calls, Finished("tool_calls")]


class FakeTts(_Engine):
    """Speaks `ms_per_character` of sound, in chunks of `chunk_ms`, `speed` times as fast as real time."""

    info = TtsInfo("fake", voices=("anna", "bert"), tones=("neutral", "warm", "excited", "sad"))

    def __init__(
        self,
        *,
        first_s: float = 0.05,
        ms_per_character: int = 50,
        chunk_ms: int = 80,
        speed: float = 4.0,
        fault: Exception | None = None,
    ) -> None:
        self.first_s, self.ms_per_character, self.chunk_ms, self.speed = first_s, ms_per_character, chunk_ms, speed
        self.fault = fault
        self.spoken: list[tuple[str, VoiceSpec]] = []
        self.made_ms = 0
        self.open_streams = 0

    def speak(self, texts: AsyncIterator[str], voice: VoiceSpec) -> AsyncGenerator[bytes | TextSpoken, None]:
        return TtsAdapter(self).speak(texts, voice)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        self.spoken.append((text, voice))
        self.open_streams += 1
        try:
            await asyncio.sleep(self.first_s)
            if self.fault:
                raise self.fault
            left_ms = len(text) * self.ms_per_character
            while left_ms > 0:
                ms = min(self.chunk_ms, left_ms)
                self.made_ms += ms
                yield b"\x10\x20" * (ms * self.info.sample_rate_hz // 1_000)
                left_ms -= ms
                await asyncio.sleep(ms / 1_000 / self.speed)
        finally:
            self.open_streams -= 1
