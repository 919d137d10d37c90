"""Dictation in a whole session: turn-taking knows what is asked, keys count, and what is private is kept nowhere."""

from typing import Any

from tests.fakes.call import VOICES, Call, FakeEngines, FakeRecorder
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, FakeTurnDetector, calls_of
from voi.core import facts as was
from voi.core.expects import Expects
from voi.dialogue import ToolCall
from voi.session import events
from voi.session.observer import Observer
from voi.session.tool_use import ToolUse

PHONE: dict[str, Any] = {"note": {"capture": {"slots": {"phone": "phone"}}}}
CARD: dict[str, Any] = {
    "note": {"capture": {"slots": {"card": "card", "pin": {"kind": "code", "pattern": "9999", "private": True}}}}
}


class Seen(Observer):
    def __init__(self) -> None:
        self.uses: list[ToolUse] = []
        self.steps: list[Any] = []

    def tool(self, use: ToolUse) -> None:
        self.uses.append(use)

    def step(self, now_ms: int, fact: Any, actions: Any) -> None:
        self.steps += [fact, *actions]


def asks(slot: str, call_id: str = "a") -> Any:
    return calls_of(ToolCall(call_id, "note", f'{{"slot": "{slot}"}}'))


async def hello(call: Call) -> None:
    await call.speak(400)
    await call.until(lambda: "Your number?" in call.answers)
    await call.quiet(1_000)


async def silence_until_the_answer(call: Call, words: int) -> int:
    """Speak so many words, and return after how many ms of silence the model is asked for good."""
    released = len(call.turns)
    await call.speak(words * 200)
    waited = 0
    while len(call.turns) == released and waited < 5_000:
        await call.quiet(20)
        waited += 20
    return waited


@in_virtual_time
async def test_a_whole_number_is_answered_at_once_and_half_a_number_is_waited_for() -> None:
    whole, half = "four one five five five five oh one nine nine", "four one five five five five"
    waits = {}
    for said in (whole, half):
        llm = FakeLlm(asks("phone"), "Your number?", "Thanks.")
        engines = FakeEngines(llm=llm, stt=FakeStt("hello there", said), turn=FakeTurnDetector(0.9))
        async with Call(engines=engines, configured=PHONE) as call:
            await hello(call)
            waits[said] = await silence_until_the_answer(call, len(said.split()))
    assert waits[whole] < 600
    assert waits[half] > 1_400  # 0.7 of max_silence_ms


@in_virtual_time
async def test_the_value_goes_to_the_model_and_the_expectation_ends() -> None:
    seen = Seen()
    llm = FakeLlm(asks("phone"), "Your number?", asks("phone", "b"), "Thanks.")
    engines = FakeEngines(llm=llm, stt=FakeStt("hello there", "four one five triple five oh one nine nine"))
    async with Call(engines=engines, configured=PHONE, observers=[seen]) as call:
        await hello(call)
        await call.speak(1_800)
        await call.until(lambda: "Thanks." in call.answers)
    results = [result.text for message in llm.requests[-1].messages for result in message.tool_results]
    assert results[-1] == "phone is +14155550199. All is taken down."
    kinds = [step.kind for step in seen.steps if isinstance(step, was.AnswerExpected)]
    assert kinds == [Expects.NUMBER, Expects.NUMBER, Expects.OPEN]
    assert [use.kind for use in seen.uses] == ["capture", "capture"]


@in_virtual_time
async def test_keys_stop_the_agent_and_are_taken_without_the_model_seeing_them() -> None:
    llm = FakeLlm(asks("card"), "Your number?", "Thanks.")
    engines = FakeEngines(llm=llm, stt=FakeStt("hello there"))
    recorder = FakeRecorder()
    async with Call(engines=engines, configured=CARD, observers=[recorder]) as call:
        await hello(call)
        for key in "4111111111111111":  # the last digit makes it whole: no # is needed
            call.session.key_pressed(key)
            await call.quiet(100)
        await call.until(lambda: "Thanks." in call.answers)
    last = [message for message in llm.requests[-1].messages if message.role == "user"][-1].text
    assert last.startswith("[entered with the telephone's keys: card was taken down, it ends in 1111.")
    assert "411111" not in repr(llm.requests).replace(" ", "")
    assert "411111" not in repr(recorder.facts).replace(" ", "")


