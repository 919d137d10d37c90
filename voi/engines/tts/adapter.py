"""Turns both kinds of TTS provider into a `Tts`: texts in as they come, sound and word times out.

Where a voice gives no word times, they are estimated in proportion to the words' characters.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import cast

from voi.audio.pcm import Sounding, ms_to_bytes
from voi.dialogue import SpokenWord
from voi.engines.base import ContextTts, SentenceTts, Speech, TextSpoken, TtsContext, VoiceSpec
from voi.engines.info import TtsInfo
from voi.errors import EngineError

CHUNK_MS = 200
"""Sound that was made before comes in pieces of this length."""
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
        """See `Tts.speak`. In one context, sound that was made before plays only until the engine's first word."""
        return (self._in_one_context if self.info.contexts else self._by_sentence)(texts, voice)

    async def made_before(self, text: str, voice: VoiceSpec) -> bytes:
        """Ready-made sound of that text: PCM at `info.sample_rate_hz`; b"" if there is none."""
        return b""

    async def _by_sentence(
        self, texts: AsyncIterator[str], voice: VoiceSpec
    ) -> AsyncGenerator[bytes | TextSpoken, None]:
        tts = cast(SentenceTts, self.inner)
        index, start_ms = 0, 0
        async for text in texts:
            sounding = Sounding(tts.info.sample_rate_hz)
            words: list[SpokenWord] = []
            if made := await self.made_before(text, voice):
                for pcm in self._in_chunks(made):
                    yield sounding.take(pcm)
            for part in () if made else parts_of(text, tts.info.text_max_characters):
                part_ms = sounding.ms
                async with aclosing(cast(AsyncGenerator[Speech, None], tts.stream(part, voice))) as speech:
                    async for item in speech:
                        if not isinstance(item, bytes):
                            words.append(SpokenWord(item.text, part_ms + item.start_ms, part_ms + item.end_ms))
                        elif pcm := sounding.take(item):
                            yield pcm
            times = tuple(words) or _estimated_in(sounding, text)
            yield TextSpoken(index, start_ms, start_ms + sounding.ms, times, made_before=bool(made))
            index, start_ms = index + 1, start_ms + sounding.ms

    async def _in_one_context(
        self, texts: AsyncIterator[str], voice: VoiceSpec
    ) -> AsyncGenerator[bytes | TextSpoken, None]:
        tts = cast(ContextTts, self.inner)
        index, start_ms = 0, 0
        async for text in texts:
            made = await self.made_before(text, voice)
            if not made:
                break
            sounding = Sounding(tts.info.sample_rate_hz)
            for pcm in self._in_chunks(made):
                yield sounding.take(pcm)
            times = _estimated_in(sounding, text)
            yield TextSpoken(index, start_ms, start_ms + sounding.ms, times, made_before=True)
            index, start_ms = index + 1, start_ms + sounding.ms
        else:
            return
        context = tts.open(voice)
        marks = _Marks(tts.info.sample_rate_hz, index, start_ms)
        feeder: asyncio.Task[None] | None = None
        try:
            rest = _chain(text, texts)
            feeder = asyncio.create_task(
                _feed(context, rest, marks, tts.info.text_max_characters), name="text for a voice"
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

    def _in_chunks(self, pcm: bytes) -> Iterator[bytes]:
        step = ms_to_bytes(CHUNK_MS, self.info.sample_rate_hz)
        return (pcm[start : start + step] for start in range(0, len(pcm), step))


async def _chain(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for text in rest:
        yield text


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
    split words differently. `first`, `start_ms`: number and time of the context's first text in the whole speech."""

    def __init__(self, rate_hz: int, first: int, start_ms: int) -> None:
        self.sounding = Sounding(rate_hz)
        self.words: deque[SpokenWord] = deque()
        """Words of texts that were not reported yet."""
        self._texts: deque[str] = deque()
        """Texts that were not reported yet."""
        self._next, self._start_ms = first, start_ms
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
            wanted, count = _letters(self._texts[0]), 0
            for word in self.words:
                wanted -= _letters(word.text)
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
        shares = _shared_out([_letters(text) for text in self._texts], self._end_ms, last_ms)
        found = []
        for start_ms, end_ms in shares:
            found.append(self._mark(start_ms, end_ms, estimated_words(self._texts[0], start_ms, end_ms)))
        return found

    def _mark(self, start_ms: int, end_ms: int, words: tuple[SpokenWord, ...]) -> TextSpoken:
        self._texts.popleft()
        self._roomy.set()
        self._next += 1
        self._end_ms = end_ms
        own = tuple(SpokenWord(w.text, w.start_ms - start_ms, w.end_ms - start_ms, w.estimated) for w in words)
        return TextSpoken(self._next - 1, self._start_ms + start_ms, self._start_ms + end_ms, own)


# ---- single texts -----------------------------------------------------------------------------------


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


# ---- word times that the voice does not give --------------------------------------------------------


def estimated_words(text: str, start_ms: int, end_ms: int) -> tuple[SpokenWord, ...]:
    """The words of a text spoken between the two times, each at the place of its characters in the text."""
    text = text.strip()
    length_ms, whole = end_ms - start_ms, max(1, len(text))
    return tuple(
        SpokenWord(
            word.group(), start_ms + length_ms * word.start() // whole, start_ms + length_ms * word.end() // whole, True
        )
        for word in re.finditer(r"\S+", text)
    )


def _estimated_in(sounding: Sounding, text: str) -> tuple[SpokenWord, ...]:
    """The words of `text`, with times estimated over all of that sound."""
    return estimated_words(text, *sounding.audible_ms) if sounding.ms else ()


def _letters(text: str) -> int:
    """Number of letters and digits, at least 1."""
    return max(1, sum(map(str.isalnum, text)))


def _shared_out(weights: Sequence[int], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Split the time span into one part for each weight, in proportion to the weights."""
    whole, before, spans = max(1, sum(weights)), 0, []
    for weight in weights:
        after = before + weight
        length_ms = end_ms - start_ms
        spans.append((start_ms + length_ms * before // whole, start_ms + length_ms * after // whole))
        before = after
    return spans
