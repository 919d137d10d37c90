"""A transfer for which a colleague is asked, as a whole session goes through it; the door is played by the test."""

import asyncio
from typing import Any

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, calls_of, silence, tone
from voi.core.end_reason import EndReason
from voi.dialogue import ToolCall
from voi.session import events

WARM: dict[str, Any] = {"to": "+49 30 123456", "way": "warm", "briefing": "{summary} Press 1."}


def passing_on(*after: str) -> Call:
    asks = calls_of(ToolCall("a", "pass_on", '{"target": "sales"}'), text="I put you through.")
    engines = FakeEngines(llm=FakeLlm(asks, *(after or ("Hm.",))), stt=FakeStt("sales please", "hello there", "well"))
    call = Call(
        engines=engines, configured={"pass_on": {"builtin": "transfer"}}, telephone={"transfers": {"sales": WARM}},
        idle_limit_s=30, welcome_back={"choices": ["Welcome back."], "after_s": 1},
    )  # fmt: skip
    call.door.kind = "telephone"
    return call


async def asked(call: Call) -> events.TransferAsked:
    await call.speak(900)
    await call.until(lambda: call.door.all(events.TransferAsked))
    (event,) = call.door.all(events.TransferAsked)
    assert event.how is not None
    assert (event.how.way, event.target) == ("warm", "+49 30 123456")
    return event


@in_virtual_time
async def test_the_agent_goes_on_with_the_caller_and_knows_why() -> None:
    async with passing_on("Nobody is there.") as call:
        event = await asked(call)
        await call.until(lambda: call.session.quiet)
        assert call.answers == ["I put you through."], "which was heard"
        call.session.hold()
        await asyncio.sleep(100)  # longer than the caller may be silent
        assert not call.door.all(events.Ended)
        call.session.go_on({}, welcome=False)
        call.session.door_answers(event.number, "Nobody answered there.", failed=True)
        await call.until(lambda: "Nobody is there." in call.answers)
        results = [each for message in call.engines.llm.requests[-1].messages for each in message.tool_results]
        assert [(each.text, each.failed) for each in results] == [("Nobody answered there.", True)]
        assert "Welcome back." not in call.answers, "the caller was never away"


@in_virtual_time
async def test_the_agent_says_nothing_when_the_two_talk() -> None:
    async with passing_on() as call:
        event = await asked(call)
        await call.until(lambda: call.session.quiet)
        call.session.hold()
        await asyncio.sleep(20)
        call.session.door_answers(event.number, "The caller is being passed on.")
        await asyncio.sleep(3_600)
        assert len(call.engines.llm.requests) == 1
        assert call.answers == ["I put you through."]
        call.session.end(EndReason.TRANSFERRED)
        await asyncio.wait_for(asyncio.shield(call.task), 1)
        assert [each.reason for each in call.door.all(events.Ended)] == [EndReason.TRANSFERRED]


@in_virtual_time
async def test_ears_and_voice_beside_the_conversation() -> None:
    async with passing_on() as call:
        ear = call.session.beside.ear(8_000)
        heard: list[str] = []
        for pcm in (tone(400), silence(1_000)):
            heard += await ear.hear(pcm[: len(pcm) // 2])
        ear.close()
        assert len(heard) == 1
        assert call.said == []
        assert call.session.quiet
