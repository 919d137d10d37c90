import asyncio
import itertools
import re
import threading
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from tests.engines.sounds import WINDOW_BYTES, flagged, sound
from voi.engines.base import SttOptions, Transcript
from voi.engines.stt import flushes, moonshine
from voi.engines.stt.flushes import LONGEST_BUFFER_MS
from voi.engines.stt.moonshine import Moonshine, MoonshineStream
from voi.errors import ConfigError, EngineError

pytestmark = pytest.mark.integration

SAID = {
    "jfk": "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
    "austen-0870": "and mr john dashwood had then leisure to consider how much there might be prudently in his power "
    "to do for them",
    "spk1_snt1": "the child almost hurt the small dog",
    "spk1_snt2": "drop the two when you add the figures",
    "spk1_snt3": "at that high level the air is pure",
}


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


@pytest.fixture(scope="module")
def engine() -> Iterator[Moonshine]:
    engine = Moonshine()
    asyncio.run(engine.warm_up())
    yield engine
    asyncio.run(engine.close())


# ---- with the model ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SAID))
async def test_whole_utterances(engine: Moonshine, name: str) -> None:
    """As push-to-talk gives them: no pause flagged, nothing after the last sound."""
    stream = engine.open(SttOptions(), None)
    stream.feed(sound(name))
    assert words((await stream.flush()).text) == SAID[name]
    stream.close()


async def test_streamed_with_pauses_partials_and_flushes_in_between(engine: Moonshine) -> None:
    partials: list[Transcript] = []
    stream = engine.open(SttOptions(language="en-GB"), partials.append)
    quiet = 0
    flushed = []
    for window, speech in flagged(sound("jfk")):
        quiet = 0 if speech else quiet + 1
        stream.feed(window, speech=speech)
        if quiet == 6:
            flushed.append((await stream.flush()).text)
    assert words((await stream.flush()).text) == SAID["jfk"]
    assert flushed[0] == "", "before anybody spoke"
    assert words(flushed[1]) == "and so my fellow americans"
    assert len(flushed) >= 5
    assert partials
    for earlier, later in itertools.pairwise(partials):
        assert later.confirmed.startswith(earlier.confirmed)
    assert partials[-1].confirmed, "the first segment was committed at a pause"
    stream.close()


@pytest.mark.parametrize("name", ["noise2", "noise3"])
async def test_noise_says_nothing_even_when_taken_for_speech(engine: Moonshine, name: str) -> None:
    heard: list[Transcript] = []
    stream = engine.open(SttOptions(), heard.append)
    for at in range(0, len(sound(name)), WINDOW_BYTES):
        stream.feed(sound(name)[at : at + WINDOW_BYTES])
    assert (await stream.flush()).text == ""
    assert heard == []


@pytest.mark.parametrize("level", [0, 30, 3_000])
async def test_hiss_says_nothing(engine: Moonshine, level: int) -> None:
    hiss = np.random.default_rng(1).normal(0, level, 48_000).astype("<i2").tobytes()
    stream = engine.open(SttOptions(), None)
    stream.feed(hiss)
    assert (await stream.flush()).text == ""


async def test_what_the_vad_calls_quiet_is_not_transcribed(engine: Moonshine) -> None:
    stream = engine.open(SttOptions(), None)
    stream.feed(sound("spk1_snt1"), speech=False)
    assert (await stream.flush()).text == ""


async def test_a_syllable_is_heard(engine: Moonshine) -> None:
    """The first 0.3 s of "drop the two", cut off in the middle of things."""
    voiced = next(at for at, (_, speech) in enumerate(flagged(sound("spk1_snt2"))) if speech)
    start = (voiced - 1) * WINDOW_BYTES
    stream = engine.open(SttOptions(), None)
    stream.feed(sound("spk1_snt2")[start : start + 300 * 32])
    assert words((await stream.flush()).text) == "drop"


async def test_feeding_goes_on_after_a_flush(engine: Moonshine) -> None:
    stream = engine.open(SttOptions(), None)
    stream.feed(sound("spk1_snt1"))
    assert words((await stream.flush()).text) == SAID["spk1_snt1"]
    stream.feed(bytes(32 * 400), speech=False)
    stream.feed(sound("spk1_snt2"))
    assert words((await stream.flush()).text) == f"{SAID['spk1_snt1']} {SAID['spk1_snt2']}"


# ---- sharing the workers, with a model that answers when told ------------------------------------


class FakeModel:
    """Answers the number of whole seconds; waits while `gate` is shut."""

    def __init__(self, *_: object) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.jobs: list[bytes] = []
        self.changed = threading.Condition()
        self.failing = False
        self.closed = False

    def rehearse(self) -> None: ...

    def wait_for(self, jobs: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: len(self.jobs) >= jobs, timeout=30)

    def transcribe(self, pcm: bytes) -> str:
        with self.changed:
            self.jobs.append(pcm)
            self.changed.notify_all()
        assert self.gate.wait(10)
        if self.failing:
            raise EngineError("it broke")
        return f"{len(pcm) // 32_000}s"

    def close(self) -> None:
        self.closed = True


@pytest.fixture
async def shared(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Moonshine, FakeModel]]:
    model = FakeModel()
    monkeypatch.setattr(moonshine, "MoonshineModel", lambda *_: model)
    engine = Moonshine()
    await engine.warm_up()
    yield engine, model
    model.gate.set()
    await engine.close()
    assert model.closed


def voice(seconds: float, mark: int) -> bytes:
    """Not silence, and recognisable: every sample is `mark`."""
    return np.full(int(seconds * 16_000), mark, "<i2").tobytes()


