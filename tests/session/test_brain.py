"""The same scenarios with both kinds of brain: STT, LLM and TTS; and a model that takes sound and gives sound."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, calls_of
from tests.fakes.realtime_server import FakeRealtime, Spoken
from voi.core import actions as do
from voi.core.conversation import Conversation
from voi.core.script import Script
from voi.dialogue import Message, ToolCall, ToolResult
from voi.session import events
from voi.session.brain import SpeechModelBrain
from voi.session.observer import Observer

SAID = "tell me a story please now"
STORY = "Once upon a time there was a fox. It ran away and hid."
Make = Callable[..., Call]
Answer = str | tuple[str, ToolCall]


def pipeline(*answers: Answer, **more: Any) -> Call:
    replies = [answer if isinstance(answer, str) else calls_of(answer[1], text=answer[0]) for answer in answers]
    return Call(engines=FakeEngines(stt=FakeStt(SAID), llm=FakeLlm(*replies)), **more)


def speech_to_speech(*answers: Answer, **more: Any) -> Call:
    spoken = [Spoken(each) if isinstance(each, str) else Spoken(each[0], (each[1],)) for each in answers]
    server = FakeRealtime(spoken)
    return Call(
        engines=FakeEngines(stt=FakeStt(SAID)),
        make_brain=lambda around: SpeechModelBrain(around, server.connect),
        brain={"model": "gpt-realtime"},
        **more,
    )


both = pytest.mark.parametrize("make", [pipeline, speech_to_speech])


class Journal(Observer):
    def __init__(self) -> None:
        self.script = Script()
        self.steps: list[tuple[int, Any, tuple[Any, ...]]] = []

    def begin(self, script: Script) -> None:
        self.script = script

    def step(self, now_ms: int, fact: Any, actions: Any) -> None:
        self.steps.append((now_ms, fact, tuple(actions)))


async def ask(call: Call) -> None:
    await call.speak(1_200)
    await call.until(lambda: call.door.all(events.Sound))


@both
@in_virtual_time
async def test_a_turn(make: Make) -> None:
    async with make(STORY) as call:
        await ask(call)
        await call.until(lambda: call.door.all(events.SoundPlayed))
        assert call.said == [SAID]
        assert [" ".join(answer.split()) for answer in call.answers] == [STORY]
        assert call.door.statuses() == ["response_created", "response_done"]


@both
@in_virtual_time
async def test_who_speaks_over_it_stops_it_and_it_remembers_what_was_heard(make: Make) -> None:
    async with make(STORY, "Fine.") as call:
        await ask(call)
        await call.quiet(600)
        await call.speak(1_200)
        await call.until(lambda: "Fine." in call.answers)
        assert call.answers[0].startswith("Once")
        assert call.answers[0].endswith("... (interrupted)")
        assert len(call.answers[0]) < len(STORY)


@both
@in_virtual_time
async def test_a_short_sound_over_it_does_not_stop_it(make: Make) -> None:
    async with make(STORY) as call:
        await ask(call)
        await call.speak(60)
        await call.until(lambda: call.door.all(events.SoundPlayed))
        assert [" ".join(answer.split()) for answer in call.answers] == [STORY]


@both
@in_virtual_time
async def test_a_tool_runs_once_and_the_talk_goes_on(make: Make) -> None:
    ran: list[str] = []

    async def clock(arguments: str) -> str:
        ran.append(arguments)
        await asyncio.sleep(0.5)
        return "noon"

    journal = Journal()
    first = ("Let me look.", ToolCall("a", "clock", "{}"))
    async with make(first, "It is noon.", tools={"clock": clock}, observers=[journal]) as call:
        await ask(call)
        await call.until(lambda: "It is noon." in call.answers)
        assert ran == ["{}"]
        starts = [action for _, _, actions in journal.steps for action in actions if isinstance(action, do.StartReply)]
        assert starts[-1].messages[-1] == Message("tool", [ToolResult("a", "noon")])


@both
@in_virtual_time
async def test_what_is_denied_is_neither_heard_nor_shown(make: Make) -> None:
    control = {"model": "pattern_matching", "denial_phrases": ["as an AI"], "giveup_after": 1}
    async with make("As an AI I cannot tell stories.", control=control) as call:
        await call.speak(1_200)
        await call.quiet(4_000)
        assert not call.door.played_ms(1)
        assert not [text for text in call.answers if "AI" in text]


@both
@in_virtual_time
async def test_its_journal_replays(make: Make) -> None:
    journal = Journal()
    async with make(STORY, "Fine.", observers=[journal]) as call:
        await ask(call)
        await call.quiet(600)
        await call.speak(1_200)
        await call.until(lambda: "Fine." in call.answers)
    again = Conversation(journal.script)
    for now_ms, fact, actions in journal.steps:
        assert tuple(again.handle(fact, now_ms)) == actions
