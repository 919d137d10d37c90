import array
import asyncio
import gc
import itertools
import weakref
from collections.abc import Sequence

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from voi.core.actions import DuckLevel
from voi.core.facts import Fact, PlaybackStarted, ReplyPlayed, ReplySounded
from voi.session import events
from voi.session.line import Line
from voi.session.playback import (
    BACKLOG_HIGH_MS,
    CHUNK_MS,
    DUCKED_CHUNK_MS,
    DUCKED_LEAD_MS,
    LEAD_MS,
    ROOM_HIGH_MS,
    ROOM_LOW_MS,
    Playback,
)
from voi.session.reply_sound import KEPT_MS, ReplySound

MS = 48
"""Bytes of 24 kHz PCM in a millisecond."""


class Stage:
    """A speaker between a fake door and a list of (ms, fact)."""

    def __init__(self, *, paced: bool = True, lowers_ahead: bool = False, chunk_ms: int = CHUNK_MS) -> None:
        self.loop = asyncio.get_running_loop()
        self.start_s = self.loop.time()
        self.door = FakeDoor()
        self.facts: list[tuple[int, Fact]] = []
        self.sounded: list[int] = []
        self.sent: list[tuple[int, int]] = []
        self.speaker = Playback(
            Line(self.door), self.tell, self.loop.time, paced=paced, lowers_ahead=lowers_ahead, chunk_ms=chunk_ms,
            on_sent=self.on_sent,
        )  # fmt: skip

    @property
    def now_ms(self) -> int:
        return round((self.loop.time() - self.start_s) * 1_000)

    def tell(self, fact: Fact) -> None:
        if isinstance(fact, ReplySounded):
            self.sounded.append(fact.reply)
        else:
            self.facts.append((self.now_ms, fact))

    def on_sent(self, pcm: bytes, start_s: float) -> None:
        self.sent.append((round((start_s - self.start_s) * 1_000), len(pcm) // MS))

    def say(self, reply: int, ms: int, *, release: bool = True) -> None:
        self.speaker.open(reply)
        self.speaker.put(reply, bytes(ms * MS))
        self.speaker.finish(reply)
        if release:
            self.speaker.release(reply, reply)

    async def fill(self) -> asyncio.Future[None]:
        """Make sound of a reply that is not released, until there is no room for more: that is waited for."""
        self.speaker.open(1)
        self.speaker.put(1, bytes(ROOM_HIGH_MS * MS))
        waiting = asyncio.ensure_future(self.speaker.room(1))
        await asyncio.sleep(5)
        assert not waiting.done()
        return waiting


@in_virtual_time
async def test_the_first_sound_of_a_muted_reply_is_told_once_and_again_after_it_was_taken_back() -> None:
    stage = Stage()
    for reply in (1, 2):
        stage.speaker.open(reply)
    stage.speaker.release(2, 2)
    for reply in (1, 1, 2):
        stage.speaker.put(reply, b"")
        stage.speaker.put(reply, bytes(20 * MS))
    assert stage.sounded == [1]
    stage.speaker.rewind(1)
    stage.speaker.put(1, bytes(20 * MS))
    assert stage.sounded == [1, 1]


@in_virtual_time
async def test_sound_goes_out_a_little_ahead_of_the_ear() -> None:
    stage = Stage()
    stage.say(1, 2_000)
    await asyncio.sleep(5)
    assert stage.facts == [(0, PlaybackStarted(1)), (2_000, ReplyPlayed(1))]
    given_ms, last_ms = 0, 0
    for at_ms, event in stage.door:
        if isinstance(event, events.Sound):
            assert given_ms - at_ms < LEAD_MS + 1
            assert len(event.pcm) <= CHUNK_MS * MS
            given_ms, last_ms = given_ms + len(event.pcm) // MS, at_ms
            assert given_ms - at_ms >= LEAD_MS or at_ms == 0
    assert given_ms == 2_000
    assert 2_000 - LEAD_MS - CHUNK_MS <= last_ms <= 2_000 - LEAD_MS + 2
    assert stage.door.all(events.SoundEnded) == [events.SoundEnded(1)]
    assert [start_ms for start_ms, _ in stage.sent] == list(range(0, 2_000, CHUNK_MS))


@in_virtual_time
async def test_a_door_may_have_longer_pieces_that_go_out_as_far_ahead() -> None:
    stage = Stage(chunk_ms=200)
    stage.say(1, 2_000)
    await asyncio.sleep(5)
    assert stage.sent == [(start_ms, 200) for start_ms in range(0, 2_000, 200)]
    times_ms = [at_ms for at_ms, event in stage.door if isinstance(event, events.Sound)]
    ahead_ms = [number * 200 - at_ms for number, at_ms in enumerate(times_ms) if at_ms]
    assert all(LEAD_MS - 2 <= each <= LEAD_MS for each in ahead_ms)
    assert stage.facts == [(0, PlaybackStarted(1)), (2_000, ReplyPlayed(1))]


@in_virtual_time
async def test_the_first_sound_goes_out_at_once_however_small() -> None:
    stage = Stage(chunk_ms=200)
    stage.speaker.open(1)
    stage.speaker.release(1, 7)
    stage.speaker.put(1, bytes(10 * MS))
    assert stage.door == [(0, events.Sound(7, bytes(10 * MS)))]
    assert stage.facts == [(0, PlaybackStarted(1))]


@in_virtual_time
async def test_muted_sound_waits_for_its_release() -> None:
    stage = Stage()
    stage.say(1, 500, release=False)
    await asyncio.sleep(3)
    assert stage.door == []
    stage.speaker.release(1, 1)
    await asyncio.sleep(3)
    assert stage.facts == [(3_000, PlaybackStarted(1)), (3_500, ReplyPlayed(1))]


@in_virtual_time
async def test_a_stop_clears_and_tells_what_was_heard() -> None:
    stage = Stage()
    stage.say(1, 2_000)
    await asyncio.sleep(0.7)
    assert stage.speaker.stop(1).played_ms == 700
    assert stage.door.all(events.SoundCleared) == [events.SoundCleared(1, 700)]
    await asyncio.sleep(3)
    assert stage.door.played_ms(1) <= 700 + LEAD_MS + CHUNK_MS
    assert stage.facts == [(0, PlaybackStarted(1))]


@in_virtual_time
async def test_stale_sound_is_dropped_at_the_fence() -> None:
    stage = Stage()
    stage.say(1, 2_000)
    await asyncio.sleep(0.7)
    stage.speaker.stop(1)
    given_ms = stage.door.played_ms(1)
    stage.speaker.open(2)
    stage.speaker.release(2, 2)
    stage.speaker.put(1, bytes(400 * MS))
    stage.speaker.finish(1)
    await asyncio.sleep(2)
    assert stage.door.played_ms(1) == given_ms
    assert stage.door.played_ms(2) == 0
    assert stage.speaker.made_ms(1) == 0
    await stage.speaker.room(1)


@in_virtual_time
async def test_a_stop_before_any_sound_clears_nothing() -> None:
    stage = Stage()
    stage.say(1, 300, release=False)
    assert stage.speaker.stop(1).played_ms == stage.speaker.stop(1).played_ms == stage.speaker.stop(99).played_ms == 0
    assert stage.door == []


@in_virtual_time
async def test_the_clock_starts_again_after_a_stop() -> None:
    stage = Stage()
    stage.say(1, 2_000)
    await asyncio.sleep(0.1)
    stage.speaker.stop(1)
    stage.say(2, 1_000)
    await asyncio.sleep(0.25)
    assert stage.speaker.stop(2).played_ms == 250


@in_virtual_time
async def test_an_underrun_does_not_count_as_played() -> None:
    stage = Stage()
    stage.speaker.open(1)
    stage.speaker.release(1, 1)
    stage.speaker.put(1, bytes(100 * MS))
    await asyncio.sleep(1)
    stage.speaker.put(1, bytes(300 * MS))
    await asyncio.sleep(0.2)
    assert stage.speaker.stop(1).played_ms == 300


LOUD = array.array("h", [10_000]).tobytes() * 24


def ramp_of(ms: int) -> bytes:
    """Sound in which every millisecond has a level of its own, so that one can see where a piece of it is from."""
    return b"".join(array.array("h", [1_000 + 10 * at_ms]).tobytes() * 24 for at_ms in range(ms))


def given(stage: Stage, message_id: int = 1) -> "array.array[int]":
    return array.array(
        "h", b"".join(sound.pcm for sound in stage.door.all(events.Sound) if sound.message_id == message_id)
    )


@in_virtual_time
@pytest.mark.parametrize(("level", "share"), [("soft", 0.501), ("deep", 0.1)])
async def test_a_duck_lowers_what_is_sent_from_then_on_without_a_click(level: DuckLevel, share: float) -> None:
    stage = Stage()
    stage.speaker.open(1)
    stage.speaker.put(1, LOUD * 2_000)
    stage.speaker.release(1, 1)
    await asyncio.sleep(0.2)
    ducked_at = len(given(stage))
    stage.speaker.duck(1, level)
    await asyncio.sleep(1)
    samples = given(stage)
    assert set(samples[:ducked_at]) == {10_000}
    assert samples[ducked_at + 480] == pytest.approx(10_000 * share, rel=0.01)
    assert max(abs(one - next_) for one, next_ in itertools.pairwise(samples)) <= 10_000 / 480 + 1
    assert stage.door.all(events.SoundLowered) == [events.SoundLowered(1, {"soft": -6.0, "deep": -20.0}[level])]


@in_virtual_time
async def test_the_lead_shrinks_while_a_reply_is_lowered() -> None:
    stage = Stage()
    stage.say(1, 3_000)
    await asyncio.sleep(0.2)
    stage.speaker.duck(1, "soft")
    await asyncio.sleep(1)
    ahead_ms = len(given(stage)) // 24 - stage.now_ms
    assert DUCKED_LEAD_MS <= ahead_ms <= DUCKED_LEAD_MS + DUCKED_CHUNK_MS
    stage.speaker.resume(1)
    ahead_ms = len(given(stage)) // 24 - stage.now_ms
    assert LEAD_MS <= ahead_ms <= LEAD_MS + CHUNK_MS
    await asyncio.sleep(3)
    assert len(given(stage)) == 3_000 * 24
    assert stage.facts[-1] == (3_000, ReplyPlayed(1))


@in_virtual_time
async def test_after_a_deep_duck_it_goes_on_from_the_beginning_of_the_word() -> None:
    stage = Stage()
    stage.speaker.open(1)
    stage.speaker.put(1, ramp_of(2_000))
    stage.speaker.finish(1)
    stage.speaker.mark_words(1, (0, 300, 520, 900))
    stage.speaker.release(1, 1)
    await asyncio.sleep(0.2)
    sent_ms = len(given(stage)) // 24
    assert 520 < sent_ms < 900
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(1)
    resumed_at = len(given(stage))
    stage.speaker.resume(1)
    await asyncio.sleep(3)
    samples = given(stage)
    assert samples[resumed_at + 480] == 1_000 + 10 * (520 + 20)
    assert samples[-1] == 1_000 + 10 * 1_999
    repeated_ms = (len(samples) - 2_000 * 24) // 24
    assert repeated_ms == resumed_at // 24 - 520
    assert stage.facts[-1] == (2_000 + repeated_ms, ReplyPlayed(1))


@in_virtual_time
async def test_without_word_times_it_goes_on_from_the_quietest_place() -> None:
    stage = Stage()
    stage.speaker.open(1)
    stage.speaker.put(1, LOUD * 400 + bytes(40 * MS) + LOUD * 1_000)
    stage.speaker.release(1, 1)
    await asyncio.sleep(0.2)
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(1)
    resumed_at = len(given(stage))
    stage.speaker.resume(1)
    samples = given(stage)
    assert samples[resumed_at + 480] in (0, 10_000)
    assert 0 in samples[resumed_at + 480 : resumed_at + 480 + 40 * 24]


@in_virtual_time
async def test_what_was_lowered_deep_was_not_heard() -> None:
    stage = Stage()
    stage.say(1, 3_000)
    await asyncio.sleep(0.2)
    sent_ms = stage.door.played_ms(1)
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(0.1)
    heard = stage.speaker.stop(1)
    assert (heard.played_ms, heard.loud_ms) == (300, sent_ms)
    stage.say(2, 3_000)
    await asyncio.sleep(0.2)
    stage.speaker.duck(2, "deep")
    await asyncio.sleep(1)
    assert stage.speaker.stop(2).played_ms == sent_ms


@in_virtual_time
async def test_a_client_that_lowers_what_it_has_heard_nothing_after_a_deep_duck() -> None:
    stage = Stage(lowers_ahead=True)
    stage.say(1, 3_000)
    await asyncio.sleep(0.2)
    stage.speaker.duck(1, "soft")
    await asyncio.sleep(0.1)
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(0.5)
    heard = stage.speaker.stop(1)
    assert (heard.played_ms, heard.loud_ms) == (300, 300)
    assert [event.gain_db for event in stage.door.all(events.SoundLowered)] == [-6, -20]


@in_virtual_time
async def test_it_goes_on_from_the_word_that_such_a_client_was_playing() -> None:
    stage = Stage(lowers_ahead=True)
    stage.speaker.open(1)
    stage.speaker.put(1, ramp_of(2_000))
    stage.speaker.finish(1)
    stage.speaker.mark_words(1, (0, 300, 520, 900))
    stage.speaker.release(1, 1)
    await asyncio.sleep(0.4)
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(0.5)
    resumed_at = len(given(stage))
    stage.speaker.resume(1)
    await asyncio.sleep(3)
    samples = given(stage)
    assert samples[resumed_at + 480] == 1_000 + 10 * (300 + 20)
    assert samples[-1] == 1_000 + 10 * 1_999
    assert isinstance(stage.facts[-1][1], ReplyPlayed)


@in_virtual_time
async def test_a_reply_that_was_sent_to_its_end_is_not_lowered_in_the_client() -> None:
    stage = Stage(lowers_ahead=True)
    stage.say(1, 600)
    await asyncio.sleep(0.4)
    assert stage.door.all(events.SoundEnded)
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(0.1)
    assert stage.door.all(events.SoundLowered) == []
    assert stage.speaker.stop(1).played_ms == 500, "its end is heard as it is"


@in_virtual_time
async def test_what_is_softer_was_heard() -> None:
    stage = Stage()
    stage.say(1, 3_000)
    await asyncio.sleep(0.2)
    stage.speaker.duck(1, "soft")
    await asyncio.sleep(1)
    heard = stage.speaker.stop(1)
    assert (heard.played_ms, heard.loud_ms) == (1_200, None)


@in_virtual_time
async def test_what_was_sent_twice_is_told() -> None:
    stage = Stage()
    stage.say(1, 3_000)
    stage.speaker.mark_words(1, (0, 400))
    await asyncio.sleep(0.2)
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(0.6)
    before_ms = stage.door.played_ms(1)
    stage.speaker.resume(1)
    await asyncio.sleep(1)
    heard = stage.speaker.stop(1)
    assert heard.repeated_ms == before_ms - 400
    assert heard.played_ms == 1_800 - heard.repeated_ms


@in_virtual_time
async def test_a_reply_that_is_low_at_its_end_is_not_over() -> None:
    stage = Stage()
    stage.say(1, 800)
    await asyncio.sleep(0.2)
    stage.speaker.duck(1, "deep")
    await asyncio.sleep(2)
    assert stage.facts == [(0, PlaybackStarted(1))]
    stage.speaker.resume(1)
    await asyncio.sleep(2)
    assert isinstance(stage.facts[-1][1], ReplyPlayed)


@in_virtual_time
async def test_two_released_speeches_follow_each_other_on_one_clock() -> None:
    stage = Stage()
    stage.say(1, 1_000)
    stage.say(2, 500)
    await asyncio.sleep(1.25)
    assert stage.speaker.stop(2).played_ms == 250
    assert stage.facts == [(0, PlaybackStarted(1)), (651, PlaybackStarted(2)), (1_000, ReplyPlayed(1))]


@in_virtual_time
async def test_a_reply_without_sound_is_played_at_once() -> None:
    stage = Stage()
    stage.say(1, 0, release=False)
    assert stage.facts == []
    stage.speaker.release(1, 1)
    assert stage.facts == [(0, ReplyPlayed(1))]
    assert stage.door == [(0, events.SoundEnded(1)), (0, events.SoundPlayed(1, 0))]


@in_virtual_time
async def test_making_sound_waits_between_the_marks() -> None:
    stage = Stage()
    waiting = await stage.fill()
    stage.speaker.release(1, 1)
    started_ms = stage.now_ms
    await waiting
    waited_ms = stage.now_ms - started_ms
    assert waited_ms == pytest.approx(ROOM_HIGH_MS - ROOM_LOW_MS - LEAD_MS, abs=CHUNK_MS + 2)


@in_virtual_time
async def test_a_stop_frees_those_that_wait_for_room() -> None:
    stage = Stage()
    stage.say(1, ROOM_HIGH_MS, release=False)
    waiting = asyncio.ensure_future(stage.speaker.room(1))
    await asyncio.sleep(1)
    stage.speaker.stop(1)
    await asyncio.wait_for(waiting, 1)


@in_virtual_time
async def test_a_slow_client_holds_the_speaker_back() -> None:
    stage = Stage()
    stage.door.backlog_bytes = BACKLOG_HIGH_MS * MS + 1
    stage.say(1, 500)
    await asyncio.sleep(3)
    assert stage.door == []
    stage.door.backlog_bytes = 0
    await asyncio.sleep(1)
    assert stage.door.played_ms(1) == 500


@in_virtual_time
async def test_unpaced_sound_is_handed_over_as_it_is_made_and_played_from_its_end_on() -> None:
    stage = Stage(paced=False)
    stage.speaker.open(1)
    stage.speaker.release(1, 1)
    for _ in range(10):
        stage.speaker.put(1, bytes(1_000 * MS))
        await stage.speaker.room(1)
    assert stage.door.played_ms(1) == 10_000
    await asyncio.sleep(2)
    stage.speaker.finish(1)
    assert stage.door.all(events.SoundEnded) == [events.SoundEnded(1)]
    await asyncio.sleep(3)
    assert stage.speaker.stop(1).played_ms == 3_000


@in_virtual_time
async def test_unpaced_sound_too_is_bounded_while_it_is_muted() -> None:
    stage = Stage(paced=False)
    waiting = await stage.fill()
    stage.speaker.release(1, 1)
    await asyncio.wait_for(waiting, 1)


@in_virtual_time
async def test_unpaced_sound_stopped_before_its_end_was_not_heard() -> None:
    stage = Stage(paced=False)
    stage.speaker.open(1)
    stage.speaker.release(1, 1)
    stage.speaker.put(1, bytes(1_000 * MS))
    await asyncio.sleep(3)
    assert stage.speaker.stop(1).played_ms == 0


@in_virtual_time
async def test_half_a_sample_is_never_sent() -> None:
    stage = Stage()
    stage.speaker.open(1)
    stage.speaker.release(1, 1)
    stage.speaker.put(1, b"abc")
    stage.speaker.put(1, b"d")
    stage.speaker.put(1, b"e")
    stage.speaker.finish(1)
    assert stage.door.all(events.Sound) == [events.Sound(1, b"ab"), events.Sound(1, b"cd")]
    assert stage.door.all(events.SoundEnded) == [events.SoundEnded(1)]


@in_virtual_time
async def test_rewind_forgets_only_what_is_muted() -> None:
    stage = Stage()
    stage.speaker.open(1)
    stage.speaker.put(1, bytes(ROOM_HIGH_MS * MS))
    assert stage.speaker.rewind(1)
    assert stage.speaker.made_ms(1) == 0
    await stage.speaker.room(1)
    stage.speaker.release(1, 1)
    assert not stage.speaker.rewind(1)


@in_virtual_time
async def test_a_stop_lets_the_next_in_line_begin() -> None:
    stage = Stage()
    for reply, sound_ms in ((1, 0), (2, 100)):  # neither has all its sound yet
        stage.speaker.open(reply)
        stage.speaker.put(reply, bytes(sound_ms * MS))
        stage.speaker.release(reply, reply)
    stage.say(3, 300)
    assert stage.door == []
    stage.speaker.stop(1)
    assert (stage.door.played_ms(2), stage.door.played_ms(3)) == (100, 0)
    stage.speaker.stop(2)
    assert stage.door.played_ms(3) == 300


@in_virtual_time
async def test_a_stop_while_the_last_of_it_plays() -> None:
    stage = Stage()
    stage.say(1, 300)
    assert stage.door.all(events.SoundEnded) == [events.SoundEnded(1)]
    await asyncio.sleep(0.1)
    assert stage.speaker.stop(1).played_ms == 100
    stage.say(2, 500)
    await asyncio.sleep(1)
    assert stage.facts == [(0, PlaybackStarted(1)), (100, PlaybackStarted(2)), (600, ReplyPlayed(2))]


@in_virtual_time
async def test_of_a_reply_that_was_played_nothing_is_kept() -> None:
    stage = Stage()
    stage.say(1, 300)
    await asyncio.sleep(1)
    assert stage.speaker.made_ms(1) == 0
    assert not stage.speaker.put(1, bytes(100))


@in_virtual_time
async def test_close_frees_those_that_wait_for_room() -> None:
    stage = Stage()
    stage.say(1, ROOM_HIGH_MS, release=False)
    waiting = asyncio.ensure_future(stage.speaker.room(1))
    await asyncio.sleep(1)
    stage.speaker.close()
    await asyncio.wait_for(waiting, 1)


@in_virtual_time
async def test_close_leaves_no_timer() -> None:
    stage = Stage()
    stage.say(1, 2_000)
    stage.speaker.close()
    given_ms = stage.door.played_ms(1)
    await asyncio.sleep(5)
    assert stage.door.played_ms(1) == given_ms
    assert stage.facts == [(0, PlaybackStarted(1))]


@in_virtual_time
async def test_nothing_keeps_a_closed_speaker() -> None:
    stage = Stage()
    stage.say(1, 2_000)
    stage.speaker.close()
    kept = weakref.ref(stage)
    del stage
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize(
    ("chunk_ms", "words_ms", "most_ms"),
    [
        (100, [], KEPT_MS),
        (10_000, [], KEPT_MS),
        (100, range(0, 10_000, 250), KEPT_MS),  # not yet known for what is sent at the end
        (100, range(0, 30_000, 250), 350),
        (100, range(0, 30_000, 3_000), KEPT_MS),  # too long ago: a quiet place is looked for instead
    ],
)
def test_no_more_of_what_was_sent_is_kept_than_a_duck_can_ask_for(
    chunk_ms: int, words_ms: Sequence[int], most_ms: int
) -> None:
    rate_hz = 24_000
    sound = ReplySound(1, rate_hz)
    sound.mark_words(words_ms)
    sound.put(bytes(20 * rate_hz * 2))
    for _ in range(20_000 // chunk_ms):
        sound.take(chunk_ms * rate_hz // 1_000 * 2, 0.0)
        kept_ms = sum(map(len, sound._kept)) * 1_000 // (2 * rate_hz)
        assert kept_ms <= most_ms + 100


@pytest.mark.parametrize("duck_ms", [400, 700, 2_300])
def test_a_deep_duck_is_repeated_from_the_word_in_which_it_began(duck_ms: int) -> None:
    rate_hz = 8_000
    made = array.array("h", range(30_000)).tobytes()
    sound = ReplySound(1, rate_hz)
    sound.mark_words((0, 600, 2_250, 3_500))
    sound.put(made)
    for _ in range(duck_ms // 100):
        sound.take(100 * rate_hz // 1_000 * 2, 0.0)
    sound.duck("deep")
    sound.take(300 * rate_hz // 1_000 * 2, 0.0)
    sound.resume()
    word_ms = max(ms for ms in (0, 600, 2_250) if ms <= duck_ms)
    assert sound.take(sound.unsent_bytes, 0.0)[-1_000:] == made[-1_000:]
    assert sound.repeated_bytes == (duck_ms // 100 * 100 + 300 - word_ms) * rate_hz // 1_000 * 2
