"""Whole conversations: the real core and session between fake engines and a fake door, in virtual time."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.call import Call, FakeEngines, FakeRecorder
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, FakeSttStream, FakeTts, FakeTurnDetector, calls_of, tone
from voi.core.end_reason import EndReason
from voi.core.facts import AnswerAsked, HungUp, Interrupted, TextTyped
from voi.dialogue import Message, ToolCall, ToolResult
from voi.engines.base import SttOptions, TextDelta, Transcript
from voi.errors import ClientError, EngineError
from voi.session import events
from voi.session.failure import Failure, VadFailed
from voi.session.observer import Observer
from voi.session.user_turn import TRANSCRIPT_DEADLINE_S
from voi.turn_policy import TurnPolicy

STORY = "Once upon a time there was a fox. It ran away."
STORY_MS = (len(STORY) - 1) * 50
"""The space between the sentences leads the second piece, and is not spoken."""
LONG = "Once upon a time there was a fox who lived in the deep dark wood. " * 4


async def ask(call: Call, *, quiet_ms: int = 700) -> None:
    """The person asks for a story and falls silent: the answer's sound has just begun."""
    await call.speak(1_200)
    await call.quiet(quiet_ms)


# ---- turns ----------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_whole_turn() -> None:
    recorder = FakeRecorder()
    async with Call(observers=[recorder]) as call:
        await call.quiet(400)
        await ask(call)
        await call.quiet(5_000)
        assert call.said == ["tell me a story please now"]
        assert call.answers == [STORY]
        assert call.door.played_ms(1) == STORY_MS
        assert call.door.all(events.SoundEnded) == [events.SoundEnded(1)]
        assert call.door.statuses() == ["response_created", "response_done"]
        partials = [message.text for message in call.door.all(events.UserMessage) if not message.final]
        assert "tell me" in partials
        prompt, question = call.engines.llm.requests[0].messages
        assert (prompt.text, question.text) == ("You tell stories.", "tell me a story please now")
        assert call.engines.vad.streams[0].resets == 1
    assert recorder.closed == 1
    assert recorder.script.prompt[0].text == "You tell stories."
    assert recorder.user_bytes == (400 + 1_200 + 700 + 5_000) * 32
    assert sum(ms for _, ms in recorder.agent) == STORY_MS
    assert recorder.turns == call.turns[:1]
    assert HungUp() in [fact for _, fact, _ in recorder.facts]


@in_virtual_time
async def test_the_answer_is_ready_when_the_silence_has_lasted_long_enough() -> None:
    async with Call(turn={"silence_ms": 1_000}) as call:
        await ask(call)
        times = call.turns[0]
        assert times.speculative
        assert times.transcript_ms is not None
        assert times.first_sound_ms is not None
        assert times.transcript_ms < times.first_sound_ms < times.endpoint_ms
        assert times.first_sent_ms == times.endpoint_ms
        assert 400 <= times.endpoint_ms <= 1_000 + 32
        assert len(call.engines.llm.requests) == 1


@in_virtual_time
async def test_without_speculation_the_answer_begins_at_the_end_of_the_turn() -> None:
    async with Call(turn={"speculate": False}) as call:
        await ask(call, quiet_ms=1_500)
        times = call.turns[0]
        assert not times.speculative
        assert times.first_token_ms is not None
        assert times.first_sent_ms == times.endpoint_ms, "the turn is final when the answer sounds"
        assert call.answers == [STORY]


@in_virtual_time
async def test_a_person_who_speaks_on_gets_one_answer_to_all_of_it() -> None:
    async with Call(engines=FakeEngines(stt=FakeStt("I like foxes a lot indeed"))) as call:
        await call.speak(600)
        await call.quiet(400)
        await call.speak(600)
        await call.quiet(6_000)
        asked = [request.messages[-1].text for request in call.engines.llm.requests]
        assert asked == ["I like foxes", "I like foxes a lot indeed"]
        assert call.answers == [STORY]
        assert call.door.played_ms(1) == STORY_MS
        assert {sound.message_id for sound in call.door.all(events.Sound)} == {1}
        assert len(call.turns) == 1


@in_virtual_time
async def test_judges_shorten_and_lengthen_the_wait() -> None:
    engines = FakeEngines(turn=FakeTurnDetector(0.97))
    async with Call(engines=engines) as call:
        await ask(call)
        assert 240 <= call.turns[0].endpoint_ms <= 400
        assert engines.turn is not None
        assert engines.turn.heard[0].startswith(tone(96))
    engines = FakeEngines(turn=FakeTurnDetector(0.01))
    async with Call(engines=engines) as call:
        await ask(call, quiet_ms=3_000)
        assert call.turns[0].endpoint_ms >= TurnPolicy().silence_ms


