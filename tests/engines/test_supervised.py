"""Engines that hang, crash, refuse and come back, on a clock of their own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from voi.engines import supervisor
from voi.engines.base import SttOptions, Transcript, VoiceSpec
from voi.engines.info import SttInfo, TtsInfo
from voi.engines.supervised import TRIAL_TEXT, SupervisedStt, SupervisedTts
from voi.engines.supervisor import Supervisor
from voi.engines.waits import FEWEST
from voi.errors import ConfigError, EngineBroken, EngineError

DEADLINE_S = 0.05
HANG = object()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(supervisor, "CLOSE_DEADLINE_S", 0.05)
    monkeypatch.setattr(supervisor, "WARM_UP_DEADLINE_S", 0.2)


class Factory:
    """Makes engines; the n-th behaves as the n-th plan says, the last plan over and over."""

    def __init__(self, kind: type, *plans: dict[str, Any]) -> None:
        self.kind, self.plans = kind, plans
        self.made: list[Any] = []

    def __call__(self) -> Any:
        self.made.append(self.kind(**self.plans[min(len(self.made), len(self.plans) - 1)]))
        return self.made[-1]


async def _do(what: object) -> None:
    if what is HANG:
        await asyncio.sleep(1e6)
    if isinstance(what, float):
        await asyncio.sleep(what)
    if isinstance(what, Exception):
        raise what


class FakeTts:
    info = TtsInfo("fake", voices=("anna",))

    def __init__(self, *, say: dict[str, list[Any]] | None = None, warm: object = None, close: object = None) -> None:
        self.say, self.warm, self.end = say or {}, warm, close
        self.closed = self.ended = 0
        self.spoken: list[str] = []

    async def warm_up(self) -> None:
        await _do(self.warm)

    async def close(self) -> None:
        self.closed += 1
        await _do(self.end)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        """Chunks as planned for this text: bytes, an error, a hang, or a number of seconds to wait."""
        self.spoken.append(text)
        try:
            for what in self.say.get(text, [b"ok"]):
                if isinstance(what, bytes):
                    yield what
                elif isinstance(what, float):
                    await asyncio.sleep(what)
                else:
                    await _do(what)
        finally:
            self.ended += 1


class PingedTts(FakeTts):
    """`pings`: what becomes of each, the last of them over and over."""

    info = replace(FakeTts.info, pings=True)

    def __init__(self, *pings: object, **plan: Any) -> None:
        super().__init__(**plan)
        self.pings, self.pinged = pings, 0

    async def ping(self) -> None:
        self.pinged += 1
        await _do(self.pings[min(self.pinged, len(self.pings)) - 1])


async def said(tts: SupervisedTts, text: str = "hello") -> bytes:
    return b"".join([chunk async for chunk in tts.stream(text, VoiceSpec()) if isinstance(chunk, bytes)])


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(2):
        while not seen():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


async def recovered(engine: SupervisedTts | SupervisedStt) -> None:
    await until(lambda: not engine.restarting)


async def tts_of(*plans: dict[str, Any]) -> tuple[SupervisedTts, Factory]:
    factory = Factory(FakeTts, *plans)
    tts = SupervisedTts(factory, Supervisor(deadline_s=DEADLINE_S))
    await tts.warm_up()
    return tts, factory


@in_virtual_time
async def test_a_good_engine_is_left_alone() -> None:
    tts, factory = await tts_of({"say": {"hello": [b"a", b"b"]}})
    assert await said(tts) == b"ab"
    assert (tts.name, tts.info) == ("fake", TtsInfo("fake", sample_rate_hz=24_000, voices=("anna",)))
    await tts.close()
    assert len(factory.made) == 1
    assert (factory.made[0].closed, factory.made[0].ended) == (1, 1)


@in_virtual_time
async def test_one_that_hangs_ends_all_its_calls_and_is_replaced() -> None:
    tts, factory = await tts_of({"say": {"hello": [b"a", HANG], "other": [HANG]}, "close": HANG}, {})
    results = await asyncio.gather(said(tts), said(tts, "other"), return_exceptions=True)
    assert [type(result) for result in results] == [EngineError, EngineError]
    assert all(result.retryable for result in results)  # type: ignore[union-attr]
    assert "gave nothing for 0.05 s" in str(results[0])
    with pytest.raises(EngineError, match="being restarted"):
        await said(tts)
    await recovered(tts)
    assert await said(tts) == b"ok"
    assert tts.supervisor.restarts == 1
    assert len(factory.made) == 2
    assert factory.made[0].ended == 2
    await tts.close()


@in_virtual_time
async def test_calls_of_the_old_engine_end_at_once_when_another_call_crashes_it() -> None:
    tts, _ = await tts_of({"say": {"slow": [b"a", 10.0, b"b"], "hello": [RuntimeError("CUDA error")]}}, {})
    tts.supervisor.deadline_s = 5.0
    slow = asyncio.create_task(said(tts, "slow"))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(1):
        with pytest.raises(EngineError, match="RuntimeError"):
            await said(tts)
        with pytest.raises(EngineError, match="RuntimeError"):
            await slow
    await recovered(tts)
    assert await said(tts) == b"ok"
    await tts.close()


@in_virtual_time
async def test_one_that_is_merely_slow_is_not_restarted() -> None:
    """Others get sound, so the engine lives: only the call that waited too long fails."""
    tts, factory = await tts_of({"say": {"busy": [0.02, b"x"] * 6, "hello": [HANG]}})
    busy = asyncio.create_task(said(tts, "busy"))
    with pytest.raises(EngineError, match="too slow now"):
        await said(tts)
    assert await busy == b"x" * 6
    assert len(factory.made) == 1
    await tts.close()


async def pinged_tts(monkeypatch: pytest.MonkeyPatch, *pings: object, say: dict[str, list[Any]]) -> SupervisedTts:
    monkeypatch.setattr(supervisor, "IMPATIENT_S", 0.01)
    monkeypatch.setattr(supervisor, "ASKED_AGAIN_S", 0.01)
    tts = SupervisedTts(lambda: PingedTts(*pings, say=say))
    tts.answer_s = 0.02
    await tts.warm_up()
    return tts


@pytest.mark.parametrize("ping", [HANG, EngineBroken("The process ended."), ValueError()])
@in_virtual_time
async def test_a_silent_engine_that_does_not_answer_is_given_up_long_before_the_deadline(
    ping: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    tts = await pinged_tts(monkeypatch, ping, say={"hello": [b"a", HANG], "other": [HANG]})
    async with asyncio.timeout(1):
        results = await asyncio.gather(said(tts), said(tts, "other"), return_exceptions=True)
    assert ["hangs" in str(result) for result in results] == [True, True]
    await recovered(tts)
    assert await said(tts, "x") == b"ok"
    assert tts.supervisor.restarts == 1
    await tts.close()


@in_virtual_time
async def test_a_silent_engine_that_answers_is_left_to_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    tts = await pinged_tts(monkeypatch, None, say={"hello": [0.06, b"slow"]})
    assert await said(tts) == b"slow"
    engine: Any = tts.inner
    assert engine.pinged >= 2
    assert TRIAL_TEXT not in engine.spoken  # which would make it slower still
    await tts.close()


@in_virtual_time
async def test_an_answer_that_is_missed_once_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Perhaps it was the server that stood still."""
    tts = await pinged_tts(monkeypatch, HANG, None, say={"hello": [0.06, b"slow"]})
    assert await said(tts) == b"slow"
    assert tts.supervisor.restarts == 0
    await tts.close()


