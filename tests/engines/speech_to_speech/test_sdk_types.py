"""What a server is sent, checked by the types of OpenAI's own SDK."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeStt
from tests.fakes.realtime_server import FakeRealtime, Spoken
from voi.core.facts import AnswerAsked, TextTyped
from voi.dialogue import ToolCall
from voi.session import events
from voi.session.brain import SpeechModelBrain

EVERY = {
    "input_audio_buffer.append", "input_audio_buffer.clear", "input_audio_buffer.commit", "conversation.item.create",
    "conversation.item.delete", "conversation.item.truncate", "response.create", "response.cancel", "session.update",
}  # fmt: skip


@in_virtual_time
async def test_every_event_is_of_the_protocol() -> None:
    client_event: Any = pytest.importorskip("openai.types.realtime.realtime_client_event").RealtimeClientEvent
    adapter = TypeAdapter(client_event)

    async def clock(arguments: str) -> str:
        return "noon"

    long = "Once upon a time there was a fox, and it lived in a den by the river with all its friends for a long time."
    call_a_tool = Spoken("Let me look.", (ToolCall("call_1", "clock", "{}"),))
    server = FakeRealtime([Spoken("Good day."), Spoken(long, speed=1.2), call_a_tool, Spoken("It is noon.")])
    async with Call(
        engines=FakeEngines(stt=FakeStt("tell me a story please now")),
        make_brain=lambda around: SpeechModelBrain(around, server.connect),
        brain={"model": "gpt-realtime", "voice": "marin", "speed": 1.2},
        voices=None,
        greetings={"choices": ["Hello there."]},
        greet=True,
        max_tokens=9_999,
        tools={"clock": clock},
    ) as call:
        await call.until(lambda: call.door.all(events.SoundPlayed))
        await call.speak(1_200)
        await call.until(lambda: len(call.door.all(events.SoundPlayed)) > 1)
        await call.speak(1_200)
        await call.quiet(2_500)
        await call.speak(1_200)  # over the answer
        await call.until(lambda: "It is noon." in call.answers)
        call.session.show_picture("data:image/png;base64,AAAA")
        call.session.tell(TextTyped("What is this?"))
        call.session.tell(AnswerAsked())
        await call.quiet(3_000)
    sent = server.session.events
    assert {event["type"] for event in sent} == EVERY
    for event in sent:
        adapter.validate_python(event)
    assert not server.errors
