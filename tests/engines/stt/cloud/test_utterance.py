"""Ears over WebSockets: the same tests for each service, against fakes with its habits."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.cloud_ears import (
    ABORT,
    GAP_MS,
    WORD_MS,
    WORDS,
    AssemblyAiService,
    DeepgramService,
    EarService,
    FluxService,
    GoogleService,
    MemoryClient,
    OpenAiRealtimeService,
    SpeechmaticsService,
    serve,
    speech,
    windows,
)
from tests.fakes.cloud_voices import KEY, Close
from voi.engines.base import SttOptions, Transcript
from voi.engines.stt.cloud.assemblyai import AssemblyAi
from voi.engines.stt.cloud.deepgram import Deepgram
from voi.engines.stt.cloud.deepgram_flux import DeepgramFlux
from voi.engines.stt.cloud.google_stt import GoogleStt
from voi.engines.stt.cloud.openai_realtime import OpenAiRealtime
from voi.engines.stt.cloud.speechmatics import Speechmatics
from voi.engines.stt.cloud.utterance import CloudEarStream, SocketEar
from voi.engines.supervised import SupervisedStt
from voi.errors import ConfigError, EngineError


@dataclass(frozen=True)
class Kind:
    """`word_times`: it tells the times of words. `one_call`: each utterance has a connection of its own."""

    service: Callable[[], EarService]
    engine: Callable[..., SocketEar]
    word_times: bool = True
    one_call: bool = False


KINDS = {
    "deepgram": Kind(DeepgramService, Deepgram),
    "assemblyai": Kind(AssemblyAiService, AssemblyAi),
    "speechmatics": Kind(SpeechmaticsService, Speechmatics),
    "openai-realtime": Kind(OpenAiRealtimeService, OpenAiRealtime, word_times=False),
    "flux": Kind(FluxService, DeepgramFlux, word_times=False),
}
web_kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
ALL_KINDS = {
    **KINDS,
    "google": Kind(GoogleService, partial(GoogleStt, project="p"), one_call=True),
    "google-v1": Kind(GoogleService, partial(GoogleStt, version="v1"), one_call=True),
}
every_kind = pytest.mark.parametrize("kind", ALL_KINDS.values(), ids=ALL_KINDS)


def in_memory(service: EarService, kind: Kind, **options: Any) -> SocketEar:
    engine = kind.engine(api_key=KEY, **options)
    engine._sockets._client = engine._client = MemoryClient(service)  # type: ignore[assignment]
    if isinstance(engine, GoogleStt):
        engine._open = lambda: asyncio.sleep(0)  # type: ignore[method-assign]
    return engine


async def say(stream: CloudEarStream, *words: str, quiet_ms: int = 0) -> None:
    """As the session does: a window at a time, as time goes by."""
    for window, voiced in windows(speech(*words) + bytes(quiet_ms * 32)):
        stream.feed(window, speech=voiced)
        await asyncio.sleep(0.032)


def took(began_s: float) -> float:
    return asyncio.get_running_loop().time() - began_s


async def finished(engine: SocketEar, service: EarService) -> None:
    await engine.close()
    assert service.sockets == 0
    assert len(asyncio.all_tasks()) == 1, "a task is left"


Scene = Callable[[EarService, SocketEar], Awaitable[None]]


def play(kind: Kind, scene: Scene, **options: Any) -> None:
    """Play the scene on the virtual clock; afterwards nothing may be left."""

    @in_virtual_time
    async def run() -> None:
        service = kind.service()
        engine = in_memory(service, kind, **options)
        await engine.warm_up()
        await scene(service, engine)
        await finished(engine, service)

    run()


# ---- an utterance -----------------------------------------------------------------------------------


@every_kind
def test_an_utterance_grows_and_has_its_words_at_their_times(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        seen: list[Transcript] = []
        stream = engine.open(SttOptions("en"), seen.append)
        await say(stream, *WORDS[:8], quiet_ms=300)
        began_s = asyncio.get_running_loop().time()
        heard = await stream.flush()
        assert heard.text == " ".join(WORDS[:8])
        assert took(began_s) < 1.0
        assert not heard.tentative
        assert len(seen) >= 3 or not engine.info.partials
        for earlier, later in pairwise(seen):
            assert later.confirmed.startswith(earlier.confirmed), "what is confirmed has changed"
        if kind.word_times:
            assert [word.text for word in heard.words] == list(WORDS[:8])
            assert abs(heard.words[5].start_ms - 5 * (WORD_MS + GAP_MS)) <= 2
        await say(stream, "kilo")
        assert (await stream.flush()).text == " ".join((*WORDS[:8], "kilo"))
        stream.close()
        stream.close()

    play(kind, scene)


@every_kind
def test_a_socket_hears_one_utterance_after_the_other(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        for turn in range(4):
            stream = engine.open(SttOptions(), None)
            await say(stream, WORDS[turn], WORDS[turn + 1], quiet_ms=200)
            heard = await stream.flush()
            assert heard.text == f"{WORDS[turn]} {WORDS[turn + 1]}"
            if kind.word_times:
                assert abs(heard.words[1].start_ms - WORD_MS - GAP_MS) <= 2, "times count from the utterance's start"
            await say(stream, quiet_ms=200)
            stream.close()
            await asyncio.sleep(5)
        assert service.opened == (1 if not kind.one_call else 5)

    play(kind, scene)


@every_kind
def test_who_is_dropped_is_not_heard_by_the_next(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        for pause_s in (0.0, 0.1, 3.0):
            dropped = engine.open(SttOptions(), None)
            await say(dropped, "alpha", "bravo", "charlie", "delta")
            dropped.close()
            await asyncio.sleep(pause_s)
            stream = engine.open(SttOptions(), None)
            await say(stream, "echo")
            assert (await stream.flush()).text == "echo"
            stream.close()

    play(kind, scene)


@every_kind
def test_a_shred_of_who_was_dropped_is_not_heard_by_the_next(kind: Kind) -> None:
    """Too little sound for an answer to a flush, right after a final text."""

    async def scene(service: EarService, engine: SocketEar) -> None:
        dropped = engine.open(SttOptions(), None)
        await say(dropped, "alpha", "bravo", "charlie")
        dropped.feed(speech("delta")[: 64 * 32])
        await asyncio.sleep(0.03)
        dropped.close()
        await asyncio.sleep(3)
        stream = engine.open(SttOptions(), None)
        await say(stream, "echo")
        assert (await stream.flush()).text == "echo"
        stream.close()

    play(kind, scene)


@every_kind
def test_quiet_has_no_words_and_asks_for_none(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        stream = engine.open(SttOptions(), None)
        assert (await stream.flush()).text == ""
        stream.feed(bytes(3_201), speech=False)
        assert (await stream.flush()).text == ""
        stream.close()
        with pytest.raises(EngineError, match="was closed"):
            await open_and_close(engine).flush()

    play(kind, scene)


def open_and_close(engine: SocketEar) -> CloudEarStream:
    stream = engine.open(SttOptions(), None)
    stream.feed(speech("alpha"))
    stream.close()
    return stream


@every_kind
def test_a_recording_that_is_fed_at_once(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        stream = engine.open(SttOptions(), None)
        said = [WORDS[n % len(WORDS)] for n in range(100)]
        stream.feed(speech(*said))
        assert (await stream.flush()).text == " ".join(said)
        stream.close()

    play(kind, scene)


@every_kind
def test_under_supervision_a_broken_service_is_left_in_peace(kind: Kind) -> None:
    """Voi sends a service no trial sound, and a later utterance is heard."""

    @in_virtual_time
    async def run() -> None:
        service = kind.service()
        supervised = SupervisedStt(lambda: in_memory(service, kind))
        await supervised.warm_up()
        service.mute = True
        stream = supervised.open(SttOptions(), None)
        stream.feed(speech(*WORDS[:4]))
        with pytest.raises(EngineError, match="gave no text within"):
            await stream.flush()
        stream.close()
        await asyncio.sleep(120)
        assert service.opened <= 2, "it is tried"
        assert service.sockets == 0
        service.mute = False
        stream = supervised.open(SttOptions(), None)
        stream.feed(speech("alpha"))
        assert (await stream.flush()).text == "alpha"
        stream.close()
        await supervised.close()
        assert service.sockets == 0

    run()


# ---- what goes wrong --------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("lost", [Close(1011, "internal"), Close(1000), Close(1012, ""), ABORT], ids=str)
@pytest.mark.parametrize("at_ms", [40, 700, 1_300, 2_900])
def test_a_lost_socket_loses_no_word(kind: Kind, lost: Close, at_ms: int) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        service.lose_at_ms, service.lose_with = [at_ms, at_ms], lost
        stream = engine.open(SttOptions(), lambda _: None)
        await say(stream, *WORDS[:12], quiet_ms=100)
        heard = await stream.flush()
        assert heard.text == " ".join(WORDS[:12])
        if kind.word_times:
            assert [word.text for word in heard.words] == list(WORDS[:12])
            assert all(abs(word.start_ms - n * (WORD_MS + GAP_MS)) <= 60 for n, word in enumerate(heard.words))
        assert service.opened >= 2
        stream.close()

    play(kind, scene)


@every_kind
def test_a_socket_that_dies_while_the_final_text_is_awaited(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        service.late_s = 0.4
        stream = engine.open(SttOptions(), None)
        await say(stream, "alpha", "bravo")
        flushing = asyncio.ensure_future(stream.flush())
        await asyncio.sleep(0.2)
        service.late_s = 0.0
        for socket in list(engine._sockets._sockets):
            await socket._socket.close()
        assert (await flushing).text == "alpha bravo"
        assert engine.info.counts_troubles
        assert engine.troubles["lost_connection"] == 1
        stream.close()

    play(kind, scene)


@every_kind
def test_a_final_text_that_comes_late_is_not_awaited_for_ever(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        stream = engine.open(SttOptions(), None)
        await say(stream, "alpha", "bravo")
        service.flush_unanswered = True
        began_s = asyncio.get_running_loop().time()
        heard = await stream.flush()
        assert took(began_s) <= engine._sockets.habits.final_s + 0.2
        assert heard.text.startswith("alpha") or not engine.info.partials
        stream.close()
        service.flush_unanswered = False
        stream = engine.open(SttOptions(), None)
        await say(stream, "charlie")
        assert (await stream.flush()).text == "charlie"
        stream.close()

    play(kind, scene)


@every_kind
def test_a_service_that_says_nothing_is_at_fault(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        service.mute = True
        stream = engine.open(SttOptions(), None)
        await say(stream, *WORDS[:4])
        with pytest.raises(EngineError, match=r"gave no text within") as raised:
            await stream.flush()
        assert raised.value.retryable
        stream.close()

    play(kind, scene)


@every_kind
def test_a_service_that_breaks_every_connection_is_given_up(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scene(service: EarService, engine: SocketEar) -> None:
        service.lose_at_ms, service.lose_with = [40] * 50, Close(1011, f"planted words {KEY}")
        stream = engine.open(SttOptions(), None)
        await say(stream, "alpha", "bravo", "charlie", "delta")
        with pytest.raises(EngineError) as raised:
            await stream.flush()
        assert "planted" not in str(raised.value)
        assert service.opened <= 6
        stream.feed(speech("alpha"))  # is ignored
        stream.close()

    play(kind, scene)
    assert "planted" not in caplog.text
    assert KEY not in caplog.text
    assert not any(word in caplog.text for word in WORDS[:4])


@every_kind
@pytest.mark.parametrize(
    ("close", "told"),
    [(Close(1008, "quota_exceeded"), "no credit left"), (Close(4001, ""), "refused the key"),
     (Close(1008, "too many concurrent requests"), "takes no more at once")],
    ids=["credit", "key", "limit"],
)  # fmt: skip
def test_close_codes_with_reasons_are_told_in_words(kind: Kind, close: Close, told: str) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        service.lose_at_ms, service.lose_with = [300] * 50, close
        stream = engine.open(SttOptions(), None)
        await say(stream, "alpha", "bravo", "charlie")
        with pytest.raises(EngineError, match=told):
            await stream.flush()
        stream.close()

    play(kind, scene)


@every_kind
def test_who_leaves_while_it_connects_or_waits(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        for patience_s in (0.0, 0.02, 0.06, 0.3, 1.0):
            stream = engine.open(SttOptions("de"), None)
            stream.feed(speech("alpha"))
            flushing = asyncio.ensure_future(stream.flush())
            await asyncio.sleep(patience_s)
            flushing.cancel()
            stream.close()
            await asyncio.gather(flushing, return_exceptions=True)
        await asyncio.sleep(60)
        assert service.sockets == 0

    play(kind, scene)


@every_kind
def test_a_hundred_utterances_with_random_ends(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        chance = random.Random(7)

        async def utterance(n: int) -> None:
            await asyncio.sleep(chance.random() * 20)
            said = [chance.choice(WORDS) for _ in range(chance.randint(1, 9))]
            stream = engine.open(SttOptions(), lambda _: None)
            fate = chance.choice(("drop", "leave", "lose", "stay", "stay"))
            if fate == "lose":
                service.lose_at_ms.append(chance.randint(100, 2_000))
            speaking = asyncio.ensure_future(say(stream, *said))
            if fate == "drop":
                await asyncio.sleep(chance.random())
                speaking.cancel()
            else:
                await speaking
                flushing = asyncio.ensure_future(stream.flush())
                if fate == "leave":
                    await asyncio.sleep(0.01)
                    flushing.cancel()
                else:
                    assert (await flushing).text == " ".join(said)
            stream.close()
            await asyncio.gather(speaking, return_exceptions=True)

        await asyncio.gather(*(utterance(n) for n in range(100)))
        service.lose_at_ms.clear()
        await asyncio.sleep(60)
        assert service.sockets == 0

    play(kind, scene)


@every_kind
def test_an_hour_without_a_word(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        for _ in range(2):
            stream = engine.open(SttOptions(), None)
            await say(stream, "alpha", "bravo")
            assert (await stream.flush()).text == "alpha bravo"
            stream.close()
            await asyncio.sleep(15)
            assert service.sockets == (not kind.one_call), "the next turn comes soon"
            await asyncio.sleep(3_600)
            assert service.sockets == 0, "an idle socket is billed"

    play(kind, scene)


@every_kind
def test_a_person_who_is_quiet_for_a_minute_in_an_utterance(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        stream = engine.open(SttOptions(), None)
        await say(stream, "alpha", "bravo", quiet_ms=300)
        await asyncio.sleep(60)  # no sound comes at all
        await say(stream, "charlie", quiet_ms=20_000)
        await say(stream, "delta")
        assert (await stream.flush()).text == "alpha bravo charlie delta"
        assert service.opened == 1 + kind.one_call
        stream.close()

    play(kind, scene)


@every_kind
def test_the_plans_limit(kind: Kind) -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        assert engine.info.at_once_max == 2
        one, two = engine.open(SttOptions("de"), None), engine.open(SttOptions("fr"), None)  # the idle one makes room
        await asyncio.gather(say(one, "alpha"), say(two, "bravo"))
        three = engine.open(SttOptions(), None)
        await say(three, "charlie")
        with pytest.raises(EngineError, match="takes 2 connections at once"):
            await three.flush()
        assert [(await stream.flush()).text for stream in (one, two)] == ["alpha", "bravo"]
        for stream in (one, two, three):
            stream.close()
        assert service.most_sockets == 2

    play(kind, scene, at_once=2)


# ---- over real sockets ------------------------------------------------------------------------------


async def hear(engine: SocketEar, words: Sequence[str]) -> str:
    stream = engine.open(SttOptions("en"), None)
    stream.feed(speech(*words))
    try:
        return (await stream.flush()).text
    finally:
        stream.close()


@web_kinds
async def test_over_real_sockets_ten_at_once_and_one_that_breaks(kind: Kind) -> None:
    service = kind.service()
    async with serve(service) as url:
        engine = kind.engine(api_key=KEY, url=url)
        await engine.warm_up()
        service.lose_at_ms, service.lose_with = [500], ABORT
        said = [WORDS[n : n + 5] for n in range(10)]
        assert await asyncio.gather(*(hear(engine, words) for words in said)) == [" ".join(words) for words in said]
        await engine.close()
        for _ in range(300):
            await asyncio.sleep(0.01 if service.sockets else 0)
        assert service.sockets == 0


@web_kinds
async def test_a_wrong_key(kind: Kind) -> None:
    async with serve(kind.service()) as url:
        engine = kind.engine(api_key="other-key", url=url)
        with pytest.raises(EngineError, match="refused the key") as raised:
            await engine.warm_up()
        assert not raised.value.retryable
        with pytest.raises(EngineError, match="refused the key"):
            await hear(engine, WORDS[:3])
        await engine.close()
    with pytest.raises(ConfigError, match=r"api_key.*is empty"):
        kind.engine(api_key="")
    with pytest.raises(ConfigError, match="must begin with https://"):
        kind.engine(api_key=KEY, url="ftp://x")


@web_kinds
@pytest.mark.parametrize(
    ("status", "reason", "told", "retryable"),
    [(429, "Too many concurrent requests", "takes no more at once", True), (402, "", "no credit", False),
     (403, "no access to the requested model", "does not have that model", False), (503, "", "failed", True)],
)  # fmt: skip
async def test_refusals(kind: Kind, status: int, reason: str, told: str, retryable: bool) -> None:
    service = kind.service()
    service.refuse_status, service.refuse_reason = status, reason
    async with serve(service) as url:
        engine = kind.engine(api_key=KEY, url=url)
        with pytest.raises(EngineError, match=told) as raised:
            await engine.warm_up()
        assert raised.value.retryable is retryable
        await engine.close()


@web_kinds
async def test_the_service_is_away(kind: Kind) -> None:
    engine = kind.engine(api_key=KEY, url="http://127.0.0.1:1")
    with pytest.raises(EngineError, match="cannot be reached"):
        await hear(engine, WORDS[:2])
    await engine.close()
