"""Transcription by one request an utterance."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes.cloud_ears import GAP_MS, WORD_MS, WORDS, TranscriptionServer, speech, windows
from tests.fakes.cloud_voices import KEY
from voi.engines.base import SttOptions, TimedWord, Transcript
from voi.engines.stt.cloud.openai_transcription import OpenAiTranscription, aligned
from voi.engines.stt.cloud.speech_only import ROLL_BYTES, SpeechOnly
from voi.errors import ConfigError, EngineError


@asynccontextmanager
async def running(**given: Any) -> AsyncIterator[tuple[TranscriptionServer, OpenAiTranscription]]:
    server = TranscriptionServer()
    async with server.serve() as url:
        engine = OpenAiTranscription(**{"api_key": KEY, "url": url, **given})
        try:
            yield server, engine
        finally:
            await engine.close()
            assert not [task for task in asyncio.all_tasks() if engine.info.name in task.get_name()]


async def hear(engine: OpenAiTranscription, pcm: bytes, options: SttOptions | None = None) -> Transcript:
    stream = engine.open(options or SttOptions("en"), None)
    for window, voiced in windows(pcm):
        stream.feed(window, speech=voiced)
    try:
        return await stream.flush()
    finally:
        stream.close()


async def test_one_request_an_utterance_without_its_pauses() -> None:
    async with running(model="whisper-large-v3-turbo", settings={"temperature": 0}) as (server, engine):
        await engine.warm_up()
        stream = engine.open(SttOptions("en-US", "Telephone.", ("Voi",)), None)
        for window, voiced in windows(speech("alpha", "bravo") + bytes(32 * 9_984) + speech("charlie")):
            stream.feed(window, speech=voiced)
        heard = await stream.flush()
        assert heard == await stream.flush()
        assert heard.text == "Alpha, bravo, charlie."
        assert heard.language == "en"
        assert [word.text for word in heard.words] == ["Alpha,", "bravo,", "charlie."]
        later_ms = 2 * (WORD_MS + GAP_MS)
        assert [word.start_ms for word in heard.words] == [0, WORD_MS + GAP_MS, later_ms + 9_984]
        assert server.lengths_ms == [later_ms + 640 - GAP_MS + WORD_MS + GAP_MS]
        assert server.told == [
            {"path": ["/v1/audio/transcriptions"], "model": ["whisper-large-v3-turbo"], "language": ["en"],
             "response_format": ["verbose_json"], "prompt": ["Telephone. Voi"], "temperature": ["0"],
             "timestamp_granularities[]": ["word", "segment"]}
        ]  # fmt: skip
        stream.feed(speech("delta"))
        assert (await stream.flush()).text == "Alpha, bravo, charlie, delta."
        stream.close()


async def test_models_without_times() -> None:
    async with running() as (server, engine):
        assert (engine.info.word_times, engine.info.partials, engine.info.translates) == ("none", False, False)
        assert (await hear(engine, speech("alpha"), SttOptions())).text == "Alpha."
        assert server.told[0] == {
            "path": ["/v1/audio/transcriptions"], "model": ["gpt-4o-mini-transcribe"], "response_format": ["json"]
        }  # fmt: skip


async def test_into_english() -> None:
    async with running(model="whisper-1") as (server, engine):
        await hear(engine, speech("alpha"), SttOptions("de", translate=True))
        assert server.told[0]["path"] == ["/v1/audio/translations"]
        assert "language" not in server.told[0]


async def test_quiet_costs_nothing_and_a_short_sound_is_long_enough() -> None:
    async with running() as (server, engine):
        assert (await hear(engine, bytes(64_000))).text == ""
        assert not server.told
        await hear(engine, speech("alpha")[:1_000])
        assert server.lengths_ms == [200]


async def test_words_that_nobody_said() -> None:
    async with running() as (server, engine):
        server.body = json.dumps({"text": "Thank you for watching."})
        assert (await hear(engine, speech("alpha")[:3_200])).text == ""


async def test_partials_are_one_request_at_a_time() -> None:
    async with running(partials=True) as (server, engine):
        assert engine.info.partials
        server.takes_s = 0.05
        seen: list[Transcript] = []
        stream = engine.open(SttOptions(), seen.append)
        stream._asked_s = 0.0
        for start in range(0, 12, 4):
            stream.feed(speech(*WORDS[start : start + 4]) + bytes(32 * 300))
            stream._asked_s = float("-inf")  # a second goes by
            await asyncio.sleep(0.1)
        heard = await stream.flush()
        assert heard.text.lower().replace(",", "") == " ".join(WORDS[:12]) + "."
        assert 2 <= len(server.told) <= 4
        assert server.most_at_once == 1
        assert all(each.confirmed == "" for each in seen)
        assert len(seen) >= 2
        stream.close()


async def test_who_leaves_ends_the_request() -> None:
    async with running() as (server, engine):
        server.takes_s = 60
        stream = engine.open(SttOptions(), None)
        stream.feed(speech("alpha"))
        flushing = asyncio.ensure_future(stream.flush())
        await asyncio.sleep(0.1)
        stream.close()
        with pytest.raises(EngineError, match="was closed"):
            await flushing
        for _ in range(200):
            await asyncio.sleep(0 if server.ended_early else 0.01)
        assert server.ended_early == 1


async def test_a_flush_with_more_sound_takes_the_place_of_an_older_one() -> None:
    async with running() as (server, engine):
        server.takes_s = 0.2
        stream = engine.open(SttOptions(), None)
        stream.feed(speech("alpha"))
        first = asyncio.ensure_future(stream.flush())
        await asyncio.sleep(0.05)
        stream.feed(speech("bravo"))
        assert (await stream.flush()).text == "Alpha, bravo."
        assert (await first).text == "Alpha, bravo."
        stream.close()


async def test_a_hundred_utterances_with_random_ends() -> None:
    async with running() as (server, engine):
        server.takes_s = 0.01
        chance = random.Random(3)

        async def utterance(n: int) -> None:
            stream = engine.open(SttOptions(), None)
            word = chance.choice(WORDS)
            stream.feed(speech(word))
            flushing = asyncio.ensure_future(stream.flush())
            if n % 3 == 0:
                await asyncio.sleep(chance.random() / 50)
                flushing.cancel()
                await asyncio.gather(flushing, return_exceptions=True)
            else:
                assert (await flushing).text.lower() == f"{word}."
            stream.close()

        for start in range(0, 100, 20):
            await asyncio.gather(*(utterance(start + n) for n in range(20)))


@pytest.mark.parametrize(
    ("status", "error", "told", "retryable"),
    [(429, {"code": "insufficient_quota", "message": "planted words"}, "no credit", False),
     (429, {"code": "rate_limit_exceeded", "message": ""}, "takes no more at once", True),
     (404, {"code": "model_not_found", "message": "The model x does not exist"}, "does not have that model", False),
     (498, {"code": "capacity_exceeded", "message": ""}, "failed", True),
     (500, {"message": "planted words"}, "failed", True)],
)  # fmt: skip
async def test_refusals(status: int, error: dict[str, str], told: str, retryable: bool) -> None:
    async with running() as (server, engine):
        server.status, server.body = status, json.dumps({"error": error})
        with pytest.raises(EngineError, match=told) as raised:
            await hear(engine, speech("alpha"))
        assert raised.value.retryable is retryable
        assert "planted" not in str(raised.value)
        server.status, server.body = 200, None
        assert (await hear(engine, speech("alpha"))).text == "Alpha."


async def test_what_fails_in_passing_is_asked_again() -> None:
    async with running() as (server, engine):
        server.fail = 1
        assert (await hear(engine, speech("alpha"))).text == "Alpha."
        assert engine.info.counts_troubles
        assert engine.troubles == {"asked_again": 1}


@pytest.mark.parametrize("body", ["<html>", "[]", '{"text": null}', "{}"])
async def test_odd_answers(body: str) -> None:
    async with running() as (server, engine):
        server.body = body
        with pytest.raises(EngineError, match="check the option `url`"):
            await hear(engine, speech("alpha"))


async def test_a_wrong_key_and_a_service_that_is_away() -> None:
    async with running(api_key="other-key") as (_, engine):
        with pytest.raises(EngineError, match="refused the key"):
            await engine.warm_up()
    async with running(url="http://127.0.0.1:1") as (_, engine):
        with pytest.raises(EngineError, match="cannot be reached"):
            await hear(engine, speech("alpha"))
    with pytest.raises(ConfigError, match="must begin with https://"):
        OpenAiTranscription(url="ftp://x")
    with pytest.raises(ConfigError, match="must not have model"):
        OpenAiTranscription(settings={"model": "x"})


def test_words_take_the_punctuation_of_the_text() -> None:
    words = [TimedWord(text, 100 * n, 100 * n + 90) for n, text in enumerate(("twenty", "one", "Don't", "stop"))]
    fitted = aligned(words, "Twenty-one. “Don't” – stop!")
    assert [word.text for word in fitted] == ["Twenty-one.", "“Don't” –", "stop!"]
    assert (fitted[0].start_ms, fitted[0].end_ms) == (0, 190)
    assert aligned(words, "Something else entirely is here.") == words
    assert aligned([TimedWord(each, 0, 1) for each in "你好世界吗"], "你好世界吗") != []


def test_sound_around_speech_is_kept() -> None:
    sound = SpeechOnly()
    sound.feed(bytes(100_000), speech=False)
    assert not sound.pcm
    sound.feed(b"\1" * 3_200, speech=True)
    assert bytes(sound.pcm) == bytes(ROLL_BYTES) + b"\1" * 3_200
    sound.feed(bytes(5_000), speech=False)
    sound.feed(bytes(50_000), speech=False)
    assert len(sound.pcm) == 2 * ROLL_BYTES + 3_200
    assert sound.voiced_bytes == 3_200