@in_virtual_time
async def test_the_completeness_agent_judges_the_words() -> None:
    verdict = '{"status": "complete", "reason": "a whole request"}'
    engines = FakeEngines(llm=FakeLlm(verdict, STORY, token_s=0.001))
    async with Call(engines=engines, completeness={"model": "judge"}, turn={"speculate": False}) as call:
        await ask(call)
        assert engines.llm.requests[0].model == "judge"
        assert engines.llm.requests[0].messages[-1].text == "user: tell me a story please now"
        assert 240 <= call.turns[0].endpoint_ms <= 500


@in_virtual_time
async def test_the_completeness_agent_is_shown_what_was_said_before() -> None:
    engines = FakeEngines(llm=FakeLlm('{"status": "complete"}', STORY, token_s=0.001))
    completeness, greetings = {"model": "judge"}, {"choices": ["Hello. What would you like to hear?"]}
    async with Call(
        engines=engines, completeness=completeness, greetings=greetings, greet=True, turn={"speculate": False}
    ) as call:
        await call.until(lambda: call.door.all(events.SoundPlayed))
        await ask(call)
        assert engines.llm.requests[0].messages[-1].text == (
            "assistant: Hello. What would you like to hear?\nuser: tell me a story please now"
        )


# ---- interruptions ----------------------------------------------------------------------------------


@in_virtual_time
async def test_words_over_the_answer_stop_it_and_history_keeps_what_was_heard() -> None:
    async with Call(engines=FakeEngines(llm=FakeLlm(LONG, STORY))) as call:
        await ask(call)
        await call.quiet(1_800)
        await call.speak(700)
        given_ms = call.door.played_ms(1)
        assert call.door.all(events.SoundCleared)[0].message_id == 1
        assert "user_interrupt" in call.door.statuses()
        await call.quiet(6_000)
        assert call.door.played_ms(1) == given_ms < 3_400
        cut = call.answers[0].removesuffix("... (interrupted)")
        assert cut != call.answers[0]
        assert LONG.startswith(cut)
        assert 0 < len(cut) < 90
        history = [message.text for message in call.engines.llm.requests[-1].messages]
        assert history[2] == cut + "..."
        assert call.answers[1] == STORY


@in_virtual_time
async def test_a_cough_resumes() -> None:
    engines = FakeEngines(stt=FakeStt("tell me a story please now", "", partials=False))
    async with Call(engines=engines) as call:
        await ask(call)
        await call.quiet(300)
        await call.speak(130)
        await call.quiet(8_000)
        assert call.door.all(events.SoundCleared) == []
        assert call.door.played_ms(1) == STORY_MS
        assert call.answers == [STORY]
        assert len(engines.llm.requests) == 1


class StubbornTts(FakeTts):
    """Goes on after it was cancelled, as a thread would."""

    async def stream(self, text: str, voice: Any) -> Any:
        self.open_streams += 1
        try:
            for _ in range(70):
                try:
                    await asyncio.sleep(0.02)
                except asyncio.CancelledError:
                    for _ in range(3):
                        self.made_ms += 1_000
                        yield b"\x66\x66" * 24_000
                    return
                yield b"\x55\x55" * 600
        finally:
            self.open_streams -= 1


@in_virtual_time
async def test_stale_sound_and_text_die_at_the_fence() -> None:
    class StubbornLlm(FakeLlm):
        async def stream(self, request: Any) -> Any:
            self.requests.append(request)
            yield TextDelta("The first sentence is here. ")
            try:
                await asyncio.sleep(3)
            except asyncio.CancelledError:
                yield TextDelta("This sentence is stale. ")

    tts = StubbornTts()
    async with Call(engines=FakeEngines(llm=StubbornLlm(""), tts={"fake": tts})) as call:
        await ask(call)
        await call.quiet(300)
        await call.speak(500)
        assert tts.made_ms > 0, "the old reply went on, or this test tests nothing"
        await call.quiet(200)
        assert call.door.all(events.SoundCleared)[0].message_id == 1
        (cleared,) = call.door.all(events.SoundCleared)
        cleared_at = next(at for at, (_, event) in enumerate(call.door) if event == cleared)
        later = [event for _, event in call.door[cleared_at:] if isinstance(event, events.Sound)]
        assert not [sound for sound in later if sound.message_id == 1]
        assert not any(b"\x66" in sound.pcm for sound in call.door.all(events.Sound))
        assert not any("stale" in text for text in call.answers)


