import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.engines import FakeStt, FakeSttStream, FakeVad, silence, tone
from voi.audio.resample import resample
from voi.core.facts import Fact, Heard, QuietGrew, SpeechGrew, UserStarted, VoicePushed
from voi.engines.base import SttOptions, Transcript
from voi.errors import EngineError
from voi.session.audio_input import AudioInput


class Caller:
    """Audio input with a conversation behind it that opens an utterance as soon as there is voice."""

    def __init__(self, *texts: str, rate_hz: int = 16_000, pushed: bool = False, fault: bool = False) -> None:
        self.vad, self.stt = FakeVad(), FakeStt(*texts or ("one two three four five six",))
        if fault:
            self.stt.open = self.refuse  # type: ignore[method-assign]
        self.facts: list[Fact] = []
        self.sound = bytearray()
        self.open = False
        self.audio_input = AudioInput(
            vad=self.vad, stt=self.stt, stt_options=SttOptions(), rate_hz=rate_hz, tell=self.tell, pushed=pushed,
            keeps_turn=True, on_sound=self.sound.extend,
        )  # fmt: skip

    def refuse(self, *_: object, **__: object) -> Any:
        raise EngineError("The STT is out of memory.")

    def tell(self, fact: Fact) -> None:
        self.facts.append(fact)
        if isinstance(fact, UserStarted | VoicePushed) and not self.open:
            self.open = True
            self.audio_input.listen(len(self.facts))

    def end(self) -> None:
        self.open = False
        self.audio_input.end_utterance()


def test_speech_becomes_facts_and_a_transcription_with_its_preroll() -> None:
    caller = Caller()
    caller.audio_input.hear(silence(640) + tone(480) + silence(128))
    assert caller.facts[0] == UserStarted(640)
    assert [fact for fact in caller.facts if isinstance(fact, QuietGrew)] == [QuietGrew(ms) for ms in (32, 64, 96, 128)]
    assert SpeechGrew(480) in caller.facts
    assert Heard(1, "one two") in caller.facts
    # The 480 ms up to the moment of the onset (96 ms of them voice), and all that came after.
    assert bytes(caller.stt.streams[0].pcm) == silence(384) + tone(480) + silence(128)
    assert caller.audio_input.turn_sound() == bytes(caller.stt.streams[0].pcm)
    assert caller.audio_input.turn_probabilities() == [0.0] * 12 + [1.0] * 15 + [0.0] * 4


def test_words_on_the_way_are_told_only_if_they_are_wanted() -> None:
    caller = Caller()
    caller.tell(UserStarted(0))
    caller.end()
    caller.audio_input.listen(7, partials=False)
    caller.open = True
    caller.audio_input.hear(silence(640) + tone(480) + silence(128))
    assert bytes(caller.stt.streams[-1].pcm)
    assert not any(isinstance(fact, Heard) for fact in caller.facts)


def test_the_next_utterance_does_not_begin_with_the_last_ones_words() -> None:
    caller = Caller()
    caller.audio_input.hear(tone(480) + silence(192))
    caller.end()
    assert caller.vad.streams[0].resets == 1
    caller.audio_input.hear(silence(64) + tone(320))
    assert bytes(caller.stt.streams[1].pcm) == silence(256) + tone(320)
    assert caller.stt.open_streams == 1


def test_an_onset_at_the_end_of_a_turn_is_not_lost() -> None:
    caller = Caller()
    caller.audio_input.hear(tone(480) + silence(192) + tone(64))
    caller.end()
    caller.audio_input.hear(tone(320))
    assert bytes(caller.stt.streams[1].pcm) == silence(192) + tone(64) + tone(320)


def test_turn_sound_keeps_the_last_eight_seconds() -> None:
    caller = Caller()
    caller.audio_input.hear(tone(10_016))
    assert len(caller.audio_input.turn_sound()) == 8_000 * 32
    caller.end()
    assert caller.audio_input.turn_sound() == b""