@in_virtual_time
async def test_an_engine_that_gives_to_others_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    tts = await pinged_tts(monkeypatch, HANG, say={"hello": [0.06, b"late"], "busy": [0.002, b"x"] * 40})
    monkeypatch.setattr(supervisor, "IMPATIENT_S", 0.03)
    late, busy = await asyncio.gather(said(tts), said(tts, "busy"))
    assert (late, busy) == (b"late", b"x" * 40)
    engine: Any = tts.inner
    assert engine.pinged == 0
    await tts.close()


@in_virtual_time
async def test_sound_that_comes_while_it_is_asked_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    tts = await pinged_tts(monkeypatch, HANG, say={"hello": [0.03, b"a"]})
    assert await said(tts) == b"a"
    await until(lambda: tts.supervisor._watching is None or tts.supervisor._watching.done())
    assert not tts.restarting
    await tts.close()


@pytest.mark.parametrize("kind", [EngineError, ConfigError])
@in_virtual_time
async def test_a_refusal_is_no_failure(kind: type[Exception]) -> None:
    tts, factory = await tts_of({"say": {"hello": [kind("No voice 'x'.")]}})
    with pytest.raises(kind, match="No voice"):
        await said(tts)
    assert factory.made[0].spoken == ["hello"]
    assert tts.supervisor._mending is None
    await tts.close()


