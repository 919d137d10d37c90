"""Azure's voices over HTTP, against a server with the habits of the real one."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.cloud_voices import KEY, MS_A_LETTER
from tests.fakes.http_voices import AzureServer
from voi.engines.base import TextSpoken, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter, just
from voi.engines.tts.cloud.azure_tts import AzureTts
from voi.errors import ConfigError, EngineError

JENNY = "en-US-JennyNeural"


@pytest.fixture
async def azure() -> AsyncIterator[tuple[AzureServer, AzureTts]]:
    server = AzureServer()
    async with server.serve() as url:
        engine = AzureTts(api_key=KEY, url=url)
        await engine.warm_up()
        yield server, engine
        await engine.close()


async def spoken(engine: AzureTts, text: str, voice: VoiceSpec | None = None) -> bytes:
    speech = TtsAdapter(engine).speak(just(text), voice or VoiceSpec())
    return b"".join([item async for item in speech if not isinstance(item, TextSpoken)])


async def test_text_is_escaped_and_voices_of_the_language_come_first(azure: tuple[AzureServer, AzureTts]) -> None:
    server, engine = azure
    assert engine.info.voices[:2] == (JENNY, "en-GB-RyanNeural")
    text = "Is 1 < 2 & \"so\"?\x01 <break/> 'Yes'."
    sound = await spoken(engine, text)
    assert sound == b"\x00\x10" * (24 * MS_A_LETTER * len(text))
    assert server.told == [
        "<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xmlns:mstts='https://www.w3.org/2001/mstts' "
        'xml:lang="en-US"><voice name="en-US-JennyNeural">'
        "Is 1 &lt; 2 &amp; \"so\"?  &lt;break/&gt; 'Yes'.</voice></speak>"
    ]


async def test_tones_are_styles_where_the_voice_has_them(azure: tuple[AzureServer, AzureTts]) -> None:
    server, engine = azure
    assert engine.info.tones == ("neutral", "warm", "excited", "sad")
    await spoken(engine, "Hello.", VoiceSpec(tone="warm", speed=1.2))
    await spoken(engine, "Hello.", VoiceSpec(tone="sad"))
    await spoken(engine, "Hello.", VoiceSpec("de-DE-KatjaNeural", tone="excited"))
    warm, sad, german = server.told
    assert "<mstts:express-as style=\"friendly\"><prosody rate='+14%'>Hello.</prosody></mstts:express-as>" in warm
    assert "express-as" not in sad, "the voice has no such style"
    assert "express-as" not in german
    assert 'xml:lang="de-DE"' in german


async def test_own_tones(azure: tuple[AzureServer, AzureTts]) -> None:
    server, other = azure
    engine = AzureTts(
        api_key=KEY, url=other._base.removesuffix("/cognitiveservices"), voices=[JENNY],
        voice_tone_map={
            "helpful": {"style": "assistant", "degree": 1.5, "role": "Girl", "pitch": 5, "volume": -10},
            "deep": "en-US-DavisNeural",
        },
    )  # fmt: skip
    await engine.warm_up()
    await spoken(engine, "Hello.", VoiceSpec(tone="helpful"))
    await spoken(engine, "Hello.", VoiceSpec(tone="deep"))
    assert (
        '<mstts:express-as style="assistant" styledegree=\'1.5\' role="Girl">'
        "<prosody pitch='+5%' volume='-10%'>Hello.</prosody>" in server.told[0]
    )
    assert 'name="en-US-DavisNeural"' in server.told[1]
    await engine.close()
    with pytest.raises(ConfigError, match="degree must be"):
        AzureTts(api_key=KEY, region="westeurope", voice_tone_map={"helpful": {"degree": 9}})


@pytest.mark.parametrize(
    ("status", "told", "retryable"),
    [(400, "refused the request", False), (429, "takes no more at once", True), (503, "failed", True),
     (402, "no credit", False)],
)  # fmt: skip
async def test_refusals(azure: tuple[AzureServer, AzureTts], status: int, told: str, retryable: bool) -> None:
    server, engine = azure
    server.status = status
    with pytest.raises(EngineError, match=told) as raised:
        await spoken(engine, "Hello.")
    assert raised.value.retryable is retryable
    server.status = 200
    assert await spoken(engine, "Hello.")


async def test_an_answer_that_breaks_off(azure: tuple[AzureServer, AzureTts]) -> None:
    server, engine = azure
    server.lose = 2
    assert await spoken(engine, "Hello there.")
    assert engine.info.counts_troubles
    assert engine.troubles == {"asked_again": 2}
    server.breaks_off = True
    with pytest.raises(EngineError, match="broke off its answer") as raised:
        await spoken(engine, "Hello there.")
    assert raised.value.retryable
    assert engine.troubles == {"asked_again": 2}


async def test_a_wrong_key_and_wrong_options(azure: tuple[AzureServer, AzureTts]) -> None:
    _, other = azure
    engine = AzureTts(api_key="other-key", url=other._base.removesuffix("/cognitiveservices"))
    with pytest.raises(EngineError, match="refused the key"):
        await engine.warm_up()
    await engine.close()
    for wrong in ({}, {"region": "https://x"}, {"region": "westeurope", "sample_rate_hz": 1}):
        options: dict[str, Any] = wrong
        with pytest.raises(ConfigError):
            AzureTts(api_key=KEY, **options)


async def test_a_hundred_replies_with_random_interruptions(azure: tuple[AzureServer, AzureTts]) -> None:
    server, engine = azure
    chance = random.Random(7)

    async def reply(n: int) -> None:
        stop_after = chance.choice((0, 1, 3, 1_000))
        speech = TtsAdapter(engine).speak(just(f"Reply {n}, which goes on, and on."), VoiceSpec())
        heard = 0
        async for _ in speech:
            heard += 1
            if heard > stop_after:
                break
        await speech.aclose()

    for start in range(0, 100, 10):
        await asyncio.gather(*(reply(start + n) for n in range(10)))
    for _ in range(500):
        await asyncio.sleep(0.01 if server.under_way else 0)
    assert not server.under_way
    assert await spoken(engine, "Still here.")