@in_virtual_time
async def test_the_clients_own_word_on_what_it_played_counts() -> None:
    async with Call(mode="chat", engines=FakeEngines(llm=FakeLlm(LONG, STORY))) as call:
        call.session.tell(TextTyped("Tell me a story"))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(3)
        call.session.tell(Interrupted(1, played_ms=820))
        assert call.answers == ["Once upon a time... (interrupted)"]


# ---- push to talk and typing ------------------------------------------------------------------------


@in_virtual_time
async def test_push_to_talk_hears_short_speech_without_a_trail() -> None:
    async with Call(mode="chat", engines=FakeEngines(stt=FakeStt("yes", word_ms=100))) as call:
        await call.speak(150)
        call.session.tell(AnswerAsked())
        await asyncio.sleep(6)
        assert call.said == ["yes"]
        assert call.answers == [STORY]
        assert call.door.statuses() == ["response_created", "response_done"]
        assert call.turns[0].speculative is False
        assert call.turns[0].transcript_ms == 50


@in_virtual_time
async def test_a_second_push_is_a_second_turn() -> None:
    engines = FakeEngines(stt=FakeStt("one two", "three four"))
    async with Call(mode="chat", engines=engines) as call:
        for _ in range(2):
            await call.speak(400)
            call.session.tell(AnswerAsked())
            await asyncio.sleep(1)
        assert call.said == ["one two", "three four"]
        assert call.door.all(events.SoundCleared)[0].message_id == 1


@in_virtual_time
async def test_typed_text_is_answered_at_once() -> None:
    async with Call(mode="chat", voices=None) as call:
        call.session.tell(TextTyped("Tell me a story"))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(2)
        assert call.said == ["Tell me a story"]
        assert call.answers == [STORY]
        assert call.door.all(events.Sound) == []
        assert call.turns[0].first_sent_ms is None
        assert call.turns[0].first_token_ms == 50
        call.session.tell(TextTyped("And another"))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(2)
        assert call.answers == [STORY, STORY]


@in_virtual_time
async def test_sound_wanted_whole_is_not_paced() -> None:
    async with Call(mode="chat", options={"stream_output_audio": False}) as call:
        call.session.tell(TextTyped("Tell me a story"))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(1.2)
        assert call.door.played_ms(1) == STORY_MS
        assert call.door.all(events.SoundEnded) == [events.SoundEnded(1)]


# ---- words and voices -------------------------------------------------------------------------------

NARRATED = '{"voice_tone": "sad", "text": "I must go now. *She turns away.* Farewell, my friend."}'


async def typed(call: Call, seconds: float = 8) -> None:
    call.session.tell(TextTyped("Tell me a story"))
    call.session.tell(AnswerAsked())
    await asyncio.sleep(seconds)


@in_virtual_time
async def test_the_narrator_has_a_voice_of_their_own() -> None:
    narrator = {"model": "fake", "voice": "bert", "leading_silence": 0.2, "trailing_silence": 0.3}
    voices = {"character": {"model": "fake", "voice": "anna", "speed": 1.1}, "narrator": narrator}
    engines = FakeEngines(llm=FakeLlm(NARRATED))
    async with Call(mode="chat", engines=engines, voices=voices, system_prompt="Answer in JSON.") as call:
        await typed(call)
        spoken = [(text, spec.voice, spec.tone, spec.role) for text, spec in engines.tts["fake"].spoken]
        assert spoken == [
            ("I must go now.", "anna", "sad", "character"),
            ("She turns away.", "bert", "sad", "narrator"),
            ("Farewell, my friend.", "anna", "sad", "character"),
        ]
        assert engines.tts["fake"].spoken[0][1].speed == 1.1
        assert engines.llm.requests[0].json_mode
        words_ms = sum(len(text) for text, *_ in spoken) * 50
        assert call.door.played_ms(1) == words_ms + 200 + 300


@in_virtual_time
async def test_without_a_narrator_comments_are_shown_and_not_spoken() -> None:
    engines = FakeEngines(llm=FakeLlm(NARRATED))
    async with Call(mode="chat", engines=engines, system_prompt="Answer in JSON.") as call:
        await typed(call)
        assert [text for text, _ in engines.tts["fake"].spoken] == ["I must go now.", "Farewell, my friend."]
        assert "She turns away." in call.answers[0]


