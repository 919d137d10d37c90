"""An answer that is late, through a whole session: what is heard, shown, measured and shown to the model."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.call import Call, FakeEngines, FakeRecorder
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeTts, calls_of, tone
from voi.audio.wav import to_wav
from voi.core.facts import AnswerAsked, TextTyped
from voi.dialogue import ToolCall

PHRASE = "One moment, please."
ANSWER = "There was a fox."


async def ask(call: Call) -> None:
    await call.speak(1_400)
    await call.quiet(200)


@in_virtual_time
async def test_the_phrase_comes_first_and_the_answer_follows_in_the_same_speech():
    engines, seen = FakeEngines(llm=FakeLlm(ANSWER, first_s=5)), FakeRecorder()
    async with Call(engines=engines, late_phrase=PHRASE, observers=[seen]) as call:
        await ask(call)
        await call.until(lambda: call.answers == [PHRASE], 6_000)
        assert not call.turns, "that was no answer"
        await call.until(lambda: call.answers == [ANSWER])
        await call.quiet(4_000)
        assert [text for text, _ in engines.tts["fake"].spoken] == [PHRASE, ANSWER]
        (turn,) = call.turns
        assert turn.first_sound_ms is not None
        assert turn.first_token_ms is not None
        assert turn.first_sound_ms > turn.first_token_ms > 5_000, "the answer's own sound is measured"
        await ask(call)
        await call.until(lambda: len(engines.llm.requests) == 2)
        assert PHRASE not in [message.text for message in engines.llm.requests[1].messages]


@in_virtual_time
async def test_an_answer_in_time_is_heard_without_it():
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=2))
    async with Call(engines=engines, late_phrase=PHRASE) as call:
        await ask(call)
        await call.until(lambda: call.answers == [ANSWER])
        await call.quiet(4_000)
        assert [text for text, _ in engines.tts["fake"].spoken] == [ANSWER]


@in_virtual_time
async def test_an_agent_without_a_phrase_waits_in_silence():
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=9))
    async with Call(engines=engines) as call:
        await ask(call)
        await call.until(lambda: call.answers, 12_000)
        assert [text for text, _ in engines.tts["fake"].spoken] == [ANSWER]


@in_virtual_time
async def test_words_that_come_while_the_phrase_is_made_follow_it():
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=3.3), tts={"fake": FakeTts(first_s=0.8)})
    async with Call(engines=engines, late_phrase=PHRASE) as call:
        await ask(call)
        await call.until(lambda: call.answers == [ANSWER])
        await call.quiet(4_000)
        assert [text for text, _ in engines.tts["fake"].spoken] == [PHRASE, ANSWER]


@in_virtual_time
async def test_who_talks_over_the_phrase_is_answered_to_all_they_said():
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=5))
    async with Call(engines=engines, late_phrase={"choices": [PHRASE], "after_s": 1}) as call:
        await ask(call)
        await call.until(lambda: call.answers == [PHRASE])
        await call.speak(1_400)
        await call.until(lambda: ANSWER in call.answers)
        assert len(call.said) == 1
        assert engines.llm.requests[-1].messages[-1].text.startswith("tell me a story please now tell")
        assert [text for text, _ in engines.tts["fake"].spoken].count(PHRASE) == 1


@in_virtual_time
async def test_an_answer_without_a_word_is_asked_for_again_behind_the_phrase():
    engines = FakeEngines(llm=FakeLlm("", ANSWER, first_s=3))
    async with Call(engines=engines, late_phrase=PHRASE) as call:
        await ask(call)
        await call.until(lambda: call.answers == [ANSWER])
        await call.quiet(4_000)
        assert [text for text, _ in engines.tts["fake"].spoken] == [PHRASE, ANSWER]


@in_virtual_time
async def test_a_denial_behind_the_phrase_is_never_spoken():
    control = {"model": "pattern_matching", "denial_phrases": ["fox"], "giveup_response": "Let us talk of owls."}
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=4))
    async with Call(engines=engines, late_phrase=PHRASE, control=control) as call:
        await ask(call)
        await call.until(lambda: "Let us talk of owls." in " ".join(call.answers), 30_000)
        assert not [text for text, _ in engines.tts["fake"].spoken if "fox" in text]


@in_virtual_time
async def test_ready_made_sound_of_the_phrase(tmp_path: Path):
    (tmp_path / "moment.wav").write_bytes(to_wav(tone(700, 24_000), 24_000))
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=5))
    phrase = {"choices": [{"content": PHRASE, "file": "moment.wav"}]}
    async with Call(engines=engines, late_phrase=phrase, greetings_dir=tmp_path) as call:
        await ask(call)
        for _ in range(400):  # the file is read in a thread, which takes real time
            if call.answers == [PHRASE]:
                break
            await call.quiet(20)
        await asyncio.sleep(0)
        await call.until(lambda: call.answers == [ANSWER])
        await call.quiet(4_000)
        assert [text for text, _ in engines.tts["fake"].spoken] == [ANSWER]


@in_virtual_time
async def test_typed_questions_have_late_answers_too():
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=5))
    async with Call(engines=engines, late_phrase=PHRASE, mode="chat") as call:
        call.session.tell(TextTyped("Tell me a story."))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(4)
        assert call.answers == [PHRASE]
        await asyncio.sleep(6)
        assert call.answers == [ANSWER]


@pytest.mark.parametrize("given", [{"voices": None}, {"options": {"stream_output_audio": False}}])
@in_virtual_time
async def test_who_cannot_hear_it_in_time_is_not_told(given: dict):
    engines = FakeEngines(llm=FakeLlm(ANSWER, first_s=5))
    async with Call(engines=engines, late_phrase=PHRASE, mode="chat", **given) as call:
        call.session.tell(TextTyped("Tell me a story."))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(4)
        assert call.answers == []
        await asyncio.sleep(6)


@in_virtual_time
async def test_a_tool_that_takes_long() -> None:
    async def look_up(arguments: str) -> str:
        await asyncio.sleep(6)
        return "sunny"

    llm = FakeLlm(calls_of(ToolCall("a", "look_up", "{}")), "It is sunny.")
    engines = FakeEngines(llm=llm)
    async with Call(engines=engines, late_phrase=PHRASE, tools={"look_up": look_up}) as call:
        await ask(call)
        await call.until(lambda: call.answers == [PHRASE], 4_500)
        await call.until(lambda: call.answers == [PHRASE, "It is sunny."], 8_000)
        await call.quiet(4_000)
        assert [text for text, _ in engines.tts["fake"].spoken] == [PHRASE, "It is sunny."]
        assert PHRASE not in [message.text for message in llm.requests[-1].messages]
