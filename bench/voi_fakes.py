"""Fake STT and TTS as Voi's engines. Voi finds them as it finds anybody's: by the entry points."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

from voi.engines.base import SttOptions, SttStream, Transcript, VoiceSpec
from voi.engines.info import SttInfo, TtsInfo

from common import config as C
from common.fakes import fake_tts, tag_of, transcript
from common.trace import event


class FakeEngine:
    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...


class FakeStt(FakeEngine):
    info = SttInfo("bench")

    def __init__(self) -> None:
        self._calls = itertools.count(1)

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> SttStream:
        return FakeSttStream(transcript(next(self._calls), 1))


class FakeSttStream:
    def __init__(self, text: str) -> None:
        self._text = text

    def feed(self, pcm: bytes, *, speech: bool = True) -> None: ...

    async def flush(self) -> Transcript:
        event("vad_stop", tag_of(self._text))
        await asyncio.sleep(C.STT_DELAY_MS / 1000)
        event("stt_final", tag_of(self._text))
        return Transcript(self._text)

    def close(self) -> None: ...


class FakeTts(FakeEngine):
    info = TtsInfo("bench", sample_rate_hz=C.OUT_RATE_HZ, voices=("fake",), tones=("neutral", "warm", "excited", "sad"))

    def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        return fake_tts(text)