@in_virtual_time
async def test_the_model_is_shown_its_own_form() -> None:
    engines = FakeEngines(llm=FakeLlm('{"voice_tone": "sad", "text": "I must go. *sighs*"}'))
    greetings = {"choices": ["Hello! *waves*"], "voice_tone": "warm"}
    prompt = 'Answer in JSON: {"voice_tone": "…", "text": "…"}'
    async with Call(mode="chat", greet=True, engines=engines, greetings=greetings, system_prompt=prompt) as call:
        await asyncio.sleep(3)
        await typed(call)
        await typed(call)
        said = [message.text for message in engines.llm.requests[1].messages if message.role == "assistant"]
    assert said == [
        '{"voice_tone": "warm", "text": "Hello! *waves*"}', '{"voice_tone": "sad", "text": "I must go. *sighs*"}'
    ]  # fmt: skip


CONTROL = {"model": "pattern_matching", "denial_phrases": ["as an AI"], "giveup_response": "Let us talk of foxes."}


@in_virtual_time
async def test_a_denial_is_tried_again_and_nobody_notices() -> None:
    engines = FakeEngines(llm=FakeLlm("Well, as an AI I cannot do that.", "As an AI...", STORY))
    async with Call(mode="chat", engines=engines, control=CONTROL) as call:
        await typed(call)
        assert [request.temperature for request in engines.llm.requests] == [0.5, 0.75, 1.125]
        assert call.answers == [STORY]
        assert set(call.door.texts()) <= {"Tell me a story", STORY, STORY[:33]}
        assert call.door.statuses() == ["response_created", "response_done"]


@in_virtual_time
async def test_after_too_many_denials_the_agent_gives_up_in_its_tone() -> None:
    engines = FakeEngines(llm=FakeLlm('{"voice_tone": "warm", "text": "As an AI I cannot."}'))
    async with Call(mode="chat", engines=engines, control=CONTROL) as call:
        await typed(call)
        assert len(engines.llm.requests) == 3
        assert call.answers == ["Let us talk of foxes."]
        assert [(text, spec.tone) for text, spec in engines.tts["fake"].spoken] == [("Let us talk of foxes.", "warm")]


@in_virtual_time
async def test_a_denial_found_late_stops_the_voice_and_gives_up() -> None:
    late = "I know a story. It has a fox in it. There are hens as well. But as an AI I cannot tell it."
    engines = FakeEngines(llm=FakeLlm(late, token_s=0.002))
    async with Call(mode="chat", engines=engines, control=CONTROL) as call:
        await typed(call)
        assert len(engines.llm.requests) == 1
        assert call.answers == ["I know a story. Let us talk of foxes."]
        spoken = [text for text, _ in engines.tts["fake"].spoken]
        assert spoken == ["I know a story.", "Let us talk of foxes."]


@in_virtual_time
async def test_a_denial_in_a_muted_reply_is_tried_again_although_words_were_written() -> None:
    first = "I know a story. There are hens in it. But as an AI I cannot tell it."
    engines = FakeEngines(llm=FakeLlm(first, STORY, token_s=0.002))
    async with Call(engines=engines, control=CONTROL) as call:
        await ask(call)
        await call.quiet(6_000)
        assert len(engines.llm.requests) == 2
        assert call.answers == [STORY]
        assert call.door.played_ms(1) == STORY_MS
        assert not any("hens" in text for text in call.door.texts())


@in_virtual_time
async def test_without_a_giveup_response_nothing_is_said() -> None:
    control = {"model": "pattern_matching", "denial_phrases": ["as an AI"], "giveup_after": 1}
    async with Call(mode="chat", engines=FakeEngines(llm=FakeLlm("As an AI I cannot.")), control=control) as call:
        await typed(call)
        assert call.answers == []
        assert call.door.statuses() == ["response_created", "response_cancelled"]


@in_virtual_time
async def test_a_control_agent_may_be_an_llm() -> None:
    control = {
        "model": "judge", "system_prompt": 'Answer in JSON: {"class": "denial" or "fine"}.',
        "denial_classes": ["denial"],
    }  # fmt: skip
    llm = FakeLlm("I will not.", '{"class": "denial"}', STORY, '{"class": "fine"}', '{"class": "fine"}')
    async with Call(mode="chat", engines=FakeEngines(llm=llm), control=control) as call:
        await typed(call)
        assert [request.model for request in llm.requests] == ["fake", "judge", "fake", "judge", "judge"]
        assert llm.requests[1].json_mode
        assert [request.messages[-1].text for request in llm.requests[3:]] == [STORY[:33], STORY]
        assert call.answers == [STORY]


