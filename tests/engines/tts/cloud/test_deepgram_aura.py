"""What is Aura's own: flushes are counted, a reply has its socket for itself, and its voices."""

import asyncio
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.cloud_voices import KEY, MS_A_LETTER, AuraService, MemoryClient, serve
from voi.dialogue import SpokenWord
from voi.engines.base import VoiceSpec
from voi.engines.tts.cloud.contexts import CloudContext, ContextSockets
from voi.engines.tts.cloud.deepgram_aura import FLUSHES_MAX, AuraDialect, DeepgramAura, FlushAllowance
from voi.engines.tts.cloud.tone_settings import tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames
from voi.errors import EngineError


def in_memory(service: AuraService) -> ContextSockets:
    dialect = AuraDialect("ws://fake", {}, 24_000, tone_settings("", {}, None, {}))
    dialect.voices = VoiceNames({"Ada": "aura-2-ada-en"})
    return ContextSockets(dialect, MemoryClient(service))  # type: ignore[arg-type]


async def reply(sockets: ContextSockets, *texts: str) -> list[Any]:
    context = CloudContext(sockets, VoiceSpec())
    for text in texts:
        await context.say(text)
    await context.finish()
    heard = [item async for item in context]
    await context.aclose()
    return heard


@in_virtual_time
async def test_a_long_reply_stays_within_the_flushes_and_is_spoken_whole() -> None:
    service = AuraService()
    sockets = in_memory(service)
    texts = [f"Sentence number {n}." for n in range(60)]
    heard = await reply(sockets, *texts)
    sound = b"".join(item for item in heard if isinstance(item, bytes))
    assert len(sound) // 2 == 24 * MS_A_LETTER * sum(len(text) + 1 for text in texts)
    assert [item.text for item in heard if isinstance(item, SpokenWord)] == " ".join(texts).split()
    assert service.warnings == 0
    assert sum(told["type"] == "Flush" for told in service.told) <= FLUSHES_MAX
    await sockets.close()


@in_virtual_time
async def test_many_short_replies_go_to_as_many_sockets_as_their_flushes_need() -> None:
    service = AuraService()
    sockets = in_memory(service)
    for _ in range(60):
        heard = await reply(sockets, "Yes.", "No.")
        assert heard
        await asyncio.sleep(0.5)
    assert service.warnings == 0
    assert 1 < service.most_sockets < 12
    await asyncio.sleep(3_600)
    assert service.sockets == 0
    await sockets.close()


@in_virtual_time
async def test_a_socket_that_never_says_cleared_is_closed_and_not_used_again() -> None:
    service = AuraService()
    service.never_cleared = True
    sockets = in_memory(service)
    context = CloudContext(sockets, VoiceSpec())
    await context.say("I shall be interrupted.")
    await context.aclose()
    heard = await reply(sockets, "Hello.")
    assert set(b"".join(item for item in heard if isinstance(item, bytes))) <= {0, 0x10}, "late sound of another reply"
    await asyncio.sleep(60)
    assert service.sockets == 1
    await sockets.close()
    assert len(asyncio.all_tasks()) == 1


@in_virtual_time
async def test_an_end_that_comes_when_all_was_spoken_needs_no_flush() -> None:
    service = AuraService()
    sockets = in_memory(service)
    context = CloudContext(sockets, VoiceSpec())
    await context.say("Hello.")
    await asyncio.sleep(5)
    await context.finish()
    assert b"".join([item async for item in context if isinstance(item, bytes)])
    assert sum(told["type"] == "Flush" for told in service.told) == 1
    await context.aclose()
    await sockets.close()


@in_virtual_time
async def test_flushes_are_free_again_after_a_minute() -> None:
    allowance = FlushAllowance()
    for _ in range(FLUSHES_MAX):
        allowance.use()
    assert (allowance.left, allowance.room) == (0, False)
    await asyncio.sleep(61)
    assert (allowance.left, allowance.room) == (FLUSHES_MAX, True)


@pytest.mark.parametrize(
    ("language", "first"), [(None, ["Ada", "Bob", "aura-bob-en", "eva"]), ("de", ["eva", "Ada", "Bob", "aura-bob-en"])]
)
async def test_voices_of_the_language_come_first(language: str | None, first: list[str]) -> None:
    async with serve(AuraService()) as url:
        engine = DeepgramAura(api_key=KEY, url=url, language=language)
        await engine.warm_up()
        assert sorted(engine.info.voices) == sorted(first)
        assert engine.info.voices[0] == first[0]
        await engine.close()


@in_virtual_time
async def test_sockets_of_other_voices_that_nobody_uses_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voi.engines.tts.cloud.contexts.SOCKETS_MAX", 2)
    service = AuraService()
    sockets = in_memory(service)
    sockets.dialect.voices = VoiceNames({name: f"aura-2-{name}-en" for name in ("ada", "bob", "eva")})  # type: ignore[attr-defined]
    for name in ("ada", "bob", "eva", "ada"):
        context = CloudContext(sockets, VoiceSpec(name))
        await context.say("Hello.")
        await context.finish()
        assert b"".join([item async for item in context if isinstance(item, bytes)])
        await context.aclose()
    assert service.most_sockets == 2
    talking = [CloudContext(sockets, VoiceSpec("ada")) for _ in range(3)]
    await talking[0].say("I go on.")
    await talking[1].say("So do I.")
    with pytest.raises(EngineError, match="2 connections are open, and all are full"):
        await talking[2].say("And I?")
    for context in talking:
        await context.aclose()
    await sockets.close()
