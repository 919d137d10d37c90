"""The engine with a scripted model: sharing, urgency, failures. What is decoded is another test's matter."""

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest

from tests.engines.stt.whisper.scripted import JITTER_MS, Piece, ScriptedBackend, said, speech
from voi.engines import registry
from voi.engines.base import SttOptions, SttStream, Transcript
from voi.engines.stt import flushes
from voi.engines.stt.flushes import LONGEST_BUFFER_MS
from voi.engines.stt.whisper.engine import FasterWhisper, Whisper, prompt_of
from voi.engines.stt.whisper.model_thread import ModelThread
from voi.engines.stt.whisper.passes import HearAgain, HeardBatch, Hypothesis, Pass
from voi.engines.stt.whisper.stream import PARTIAL_EVERY_MS, WhisperStream
from voi.engines.stt.whisper.turns import STALE_MS, Urgency, WaitingPass
from voi.engines.stt.whisper.words import RawWord
from voi.errors import ConfigError, EngineBroken, EngineError

MAX_BATCH = 4


class GatedBackend(ScriptedBackend):
    """Waits while the gate is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.taken_up = threading.Semaphore(0)

    def transcribe(self, passes: Sequence[Pass]) -> list[Hypothesis]:
        self.taken_up.release()
        assert self.gate.wait(10)
        return super().transcribe(passes)

    async def at_work(self) -> None:
        assert await asyncio.to_thread(self.taken_up.acquire, timeout=5)


class Scripted(Whisper):
    def __init__(self, backend: ScriptedBackend) -> None:
        super().__init__(max_batch=MAX_BATCH)
        self.backend = backend

    def _new_backend(self) -> ScriptedBackend:
        return self.backend


@pytest.fixture
def backend() -> GatedBackend:
    return GatedBackend()


@pytest.fixture
async def engine(backend: GatedBackend) -> AsyncIterator[Whisper]:
    engine = Scripted(backend)
    await engine.warm_up()
    yield engine
    backend.gate.set()
    await engine.close()


def who(each: Pass) -> int:
    """The first word of a pass, which tells the callers apart."""
    samples = np.frombuffer(each.pcm, "<i2")
    return int(samples[samples != 0][0]) - 1


async def test_what_was_said(engine: Whisper) -> None:
    heard: list[Transcript] = []
    stream = engine.open(SttOptions(), heard.append)
    assert (await stream.flush()).text == ""
    for number in range(12):
        stream.feed(Piece(number, 250).pcm)
        stream.feed(Piece(None, 50).pcm)
        await asyncio.sleep(0)
    final = await stream.flush()
    assert replace(final, words=()) == Transcript(said(*range(12)), language="en")
    assert [word.text for word in final.words] == [said(number) for number in range(12)]
    assert heard
    assert not any(partial.words for partial in heard), "they are for the end"
    stream.feed(bytes(32 * 500), speech=False)
    assert (await stream.flush()).text == said(*range(12)), "nothing new: answered at once"
    stream.feed(speech(300, 300, first=12) + bytes(320))
    assert (await stream.flush()).text == said(*range(14)), "feeding goes on after a flush"
    stream.close()


async def test_words_have_times_in_all_that_was_fed(engine: Whisper) -> None:
    """Also of what was trimmed since, and after pauses of which the model heard little."""
    stream, starts_ms = engine.open(SttOptions(), lambda _: None), []
    fed_ms = 2_000
    stream.feed(bytes(fed_ms * 32), speech=False)
    for number in range(40):
        stream.feed(Piece(number, 700).pcm + bytes(100 * 32))
        starts_ms.append(fed_ms)
        fed_ms += 800
        if number % 10 == 5:
            stream.feed(bytes(3_000 * 32), speech=False)
            fed_ms += 3_000
            await stream.flush()
    words = (await stream.flush()).words
    assert [word.text for word in words] == [said(number) for number in range(40)]
    for word, start_ms in zip(words, starts_ms, strict=True):
        assert word.start_ms == pytest.approx(start_ms, abs=JITTER_MS)
        assert word.end_ms == pytest.approx(start_ms + 700, abs=JITTER_MS)
    assert stream._decoding.sound.start > 0
    stream.close()


async def test_push_to_talk_of_a_moment(engine: Whisper) -> None:
    stream = engine.open(SttOptions(), None)
    stream.feed(Piece(7, 200).pcm)
    assert (await stream.flush()).text.removesuffix("-cut") == said(7)


async def test_what_the_vad_calls_quiet_is_not_decoded(engine: Whisper, backend: GatedBackend) -> None:
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(300, 300), speech=False)
    assert (await stream.flush()).text == ""
    assert backend.batches == []


async def test_finals_first_and_callers_together(engine: Whisper, backend: GatedBackend) -> None:
    backend.gate.clear()
    streams = [engine.open(SttOptions(), lambda _: None) for _ in range(6)]
    streams[0].feed(speech(500, first=0))
    await backend.at_work()
    for at, stream in enumerate(streams[1:], 1):
        stream.feed(speech(500, first=100 * at))
    flushes = [asyncio.ensure_future(streams[at].flush()) for at in (4, 5)]
    await asyncio.sleep(0)
    backend.gate.set()
    await asyncio.gather(*flushes)
    for stream in streams[:4]:
        await stream.flush()
    assert [who(each) for each in backend.batches[0]] == [0]
    assert [who(each) for each in backend.batches[1]] == [400, 500], "both finals, and nobody else"
    assert max(len(batch) for batch in backend.batches) > 1


async def test_a_pause_is_decoded_ahead_of_the_flush(engine: Whisper, backend: GatedBackend) -> None:
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(500))
    await asyncio.sleep(0.01)
    assert backend.batches == [], "nobody asked for partials"
    stream.feed(bytes(32 * 96), speech=False)
    await backend.at_work()
    assert (await stream.flush()).text == said(0)
    await stream.flush()
    assert len(backend.batches) == 1


async def test_partials_get_rarer_under_load_and_no_sound_is_lost(engine: Whisper, backend: GatedBackend) -> None:
    backend.gate.clear()
    stream = engine.open(SttOptions(), lambda _: None)
    for number in range(60):
        stream.feed(Piece(number, 200).pcm)
        stream.feed(bytes(32 * 20))
        await asyncio.sleep(0)
    await backend.at_work()
    backend.gate.set()
    assert (await stream.flush()).text == said(*range(60))
    assert len(backend.batches) <= 3


async def test_an_overdue_partial_goes_along_with_finals(
    engine: Whisper, backend: GatedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.gate.clear()
    first, patient, final = (engine.open(SttOptions(), lambda _: None) for _ in range(3))
    first.feed(speech(500, first=0))
    await backend.at_work()
    patient.feed(speech(500, first=100))
    now_ms = engine.now_ms()
    monkeypatch.setattr(engine, "now_ms", lambda: now_ms + STALE_MS + 1)
    final.feed(speech(500, first=200))
    flush = asyncio.ensure_future(final.flush())
    await asyncio.sleep(0)
    backend.gate.set()
    await flush
    assert [who(each) for each in backend.batches[1]] == [200, 100]


@pytest.mark.parametrize(
    ("pause", "heard", "repeated"),
    [
        (True, Hypothesis(()), False),
        (True, Hypothesis((), temperature=0.4), True),
        (True, Hypothesis((), avg_logprob=-1.4), True),  # the first try was the best
        (False, Hypothesis((), avg_logprob=-1.4), False),
    ],
)
async def test_the_pace_is_told_what_was_decoded_more_than_once(
    engine: Whisper,
    backend: GatedBackend,
    monkeypatch: pytest.MonkeyPatch,
    pause: bool,
    heard: Hypothesis,
    repeated: bool,
) -> None:
    learnt = asyncio.Queue[tuple[object, bool]]()
    monkeypatch.setattr(engine._pace, "learn", lambda batch, *_, repeated: learnt.put_nowait((batch, repeated)))
    monkeypatch.setattr(backend, "transcribe", lambda _: [heard])
    stream = engine.open(SttOptions(), lambda _: None)
    stream.feed(speech(500))
    if pause:
        stream.feed(bytes(32 * 96), speech=False)
    async with asyncio.timeout(30):
        assert await learnt.get() == ([Urgency.PAUSE if pause else Urgency.PARTIAL], repeated)


async def test_close_cancels(engine: Whisper, backend: GatedBackend) -> None:
    backend.gate.clear()
    busy, waiting = (engine.open(SttOptions(), None) for _ in range(2))
    busy.feed(speech(500))
    first = asyncio.ensure_future(busy.flush())
    await backend.at_work()
    waiting.feed(speech(500, first=100))
    second = asyncio.ensure_future(waiting.flush())
    await asyncio.sleep(0)
    busy.close()
    waiting.close()
    waiting.close()
    for flush in (first, second):
        with pytest.raises(EngineError, match="closed"):
            await flush
    busy.feed(speech(500))
    backend.gate.set()
    later = engine.open(SttOptions(), None)
    later.feed(speech(500, first=200) + bytes(320))
    assert (await later.flush()).text == said(200)
    assert [[who(each) for each in batch] for batch in backend.batches] == [[0], [200]]
    assert backend.batches[0][0].cancelled, "the model was told while it worked"


async def test_a_cancelled_flush_leaves_the_utterance_usable(engine: Whisper, backend: GatedBackend) -> None:
    backend.gate.clear()
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(500) + bytes(320))
    flush = asyncio.ensure_future(stream.flush())
    await backend.at_work()
    flush.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flush
    backend.gate.set()
    assert (await stream.flush()).text == said(0)


async def test_the_buffer_is_bounded(engine: Whisper, backend: GatedBackend) -> None:
    backend.gate.clear()
    stream = engine.open(SttOptions(), None)
    minute = bytes(60_000 * 32)
    for _ in range(LONGEST_BUFFER_MS // 60_000):
        stream.feed(minute)
    with pytest.raises(EngineError, match="10 minutes behind") as caught:
        stream.feed(minute)
    assert caught.value.retryable
    stream.close()


async def test_a_flush_has_a_deadline(engine: Whisper, backend: GatedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flushes, "FLUSH_DEADLINE_S", 0.01)
    backend.gate.clear()
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(500))
    with pytest.raises(EngineError, match="too many people"):
        await stream.flush()


async def test_a_failure_is_told_and_the_sound_kept(engine: Whisper, backend: GatedBackend) -> None:
    stream = engine.open(SttOptions(), None)
    for number in range(3):
        backend.failures = [RuntimeError("once")]
        stream.feed(speech(300, first=number) + bytes(320))
        with pytest.raises(EngineError, match="RuntimeError") as caught:
            await stream.flush()
        assert caught.value.retryable
        assert not isinstance(caught.value, EngineBroken)
        assert (await stream.flush()).text == said(*range(number + 1))


async def test_a_device_that_fails_again_is_broken(engine: Whisper, backend: GatedBackend) -> None:
    backend.failures = [RuntimeError("who knows")] * 2
    stream, other = (engine.open(SttOptions(), None) for _ in range(2))
    stream.feed(speech(300))
    for _ in range(2):
        with pytest.raises(EngineError, match="RuntimeError"):
            await stream.flush()
    with pytest.raises(EngineBroken):
        await other.flush()
    with pytest.raises(EngineBroken):
        engine.open(SttOptions(), None)
    assert backend.loads == 1, "its supervisor restarts the engine"


async def test_a_device_that_cannot_go_on_is_broken_at_once(engine: Whisper, backend: GatedBackend) -> None:
    backend.failures = [RuntimeError("CUDA error: an illegal memory access was encountered")]
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(300))
    with pytest.raises(EngineError):
        await stream.flush()
    with pytest.raises(EngineBroken):
        engine.open(SttOptions(), None)


async def test_the_next_batch_is_heard_while_the_words_of_the_last_are_made() -> None:
    class SlowWords(GatedBackend):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.waiting = threading.Event(), threading.Semaphore(0)

        def hear(self, passes: Sequence[Pass]) -> HeardBatch:
            heard = super().hear(passes)

            def finished() -> list[Hypothesis] | HearAgain:
                self.waiting.release()
                assert self.words.wait(10)
                return heard.finished()

            return replace(heard, finished=finished)

    backend = SlowWords()
    engine = Scripted(backend)
    await engine.warm_up()
    streams = [engine.open(SttOptions(), None) for _ in range(2)]
    finals = []
    for number, stream in enumerate(streams):
        stream.feed(speech(300, first=number) + bytes(320))
        finals.append(asyncio.ensure_future(stream.flush()))
        await backend.at_work()
        if not number:
            assert await asyncio.to_thread(backend.waiting.acquire, timeout=5)
    assert not any(final.done() for final in finals)
    backend.words.set()
    assert [(await final).text for final in finals] == [said(0), said(1)]
    await engine.close()


class Doubtful(GatedBackend):
    """What the judge doubts twice. `log`: what was done, on which thread; `judge`: shut, it holds up the judging."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.judge = threading.Event()
        self.judge.set()

    def note(self, what: str) -> None:
        self.log.append(f"{what}: {threading.current_thread().name}")

    def hear(self, passes: Sequence[Pass]) -> HeardBatch:
        self.note(f"heard {who(passes[0])}")
        heard = super().hear(passes)

        def judged(attempts: int) -> list[Hypothesis] | HearAgain:
            assert self.judge.wait(10)
            self.note(f"judged {who(passes[0])}")
            return HearAgain(lambda: again(attempts - 1)) if attempts else heard.finished()

        def again(attempts: int) -> HeardBatch:
            self.note(f"again {who(passes[0])}")
            if self.failures:
                raise self.failures.pop()
            return HeardBatch(lambda: judged(attempts))

        return HeardBatch(lambda: judged(2))