async def settle(model: FakeModel, jobs: int) -> None:
    """Until the worker took up that many jobs."""
    assert await asyncio.to_thread(model.wait_for, jobs)


def marks(model: FakeModel) -> list[int]:
    return [int.from_bytes(pcm[:2], "little") for pcm in model.jobs]


async def test_finals_go_before_partials_and_partials_take_turns(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, model = shared
    model.gate.clear()
    streams = [engine.open(SttOptions(), lambda _: None) for _ in range(4)]
    for mark, stream in enumerate(streams, 1):
        for _ in range(3):
            stream.feed(voice(1, mark))
    flush = asyncio.ensure_future(streams[3].flush())
    await settle(model, 1)
    model.gate.set()
    assert (await flush).text == "3s"
    await settle(model, 5)
    assert marks(model)[:4] == [1, 4, 2, 3], "the first came when all was idle; then the final, then the other partials"
    assert marks(model)[4] == 1, "what the first fed since its first partial"


async def test_under_load_partials_get_rarer_and_nothing_is_lost(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, model = shared
    model.gate.clear()
    stream = engine.open(SttOptions(), lambda _: None)
    for _ in range(50):
        stream.feed(voice(0.1, 1))
    await settle(model, 1)
    model.gate.set()
    assert (await stream.flush()).text == "5s"
    assert len(model.jobs) == 2


async def test_a_pause_is_transcribed_ahead_of_the_flush(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, model = shared
    stream = engine.open(SttOptions(), None)
    stream.feed(voice(1, 1))
    assert model.jobs == [], "nobody asked for partials"
    stream.feed(bytes(32 * 96), speech=False)
    await settle(model, 1)
    await stream.flush()
    await stream.flush()
    assert len(model.jobs) == 1


async def test_close_cancels_what_waits(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, model = shared
    model.gate.clear()
    busy, waiting = (engine.open(SttOptions(), None) for _ in range(2))
    flushes = []
    for stream in (busy, waiting):
        stream.feed(voice(1, 1))
        flushes.append(asyncio.ensure_future(stream.flush()))
    await settle(model, 1)
    waiting.close()
    busy.close()
    busy.close()
    for flush in flushes:
        with pytest.raises(EngineError, match="closed"):
            await flush
    busy.feed(voice(1, 1))
    model.gate.set()
    later = engine.open(SttOptions(), None)
    later.feed(voice(2, 2))
    assert (await later.flush()).text == "2s"
    assert len(model.jobs) == 2, "the job that waited was never run"


async def test_a_cancelled_flush_leaves_the_utterance_usable(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, model = shared
    model.gate.clear()
    stream = engine.open(SttOptions(), None)
    stream.feed(voice(1, 1))
    flush = asyncio.ensure_future(stream.flush())
    await settle(model, 1)
    flush.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flush
    model.gate.set()
    assert (await stream.flush()).text == "1s"


async def test_the_buffer_is_bounded(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, model = shared
    model.gate.clear()
    stream = engine.open(SttOptions(), None)
    minute = bytes(60_000 * 32)
    for _ in range(LONGEST_BUFFER_MS // 60_000):
        stream.feed(minute)
    with pytest.raises(EngineError, match="10 minutes behind") as caught:
        stream.feed(minute)
    assert caught.value.retryable
    stream.close()


async def test_a_failure_reaches_its_caller_alone(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, model = shared
    model.failing = True
    stream = engine.open(SttOptions(), None)
    stream.feed(voice(1, 1))
    for _ in range(2):
        with pytest.raises(EngineError, match="it broke"):
            await stream.flush()
    model.failing = False
    other = engine.open(SttOptions(), None)
    other.feed(voice(1, 1))
    assert (await other.flush()).text == "1s"


async def test_a_listener_that_fails_does_not_stop_the_others(shared: tuple[Moonshine, FakeModel]) -> None:
    engine, _ = shared
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    def broken(_: Transcript) -> None:
        raise RuntimeError

    first, second = engine.open(SttOptions(), broken), engine.open(SttOptions(), None)
    first.feed(voice(1, 1))
    second.feed(voice(2, 2))
    assert (await second.flush()).text == "2s"
    assert complaints


async def test_a_flush_has_a_deadline(shared: tuple[Moonshine, FakeModel], monkeypatch: pytest.MonkeyPatch) -> None:
    engine, model = shared
    monkeypatch.setattr(flushes, "FLUSH_DEADLINE_S", 0.01)
    model.gate.clear()
    stream = engine.open(SttOptions(), None)
    stream.feed(voice(1, 1))
    with pytest.raises(EngineError, match="too many people"):
        await stream.flush()


async def test_only_english(shared: tuple[Moonshine, FakeModel]) -> None:
    with pytest.raises(EngineError, match="English, not 'de'"):
        shared[0].open(SttOptions(language="de"), None)


async def test_not_before_warm_up_nor_after_close() -> None:
    engine = Moonshine()
    with pytest.raises(EngineError, match="not running"):
        engine.open(SttOptions(), None)
    await engine.close()
    await engine.close()


async def test_wrong_options() -> None:
    with pytest.raises(ConfigError, match="workers"):
        Moonshine(workers=0)
    engine = Moonshine(model_path="/nowhere")
    with pytest.raises(EngineError, match="/nowhere"):
        await engine.warm_up()
    await engine.close()


def test_a_stream_is_an_stt_stream() -> None:
    from voi.engines.base import SttStream

    assert all(hasattr(MoonshineStream, name) for name in vars(SttStream) if not name.startswith("_"))
