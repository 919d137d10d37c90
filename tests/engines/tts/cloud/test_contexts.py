"""Cloud voices in contexts: the same tests for each provider, over real sockets against fakes with their habits."""

import asyncio
import gc
import logging
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.cloud_voices import (
    KEY,
    MS_A_LETTER,
    AuraService,
    CartesiaService,
    ElevenLabsService,
    MemoryClient,
    VoiceService,
    serve,
)
from voi.dialogue import SpokenWord
from voi.engines.base import TextSpoken, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter
from voi.engines.tts.cloud.cartesia import ID_FORM, Cartesia, CartesiaDialect
from voi.engines.tts.cloud.contexts import CloudContext, ContextSockets
from voi.engines.tts.cloud.deepgram_aura import DeepgramAura
from voi.engines.tts.cloud.elevenlabs import ElevenLabs
from voi.engines.tts.cloud.tone_settings import tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames
from voi.errors import ConfigError, EngineError

Engine = Cartesia | DeepgramAura | ElevenLabs
Make = Callable[..., Engine]


SERVICES: dict[str, tuple[Callable[[], VoiceService], Make]] = {
    "aura": (AuraService, DeepgramAura),
    "cartesia": (CartesiaService, Cartesia),
    "elevenlabs": (ElevenLabsService, ElevenLabs),
}
every_service = pytest.mark.parametrize("make", [service for service, _ in SERVICES.values()], ids=SERVICES)


@pytest.fixture(params=SERVICES)
def kind(request: pytest.FixtureRequest) -> tuple[VoiceService, Make]:
    service, make = SERVICES[request.param]
    return service(), make


@pytest.fixture
async def running(kind: tuple[VoiceService, Make]) -> AsyncIterator[tuple[VoiceService, Engine]]:
    service, make = kind
    async with serve(service) as url:
        engine = make(api_key=KEY, url=url)
        await engine.warm_up()
        yield service, engine
        await engine.close()
        for _ in range(200):
            await asyncio.sleep(0.01 if service.sockets else 0)
        assert not service.sockets


async def texts(*all_of_them: str) -> AsyncIterator[str]:
    for text in all_of_them:
        yield text


async def spoken(engine: Engine, *said: str, voice: VoiceSpec | None = None) -> tuple[bytes, list[TextSpoken]]:
    sound, marks = b"", []
    async for item in TtsAdapter(engine).speak(texts(*said), voice or VoiceSpec()):
        if isinstance(item, bytes):
            sound += item
        else:
            marks.append(item)
    return sound, marks