# ---- trouble ----------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_slow_client_gets_its_sound_when_it_can_take_it() -> None:
    async with Call(mode="chat") as call:
        call.door.backlog_bytes = 1_000_000
        await typed(call, 5)
        assert call.door.all(events.Sound) == []
        assert call.engines.tts["fake"].made_ms <= STORY_MS
        call.door.backlog_bytes = 0
        await asyncio.sleep(3)
        assert call.door.played_ms(1) == STORY_MS


@in_virtual_time
async def test_making_sound_waits_for_its_hearing() -> None:
    engines = FakeEngines(llm=FakeLlm(LONG * 5), tts={"fake": FakeTts(speed=1_000)})
    async with Call(mode="chat", engines=engines) as call:
        await typed(call, 2)
        assert engines.tts["fake"].made_ms < 2_000 + 450 + 4_000 + 200


class BreakingLlm(FakeLlm):
    """Its first stream breaks off after some words."""

    async def stream(self, request: Any) -> Any:
        first = not self.requests
        async for event in super().stream(request):
            yield event
            if first and isinstance(event, TextDelta) and event.text.endswith(self.breaks_after):
                raise EngineError("It broke off.", retryable=self.retryable)

    breaks_after, retryable = "fox.", True


@in_virtual_time
async def test_a_reply_that_broke_off_unheard_is_asked_for_again() -> None:
    engines = FakeEngines(llm=BreakingLlm("There was a fox. It", "A hen. It slept."))
    async with Call(mode="chat", engines=engines) as call:
        engines.llm.breaks_after = "was"  # type: ignore[attr-defined]
        await typed(call)
        assert call.answers == ["A hen. It slept."]
        assert not call.door.errors()


@in_virtual_time
async def test_a_muted_reply_that_broke_off_is_asked_for_again() -> None:
    engines = FakeEngines(llm=BreakingLlm("There was a hen. And a fox. It", STORY))
    async with Call(engines=engines, turn={"silence_ms": 1_000}) as call:
        await ask(call)
        await call.quiet(6_000)
        assert call.answers == [STORY]
        assert call.door.played_ms(1) == STORY_MS
        assert len(engines.llm.requests) == 2


