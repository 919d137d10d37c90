"""Reads a text aloud with one TTS engine, sentence by sentence, outside of any conversation."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from voi.core.sentences import Cutter
from voi.engines.base import AS_IT_IS, Tts, VoiceSpec
from voi.engines.tts.adapter import just
from voi.errors import ClientError
from voi.text import language
from voi.text.language import Spoken
from voi.text.speakable import has_speech, speakable_soon


async def read_aloud(
    text: AsyncIterator[str],
    tts: Tts,
    spec: VoiceSpec,
    spoken: Spoken,
    on_spoken: Callable[[int, int], None] = lambda characters, sound_bytes: None,
) -> AsyncGenerator[bytes, None]:
    """PCM (s16le mono) at `tts.info.sample_rate_hz`, as the text arrives. One sentence is requested at a time, so a
    long text loads the engine no more than a conversation does. `on_spoken` is told of each sentence how many
    characters the engine was given and how many bytes of sound it made. Raises ClientError for a text without any word,
    EngineError if the engine fails."""
    if spoken.detects:
        await asyncio.to_thread(language.load)
    spoke = False
    async for sentence, code in sentences(text, spoken):
        made = 0
        try:
            async with aclosing(tts.speak(just(sentence), replace(spec, language=code))) as speech:
                async for item in speech:
                    if isinstance(item, bytes):
                        spoke = True
                        made += len(item)
                        yield item
        finally:
            on_spoken(len(sentence), made)
    if not spoke:
        raise ClientError("There is nothing to say in that text.")


async def sentences(text: AsyncIterator[str], spoken: Spoken) -> AsyncIterator[tuple[str, str]]:
    """The sentences of a text as (speakable text, language)."""
    cutter = Cutter(spoken.now)

    async def said(cut: list[str]) -> AsyncIterator[tuple[str, str]]:
        for piece in cut:
            if has_speech(piece) and (words := (await speakable_soon(piece, code := spoken.of(piece))).strip()):
                yield words, code

    async for more in text:
        async for words in said(cutter.feed(more)):
            yield words
    async for words in said(cutter.close()):
        yield words


def chosen_voice(
    voice: str | None, tone: str, speed: float, wish: str | None, tone_map: Mapping[str, Any]
) -> VoiceSpec:
    """The voice for a request. A caller who names a voice gets exactly that one: the voice that `tone_map` has for
    `neutral` does not replace it, and other voices do not serve as its tones. `wish`: the language asked for. Raises
    ClientError for what the model does not have."""
    if voice is None or not isinstance(tone_map.get("neutral"), str):
        return VoiceSpec(voice, tone, speed, wish)
    if tone == "neutral":
        return VoiceSpec(voice, AS_IT_IS, speed, wish)
    if voice not in tone_map.values():
        raise ClientError(f"The tones of this model are those of {tone_map['neutral']!r}, and not of {voice!r}.")
    return VoiceSpec(voice, tone, speed, wish)