async def test_what_is_in_doubt_is_heard_again_on_the_devices_thread_and_judged_on_the_other() -> None:
    backend = Doubtful()
    engine = Scripted(backend)
    await engine.warm_up()
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(300) + bytes(320))
    assert (await stream.flush()).text == said(0)
    device, judge = "whisper", "whisper's words"
    assert backend.log == [
        f"heard 0: {device}", f"judged 0: {judge}", f"again 0: {device}", f"judged 0: {judge}", f"again 0: {device}",
        f"judged 0: {judge}",
    ]  # fmt: skip
    await engine.close()


async def test_there_are_two_batches_at_most_whatever_is_in_doubt() -> None:
    backend = Doubtful()
    engine = Scripted(backend)
    await engine.warm_up()
    backend.judge.clear()
    finals = []
    for number in range(3):
        stream = engine.open(SttOptions(), None)
        stream.feed(speech(300, first=number) + bytes(320))
        finals.append(asyncio.ensure_future(stream.flush()))
        if number < 2:
            await backend.at_work()
    backend.judge.set()
    assert [(await final).text for final in finals] == [said(0), said(1), said(2)]
    done = [entry.partition(":")[0] for entry in backend.log]
    assert done[:2] == ["heard 0", "heard 1"]
    assert done[2:7] == ["judged 0", "again 0", "judged 0", "again 0", "judged 0"]
    assert done.index("heard 2") > 6
    await engine.close()