@pytest.mark.parametrize(("breaks_after", "retryable"), [("fox", True), ("was", False)])
def test_one_that_was_heard_or_is_hopeless_is_not(breaks_after: str, retryable: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        engines = FakeEngines(llm=BreakingLlm("There was a hen. And a fox It", "No."))
        engines.llm.breaks_after, engines.llm.retryable = breaks_after, retryable  # type: ignore[attr-defined]
        async with Call(mode="chat", engines=engines) as call:
            await typed(call)
            assert call.door.errors() == ["It broke off."]
            assert len(engines.llm.requests) == 1

    run()


@pytest.mark.parametrize(
    ("engines", "answers"),
    [
        (lambda: FakeEngines(llm=FakeLlm(EngineError("The model is overloaded."))), 1),
        (lambda: FakeEngines(tts={"fake": FakeTts(fault=EngineError("The model is overloaded."))}), 2),
    ],
)
def test_a_failed_answer_is_told_and_apologised_for(engines: Any, answers: int) -> None:
    @in_virtual_time
    async def run() -> None:
        async with Call(mode="chat", engines=engines(), apology="Sorry about that.") as call:
            await typed(call)
            assert call.door.errors()[0] == "The model is overloaded."
            assert "Sorry about that." in call.door.texts()
            assert len(call.answers) == answers
            assert call.door.statuses()[0] == "response_created"
            assert call.door.statuses()[1] in ("response_cancelled", "response_done")

    run()


@in_virtual_time
async def test_a_failed_transcript_is_told() -> None:
    engines = FakeEngines(stt=FakeStt("one two", partials=False, fault=EngineError("The STT is out of memory.")))
    async with Call(engines=engines) as call:
        await ask(call, quiet_ms=4_000)
        assert "The STT is out of memory." in call.door.errors()


@in_virtual_time
async def test_a_silent_stt_does_not_hang_the_call() -> None:
    engines = FakeEngines(stt=FakeStt("tell me a story please now", flush_s=1e6))
    async with Call(engines=engines) as call:
        await ask(call, quiet_ms=8_000)
        assert call.answers == [STORY]


class SlowStt(FakeStt):
    """Understands the end of what is said only in the transcript, and that takes its time."""

    def __init__(self, *, flush_s: float, partials: bool = True) -> None:
        super().__init__("tell me a story about the wind", partials=partials)
        self.slow_s = flush_s

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> FakeSttStream:
        stream = super().open(options, on_partial)
        stream.flush = partial(self._flush, stream.flush, first=len(self.streams) == 1)  # type: ignore[method-assign]
        return stream

    async def _flush(self, flush: Callable[[], Awaitable[Transcript]], *, first: bool) -> Transcript:
        transcript = await flush()
        if not first:
            return transcript
        await asyncio.sleep(self.slow_s)
        return Transcript(f"{transcript.text} and the willows")


@pytest.mark.parametrize("partials", [True, False])
def test_words_that_come_late_are_known_to_the_next_answer(partials: bool) -> None:
    """On an overloaded machine the end of what somebody said came two seconds after the answer had begun, and nobody
    listened any more."""

    @in_virtual_time
    async def run() -> None:
        engines = FakeEngines(stt=SlowStt(flush_s=7.5, partials=partials))
        async with Call(engines=engines) as call:
            await ask(call, quiet_ms=6_500)
            assert call.engines.stt.open_streams == 1
            assert ["and the willows" in said for said in call.said] == [False] * partials
            await call.quiet(2_000)
            assert call.engines.stt.open_streams == 0
            assert len(call.answers) == 1  # the story, or an apology
            assert ["and the willows" in said for said in call.said] == [True]
            await call.quiet(3_000)
            await ask(call, quiet_ms=3_000)
            heard = [message.text for message in engines.llm.requests[-1].messages if message.role == "user"]
            assert "and the willows" in heard[0]
            assert len(heard) == 1 + partials

    run()


class Failures(Observer):
    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def failure(self, failure: Failure) -> None:
        self.failures.append(failure)


@in_virtual_time
async def test_hanging_up_ends_the_wait_for_late_words() -> None:
    engines = FakeEngines(stt=SlowStt(flush_s=1e6))
    async with Call(engines=engines) as call:
        await ask(call, quiet_ms=6_500)
        assert engines.stt.open_streams == 1  # and `Call` checks that nothing is left


@in_virtual_time
async def test_words_that_never_come_are_not_waited_for_for_ever() -> None:
    """The turn goes on without them, which is told at once, and once."""
    engines, seen = FakeEngines(stt=SlowStt(flush_s=1e6)), Failures()
    async with Call(engines=engines, observers=[seen]) as call:
        await ask(call, quiet_ms=9_000)
        assert [failure.kind for failure in seen.failures] == ["stt"]
        assert seen.failures[0].took_ms >= 5_000
        await asyncio.sleep(TRANSCRIPT_DEADLINE_S)
        assert engines.stt.open_streams == 0
        assert call.door.errors() == []
        assert len(seen.failures) == 1


@in_virtual_time
async def test_a_silent_llm_does_not_hang_the_call() -> None:
    engines = FakeEngines(llm=FakeLlm(None, STORY))
    async with Call(mode="chat", engines=engines) as call:
        await typed(call, 31)
        assert len(call.door.errors()) == 1
        assert call.door.statuses() == ["response_created", "response_cancelled"]
        await typed(call)
        assert call.answers[-1] == STORY


@in_virtual_time
async def test_a_fault_in_an_engine_fails_the_reply_only(caplog: pytest.LogCaptureFixture) -> None:
    engines = FakeEngines(llm=FakeLlm(ValueError("what somebody said"), STORY))
    async with Call(mode="chat", engines=engines, voices=None) as call:
        await typed(call)
        assert "Voi made a mistake" in call.door.errors()[0]
        await typed(call)
        assert call.answers[-1] == STORY
    assert "ValueError" in caplog.text
    assert "what somebody said" not in caplog.text


@in_virtual_time
async def test_a_fault_in_the_core_ends_this_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Call(mode="chat") as call:
        monkeypatch.setattr(call.session._conversation, "handle", lambda *_: 1 / 0)
        call.session.tell(AnswerAsked())
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(call.task, 1)


@in_virtual_time
async def test_a_vad_that_fails_ends_this_conversation_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Failures()
    async with Call(observers=[seen]) as call:
        monkeypatch.setattr(call.engines.vad.streams[0], "probability", lambda _: 1 / 0)
        await call.quiet(100)
        with pytest.raises(VadFailed, match="The VAD fake failed: ZeroDivisionError"):
            await asyncio.wait_for(call.task, 1)
    assert [(failure.kind, failure.engine) for failure in seen.failures] == [("vad", "fake")]


@in_virtual_time
async def test_a_vad_that_does_not_begin_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, engines = Failures(), FakeEngines()
    monkeypatch.setattr(engines.vad, "open", lambda: 1 / 0)
    with pytest.raises(VadFailed):
        async with Call(engines=engines, observers=[seen]) as call:
            await asyncio.wait_for(call.task, 1)
    assert [failure.kind for failure in seen.failures] == ["vad"]


# ---- beginning and end ------------------------------------------------------------------------------


@in_virtual_time
async def test_what_comes_too_early_or_too_late_does_no_harm() -> None:
    call = Call(mode="chat")
    call.session.hear(tone(100))
    call.session.tell(TextTyped("Hello"))
    async with call:
        assert call.said == ["Hello"]
    call.session.hear(tone(100))
    call.session.tell(TextTyped("Hello?"))
    call.session.end(EndReason.DRAINED, "again")
    assert call.said == ["Hello"]
    assert call.door.all(events.Ended) == []


@in_virtual_time
async def test_a_session_ended_before_it_ran_does_not_begin() -> None:
    call = Call(greet=True, greetings={"choices": ["Hello there!"]})
    call.session.end(EndReason.DRAINED, "bye")
    await call.session.run()
    assert call.door.all(events.Ended) == [events.Ended(EndReason.DRAINED, "bye")]
    assert call.answers == []


@in_virtual_time
async def test_ending_stops_the_sound_and_closes_the_door() -> None:
    async with Call(
        greet=True, greetings={"choices": ["Hello there, my good old friend!"], "voice_tone": "warm"}
    ) as call:
        await call.quiet(800)
        assert call.answers == ["Hello there, my good old friend!"]
        assert call.engines.tts["fake"].spoken[0][1].tone == "warm"
        call.session.end(EndReason.DRAINED, "bye")
        await call.task
        assert call.door.all(events.SoundCleared)[0].message_id == 0
        assert call.door[-1][1] == events.Ended(EndReason.DRAINED, "bye")


@in_virtual_time
async def test_the_core_may_hang_up() -> None:
    async with Call(duration_limit_s=5, goodbye=[]) as call:
        await asyncio.wait_for(call.task, 5.1)
        assert call.door.all(events.Ended) == [events.Ended(EndReason.DURATION_LIMIT)]


@in_virtual_time
async def test_it_ends_with_a_goodbye_that_is_heard_to_its_end() -> None:
    async with Call(goodbye="That is all.") as call:
        await ask(call)
        call.session.part(EndReason.QUOTA_USED, "The app has spent it.")
        assert not call.door.all(events.Ended)
        await asyncio.wait_for(call.task, 10)
        assert call.door.all(events.Ended) == [events.Ended(EndReason.QUOTA_USED, "The app has spent it.")]
        said = call.door.all(events.AgentText)[-1]
        assert said.text == "That is all."
        assert call.door.all(events.SoundPlayed)[-1].message_id == said.message_id


@in_virtual_time
async def test_cancelling_the_session_is_a_hang_up() -> None:
    recorder = FakeRecorder()
    call = Call(observers=[recorder])
    async with call:
        await ask(call)
        call.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call.task
        assert recorder.closed == 1
        assert HungUp() in [fact for _, fact, _ in recorder.facts]
        call.task = asyncio.ensure_future(asyncio.sleep(0))


@settings(max_examples=25)
@given(st.integers(0, 6_000), st.sampled_from(["call", "chat"]))
def test_hanging_up_at_any_moment_leaves_nothing(at_ms: int, mode: str) -> None:
    @in_virtual_time
    async def run() -> None:
        async with Call(
            mode=mode, engines=FakeEngines(llm=FakeLlm(LONG), turn=FakeTurnDetector(0.6)), greet=True,
            greetings={"choices": ["Hello!"]}, completeness={"model": "judge"}, control=CONTROL,
        ) as call:  # fmt: skip

            async def talk() -> None:
                await ask(call, quiet_ms=1_500)
                call.session.tell(AnswerAsked())
                await call.speak(700)
                await call.quiet(10_000)

            with pytest.raises(TimeoutError):
                await asyncio.wait_for(talk(), at_ms / 1_000)
            call.session.tell(HungUp())
            await call.task
            heard = len(call.door)
            await asyncio.sleep(10)
            assert len(call.door) == heard

    run()


# ---- memory -----------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_session_that_is_over_is_gone_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        call = Call(mode="chat")
        async with call:
            await typed(call, 5)
        ghost = weakref.ref(call.session)
        engines = call.engines
        del call.session, call.task
        await asyncio.sleep(0)
        assert ghost() is None, gc.get_referrers(ghost())
        assert engines.open_streams == 0
    finally:
        gc.enable()


@in_virtual_time
async def test_turns_and_interruptions_leave_next_to_nothing_for_the_garbage_collector() -> None:
    async with Call(engines=FakeEngines(turn=FakeTurnDetector(0.9))) as call:
        for _ in range(2):
            gc.collect()
            gc.disable()
            try:
                await ask(call, quiet_ms=1_500)
                await call.speak(700)
                await call.quiet(6_000)
                assert gc.collect() < 20
            finally:
                gc.enable()


@in_virtual_time
async def test_many_calls_leave_no_objects_behind() -> None:
    engines = FakeEngines()

    async def one() -> None:
        async with Call(engines=engines) as call:
            await ask(call)
        engines.stt.streams.clear()
        engines.vad.streams.clear()
        engines.llm.requests.clear()
        engines.tts["fake"].spoken.clear()

    for _ in range(3):
        await one()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(10):
        await one()
    gc.collect()
    assert len(gc.get_objects()) - before < 50


# ---- beside the conversation ------------------------------------------------------------------------


@in_virtual_time
async def test_invoke_llm() -> None:
    async with Call(mode="chat") as call:
        messages = [{"role": "user", "content": "user: hi\nassistant: hello"}]
        assert await call.session.invoke_llm("fake", "Sum it up.", messages) == STORY
        request = call.engines.llm.requests[0]
        assert [(message.role, message.text) for message in request.messages] == [
            ("system", "Sum it up."), ("user", "user: hi\nassistant: hello"),
        ]  # fmt: skip
        with pytest.raises(ClientError, match="not one that this server offers"):
            await call.session.invoke_llm("gpt-99", "", messages)
        with pytest.raises(ClientError, match=r"messages\[0\]"):
            await call.session.invoke_llm("fake", "", [{"role": "wizard", "content": "x"}])
        with pytest.raises(ClientError, match=r"messages\[0\]"):
            await call.session.invoke_llm("fake", "", [{"role": "user", "content": ["x"]}])


@in_virtual_time
async def test_invoke_llm_has_a_deadline() -> None:
    async with Call(mode="chat", engines=FakeEngines(llm=FakeLlm(None))) as call:
        with pytest.raises(EngineError, match="in time"):
            await call.session.invoke_llm("fake", "Sum it up.", [])


@in_virtual_time
async def test_emphasis_is_spoken_where_there_is_no_narrator() -> None:
    tts = FakeTts()
    async with Call(
        engines=FakeEngines(llm=FakeLlm("I *really* mean it. *smiles* Come in."), tts={"fake": tts})
    ) as call:
        await call.speak(600)
        await call.quiet(6_000)
        assert [text for text, _ in tts.spoken] == ["I really mean it.", "Come in."]
        assert call.answers == ["I *really* mean it. smiles Come in."]


# ---- tools ---------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_tool_is_run_and_the_agent_speaks_on() -> None:
    asked_for: list[str] = []

    async def clock(arguments: str) -> str:
        asked_for.append(arguments)
        await asyncio.sleep(1)
        return "noon"

    llm = FakeLlm(calls_of(ToolCall("a", "clock", "{}"), text="Let me look."), "It is noon.")
    async with Call(engines=FakeEngines(llm=llm), tools={"clock": clock}) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["Let me look.", "It is noon."])
        assert asked_for == ["{}"]
        assert llm.requests[-1].messages[-1] == Message("tool", [ToolResult("a", "noon")])


