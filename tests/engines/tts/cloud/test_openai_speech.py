"""Voices over HTTP: OpenAI's speech endpoint and ElevenLabs', against servers with the habits of real ones."""

import asyncio
import json
import random

import pytest

from tests.fakes.cloud_voices import KEY, MS_A_LETTER
from tests.fakes.http_voices import SpeechServer, serve, wav
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter, just
from voi.engines.tts.adapter import sound_of as spoken_by
from voi.engines.tts.cloud.elevenlabs import ElevenLabs
from voi.engines.tts.cloud.openai_speech import OpenAiSpeech
from voi.errors import ConfigError, EngineError


async def test_it_asks_for_what_the_agent_wants() -> None:
    server = SpeechServer()
    async with serve(server) as url:
        tts = OpenAiSpeech(api_key=KEY, url=f"{url}/v1")
        await tts.warm_up()
        sound = b"".join([pcm async for pcm in spoken_by(tts, "Hello there.", VoiceSpec("coral", "warm", speed=9))])
        assert len(sound) // 2 == 24 * MS_A_LETTER * len("Hello there.")
        assert server.told == [
            {"model": "gpt-4o-mini-tts", "input": "Hello there.", "voice": "coral", "response_format": "pcm",
             "instructions": "Speak warmly and kindly.", "speed": 4.0}
        ]  # fmt: skip
        await tts.close()


@pytest.mark.parametrize("form", [1, 0xFFFE])
async def test_a_wav_is_taken_without_its_header(form: int) -> None:
    server = SpeechServer()
    server.body = wav(b"\x00\x10" * 5_000, form=form)
    async with serve(server) as url:
        tts = OpenAiSpeech(api_key=KEY, url=f"{url}/v1", response_format="wav", instructs=False)
        sound = b"".join([pcm async for pcm in spoken_by(tts, "Hi.", VoiceSpec(tone="sad"))])
        assert sound == b"\x00\x10" * 5_000
        assert tts.info.tones == ("neutral",)
        assert "instructions" not in server.told[0]
        await tts.close()


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [(wav(bytes(100), 48_000), "audio/wav", "speaks at 48000 Hz: set `sample_rate_hz`"),
     (wav(bytes(100), bits=8), "audio/wav", "not 16-bit mono PCM"),
     (b"RIFF" + bytes(70_000), "audio/wav", "without sound"),
     (b"ID3" + bytes(100), "audio/mpeg", "sent MP3"),
     (b"OggS" + bytes(100), "audio/ogg", "sent Ogg"),
     (b"<html>", "text/html", "sent no sound"),
     (bytes(48_000 * 601), "audio/pcm", "more sound than the text can be")],
)  # fmt: skip
async def test_what_is_no_sound_is_not_played(body: bytes, content_type: str, told: str) -> None:
    server = SpeechServer()
    server.body, server.content_type = body, content_type
    async with serve(server) as url:
        tts = OpenAiSpeech(api_key=KEY, url=f"{url}/v1")
        with pytest.raises(EngineError, match=told):
            async for _ in spoken_by(tts, "Hi.", VoiceSpec()):
                pass
        await tts.close()


@pytest.mark.parametrize(
    ("status", "error", "told", "retryable"),
    [(429, {"code": "insufficient_quota", "message": "planted words"}, "no credit", False),
     (429, {"code": "rate_limit_exceeded", "message": ""}, "takes no more at once", True),
     (404, {"code": "model_not_found", "message": "The model x does not exist"}, "does not have that model", False),
     (400, {"code": "string_above_max_length", "message": "at most 200 characters"}, "too long", False),
     (500, {"message": "planted words"}, "failed", True)],
)  # fmt: skip
async def test_refusals(status: int, error: dict[str, str], told: str, retryable: bool) -> None:
    server = SpeechServer()
    server.status, server.body = status, json.dumps({"error": error}).encode()
    async with serve(server) as url:
        tts = OpenAiSpeech(api_key=KEY, url=f"{url}/v1")
        with pytest.raises(EngineError, match=told) as raised:
            async for _ in spoken_by(tts, "Hi.", VoiceSpec()):
                pass
        assert raised.value.retryable is retryable
        assert "planted" not in str(raised.value)
        await tts.close()


async def test_a_wrong_key_is_found_at_the_start() -> None:
    async with serve(SpeechServer()) as url:
        tts = OpenAiSpeech(api_key="other", url=f"{url}/v1")
        with pytest.raises(EngineError, match="refused the key"):
            await tts.warm_up()
        await tts.close()