async def test_a_device_that_fails_when_it_hears_again_fails_the_batch_alone() -> None:
    backend = Doubtful()
    engine = Scripted(backend)
    await engine.warm_up()
    backend.judge.clear()
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(300) + bytes(320))
    flush = asyncio.ensure_future(stream.flush())
    await backend.at_work()
    backend.failures = [RuntimeError("once")]
    backend.judge.set()
    with pytest.raises(EngineError, match="RuntimeError"):
        await flush
    assert (await stream.flush()).text == said(0)
    await engine.close()


async def test_words_that_cannot_be_made_fail_their_batch_alone(engine: Whisper, backend: GatedBackend) -> None:
    def broken(_: object) -> list[Hypothesis]:
        raise ValueError("once")

    hear = backend.hear
    backend.hear = lambda passes: replace(hear(passes), finished=lambda: broken(passes))  # type: ignore[method-assign]
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(300) + bytes(320))
    with pytest.raises(EngineError, match="ValueError"):
        await stream.flush()
    backend.hear = hear  # type: ignore[method-assign]
    assert (await stream.flush()).text == said(0)


async def test_a_listener_that_fails_does_not_stop_the_others(engine: Whisper) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    def broken(_: Transcript) -> None:
        raise RuntimeError

    first, second = engine.open(SttOptions(), broken), engine.open(SttOptions(), None)
    first.feed(speech(500))
    second.feed(speech(300, first=5) + bytes(320))
    assert (await second.flush()).text == said(5)
    await first.flush()
    assert complaints