async def test_a_reply_is_one_context_and_its_words_have_times(running: tuple[VoiceService, Engine]) -> None:
    service, engine = running
    sound, marks = await spoken(engine, "Good morning.", "How are you?")
    assert len(sound) // 2 == 24 * MS_A_LETTER * len("Good morning. How are you? ")
    assert sound == b"\x00\x10" * (len(sound) // 2), "a sample was torn"
    assert [word.text for mark in marks for word in mark.words] == ["Good", "morning.", "How", "are", "you?"]
    estimate_ms = 0 if engine.info.word_times == "exact" else 5
    assert abs(marks[1].words[1].start_ms - MS_A_LETTER * len("How ")) <= estimate_ms
    assert len({told.get("context_id") for told in service.told}) == 1
    assert not any("Yes." in str(told) for told in service.told), "a trial costs money"


async def test_voices_are_those_of_the_account(running: tuple[VoiceService, Engine]) -> None:
    _, engine = running
    assert engine.info.voices[:2] == ("Ada", "Bob")
    await spoken(engine, "Hello.", voice=VoiceSpec("Bob"))
    with pytest.raises(EngineError, match=r"No voice 'Eve' at .*; there are Ada, Bob"):
        await spoken(engine, "Hello.", voice=VoiceSpec("Eve"))


async def test_who_is_interrupted_costs_no_more_and_disturbs_nobody(running: tuple[VoiceService, Engine]) -> None:
    service, engine = running

    async def growing() -> AsyncIterator[str]:
        yield "I shall not be heard to my end."
        await asyncio.sleep(60)

    leaving = TtsAdapter(engine).speak(growing(), VoiceSpec())
    await anext(leaving)
    await leaving.aclose()
    results = await asyncio.gather(*(spoken(engine, f"Number {n}.") for n in range(12)))
    assert {len(sound) // 2 for sound, _ in results[:10]} == {24 * MS_A_LETTER * len("Number 1. ")}
    assert any(told.get("cancel") or told.get("close_context") or told.get("type") == "Clear" for told in service.told)


async def test_a_hundred_replies_with_random_interruptions(running: tuple[VoiceService, Engine]) -> None:
    service, engine = running
    chance = random.Random(7)

    async def reply(n: int) -> None:
        stop_after = chance.choice((0, 1, 3, 1_000))
        speech = TtsAdapter(engine).speak(texts(f"Reply {n}.", "It goes on, and on."), VoiceSpec())
        heard = 0
        async for item in speech:
            assert not isinstance(item, bytes) or set(item) <= {0, 0x10}
            heard += 1
            if heard > stop_after:
                break
        await speech.aclose()

    for start in range(0, 100, 10):
        await asyncio.gather(*(reply(start + n) for n in range(10)))
    sound, _ = await spoken(engine, "Still here.")
    assert len(sound) // 2 == 24 * MS_A_LETTER * len("Still here. ")
    gc.collect()
    ours = [task for task in asyncio.all_tasks() if engine.info.name in task.get_name()]
    assert len(ours) == 2 * service.sockets, "tasks are left behind"
    assert getattr(service, "most_contexts", 0) <= 4, "the provider's limit was hit"


@pytest.mark.parametrize(
    ("text", "told", "retryable"),
    [("refuse me", "does not have that voice", False),
     ("now hang up", "failed|refused|credit", None),
     ("garble it", "sound that cannot be read", True)],
)  # fmt: skip
async def test_what_fails_is_told_in_our_words(
    running: tuple[VoiceService, Engine], text: str, told: str, retryable: bool | None
) -> None:
    _, engine = running
    if text == "garble it" and isinstance(engine, DeepgramAura):
        pytest.skip("its sound is binary: any bytes are sound")
    with pytest.raises(EngineError, match=told) as raised:
        await spoken(engine, text)
    assert text not in str(raised.value), "what was said is repeated"
    assert KEY not in str(raised.value)
    assert retryable in (None, raised.value.retryable)
    sound, _ = await spoken(engine, "Hello.")  # on a new socket where the old one was lost
    assert sound


async def test_a_connection_that_is_lost_before_the_first_sound_is_replaced(
    running: tuple[VoiceService, Engine], caplog: pytest.LogCaptureFixture
) -> None:
    service, engine = running
    caplog.set_level(logging.DEBUG)
    service.lose = 2
    sound, marks = await spoken(engine, "Hello there.", "How are you?")
    assert len(sound) // 2 == 24 * MS_A_LETTER * len("Hello there. How are you? ")
    assert len(marks) == 2
    assert engine.info.counts_troubles
    assert engine.troubles == {"lost_connection": 2}
    assert "Hello" not in caplog.text
    service.lose = 9
    with pytest.raises(EngineError, match="failed") as raised:
        await spoken(engine, "Hello there.")
    assert raised.value.retryable
    assert service.lose == 6, "it is tried again and again"
    service.lose = 0
    assert (await spoken(engine, "Hello."))[0]


async def test_a_wrong_key(kind: tuple[VoiceService, Make]) -> None:
    service, make = kind
    async with serve(service) as url:
        engine = make(api_key="other-key", url=url)
        with pytest.raises(EngineError, match="refused the key") as raised:
            await engine.warm_up()
        assert not raised.value.retryable
        await engine.close()
    with pytest.raises(ConfigError, match=r"api_key.*is empty"):
        make(api_key="")
    with pytest.raises(ConfigError, match="spaces"):
        make(api_key="a key\n")


@pytest.mark.parametrize(
    ("status", "body", "told", "retryable"),
    [(429, "too many concurrent requests", "takes no more at once", True),
     (402, "", "no credit", False),
     (401, '{"detail":{"status":"quota_exceeded"}}', "no credit", False),
     (503, "<html>", "failed", True),
     (302, "", "redirect", False)],
)  # fmt: skip
async def test_refusals(kind: tuple[VoiceService, Make], status: int, body: str, told: str, retryable: bool) -> None:
    service, make = kind
    service.refuse_status, service.refuse_body = status, body
    async with serve(service) as url:
        engine = make(api_key=KEY, url=url)
        with pytest.raises(EngineError, match=told) as raised:
            await engine.warm_up()
        assert raised.value.retryable is retryable
        await engine.close()


async def test_the_service_is_away(kind: tuple[VoiceService, Make]) -> None:
    _, make = kind
    engine = make(api_key=KEY, url="http://127.0.0.1:1")
    with pytest.raises(EngineError, match="cannot be reached") as raised:
        await engine.warm_up()
    assert raised.value.retryable
    await engine.close()


async def test_chosen_voices_and_tones(kind: tuple[VoiceService, Make]) -> None:
    service, make = kind
    async with serve(service) as url:
        engine = make(api_key=KEY, url=url, voices=["Bob"], voice_tone_map={"angry": "Bob", "calm": {"speed": 0.9}})
        await engine.warm_up()
        assert engine.info.voices == ("Bob",)
        assert engine.info.tones == ("neutral", "calm", "angry")
        assert engine.info.tone_voices == {"angry": "Bob"}
        await spoken(engine, "Hush.", voice=VoiceSpec(tone="calm"))
        assert "0.9" in f"{service.told} {service.paths}"
        await spoken(engine, "Grr.", voice=VoiceSpec(tone="angry"))
        await engine.close()
        unknown = make(api_key=KEY, url=url, voices=["Eve"])
        with pytest.raises(ConfigError, match="there is no voice Eve; there are Ada, Bob"):
            await unknown.warm_up()
        await unknown.close()
    with pytest.raises(ConfigError, match="speed must be"):
        make(api_key=KEY, voice_tone_map={"calm": {"speed": 9}})
    with pytest.raises(ConfigError, match="does not know 'mood'"):
        make(api_key=KEY, voice_tone_map={"calm": {"mood": 9}})


# ---- as time goes by --------------------------------------------------------------------------------


def in_memory(service: VoiceService) -> tuple[ContextSockets, Callable[[], CloudContext]]:
    if isinstance(service, CartesiaService):
        dialect: Any = CartesiaDialect("ws://fake", "m", 24_000, None, tone_settings("", {}, None, {}))
    else:
        dialect = (DeepgramAura if isinstance(service, AuraService) else ElevenLabs)(api_key=KEY)._dialect
    dialect.voices = VoiceNames({"Ada": "00000000-0000-4000-8000-000000000000"})
    sockets = ContextSockets(dialect, MemoryClient(service))  # type: ignore[arg-type]
    return sockets, lambda: CloudContext(sockets, VoiceSpec())


@every_service
def test_a_text_that_comes_late_is_spoken_all_the_same(make: Callable[[], VoiceService]) -> None:
    """The LLM thinks for three minutes between two sentences: contexts die, or are kept alive."""

    @in_virtual_time
    async def run() -> None:
        service = make()
        sockets, new = in_memory(service)
        context = new()
        heard: list[Any] = []

        async def listen() -> None:
            heard.extend([item async for item in context])

        listening = asyncio.ensure_future(listen())
        await context.say("One two.")
        await asyncio.sleep(200)
        await context.say("Three.")
        await asyncio.sleep(0.1)
        await context.say("Four.")
        await context.finish()
        async with asyncio.timeout(20):
            await listening
        sound = b"".join(item for item in heard if isinstance(item, bytes))
        assert len(sound) // 2 == 24 * MS_A_LETTER * len("One two. Three. Four. ")
        words = [item for item in heard if isinstance(item, SpokenWord)]
        assert [word.text for word in words] == ["One", "two.", "Three.", "Four."]
        assert words[2].start_ms == MS_A_LETTER * len("One two. ")
        await context.aclose()
        await sockets.close()

    run()


@in_virtual_time
async def test_a_context_that_never_ends_is_a_failure_of_the_service() -> None:
    sockets, new = in_memory(CartesiaService())
    context = new()
    await context.say("One two.")
    await asyncio.sleep(0.9)  # it may not take more text now
    context._finish_part = lambda: asyncio.sleep(0)  # type: ignore[method-assign,assignment]
    with pytest.raises(EngineError, match="did not end") as failed:
        await context.say("Three.")
    assert failed.value.retryable
    await context.aclose()
    await sockets.close()


@every_service
def test_an_hour_without_a_word(make: Callable[[], VoiceService]) -> None:
    @in_virtual_time
    async def run() -> None:
        service = make()
        sockets, new = in_memory(service)
        for _ in range(2):
            context = new()
            await context.say("Hello.")
            await context.finish()
            assert b"".join([item async for item in context if isinstance(item, bytes)])
            await context.aclose()
            await asyncio.sleep(3_600)
            assert service.sockets == 0, "an idle socket is kept"
        await sockets.close()
        assert len(asyncio.all_tasks()) == 1

    run()


@every_service
def test_many_callers_at_once_connect_side_by_side(make: Callable[[], VoiceService]) -> None:
    """A connection takes 50 ms here. Whoever shares one that is being made makes none; one who leaves ends it for
    nobody."""

    @in_virtual_time
    async def run() -> None:
        service = make()
        sockets, new = in_memory(service)
        contexts = [new() for _ in range(20)]
        began_s = asyncio.get_running_loop().time()
        leaving = asyncio.ensure_future(contexts[0].say("I leave at once."))
        talking = asyncio.gather(*(context.say("Hello.") for context in contexts[1:]))
        await asyncio.sleep(0.01)
        leaving.cancel()
        await talking
        assert asyncio.get_running_loop().time() - began_s < 0.06
        assert service.opened == -(-20 // sockets.dialect.contexts_max)
        for context in contexts:
            await context.aclose()
        await sockets.close()
        assert len(asyncio.all_tasks()) == 1

    run()


@every_service
def test_an_old_socket_takes_no_more_replies(make: Callable[[], VoiceService]) -> None:
    @in_virtual_time
    async def run() -> None:
        service = make()
        sockets, new = in_memory(service)
        for _ in range(40):  # two hours
            context = new()
            await context.say("Hello.")
            await context.finish()
            assert b"".join([item async for item in context if isinstance(item, bytes)])
            await context.aclose()
            await asyncio.sleep(180)
        assert service.opened == 3
        assert service.most_sockets <= 2
        await sockets.close()

    run()


def test_ids_of_voices() -> None:
    assert ID_FORM.fullmatch("00000000-0000-4000-8000-000000000000")
    assert not ID_FORM.fullmatch("Ada")