def test_push_to_talk_keeps_short_untrailed_and_quiet_sound() -> None:
    caller = Caller(pushed=True)
    for part in (tone(50), silence(13), tone(30)):
        caller.audio_input.hear(part)
    caller.audio_input.all_given()
    assert caller.facts[0] == VoicePushed()
    assert not any(isinstance(fact, UserStarted | SpeechGrew | QuietGrew) for fact in caller.facts)
    heard = bytes(caller.stt.streams[0].pcm)
    assert heard == tone(50) + silence(13) + tone(30) + silence(96 - 93)
    caller.audio_input.hear(tone(20))
    assert caller.facts.count(VoicePushed()) == 2


def test_what_is_pushed_is_the_utterance_and_nothing_else() -> None:
    caller = Caller(pushed=True, rate_hz=48_000)
    for _ in range(2):
        caller.audio_input.hear(tone(97, 48_000))  # of which resampling keeps the last back until all is given
        caller.audio_input.all_given()
        caller.end()
    assert [len(stream.pcm) // 32 for stream in caller.stt.streams] == [128, 128]


def test_after_an_utterance_sound_is_pushed_again() -> None:
    caller = Caller(pushed=True)
    caller.audio_input.hear(tone(50))
    caller.end()
    caller.audio_input.hear(tone(50))
    assert caller.facts == [VoicePushed()] * 2


async def test_an_stt_that_does_not_open_is_told_when_asked() -> None:
    caller = Caller(fault=True)
    caller.audio_input.hear(tone(480))
    with pytest.raises(EngineError, match="out of memory"):
        await caller.audio_input.transcribe()


async def test_the_next_utterance_is_heard_when_the_stt_is_well_again() -> None:
    caller = Caller(fault=True)
    caller.audio_input.hear(tone(480) + silence(192))
    caller.end()
    del caller.stt.open  # type: ignore[attr-defined]
    caller.audio_input.hear(tone(640))
    assert await caller.audio_input.transcribe() == "one two three"


async def test_an_stt_that_fails_while_it_is_fed_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller()
    caller.audio_input.hear(tone(320))
    monkeypatch.setattr(FakeSttStream, "feed", caller.refuse)
    caller.audio_input.hear(tone(320))
    assert caller.stt.open_streams == 0
    with pytest.raises(EngineError, match="out of memory"):
        await caller.audio_input.transcribe()


class Restarted(FakeStt):
    """Fails in the middle of its first utterance, and works again for the second one that is opened."""

    def open(self, *given: Any) -> FakeSttStream:
        stream = super().open(*given)
        if len(self.streams) <= self.failures:
            stream.flush = self.restarted  # type: ignore[method-assign]
        return stream

    failures = 1

    async def restarted(self) -> Transcript:
        await asyncio.sleep(0)
        raise EngineError("The STT was restarted.", retryable=True)


async def test_an_engine_that_was_restarted_is_told_the_utterance_again() -> None:
    """Whisper's process was killed in the middle of a sentence and back after three seconds; all that was said after
    that was lost."""
    caller = Caller()
    caller.stt = caller.audio_input._stt = Restarted("one two three four five six")
    caller.audio_input.hear(silence(64) + tone(480) + silence(96) + tone(480))
    assert await caller.audio_input.transcribe() == "one two three four five"
    first, second = caller.stt.streams
    assert first.pcm == second.pcm
    assert caller.stt.open_streams == 1
    caller.audio_input.hear(tone(256))
    assert await caller.audio_input.transcribe() == "one two three four five six"
    caller.end()
    assert caller.stt.open_streams == 0
    caller.audio_input.hear(silence(640) + tone(320))
    assert len(caller.stt.streams[-1].pcm) < len(first.pcm)  # nothing of the utterance before


async def test_as_long_as_it_does_not_work_it_is_asked_once_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Restarted, "failures", 3)
    caller = Caller()
    caller.stt = caller.audio_input._stt = Restarted("one two three four five six")
    caller.audio_input.hear(tone(480))
    with pytest.raises(EngineError, match="was restarted"):
        await caller.audio_input.transcribe()
    assert len(caller.stt.streams) == 2
    caller.audio_input.hear(tone(480))
    with pytest.raises(EngineError, match="was restarted"):
        await caller.audio_input.transcribe()
    caller.audio_input.hear(tone(320))
    assert await caller.audio_input.transcribe() == "one two three four five six"