async def test_languages(engine: Whisper, backend: GatedBackend) -> None:
    with pytest.raises(EngineError, match="'fr'"):
        engine.open(SttOptions(language="fr"), None)
    stream = engine.open(SttOptions(language="de-AT", prompt="Ein Anruf.", hot_words=("Voi", "Wien")), None)
    stream.feed(speech(300))
    await stream.flush()
    assert (backend.batches[0][0].language, backend.batches[0][0].prompt) == ("de", "Ein Anruf. Voi, Wien.")


async def test_what_is_said_is_translated(engine: Whisper, backend: GatedBackend) -> None:
    assert engine.info.translates
    stream = engine.open(SttOptions(language="de", translate=True), None)
    stream.feed(speech(300))
    await stream.flush()
    assert [(each.language, each.translate) for each in backend.batches[0]] == [("de", True)]


async def test_a_model_for_english_alone_does_not_translate(backend: GatedBackend) -> None:
    backend.languages = ("en",)
    engine = Scripted(backend)
    await engine.warm_up()
    with pytest.raises(EngineError, match="does not translate"):
        engine.open(SttOptions(translate=True), None)
    await engine.close()


async def test_the_conversations_language_is_the_usual_one(engine: Whisper, backend: GatedBackend) -> None:
    for usual in ("de", "xx"):
        stream = engine.open(SttOptions(usual=usual), None)
        assert (await stream.flush()).language is None
        stream.feed(speech(300))
        assert (await stream.flush()).language == "en"
    assert [batch[0].usual for batch in backend.batches] == ["de", None]