@in_virtual_time
async def test_keys_that_nobody_asked_for_are_told_to_the_model() -> None:
    llm = FakeLlm("You pressed two.")
    async with Call(engines=FakeEngines(llm=llm)) as call:
        call.session.key_pressed("2")
        call.session.key_pressed("#")
        await call.until(lambda: "You pressed two." in call.answers)
    assert llm.requests[-1].messages[-1].text == "[entered with the telephone's keys: 2]"


@in_virtual_time
async def test_what_is_private_reaches_no_recording_and_no_observer() -> None:
    recorder, seen = FakeRecorder(), Seen()
    said = "it's 4111 1111 1111 1111 and nine ninety nine seven"
    llm = FakeLlm(
        asks("card"), "Your number?",
        calls_of(
            ToolCall("b", "note", '{"slot": "card", "said": "4111 1111 1111 1111"}'),
            ToolCall("c", "note", '{"slot": "pin", "said": "nine ninety nine seven"}'),
        ),
        "Thanks.",
    )  # fmt: skip
    engines = FakeEngines(llm=llm, stt=FakeStt("hello there", said))
    async with Call(engines=engines, configured=CARD, observers=[recorder, seen]) as call:
        await hello(call)
        await call.speak(2_200)
        await call.until(lambda: "Thanks." in call.answers)
    results = [result.text for message in llm.requests[-1].messages for result in message.tool_results]
    assert results[1].startswith("card was taken down, it ends in 1111.")
    assert results[2].startswith("pin was taken down.")
    kept = repr((recorder.facts, seen.steps, seen.uses))
    assert "4111" not in kept
    assert "ninety" not in kept
    assert recorder.user_bytes == 0  # sound cannot be redacted
    assert [use.arguments for use in seen.uses] == ['{"slot": "card"}', '{"slot": "card"}', '{"slot": "pin"}']


@in_virtual_time
async def test_who_takes_over_knows_what_was_dictated() -> None:
    to_billing = calls_of(ToolCall("c", "go", '{"agent": "billing"}'), text="I put you through.")
    llm = FakeLlm(asks("phone"), "Your number?", asks("phone", "b"), to_billing, asks("phone", "d"), "I call you back.")
    desk = {**PHONE, "go": {"builtin": "switch_agent", "agents": ["billing"]}}
    others = {"billing": {"llm_model": "fake", "voices": VOICES, "tools": PHONE}}
    engines = FakeEngines(llm=llm, stt=FakeStt("hello there", "four one five triple five oh one nine nine"))
    async with Call(engines=engines, configured=desk, others=others) as call:
        await hello(call)
        await call.speak(1_800)
        await call.until(lambda: "I call you back." in call.answers)
    results = [result.text for message in llm.requests[-1].messages for result in message.tool_results]
    assert results[-1].startswith("phone is +14155550199. Do not ask for it again.")


@in_virtual_time
async def test_a_tool_that_repeats_a_private_value_does_not_tell_it_to_the_model() -> None:
    pay = {"pay": {"description": "Pay.", "app": True}}
    llm = FakeLlm(asks("card"), "Your number?", calls_of(ToolCall("b", "pay", "{}")), "Thanks.")
    engines = FakeEngines(llm=llm, stt=FakeStt("hello there"))
    async with Call(engines=engines, configured={**CARD, **pay}, options={"app_tools": ("pay",)}) as call:
        await hello(call)
        for key in "4111111111111111":
            call.session.key_pressed(key)
        await call.until(lambda: call.door.all(events.AppToolCalled))
        call.session.door_answers("1", "Paid with 4111 1111 1111 1111.")
        await call.until(lambda: "Thanks." in call.answers)
    (result,) = llm.requests[-1].messages[-1].tool_results
    assert result.text == "Paid with (private)."
