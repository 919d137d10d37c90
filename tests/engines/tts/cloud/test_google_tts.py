"""Google's voices over real gRPC."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

pytest.importorskip("google.cloud.texttospeech_v1")
pytest.importorskip("google.cloud.speech_v2")

from tests.fakes.cloud_voices import KEY, MS_A_LETTER
from tests.fakes.google_services import GoogleServices
from voi.engines.base import TextSpoken, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter, just
from voi.engines.tts.cloud.google_tts import GoogleTts
from voi.errors import ConfigError, EngineError

CHIRP, STANDARD = "en-US-Chirp3-HD-Charon", "en-US-Standard-A"


@pytest.fixture
async def google() -> AsyncIterator[tuple[GoogleServices, GoogleTts]]:
    services = GoogleServices()
    async with services.serve() as url:
        engine = GoogleTts(api_key=KEY, url=url, voice_tone_map={"low": {"pitch": -4, "speed": 0.9}})
        await engine.warm_up()
        yield services, engine
        for _ in range(300):
            await asyncio.sleep(0.01 if services.calls else 0)
        assert not services.calls, "a call is left"
        await engine.close()


async def spoken(engine: GoogleTts, text: str, voice: VoiceSpec | None = None) -> bytes:
    speech = TtsAdapter(engine).speak(just(text), voice or VoiceSpec())
    return b"".join([item async for item in speech if not isinstance(item, TextSpoken)])


@pytest.mark.parametrize("voice", [CHIRP, STANDARD])
async def test_a_sentence_of_a_voice_that_streams_and_of_one_that_does_not(
    google: tuple[GoogleServices, GoogleTts], voice: str
) -> None:
    services, engine = google
    assert engine.info.voices == (CHIRP, STANDARD, "de-DE-Chirp3-HD-Kore", "de-DE-Neural2-A")
    sound = await spoken(engine, "Good morning.", VoiceSpec(voice, "low"))
    assert sound == b"\x00\x10" * (24 * MS_A_LETTER * len("Good morning."))
    told = str(services.told)
    assert "speaking_rate: 0.9" in told
    assert ("pitch: -4" in told) == (voice == STANDARD)
    with pytest.raises(EngineError, match="No voice 'Eve'"):
        await spoken(engine, "Hello.", VoiceSpec("Eve"))


async def test_voices_of_gemini_take_prompts_as_tones(google: tuple[GoogleServices, GoogleTts]) -> None:
    services, other = google
    engine = GoogleTts(api_key=KEY, url=other._channel._url, model="gemini-2.5-flash-tts")
    await engine.warm_up()
    assert engine.info.voices == ("Kore",)
    assert engine.info.tones == ("neutral", "warm", "excited", "sad")
    await spoken(engine, "Hello.", VoiceSpec(tone="sad", language="de"))
    config, said = services.told
    assert config.streaming_config.voice.model_name == "gemini-2.5-flash-tts"
    assert config.streaming_config.voice.language_code == "de-DE"
    assert said.input.prompt.startswith("Say this sadly")
    await engine.close()


@pytest.mark.parametrize("voice", [CHIRP, STANDARD])
async def test_a_call_that_is_lost_before_its_sound_is_made_again(
    google: tuple[GoogleServices, GoogleTts], voice: str
) -> None:
    services, engine = google
    services.lose = 2
    assert await spoken(engine, "Good morning.", VoiceSpec(voice))
    assert engine.info.counts_troubles
    assert engine.troubles == {"asked_again": 2}
    services.lose = 9
    with pytest.raises(EngineError, match="cannot be reached"):
        await spoken(engine, "Good morning.", VoiceSpec(voice))
    assert services.lose == 6


@pytest.mark.parametrize("voice", [CHIRP, STANDARD])
@pytest.mark.parametrize(
    ("text", "told"),
    [("refuse me", "does not have that voice"), ("now hang up", "failed"), ("It breaks off.", "failed")],
)
async def test_what_fails_is_told_in_our_words(
    google: tuple[GoogleServices, GoogleTts], voice: str, text: str, told: str
) -> None:
    _, engine = google
    if voice == STANDARD and "breaks off" in text:
        pytest.skip("its sound comes in one piece")
    with pytest.raises(EngineError, match=told) as raised:
        await spoken(engine, text, VoiceSpec(voice))
    assert text not in str(raised.value)
    assert await spoken(engine, "Hello.", VoiceSpec(voice))


async def test_a_hundred_replies_with_random_interruptions(google: tuple[GoogleServices, GoogleTts]) -> None:
    services, engine = google
    chance = random.Random(7)

    async def reply(n: int) -> None:
        manner = chance.choice(("slowly", "on"))
        most = 1 if manner == "slowly" else chance.choice((1, 2, 4, 1_000))
        speech = TtsAdapter(engine).speak(just(f"Reply {n}, which goes {manner}."), VoiceSpec())
        heard = 0
        async for _ in speech:
            heard += 1
            if heard >= most:
                break
        await speech.aclose()

    await asyncio.gather(*(reply(n) for n in range(100)))
    for _ in range(300):
        await asyncio.sleep(0.01 if services.calls else 0)
    assert not services.calls, "who was interrupted is still spoken for"
    assert await spoken(engine, "Still here.")


async def test_a_wrong_key_and_wrong_options(google: tuple[GoogleServices, GoogleTts]) -> None:
    _, other = google
    engine = GoogleTts(api_key="other-key", url=other._channel._url)
    with pytest.raises(EngineError, match="refused the key"):
        await engine.warm_up()
    await engine.close()
    engine = GoogleTts(api_key=KEY, url=other._channel._url, voices=["Eve 1"])
    with pytest.raises(ConfigError, match="there is no voice Eve 1"):
        await engine.warm_up()
    await engine.close()
    with pytest.raises(ConfigError, match="`sample_rate_hz` is one of"):
        GoogleTts(sample_rate_hz=1)