def test_the_prompt_is_the_agents_with_its_hot_words() -> None:
    assert prompt_of(SttOptions()) == ""
    assert prompt_of(SttOptions(hot_words=("Voi", " "))) == "Voi."


async def test_not_before_warm_up_nor_after_close() -> None:
    engine = Scripted(ScriptedBackend())
    with pytest.raises(EngineError, match="not running"):
        engine.open(SttOptions(), None)
    await engine.close()
    await engine.close()
    await engine.warm_up()
    with pytest.raises(EngineError, match="not running"):
        engine.open(SttOptions(), None)


async def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    pytest.importorskip("whisper")
    engine = Whisper(model="small", models_dir=tmp_path)
    with pytest.raises(EngineError, match="voi models pull whisper-small"):
        await engine.warm_up()
    await engine.close()


async def test_memory_that_does_not_suffice_says_what_takes_less(
    backend: GatedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load() -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore")

    monkeypatch.setattr(backend, "load", load)
    engine = Scripted(backend)
    with pytest.raises(EngineError, match="a smaller `max_batch` or model takes less"):
        await engine.warm_up()
    await engine.close()


async def test_missing_packages_say_what_to_install() -> None:
    class Without(Whisper):
        def _new_backend(self) -> ScriptedBackend:
            raise ModuleNotFoundError("No module named 'whisper'")

    engine = Without()
    with pytest.raises(EngineError, match=r"\./install.sh whisper"):
        await engine.warm_up()
    await engine.close()


@pytest.mark.parametrize("options", [{"max_batch": 0}, {"precision": "int8"}, {"device": "gpu"}])
def test_wrong_options(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        registry.create("stt", "whisper", options)


def test_the_registry_knows_both() -> None:
    assert registry.find("stt", "whisper") is Whisper
    assert registry.find("stt", "faster-whisper") is FasterWhisper


def test_a_stream_is_an_stt_stream() -> None:
    assert all(hasattr(WhisperStream, name) for name in vars(SttStream) if not name.startswith("_"))


async def test_a_ping_is_answered_after_the_pass_that_is_at_work(engine: Whisper, backend: GatedBackend) -> None:
    backend.gate.clear()
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(300))
    flushing = asyncio.create_task(stream.flush())
    await backend.at_work()
    ping = asyncio.create_task(engine.ping())
    await asyncio.sleep(0.01)
    assert not ping.done()
    backend.gate.set()
    async with asyncio.timeout(30):
        await ping
        await flushing


async def test_what_failed_gives_its_memory_back_at_once() -> None:
    """Not with the next collection: after a want of memory the next pass needs it."""

    class Tensor: ...

    alive: list[weakref.ref[Tensor]] = []

    def fail() -> None:
        tensor = Tensor()
        alive.append(weakref.ref(tensor))
        raise RuntimeError("out of memory")

    thread = ModelThread("test")
    gc.disable()
    try:
        with contextlib.suppress(RuntimeError):
            await thread.call(fail)
        await thread.call(lambda: None)  # the thread is done with what failed
        assert alive[0]() is None
    finally:
        gc.enable()
        thread.end()


async def test_whose_final_waits_longest_counts_from_the_flush_on(
    engine: Whisper, backend: GatedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    times_ms = iter((100.0, 900.0))
    monkeypatch.setattr(engine, "now_ms", lambda: next(times_ms))
    monkeypatch.setattr(engine, "wake", lambda: None)
    stream = engine.open(SttOptions(), lambda _: None)
    stream.feed(speech(500))
    assert stream.wish() == WaitingPass(stream, Urgency.PARTIAL, 100.0)
    flush = asyncio.ensure_future(stream.flush())
    await asyncio.sleep(0)
    assert stream.wish() == WaitingPass(stream, Urgency.FINAL, 900.0)
    flush.cancel()


async def test_what_one_pass_cannot_take_is_as_urgent_as_a_pause(
    engine: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "wake", lambda: None)
    stream = engine.open(SttOptions(), None)
    stream.feed(bytes(28_000 * 32))
    assert stream.wish() == WaitingPass(stream, Urgency.PARTIAL, ANY)
    stream.close()
    stream = engine.open(SttOptions(), None)
    stream.feed(bytes(28_001 * 32))
    assert stream.wish() == WaitingPass(stream, Urgency.PAUSE, ANY)


async def test_a_doubtful_partial_is_not_tried_again_before_more_is_heard(
    engine: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Transcript] = []
    stream = engine.open(SttOptions(), heard.append)
    monkeypatch.setattr(engine, "wake", lambda: None)
    stream.feed(speech(500))
    stream.begin()
    stream.take(Hypothesis((RawWord(" mumble"),), avg_logprob=-1.4))
    assert (stream.wish(), heard) == (None, [])
    stream.feed(bytes(PARTIAL_EVERY_MS * 32))
    assert stream.wish() is not None


async def test_a_partial_is_shown_where_it_says_something_new(engine: Whisper, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    stream = engine.open(SttOptions(), lambda transcript: heard.append(transcript.text))
    monkeypatch.setattr(engine, "wake", lambda: None)
    for text in (" so", " so", ", my"):  # the second confirms the first
        stream.feed(bytes(PARTIAL_EVERY_MS * 32))
        stream.begin()
        stream.take(Hypothesis((RawWord(text),)))
    assert heard == ["so", "so, my"]


async def test_after_a_flush_nothing_is_urgent(engine: Whisper) -> None:
    stream = engine.open(SttOptions(), None)
    stream.feed(speech(500) + bytes(320))
    await stream.flush()
    stream.feed(speech(300))
    assert stream.wish() is None