@in_virtual_time
async def test_a_passing_failure_is_examined_and_forgiven() -> None:
    full = EngineError("Too many speak.", retryable=True)
    tts, factory = await tts_of({"say": {"hello": [full]}})
    for _ in range(3):
        with pytest.raises(EngineError, match="Too many"):
            await said(tts)
    assert tts.supervisor._mending is not None
    await tts.supervisor._mending
    with pytest.raises(EngineError, match="Too many"):
        await said(tts)
    await tts.supervisor._mending
    assert factory.made[0].spoken.count(TRIAL_TEXT) == 1  # not for every failure
    assert len(factory.made) == 1
    await tts.close()


@in_virtual_time
async def test_what_is_found_out_of_the_old_engine_is_not_the_new_ones() -> None:
    """A trial that is under way, and sound that somebody did not want yet."""
    broken = {"full": [EngineError("Too many speak.", retryable=True)], TRIAL_TEXT: [HANG],
              "long": [b"a", RuntimeError()], "hello": [RuntimeError()]}  # fmt: skip
    tts, factory = await tts_of({"say": broken}, {})
    long = tts.stream("long", VoiceSpec())
    assert await anext(long) == b"a"
    with pytest.raises(EngineError, match="Too many"):
        await said(tts, "full")
    await until(lambda: TRIAL_TEXT in factory.made[0].spoken)
    with pytest.raises(EngineError, match="crashed"):
        await said(tts)
    await recovered(tts)
    with pytest.raises(EngineError, match="was restarted"):
        await anext(long)
    await until(lambda: factory.made[0].ended == len(factory.made[0].spoken))
    await asyncio.sleep(DEADLINE_S)
    assert len(factory.made) == 2
    await tts.close()


@pytest.mark.parametrize("trial", [HANG, EngineError("XTTS failed", retryable=True), ValueError("broken")])
@in_virtual_time
async def test_a_failure_that_lasts_is_found_out(trial: object) -> None:
    broken = {"say": {"hello": [EngineError("XTTS failed", retryable=True)], TRIAL_TEXT: [trial]}}
    tts, factory = await tts_of(broken, {})
    with pytest.raises(EngineError, match="XTTS failed"):
        await said(tts)
    await until(lambda: len(factory.made) == 2)
    await recovered(tts)
    assert await said(tts) == b"ok"
    await tts.close()


@in_virtual_time
async def test_a_trial_begins_with_a_question_that_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = {"hello": [EngineError("XTTS failed", retryable=True)], TRIAL_TEXT: [HANG]}
    tts = await pinged_tts(monkeypatch, HANG, say=plan)
    with pytest.raises(EngineError, match="XTTS failed"):
        await said(tts)
    await until(lambda: tts.restarting)  # long before the deadline
    await tts.close()


@in_virtual_time
async def test_an_engine_that_is_full_is_left_alone() -> None:
    """It refuses the trial as it refuses everybody, but those who are in get their sound."""
    full = [EngineError("Too many speak.", retryable=True)]
    tts, factory = await tts_of({"say": {"busy": [0.005, b"x"] * 6, "hello": full, TRIAL_TEXT: [0.01, *full]}})
    busy = asyncio.create_task(said(tts, "busy"))
    await asyncio.sleep(0)
    with pytest.raises(EngineError, match="Too many"):
        await said(tts)
    assert await busy == b"x" * 6
    assert TRIAL_TEXT in factory.made[0].spoken
    assert tts.supervisor._mending is not None
    await tts.supervisor._mending
    assert len(factory.made) == 1
    assert not tts.restarting
    await tts.close()


@in_virtual_time
async def test_one_that_refuses_a_trial_with_a_reason_lives() -> None:
    """A model that is being loaded, for instance."""
    plan = {"hello": [EngineError("Later.", retryable=True)], TRIAL_TEXT: [EngineError("XTTS is loading.")]}
    tts, factory = await tts_of({"say": plan})
    with pytest.raises(EngineError, match="Later"):
        await said(tts)
    assert tts.supervisor._mending is not None
    await tts.supervisor._mending
    assert len(factory.made) == 1
    await tts.close()


