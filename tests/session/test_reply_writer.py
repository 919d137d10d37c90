"""One reply, written and voiced, without a conversation round it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from tests.fakes.engines import FakeLlm, FakeTts, calls_of, events_of
from voi.config.agents import Agent
from voi.config.classifiers import ControlAgent
from voi.core.facts import Fact, PieceVoiced, ReplyPlayed, ReplyText, ReplyThinking, ToolCalled
from voi.dialogue import Message, ToolCall
from voi.engines.base import CallPart, Finished, Reasoning, TextDelta, VoiceSpec
from voi.engines.llm.thought_habits import Habit, ThoughtHabits
from voi.errors import EngineError
from voi.session import events, reply_voice, reply_writer, spoken_guard
from voi.session.failure import Failure, JudgeFailed, NothingSaid
from voi.session.line import Line
from voi.session.metering import Metering
from voi.session.playback import Playback
from voi.session.reply_voice import Piece, ReplyVoice
from voi.session.reply_writer import ReplyWriter
from voi.text.language import Spoken

ASKED = (Message("user", "Tell me a story"),)
PHRASES: dict[str, Any] = {"model": "pattern_matching", "denial_phrases": ["as an AI"], "giveup_response": ["No."]}
JUDGE: dict[str, Any] = {
    "model": "judge", "system_prompt": 'Answer {"class": …}.', "denial_classes": ["denial"],
    "giveup_after": 1, "giveup_response": ["Let us not."],
}  # fmt: skip


class Work:
    """Reply 1 of an agent that one TTS speaks for; `released`: from the start."""

    def __init__(
        self,
        *answers: Any,
        tts: Any = None,
        control: dict[str, Any] | None = None,
        released: bool = True,
        habits: ThoughtHabits | None = None,
        **agent: Any,
    ) -> None:
        self.llm, self.tts, self.door = FakeLlm(*answers, token_s=0.01), tts or FakeTts(), FakeDoor()
        self.facts: list[Fact] = []
        self.failures: list[Failure] = []
        self.habits = habits or ThoughtHabits()
        persona = Agent(llm_model="fake", voices={"character": {"model": "fake"}}, language="en", **agent)
        self.speaker = Playback(Line(self.door), self.facts.append, asyncio.get_running_loop().time)
        self.speaker.open(1)
        if released:
            self.speaker.release(1, 1)
        self.voice = ReplyVoice(
            1, persona, {"fake": self.tts}, self.speaker, 24_000, self.facts.append, lambda _: None, Spoken("en", "en")
        )
        self.writer = ReplyWriter(
            1, persona, ControlAgent(**control) if control else None, self.llm, self.voice, self.speaker,
            self.facts.append, lambda _: None, self.failures.append, self.habits,
            Metering(lambda model: f"the provider of {model}", lambda use: None),
        )  # fmt: skip

    async def answer(self) -> None:
        speaking = asyncio.create_task(self.voice.speak())
        try:
            async with asyncio.timeout(60):
                await self.writer.answer(ASKED)
                await speaking
        finally:
            speaking.cancel()

    @property
    def text(self) -> str:
        pieces = {fact.piece: fact.text for fact in self.facts if isinstance(fact, ReplyText)}
        return "".join(pieces.values())


def error(*, retryable: bool = True) -> EngineError:
    return EngineError("The model broke off.", retryable=retryable)


@in_virtual_time
async def test_a_model_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_writer, "REPLY_MAX_CHARACTERS", 50)
    work = Work("word " * 100)
    await work.answer()
    assert 50 < len(work.text) < 60
    assert work.llm.open_streams == 0


@in_virtual_time
async def test_a_huge_delta_leaves_the_loop_to_others_and_is_cut_off() -> None:
    work = Work([TextDelta(f"It is {'very ' * 40}late. " * 500), Finished("stop")], control=PHRASES)
    work.llm.first_s = 0
    writing = asyncio.create_task(work.writer.answer(ASKED))
    written = [0]
    while not writing.done():
        await asyncio.sleep(0)
        written.append(len(work.text))
    assert max(later - earlier for earlier, later in pairwise(written)) <= 2 * reply_writer.STRIDE_CHARACTERS
    assert reply_writer.REPLY_MAX_CHARACTERS <= len(work.text) <= reply_writer.REPLY_MAX_CHARACTERS + 1_000


@in_virtual_time
async def test_the_voice_says_the_words_that_the_guard_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(text: str, language: str) -> str:
        raise AssertionError(text)

    monkeypatch.setattr(reply_voice, "speakable_soon", never)
    work = Work("It costs $5. Take 2.", control=PHRASES)
    await work.answer()
    assert "".join(text for text, _ in work.tts.spoken) == "It costs five dollars.Take two."


@in_virtual_time
async def test_a_denial_as_it_is_spoken_ends_the_try() -> None:
    work = Work("It costs $5. Take it.", "No.", control={**PHRASES, "denial_phrases": ["five dollars"]})
    await work.answer()
    assert (work.text, len(work.llm.requests)) == ("No.", 2)


@in_virtual_time
async def test_an_answer_that_is_cancelled_while_a_thread_reads_says_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, reads, goes_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    read: list[str] = []

    def slowly(text: str, language: str) -> str:
        if "$" in text:
            loop.call_soon_threadsafe(reads.set)
            assert goes_on.wait(timeout=60)
            read.append(text)
        return text

    monkeypatch.setattr(spoken_guard, "speakable", slowly)
    work = Work([TextDelta("It costs $5. "), TextDelta("Take it. ")], control=PHRASES)
    writing = asyncio.create_task(work.writer.answer(ASKED))
    try:
        await reads.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    finally:
        goes_on.set()
    await loop.shutdown_default_executor()  # the thread has read its piece, which nobody wants any more
    assert read == ["It costs $5."]
    assert (work.text, work.tts.spoken) == ("", [])


@in_virtual_time
async def test_the_agents_limits_are_the_requests() -> None:
    work = Work("Once.", max_tokens=77, temperature=0.25, system_prompt="Answer in JSON.")
    await work.answer()
    (request,) = work.llm.requests
    assert (request.max_tokens, request.temperature, request.json_mode) == (77, 0.25, True)


@in_virtual_time
async def test_what_the_parser_held_back_is_said_at_the_end() -> None:
    work = Work("Wait *for it")
    await work.answer()
    assert work.text == "Wait *for it"
    assert "for it" in " ".join(text for text, _ in work.tts.spoken)


@in_virtual_time
async def test_a_failure_before_the_first_text_is_not_tried_again_here() -> None:
    """The LLM itself has asked twice by then."""
    work = Work(error(), "Once.")
    with pytest.raises(EngineError):
        await work.answer()
    assert len(work.llm.requests) == 1


@in_virtual_time
async def test_the_same_after_a_denied_try() -> None:
    work = Work("As an AI, no.", error(), "Once.", control=PHRASES)
    with pytest.raises(EngineError):
        await work.answer()
    assert len(work.llm.requests) == 2


@in_virtual_time
async def test_a_denial_at_once_is_tried_again_even_if_an_earlier_try_had_begun_unheard() -> None:
    work = Work("I know a story. But as an AI, no.", "As an AI, no.", "Once.", control=PHRASES, released=False)
    release = work.llm.stream

    async def stream(request: Any) -> AsyncIterator[Any]:
        if len(work.llm.requests) == 1:
            work.speaker.release(1, 1)  # between the first denial and the second
        async for delta in release(request):
            yield delta

    work.llm.stream = stream  # type: ignore[method-assign]
    await work.answer()
    assert len(work.llm.requests) == 3
    assert work.text == "Once."


@in_virtual_time
async def test_of_what_was_denied_nothing_more_is_voiced() -> None:
    denied = "I know a story. There are hens in it. But as an AI, no."
    work = Work(denied, "Once.", control=PHRASES, released=False)
    work.llm.token_s = 0.001
    await work.answer()
    assert [text for text, _ in work.tts.spoken] == ["I know a story.", "Once."]


@in_virtual_time
async def test_a_judging_llm_holds_back_no_more_than_a_sentence() -> None:
    fine = '{"class": "fine"}'
    work = Work("I know a story. There are hens in it. Do you like hens?", fine, '{"class": "denial"}', control=JUDGE)
    await work.answer()
    assert work.text == "I know a story.Let us not."
    first_voiced = next(fact for fact in work.facts if isinstance(fact, PieceVoiced))
    assert first_voiced.piece == 0
    assert [text for text, _ in work.tts.spoken] == ["I know a story.", "Let us not."]
    assert work.llm.open_streams == 0


@in_virtual_time
async def test_a_judge_that_fails_is_named_and_the_answer_is_not_written_again() -> None:
    work = Work("I know a story.", error(), control=JUDGE)
    with pytest.raises(JudgeFailed, match="broke off") as failed:
        await work.answer()
    assert failed.value.model == "judge"
    assert [request.model for request in work.llm.requests] == ["fake", "judge"]
    assert work.text == ""


@in_virtual_time
async def test_a_judge_whose_verdicts_cannot_be_read_is_told_of() -> None:
    work = Work("I know a story. There are hens in it.", *["It seems to be all right to me."] * 2, control=JUDGE)
    await work.answer()
    assert work.text == "I know a story. There are hens in it."
    (failure,) = work.failures
    assert (failure.kind, failure.engine, failure.model) == ("llm", "the provider of judge", "judge")


@in_virtual_time
async def test_who_gives_up_by_judgement_keeps_the_tone() -> None:
    answer = '{"voice_tone": "sad", "text": "I will not."}'
    work = Work(answer, '{"class": "denial"}', control=JUDGE, system_prompt="Answer in JSON.")
    await work.answer()
    assert [(text, spec.tone) for text, spec in work.tts.spoken] == [("Let us not.", "sad")]


@in_virtual_time
async def test_what_a_judge_has_passed_is_spoken_before_giving_up() -> None:
    fine, denial = '{"class": "fine"}', '{"class": "denial"}'
    work = Work("One is fine. Two is fine, too. Three is not. Four.", fine, fine, denial, control=JUDGE)
    await work.answer()
    assert [text.strip() for text, _ in work.tts.spoken] == ["One is fine.", "Two is fine, too.", "Let us not."]


class Held(FakeTts):
    """A voice that has given its only chunk and is not done yet."""

    def __init__(self) -> None:
        super().__init__()
        self.gave, self.go_on = asyncio.Event(), asyncio.Event()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        yield bytes(480)
        self.gave.set()
        await self.go_on.wait()


@in_virtual_time
async def test_of_a_piece_that_was_abandoned_as_it_ended_nothing_is_told() -> None:
    work = Work(tts=Held(), released=False)
    speaking = asyncio.create_task(work.voice.speak())
    await work.voice.put(Piece(0, "Denied.", "character", "neutral"))
    await work.tts.gave.wait()
    assert work.speaker.rewind(1)
    work.voice.abandon(1)
    work.tts.go_on.set()
    await work.voice.end()
    await speaking
    assert not [fact for fact in work.facts if isinstance(fact, PieceVoiced)]


@in_virtual_time
async def test_a_voice_of_another_rate_loses_nothing_at_its_end() -> None:
    tts = FakeTts()
    tts.info = replace(tts.info, sample_rate_hz=16_000)
    work = Work("Hello there, you.", tts=tts)
    await work.answer()
    await asyncio.sleep(5)
    assert work.door.played_ms(1) == tts.made_ms
    (voiced,) = [fact for fact in work.facts if isinstance(fact, PieceVoiced)]
    assert voiced.audio_ms == tts.made_ms


@pytest.mark.parametrize("ms_per_character", [0, 50])
@in_virtual_time
async def test_a_reply_of_which_the_voice_knows_no_letter_ends_as_any_other(ms_per_character: int) -> None:
    work = Work("Hello there. You.", tts=FakeTts(ms_per_character=ms_per_character))
    await work.answer()
    await asyncio.sleep(5)
    assert work.text == "Hello there. You."
    lengths = [fact.audio_ms for fact in work.facts if isinstance(fact, PieceVoiced)]
    assert lengths == [12 * ms_per_character, 4 * ms_per_character]
    assert work.facts[-1] == ReplyPlayed(1)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("<think>They want a story.</think>Once upon a time.", "Once upon a time."),
        ('Let me see.\n{"name": "look_up", "arguments": {"word": "fox"}}', "Let me see."),
    ],
)
@in_virtual_time
async def test_thoughts_and_printed_tool_calls_are_neither_shown_nor_spoken(written: str, spoken: str) -> None:
    work = Work(written)
    await work.answer()
    assert work.text.strip() == spoken
    assert "think" not in " ".join(text for text, _ in work.tts.spoken)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "answered nothing, twice"),
        (" \n ", "answered nothing, twice"),
        ("[TOOL_CALLS] [{}]", "twice wrote only thoughts, tool calls"),
        ([Reasoning("Hm."), Finished("nothing")], "answered nothing, twice"),
        ([Finished("content_filter")], "content filter"),
        ([Reasoning("Hm."), Finished("length")], "raise them"),
    ],
)
@in_virtual_time
async def test_an_empty_answer_is_asked_for_once_more(answer: Any, words: str) -> None:
    work = Work(answer, "Once.")
    await work.answer()
    assert work.text == "Once."
    assert len(work.failures) == 1
    assert (work.failures[0].engine, work.failures[0].model) == ("the provider of fake", "fake")
    again = Work(answer)
    with pytest.raises(NothingSaid, match=words) as told:
        await again.writer.answer(ASKED)
    assert len(again.llm.requests) == 2
    assert not again.failures, "the owner of the task tells it, once"
    assert told.value.kind == work.failures[0].kind


@pytest.mark.parametrize(
    ("end", "kind"), [(Finished("length"), "llm_cut"), (Finished("content_filter"), "llm_filtered"), (None, "llm_cut")]
)
@in_virtual_time
async def test_an_answer_that_was_cut_is_spoken_and_told_of(end: Finished | None, kind: str) -> None:
    work = Work([TextDelta("Once upon"), *([end] if end else [])])
    await work.answer()
    assert work.text == "Once upon"
    assert [failure.kind for failure in work.failures] == [kind]


@in_virtual_time
async def test_tools_are_called_when_the_answer_is_whole_and_no_denial() -> None:
    call = ToolCall("", "time", "{}")
    work = Work(calls_of(call, text="As an AI, no."), calls_of(call, text="Wait."), control=PHRASES, released=False)
    await work.answer()
    assert [fact for fact in work.facts if isinstance(fact, ToolCalled)] == [ToolCalled(1, "call-1-0", "time", "{}")]
    assert work.text == "Wait."
    assert not work.failures


@in_virtual_time
async def test_thoughts_and_long_calls_are_a_sign_of_life() -> None:
    for sign in (Reasoning("Hm"), CallPart("x")):
        work = Work([*[sign] * 100, *events_of("Once.")])
        work.llm.token_s = 0.1
        await work.answer()
        assert work.text == "Once."
        assert 8 <= sum(isinstance(fact, ReplyThinking) for fact in work.facts) <= 10


@in_virtual_time
async def test_all_tries_share_one_budget_of_time() -> None:
    work = Work("", "Once.")
    work.llm.first_s = 15.0
    await work.answer()
    assert [round(request.first_token_ms or 0, -3) for request in work.llm.requests] == [30_000, 15_000]


THOUGHT = "They greet me. I greet back.</think>Hello."


@pytest.mark.parametrize("habit", ["unknown", "may think", "thinks"])
@in_virtual_time
async def test_no_word_of_an_unmarked_thought_is_spoken_not_even_at_the_first_time(habit: Habit) -> None:
    work = Work(THOUGHT, habits=ThoughtHabits(unknown=habit))
    await work.answer()
    assert "".join(text for text, _ in work.tts.spoken).strip() == work.text.strip() == "Hello."
    assert work.habits.of("fake") == "thinks"


@in_virtual_time
async def test_only_the_first_reply_of_an_unknown_model_waits_until_it_is_complete() -> None:
    habits, waits = ThoughtHabits(unknown="unknown"), []
    for _ in range(2):
        work = Work("Hello there. " + "More words come. " * 20, habits=habits)
        await work.answer()
        voiced = [at_ms for at_ms, event in work.door if isinstance(event, events.Sound)]
        waits.append(voiced[0])
    assert waits[0] > 600
    assert waits[1] < 200
    assert habits.of("fake") == "speaks"


@in_virtual_time
async def test_a_model_whose_reasoning_comes_apart_does_not_wait() -> None:
    work = Work(
        [Reasoning("Hm"), *events_of("Hello there. " + "More words. " * 30)], habits=ThoughtHabits(unknown="may think")
    )
    writing = asyncio.create_task(work.writer.answer(ASKED))
    await asyncio.sleep(0.15)
    assert work.text.startswith("Hello there.")
    assert not writing.done()
    await writing


@in_virtual_time
async def test_a_json_reply_does_not_wait() -> None:
    work = Work(
        '{"voice_tone": "warm", "text": "Hello there. ' + "More words. " * 30 + '"}',
        habits=ThoughtHabits(unknown="unknown"), system_prompt="Answer in JSON.",
    )  # fmt: skip
    writing = asyncio.create_task(work.writer.answer(ASKED))
    await asyncio.sleep(0.3)
    assert work.text.startswith("Hello there.")
    assert not writing.done()
    await writing


@in_virtual_time
async def test_a_thought_that_was_cut_is_not_spoken_as_the_reply() -> None:
    cut = [TextDelta("They greet me. I could say"), Finished("length")]
    work = Work(cut, "</think>Hello.", habits=ThoughtHabits(unknown="may think"))
    await work.answer()
    assert work.text.strip() == "Hello."


@in_virtual_time
async def test_a_reply_of_an_unknown_model_that_was_cut_is_spoken() -> None:
    work = Work([TextDelta("Hello there and"), Finished("length")], habits=ThoughtHabits(unknown="unknown"))
    await work.answer()
    assert work.text == "Hello there and"
    assert work.habits.of("fake") == "unknown"


@pytest.mark.parametrize(("thinks_first", "at_once"), [(True, False), (False, True)])
@in_virtual_time
async def test_the_agent_can_say_what_its_model_does(thinks_first: bool, at_once: bool) -> None:
    work = Work(
        "Hello there. " + "More words. " * 30, habits=ThoughtHabits(unknown="unknown"), thinks_first=thinks_first
    )
    writing = asyncio.create_task(work.writer.answer(ASKED))
    await asyncio.sleep(0.15)
    assert work.text.startswith("Hello there.") == at_once
    await writing
    assert work.text.startswith("Hello there.")


@in_virtual_time
async def test_a_model_that_takes_up_thinking_is_remembered() -> None:
    work = Work(THOUGHT, released=False)
    await work.answer()
    assert work.text.strip() == "Hello."
    again = Work("They say bye. So do I.</think>Bye.", habits=work.habits)
    await again.answer()
    assert again.text.strip() == "Bye."
    assert all("They" not in text for text, _ in again.tts.spoken)