async def test_who_is_interrupted_ends_the_request() -> None:
    server = SpeechServer()
    server.stalls = True
    async with serve(server) as url:
        tts = OpenAiSpeech(api_key=KEY, url=f"{url}/v1")
        speech = TtsAdapter(tts).speak(just("A long text."), VoiceSpec())
        await anext(speech)
        await speech.aclose()
        for _ in range(200):
            await asyncio.sleep(0 if server.ended_early else 0.01)
        assert server.ended_early == 1
        await tts.close()


async def test_elevenlabs_over_http() -> None:
    server = SpeechServer()
    async with serve(server) as url:
        tts = ElevenLabs(api_key=KEY, url=url, over="http", language="de")
        await tts.warm_up()
        assert not tts.info.contexts
        sound = b"".join([pcm async for pcm in spoken_by(tts, "Hallo.", VoiceSpec(tone="excited"))])
        assert len(sound) // 2 == 24 * MS_A_LETTER * len("Hallo.")
        assert server.told == [
            {"text": "Hallo.", "model_id": "eleven_flash_v2_5", "language_code": "de", "output_format": "pcm_24000",
             "voice_settings": {"stability": 0.3, "style": 0.6, "speed": 1.05}}
        ]  # fmt: skip
        await tts.close()


def made(kind: str, url: str) -> OpenAiSpeech | ElevenLabs:
    return (
        OpenAiSpeech(api_key=KEY, url=f"{url}/v1")
        if kind == "openai"
        else ElevenLabs(api_key=KEY, url=url, over="http")
    )


@pytest.mark.parametrize("kind", ["openai", "elevenlabs"])
async def test_what_fails_in_passing_is_asked_again(kind: str) -> None:
    server = SpeechServer()
    async with serve(server) as url:
        tts = made(kind, url)
        if isinstance(tts, ElevenLabs):
            await tts.warm_up()
        server.fail = 2
        assert b"".join([pcm async for pcm in spoken_by(tts, "Hello.", VoiceSpec())])
        assert tts.info.counts_troubles
        assert tts.troubles["asked_again"] == 2
        server.fail = 9
        with pytest.raises(EngineError, match="failed"):
            async for _ in spoken_by(tts, "Hello.", VoiceSpec()):
                pass
        assert server.fail == 6
        await tts.close()


@pytest.mark.parametrize("kind", ["openai", "elevenlabs"])
async def test_a_hundred_replies_with_random_interruptions(kind: str) -> None:
    server, chance = SpeechServer(), random.Random(7)
    async with serve(server) as url:
        tts = made(kind, url)
        if isinstance(tts, ElevenLabs):
            await tts.warm_up()

        async def reply(n: int) -> None:
            most, heard = chance.choice((1, 2, 4, 1_000)), 0
            speech = TtsAdapter(tts).speak(just(f"Reply {n}, which goes on, and on."), VoiceSpec())
            async for _ in speech:
                heard += 1
                if heard >= most:
                    break
            await speech.aclose()

        for start in range(0, 100, 10):
            await asyncio.gather(*(reply(start + n) for n in range(10)))
        for _ in range(500):
            await asyncio.sleep(0.01 if server.under_way else 0)
        assert not server.under_way
        assert b"".join([pcm async for pcm in spoken_by(tts, "Still here.", VoiceSpec())])
        await tts.close()


def test_options_that_cannot_be_right() -> None:
    with pytest.raises(ConfigError, match="pcm or wav"):
        OpenAiSpeech(response_format="mp3")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="must begin with https://"):
        OpenAiSpeech(url="ftp://x")
    with pytest.raises(ConfigError, match="websocket or http"):
        ElevenLabs(api_key=KEY, over="pigeon")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="one of 8000"):
        ElevenLabs(api_key=KEY, sample_rate_hz=11_025)


async def test_a_tone_that_is_a_voice_and_a_voice_as_it_is() -> None:
    server = SpeechServer()
    async with serve(server) as url:
        tts = OpenAiSpeech(api_key=KEY, url=f"{url}/v1", voices=["a", "b", "c"],
                           voice_tone_map={"neutral": "b", "angry": "c"})  # fmt: skip
        for voice in (
            VoiceSpec("a", "angry"),
            VoiceSpec("a"),
            VoiceSpec("a", AS_IT_IS),
            VoiceSpec("a", role="narrator"),
        ):
            async for _ in spoken_by(tts, "Hi.", voice):
                pass
        assert [told["voice"] for told in server.told] == ["c", "b", "a", "a"]
        await tts.close()