@in_virtual_time
async def test_a_tool_that_is_not_there_or_breaks_is_told_to_the_model() -> None:
    async def broken(arguments: str) -> str:
        raise EngineError("The line is down.")

    both = (ToolCall("a", "nothing"), ToolCall("b", "broken"))
    llm = FakeLlm(calls_of(*both), "I cannot look.")
    async with Call(engines=FakeEngines(llm=llm), tools={"broken": broken}) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["I cannot look."])
        assert llm.requests[-1].messages[-1].tool_results == (
            ToolResult("a", "There is no tool of that name.", failed=True),
            ToolResult("b", "The line is down.", failed=True),
        )


@in_virtual_time
async def test_an_engine_that_fails_is_logged_and_counted_without_words(caplog: pytest.LogCaptureFixture) -> None:
    class Counting(Observer):
        seen: list[Failure] = []  # noqa: RUF012

        def failure(self, failure: Failure) -> None:
            self.seen.append(failure)

    llm = FakeLlm(EngineError("The LLM server refused the key: check LITELLM_API_KEY."))
    async with Call(engines=FakeEngines(llm=llm), observers=[Counting()]) as call:
        await ask(call)
        await call.until(lambda: call.door.all(events.ErrorReported))
    (failure, *_) = Counting.seen
    assert (failure.kind, failure.engine, failure.model) == ("llm", "fake", "fake")
    (record, *_) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "llm failed after" in record.getMessage()
    assert "check LITELLM_API_KEY" in record.getMessage()