@in_virtual_time
async def test_a_hang_is_found_though_every_caller_loses_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversations wait for a transcript for less than the deadline, and people interrupt a reply that is silent."""
    monkeypatch.setattr(supervisor, "IMPATIENT_S", 0.01)
    tts, factory = await tts_of({"say": {"hello": [HANG], TRIAL_TEXT: [HANG]}}, {})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(said(tts), 0.02)
    await until(lambda: len(factory.made) == 2)
    await recovered(tts)
    assert await said(tts) == b"ok"
    await tts.close()


@in_virtual_time
async def test_one_that_says_it_is_broken_is_replaced_without_a_trial() -> None:
    tts, factory = await tts_of({"say": {"hello": [EngineBroken("The device failed.")]}}, {})
    with pytest.raises(EngineError, match="It is being restarted"):
        await said(tts)
    await recovered(tts)
    assert TRIAL_TEXT not in factory.made[0].spoken
    await tts.close()


@in_virtual_time
async def test_engines_that_share_a_supervisor_fail_and_return_together() -> None:
    shared = Supervisor(deadline_s=5.0)
    one, other = (
        Factory(FakeTts, {"say": {"hello": [RuntimeError()]}}, {}),
        Factory(FakeTts, {"say": {"x": [HANG]}}, {}),
    )
    first, second = SupervisedTts(one, shared), SupervisedTts(other, shared)
    apart, untouched = await tts_of({"say": {"x": [0.02, b"x"]}})
    for tts in (first, second):
        await tts.warm_up()
    waiting, elsewhere = asyncio.create_task(said(second, "x")), asyncio.create_task(said(apart, "x"))
    await asyncio.sleep(0)
    with pytest.raises(EngineError, match="RuntimeError"):
        await said(first)
    with pytest.raises(EngineError, match="RuntimeError"):
        await waiting
    await recovered(first)
    assert (await said(first), await said(second), await elsewhere) == (b"ok", b"ok", b"x")
    assert (len(one.made), len(other.made), len(untouched.made)) == (2, 2, 1)
    assert (one.made[0].closed, other.made[0].closed) == (1, 1)
    for tts in (first, second, apart):
        await tts.close()


@in_virtual_time
async def test_engines_of_one_device_are_warmed_up_one_after_the_other() -> None:
    """Else both would find memory that only one of them can have."""
    loading, at_once, most = asyncio.Lock(), 0, 0

    class Heavy(FakeTts):
        async def warm_up(self) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0)
            at_once -= 1

    all_tts = [SupervisedTts(Heavy, Supervisor(loading=loading)) for _ in range(3)]
    await asyncio.gather(*(tts.warm_up() for tts in all_tts))
    for tts in all_tts:
        tts.supervisor.ended("The process ended.")
    for tts in all_tts:
        await recovered(tts)
        await tts.close()
    assert most == 1


@pytest.mark.parametrize(
    ("warm", "says"), [(RuntimeError("CUDA error: no device\nmore"), "cannot start: CUDA error: no device$"),
                       (HANG, "not ready within 0.2 s")],
)  # fmt: skip
@in_virtual_time
async def test_one_that_cannot_start_is_an_error_in_words(warm: object, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        await tts_of({"warm": warm})


@in_virtual_time
async def test_restarts_that_fail_are_repeated_with_longer_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = {"say": {"hello": [RuntimeError()]}}
    plans = [crash, {"warm": EngineError("no memory")}, {"warm": HANG}, {"warm": RuntimeError()}, {}]
    tts, factory = await tts_of(*plans)
    waits: list[float] = []
    sleep = asyncio.sleep

    async def noted(delay_s: float) -> None:
        if delay_s in (0.01, 0.02, 0.04, 0.08):
            waits.append(delay_s)
        await sleep(delay_s)

    monkeypatch.setattr(supervisor.asyncio, "sleep", noted)  # type: ignore[attr-defined]
    monkeypatch.setattr(supervisor, "LONGEST_WAIT_S", 0.04)
    with pytest.raises(EngineError, match="being restarted"):
        await said(tts)
    await recovered(tts)
    assert waits == [0.01, 0.02, 0.04, 0.04]
    assert [engine.closed for engine in factory.made] == [1, 1, 1, 1, 0]
    assert await said(tts) == b"ok"
    await tts.close()
    assert factory.made[-1].closed == 1


@in_virtual_time
async def test_what_is_known_of_the_engine_stays_while_it_restarts() -> None:
    """Its rate is asked for before every phrase, also before one that needs no engine."""

    class Late(FakeTts):
        async def warm_up(self) -> None:
            await super().warm_up()
            self.info = replace(self.info, sample_rate_hz=16_000)

    factory = Factory(Late, {"say": {"hello": [RuntimeError()]}}, {"warm": HANG})
    tts = SupervisedTts(factory, Supervisor(deadline_s=DEADLINE_S))
    await tts.warm_up()
    with pytest.raises(EngineError):
        await said(tts)
    await until(lambda: len(factory.made) == 2)
    assert tts.info.sample_rate_hz == 16_000
    await tts.close()


@in_virtual_time
async def test_one_that_returns_without_its_gpu_is_told_of_and_given_time(caplog: pytest.LogCaptureFixture) -> None:
    class Noted(FakeTts):
        async def warm_up(self) -> None:
            await super().warm_up()
            note = "" if self is factory.made[0] else "it computes on the CPU and is slow"
            self.info = replace(self.info, note=note)

    factory = Factory(Noted, {"say": {"hello": [RuntimeError()]}}, {"say": {"hello": [RuntimeError()]}}, {})
    tts = SupervisedTts(factory, Supervisor(deadline_s=DEADLINE_S))
    await tts.warm_up()
    for _ in range(2):
        with pytest.raises(EngineError):
            await said(tts)
        await recovered(tts)
    assert caplog.text.count("it computes on the CPU and is slow") == 1
    assert tts.supervisor.deadline_s == supervisor.SLOW_DEADLINE_S
    assert tts.answer_s == tts.slow_answer_s
    await tts.close()


@in_virtual_time
async def test_a_restart_is_of_no_one_conversation_and_does_not_wait_for_an_engine_that_will_not_go() -> None:
    seen = []

    class Stubborn(FakeTts):
        def __init__(self, **plan: Any) -> None:
            super().__init__(**plan)
            seen.append(whose.get())

        async def close(self) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await _do(self.end)
            await _do(self.end)

    whose = ContextVar("whose", default="nobody's")
    factory = Factory(Stubborn, {"say": {"hello": [RuntimeError()]}, "close": HANG}, {})
    tts = SupervisedTts(factory, Supervisor(deadline_s=DEADLINE_S))
    await tts.warm_up()
    whose.set("a conversation's")
    with pytest.raises(EngineError):
        await said(tts)
    await recovered(tts)
    assert seen == ["nobody's", "nobody's"]
    await tts.close()


@in_virtual_time
async def test_nothing_is_begun_or_left_once_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "IMPATIENT_S", 0.01)
    full = EngineError("Too many speak.", retryable=True)
    tts, factory = await tts_of({"say": {"hello": [HANG], "full": [full], "crash": [RuntimeError()]}})
    waiting = asyncio.create_task(said(tts))
    await asyncio.sleep(0)
    watching = tts.supervisor._watching
    await tts.close()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert watching is not None
    assert watching.done()
    for text in ("full", "crash"):
        with pytest.raises(EngineError):
            await said(tts, text)
    assert tts.supervisor._mending is None
    await tts.close()
    assert len(factory.made) == 1


@in_virtual_time
async def test_closing_while_it_restarts() -> None:
    tts, factory = await tts_of({"say": {"hello": [RuntimeError()]}}, {"warm": HANG})
    with pytest.raises(EngineError):
        await said(tts)
    await until(lambda: len(factory.made) == 2)
    async with asyncio.timeout(1):
        await tts.close()
    assert factory.made[1].closed >= 1


@in_virtual_time
async def test_a_listener_who_leaves_stops_the_engine() -> None:
    tts, factory = await tts_of({"say": {"hello": [b"a", b"b"], "long": [HANG]}})
    stream = tts.stream("hello", VoiceSpec())
    assert await anext(stream) == b"a"
    await stream.aclose()
    assert factory.made[0].ended == 1
    task = asyncio.create_task(said(tts, "long"))
    await until(lambda: "long" in factory.made[0].spoken)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not tts.restarting
    await tts.close()


# ---- hearing ------------------------------------------------------------------------------------


class FakeStream:
    def __init__(self, stt: "FakeStt", on_partial: Callable[[Transcript], None] | None) -> None:
        self._stt, self._on_partial = stt, on_partial

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        if isinstance(self._stt.on_feed, Exception):
            raise self._stt.on_feed
        if self._on_partial is not None:
            self._on_partial(Transcript("", "par"))

    async def flush(self) -> Transcript:
        await _do(self._stt.on_flush)
        return Transcript("heard")

    def close(self) -> None:
        self._stt.streams -= 1


class FakeStt:
    info = SttInfo("fake-stt", languages=("en",))

    def __init__(self, *, on_feed: object = None, on_flush: object = None, on_open: object = None) -> None:
        self.on_feed, self.on_flush, self.on_open = on_feed, on_flush, on_open
        self.streams = self.closed = 0

    async def warm_up(self) -> None: ...

    async def close(self) -> None:
        self.closed += 1

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> FakeStream:
        if isinstance(self.on_open, Exception):
            raise self.on_open
        self.streams += 1
        return FakeStream(self, on_partial)


async def stt_of(*plans: dict[str, Any]) -> tuple[SupervisedStt, Factory]:
    factory = Factory(FakeStt, *plans)
    stt = SupervisedStt(factory, Supervisor(deadline_s=DEADLINE_S))
    await stt.warm_up()
    return stt, factory


async def heard(stt: SupervisedStt) -> str:
    stream = stt.open(SttOptions(), None)
    try:
        stream.feed(b"\0\0")
        return (await stream.flush()).text
    finally:
        stream.close()


@in_virtual_time
async def test_hearing() -> None:
    stt, factory = await stt_of({})
    partials: list[Transcript] = []
    stream = stt.open(SttOptions(), partials.append)
    assert stt.supervisor._gave_s < 0
    stream.feed(b"\0\0")
    assert stt.supervisor._gave_s > 0  # who gives a partial does not hang
    assert await stream.flush() == Transcript("heard")
    assert partials == [Transcript("", "par")]
    assert stt.info.languages == ("en",)
    stream.close()
    assert factory.made[0].streams == 0
    await stt.close()


@in_virtual_time
async def test_how_long_calls_wait_for_the_first_sound_and_for_a_transcript_is_known() -> None:
    tts, _ = await tts_of({"say": {"hello": [0.02, b"a", 0.04, b"b"]}})
    stt, _ = await stt_of({"on_flush": 0.03})
    for _ in range(FEWEST):
        await said(tts)
        await heard(stt)
    assert (round(tts.waits.recent_s, 2), round(stt.waits.recent_s, 2)) == (0.02, 0.03)
    await tts.close()
    await stt.close()


@pytest.mark.parametrize(
    ("plan", "says"),
    [({"on_flush": HANG}, "gave nothing"), ({"on_flush": RuntimeError()}, "RuntimeError"),
     ({"on_feed": RuntimeError()}, "RuntimeError"), ({"on_open": RuntimeError()}, "RuntimeError")],
)  # fmt: skip
@in_virtual_time
async def test_hearing_that_fails_is_replaced(plan: dict[str, Any], says: str) -> None:
    stt, factory = await stt_of(plan, {})
    with pytest.raises(EngineError, match=says):
        await heard(stt)
    await until(lambda: len(factory.made) == 2)
    await recovered(stt)
    assert await heard(stt) == "heard"
    await stt.close()


@in_virtual_time
async def test_sound_that_cannot_be_taken_has_the_engine_tried() -> None:
    behind = {"on_feed": EngineError("It is behind.", retryable=True)}
    stt, factory = await stt_of(behind, {})
    stream = stt.open(SttOptions(), None)
    with pytest.raises(EngineError, match="behind"):
        stream.feed(b"\0\0")
    await until(lambda: len(factory.made) == 2)
    await recovered(stt)
    await stt.close()


@in_virtual_time
async def test_an_utterance_of_the_old_engine_ends_with_it() -> None:
    stt, factory = await stt_of({"on_flush": RuntimeError()}, {})
    old, crashing = stt.open(SttOptions(), None), stt.open(SttOptions(), None)
    with pytest.raises(EngineError):
        await crashing.flush()
    factory.made[0].on_feed = AssertionError("nobody is to hear it")
    old.feed(b"\0\0")
    with pytest.raises(EngineError, match="restarted"):
        await old.flush()
    await recovered(stt)
    with pytest.raises(EngineError, match="was restarted"):
        await old.flush()
    old.close()
    crashing.close()
    assert factory.made[0].streams == 0
    await stt.close()