async def test_an_utterance_that_has_ended_is_not_told_again() -> None:
    caller = Caller()
    caller.stt = caller.audio_input._stt = Restarted("one two three")
    caller.audio_input.hear(tone(480))
    transcript = asyncio.ensure_future(caller.audio_input.transcribe())
    await asyncio.sleep(0)
    assert caller.audio_input.leave_stream() is caller.stt.streams[0]
    caller.end()
    caller.audio_input.hear(silence(640) + tone(320))  # the next one has begun
    with pytest.raises(EngineError, match="was restarted"):
        await transcript
    assert len(caller.stt.streams) == 2


def test_the_stt_is_told_which_sound_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    caller, told = Caller(), []
    monkeypatch.setattr(FakeSttStream, "feed", lambda _, pcm, speech: told.append((len(pcm) // 32, speech)))
    caller.audio_input.hear(silence(320) + tone(96) + silence(160))
    assert told == [(416, True), *[(32, True)] * 3, *[(32, False)] * 2]


async def test_transcribe_gives_the_text_so_far() -> None:
    caller = Caller()
    assert await caller.audio_input.transcribe() == ""
    caller.audio_input.hear(tone(640))
    assert await caller.audio_input.transcribe() == "one two three"


async def test_the_language_heard_is_the_usual_one_of_the_next_utterance(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller()
    opened: list[SttOptions] = []
    really_open = caller.stt.open

    def open_(options: SttOptions, on_partial: Any) -> Any:
        opened.append(options)
        return really_open(options, on_partial)

    async def flush(_: object) -> Transcript:
        return Transcript("Ja", language="de")

    monkeypatch.setattr(caller.stt, "open", open_)
    monkeypatch.setattr(FakeSttStream, "flush", flush)
    for utterance in (1, 2):
        caller.audio_input.listen(utterance)
        assert await caller.audio_input.transcribe() == "Ja"
    assert [options.usual for options in opened] == [None, "de"]


def test_closing_gives_everything_back() -> None:
    caller = Caller()
    caller.audio_input.hear(tone(640))
    caller.audio_input.close()
    assert (caller.vad.open_streams, caller.stt.open_streams) == (0, 0)


SOUND = silence(200) + tone(300) + silence(40) + tone(410) + silence(333) + tone(90) + silence(70) + tone(505)


def cut(sound: bytes, sizes: Sequence[int]) -> list[bytes]:
    parts, at = [], 0
    for size in sizes:
        parts.append(sound[at : at + size])
        at += size
    return [*parts, sound[at:]]


@pytest.mark.parametrize("rate_hz", [16_000, 24_000])
def test_byte_by_byte_gives_the_same_facts(rate_hz: int) -> None:
    sound = resample(SOUND, 16_000, rate_hz)[: rate_hz // 4 * 2]
    whole, drops = Caller(rate_hz=rate_hz), Caller(rate_hz=rate_hz)
    whole.audio_input.hear(sound)
    for i in range(len(sound)):
        drops.audio_input.hear(sound[i : i + 1])
    assert drops.facts == whole.facts
    assert drops.sound == whole.sound


@given(st.lists(st.integers(0, 9_000), max_size=60), st.sampled_from([8_000, 16_000, 48_000]))
def test_cutting_makes_no_difference(sizes: list[int], rate_hz: int) -> None:
    sound = resample(SOUND, 16_000, rate_hz)
    whole, parts = Caller(rate_hz=rate_hz), Caller(rate_hz=rate_hz)
    whole.audio_input.hear(sound)
    for part in cut(sound, sizes):
        parts.audio_input.hear(part)
    assert parts.facts == whole.facts
    assert parts.stt.streams[0].pcm == whole.stt.streams[0].pcm


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_a_window_is_whole_with_the_packet_that_ends_it_at_any_rate(rate_hz: int) -> None:
    caller = Caller(rate_hz=rate_hz)
    caller.tell(UserStarted(0))
    for packets in range(1, 33):
        caller.audio_input.hear(bytes(rate_hz // 50 * 2))
        assert len(caller.audio_input.turn_probabilities()) == packets * 20 // 32
