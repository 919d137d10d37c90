"""Turns both kinds of TTS provider into a `Tts`: texts in as they come, sound and word times out."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from voi.dialogue import SpokenWord
from voi.engines.base import ContextTts, SentenceTts, Speech, TextSpoken, TtsContext, VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.tts.word_times import Sounding, estimated, letters, shared_out
from voi.errors import EngineError

FED_AHEAD_MAX = 64
"""Backpressure: the most texts that a context may have taken and not spoken yet; the next one waits."""


class TtsAdapter:
    """A `Tts` over a provider of either kind."""

    def __init__(self, inner: SentenceTts | ContextTts) -> None:
        self.inner = inner

    @property
    def info(self) -> TtsInfo:
        return self.inner.info

    async def warm_up(self) -> None:
        await self.inner.warm_up()

    async def close(self) -> None:
        await self.inner.close()

    def speak(self, texts: AsyncIterator[str], voice: VoiceSpec) -> AsyncGenerator[bytes | TextSpoken, None]:
        if self.info.contexts:
            return _in_one_context(cast(ContextTts, self.inner), texts, voice)
        return _by_sentence(cast(SentenceTts, self.inner), texts, voice)


async def _by_sentence(
    tts: SentenceTts, texts: AsyncIterator[str], voice: VoiceSpec
) -> AsyncGenerator[bytes | TextSpoken, None]:
    index, start_ms = 0, 0
    async for text in texts:
        sounding = Sounding(tts.info.sample_rate_hz)
        words: list[SpokenWord] = []
        for part in parts_of(text, tts.info.text_max_characters):
            part_ms = sounding.ms
            async with aclosing(one_text(tts, part, voice)) as speech:
                async for item in speech:
                    if isinstance(item, bytes):
                        if pcm := sounding.take(item):
                            yield pcm
                    else:
                        words.append(SpokenWord(item.text, part_ms + item.start_ms, part_ms + item.end_ms))
        yield TextSpoken(index, start_ms, start_ms + sounding.ms, tuple(words) or sounding.estimated(text))
        index, start_ms = index + 1, start_ms + sounding.ms


async def _in_one_context(
    tts: ContextTts, texts: AsyncIterator[str], voice: VoiceSpec
) -> AsyncGenerator[bytes | TextSpoken, None]:
    context = tts.open(voice)
    marks = _Marks(tts.info.sample_rate_hz)
    feeder: asyncio.Task[None] | None = None
    try:
        feeder = asyncio.create_task(
            _feed(context, texts, marks, tts.info.text_max_characters), name="text for a voice"
        )
        async for item in _until_failed(context, feeder):
            if isinstance(item, bytes):
                if pcm := marks.sounding.take(item):
                    yield pcm
            else:
                marks.words.append(item)
            for spoken in marks.spoken():
                yield spoken
        await feeder
        for spoken in marks.rest():
            yield spoken
    finally:
        if feeder is not None:
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)
        await context.aclose()


async def _feed(context: TtsContext, texts: AsyncIterator[str], marks: "_Marks", longest: int | None) -> None:
    async for text in texts:
        await marks.room()
        marks.add(text)
        for part in parts_of(text, longest):
            await context.say(part)
    await context.finish()


async def _until_failed(context: TtsContext, feeder: asyncio.Task[None]) -> AsyncGenerator[Speech, None]:
    """The context's speech. An error of the feeder is raised at once, without waiting for sound that may never come."""
    speech = aiter(context)
    while True:
        step = asyncio.ensure_future(anext(speech, None))
        try:
            while not step.done():
                await asyncio.wait({step} if feeder.done() else {step, feeder}, return_when=asyncio.FIRST_COMPLETED)
                if feeder.done() and not feeder.cancelled() and feeder.exception() is not None:
                    await feeder
        finally:
            if not step.done():
                step.cancel()
                await asyncio.gather(step, return_exceptions=True)
        item = step.result()
        if item is None:
            return
        yield item


class _Marks:
    """Maps a context's sound and words to its texts. Words are matched to texts by counting letters, since voices may
    split words differently."""

    def __init__(self, rate_hz: int) -> None:
        self.sounding = Sounding(rate_hz)
        self.words: deque[SpokenWord] = deque()
        """Words of texts that were not reported yet."""
        self._texts: deque[str] = deque()
        """Texts that were not reported yet."""
        self._told = 0
        self._end_ms = 0
        self._roomy = asyncio.Event()

    async def room(self) -> None:
        while len(self._texts) >= FED_AHEAD_MAX:
            self._roomy.clear()
            await self._roomy.wait()

    def add(self, text: str) -> None:
        self._texts.append(text)

    def spoken(self) -> list[TextSpoken]:
        """Newly finished texts: all their words are known and all their sound was yielded."""
        found = []
        while self._texts:
            wanted, count = letters(self._texts[0]), 0
            for word in self.words:
                wanted -= letters(word.text)
                count += 1
                if wanted <= 0:
                    break
            if wanted > 0 or not count or self.words[count - 1].end_ms > self.sounding.ms:
                break
            words = [self.words.popleft() for _ in range(count)]
            found.append(self._mark(words[0].start_ms, words[-1].end_ms, tuple(words)))
        return found

    def rest(self) -> list[TextSpoken]:
        """At the end of the sound: the remaining texts, with times estimated by their letters."""
        last_ms = self.sounding.ms
        shares = shared_out([letters(text) for text in self._texts], self._end_ms, last_ms)
        found = []
        for start_ms, end_ms in shares:
            found.append(self._mark(start_ms, end_ms, estimated(self._texts[0], start_ms, end_ms)))
        return found

    def _mark(self, start_ms: int, end_ms: int, words: tuple[SpokenWord, ...]) -> TextSpoken:
        self._texts.popleft()
        self._roomy.set()
        self._told += 1
        self._end_ms = end_ms
        own = tuple(SpokenWord(w.text, w.start_ms - start_ms, w.end_ms - start_ms, w.estimated) for w in words)
        return TextSpoken(self._told - 1, start_ms, end_ms, own)


def parts_of(text: str, longest: int | None) -> list[str]:
    """Cut between words so that no part has more than `longest` characters. Raises EngineError for a longer word."""
    if longest is None or len(text) <= longest:
        return [text]
    parts, rest = [], text
    while len(rest) > longest:
        at = max((rest.rfind(mark, 0, longest) + 1 for mark in ("! ", "? ", ". ", ", ")), default=0)
        at = at if at > longest // 3 else rest.rfind(" ", 0, longest + 1)
        if at <= 0:
            raise EngineError(f"A word of {len(rest.split()[0])} characters is too long for this voice.")
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*parts, rest] if rest else parts


async def one_text(tts: SentenceTts | ContextTts, text: str, voice: VoiceSpec) -> AsyncGenerator[Speech, None]:
    """The speech of a single text, from a provider of either kind. Raises EngineError."""
    if not tts.info.contexts:
        async with aclosing(cast(AsyncGenerator[Speech, None], cast(SentenceTts, tts).stream(text, voice))) as speech:
            async for item in speech:
                yield item
        return
    context = cast(ContextTts, tts).open(voice)
    try:
        await context.say(text)
        await context.finish()
        async for item in context:
            yield item
    finally:
        await context.aclose()


async def just(text: str) -> AsyncIterator[str]:
    """An iterator of one text, for `Tts.speak`."""
    yield text


async def sound_of(tts: SentenceTts | ContextTts, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
    """The PCM of a single text, without word times."""
    async with aclosing(TtsAdapter(tts).speak(just(text), voice)) as speech:
        async for item in speech:
            if isinstance(item, bytes):
                yield item
