"""Two ears as one."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeStt, FakeSttStream, silence, tone
from voi.engines.base import SttOptions, Transcript
from voi.engines.fallback import ears
from voi.engines.fallback.choices import Fallbacks
from voi.engines.fallback.ears import NamedStt, TwoEars
from voi.errors import EngineError

WORDS = "one two three four five six seven"
DOWN = EngineError("It is down.", retryable=True)


class Ear(FakeStt):
    """`at_open`, `at_feed`: whether it fails there, `at_feed` from that many bytes on."""

    def __init__(self, *, at_open: bool = False, at_feed: int | None = None, **options: object) -> None:
        super().__init__(WORDS, **options)  # type: ignore[arg-type]
        self.at_open, self.at_feed = at_open, at_feed

    def open(self, options: SttOptions, on_partial: ears.OnPartial) -> FakeSttStream:
        if self.at_open:
            raise DOWN
        stream = super().open(options, on_partial)
        feed = stream.feed

        def failing(pcm: bytes, *, speech: bool = True) -> None:
            if self.at_feed is not None and len(stream.pcm) >= self.at_feed:
                raise DOWN
            feed(pcm, speech=speech)

        stream.feed = failing  # type: ignore[method-assign]
        return stream


def two(first: FakeStt, second: FakeStt, fallbacks: Fallbacks | None = None) -> TwoEars:
    return TwoEars(NamedStt("first", first), NamedStt("second", second), fallbacks or Fallbacks(), 2.5)


async def hear(stt: TwoEars, partials: list[str] | None = None, *, words: int = 3) -> Transcript:
    said: list[str] = [] if partials is None else partials
    stream = stt.open(SttOptions("en"), lambda transcript: said.append(transcript.text))
    try:
        for _ in range(words):
            stream.feed(tone(200))
            await asyncio.sleep(0.2)
        stream.feed(silence(200), speech=False)
        return await stream.flush()
    finally:
        stream.close()


@in_virtual_time
async def test_the_first_hears_while_it_works() -> None:
    first, second = Ear(), Ear()
    assert (await hear(two(first, second))).text == "one two three"
    assert not second.opened
    assert first.open_streams == 0


@pytest.mark.parametrize(
    "first", [{"at_open": True}, {"at_feed": 0}, {"at_feed": 7_000}, {"fault": DOWN}, {"flush_s": 60.0}]
)
def test_the_second_hears_the_whole_utterance_whatever_fails(first: dict[str, object]) -> None:
    @in_virtual_time
    async def run() -> None:
        one, other, partials = Ear(**first), Ear(), []  # type: ignore[arg-type, var-annotated]
        assert (await hear(two(one, other), partials)).text == "one two three"
        assert bytes(other.streams[0].pcm) == tone(600) + silence(200)
        assert partials[-1] == "one two three"
        assert other.opened == [SttOptions("en")]
        assert one.open_streams == other.open_streams == 0

    run()


@in_virtual_time
async def test_a_text_that_is_late_is_given_up_within_the_bound() -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await hear(two(Ear(flush_s=60), Ear()))
    assert loop.time() - began_s == pytest.approx(0.6 + 2.5 + 0.05)


@in_virtual_time
async def test_the_next_utterance_does_not_wait_for_it_again() -> None:
    loop, fallbacks = asyncio.get_running_loop(), Fallbacks()
    first, second = Ear(flush_s=60), Ear()
    await hear(two(first, second, fallbacks))
    began_s = loop.time()
    await hear(two(first, second, fallbacks))
    assert loop.time() - began_s == pytest.approx(0.6 + 0.05)
    assert len(first.opened) == 1


@in_virtual_time
async def test_two_flushes_at_once_have_one_takeover_and_the_same_text() -> None:
    first, second, fallbacks = Ear(flush_s=60), Ear(), Fallbacks()
    stream = two(first, second, fallbacks).open(SttOptions(), None)
    stream.feed(tone(400))
    early = asyncio.create_task(stream.flush())
    await asyncio.sleep(2)
    late = asyncio.create_task(stream.flush())
    assert {(await early).text, (await late).text} == {"one two"}
    assert len(second.opened) == 1
    assert sum(fallbacks.counts.values()) == 1
    stream.close()


@in_virtual_time
async def test_a_caller_who_no_longer_waits_is_no_failure() -> None:
    first, second, fallbacks = Ear(flush_s=1), Ear(), Fallbacks()
    stream = two(first, second, fallbacks).open(SttOptions(), None)
    stream.feed(tone(400))
    stale = asyncio.create_task(stream.flush())
    await asyncio.sleep(0.5)
    stale.cancel()
    assert (await stream.flush()).text == "one two"
    assert not fallbacks.counts
    stream.close()


@in_virtual_time
async def test_it_is_said_who_heard_how_much() -> None:
    stt = two(Ear(at_feed=6_400), Ear())
    stream = stt.open(SttOptions(), None)
    for _ in range(3):
        stream.feed(tone(200))
    assert [(share.ear.name, share.sound_ms) for share in stream.shares] == [("first", 200), ("second", 600)]
    stream.close()


@in_virtual_time
async def test_both_fail() -> None:
    first, second = Ear(fault=DOWN), Ear(fault=DOWN)
    with pytest.raises(EngineError, match="down"):
        await hear(two(first, second))
    with pytest.raises(EngineError, match="down"):
        two(Ear(at_open=True), Ear(at_open=True)).open(SttOptions(), None)
    assert first.open_streams == second.open_streams == 0


@in_virtual_time
async def test_of_a_very_long_utterance_the_second_gets_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "KEPT_BYTES", 6_400)
    second = Ear()
    await hear(two(Ear(fault=DOWN), second))
    assert len(second.streams[0].pcm) == 6_400


@settings(max_examples=60)
@given(
    at_open=st.booleans(),
    at_feed=st.none() | st.integers(0, 40_000),
    flush_s=st.sampled_from([0.0, 0.05, 2.4, 2.6, 60.0]),
    fails=st.booleans(),
    utterances=st.lists(st.integers(1, 5), min_size=1, max_size=4),
)
def test_whatever_fails_when_every_word_is_heard_once(
    at_open: bool, at_feed: int | None, flush_s: float, fails: bool, utterances: list[int]
) -> None:
    @in_virtual_time
    async def run() -> None:
        fallbacks = Fallbacks()
        first = Ear(at_open=at_open, at_feed=at_feed, flush_s=flush_s, fault=DOWN if fails else None)
        second = Ear()
        for words in utterances:
            partials: list[str] = []
            text = (await hear(two(first, second, fallbacks), partials, words=words)).text
            assert text == " ".join(WORDS.split()[:words])
            assert all(WORDS.startswith(partial) for partial in partials)
        assert first.open_streams == second.open_streams == 0

    run()


@in_virtual_time
async def test_an_utterance_that_is_closed_while_its_text_is_awaited_goes_to_nobody_else() -> None:
    first, second, fallbacks = Ear(flush_s=60.0), Ear(), Fallbacks()
    stream = two(first, second, fallbacks).open(SttOptions("en"), None)
    stream.feed(tone(200))
    closed = asyncio.get_running_loop().create_future()

    async def flush() -> Transcript:
        return await closed  # type: ignore[no-any-return]

    first.streams[0].flush = flush  # type: ignore[method-assign]
    waiting = asyncio.create_task(stream.flush())
    await asyncio.sleep(0.1)
    stream.close()
    closed.set_exception(EngineError("This utterance was closed."))
    with pytest.raises(EngineError, match="was closed"):
        await waiting
    assert not second.opened
    assert first.open_streams == 0
    assert not fallbacks.counts
