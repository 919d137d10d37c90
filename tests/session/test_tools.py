"""Tools in a whole session: what the model is told, what is heard, what observers see."""

import asyncio
import json
from typing import Any

import pytest

from tests.fakes.call import VOICES, Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, calls_of
from tests.fakes.tools import available
from voi.core.end_reason import EndReason
from voi.core.facts import Continued
from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message, ToolCall, ToolResult
from voi.errors import ClientError
from voi.session import events
from voi.session.observer import Observer
from voi.session.tool_use import ToolUse

PARAMETERS = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}


class Seen(Observer):
    def __init__(self) -> None:
        self.uses: list[ToolUse] = []
        self.steps: list[Any] = []

    def tool(self, use: ToolUse) -> None:
        self.uses.append(use)

    def step(self, now_ms: int, fact: Any, actions: Any) -> None:
        self.steps += [fact, *actions]


async def ask(call: Call) -> None:
    await call.speak(1_000)
    await call.quiet(1_500)


def spoken(call: Call) -> list[str]:
    return [text for text, _ in call.engines.tts["fake"].spoken]


async def find(arguments: str) -> str:
    return f"Order {json.loads(arguments)['number']} was sent."


@in_virtual_time
async def test_wrong_arguments_go_back_to_the_model_which_mends_them() -> None:
    seen = Seen()
    llm = FakeLlm(
        calls_of(ToolCall("a", "find", '{"number": "seven"')),
        calls_of(ToolCall("b", "find", '{"number": "seven"}')),
        calls_of(ToolCall("c", "find", '{"number": 7}')),
        "It was sent.",
    )
    tool = available("find", find, parameters=PARAMETERS)
    async with Call(engines=FakeEngines(llm=llm), tools={"find": tool}, observers=[seen]) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["It was sent."])
    assert [use.error for use in seen.uses] == ["wrong_arguments", "wrong_arguments", ""]
    results = [result.text for message in llm.requests[-1].messages for result in message.tool_results]
    assert "not valid JSON" in results[0]
    assert "number: 'seven' is not of type 'integer'" in results[1]
    assert results[2] == "Order 7 was sent."
    assert llm.requests[0].tools == (tool.spec,)


@in_virtual_time
async def test_parallel_calls_run_side_by_side_and_return_in_their_order() -> None:
    running: list[int] = []
    most: list[int] = []

    async def slow(arguments: str) -> str:
        number = json.loads(arguments)["number"]
        running.append(number)
        most.append(len(running))
        await asyncio.sleep(1 / number)
        running.remove(number)
        return f"result {number}"

    both = ToolCall("same", "slow", '{"number": 1}'), ToolCall("same", "slow", '{"number": 2}')
    llm = FakeLlm(calls_of(*both), "Done.")
    async with Call(engines=FakeEngines(llm=llm), tools={"slow": slow}) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["Done."])
    assert max(most) == 2
    assert [result.text for result in llm.requests[-1].messages[-1].tool_results] == ["result 1", "result 2"]
    assert len({made.call_id for made in llm.requests[-1].messages[-2].tool_calls}) == 2


@in_virtual_time
async def test_a_printed_call_is_carried_out_and_never_spoken() -> None:
    llm = FakeLlm('{"name": "find", "arguments": {"number": 7}}', "It was sent.")
    async with Call(
        engines=FakeEngines(llm=llm), tools={"find": available("find", find, parameters=PARAMETERS)}
    ) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["It was sent."])
        assert spoken(call) == ["It was sent."]
    assert llm.requests[-1].messages[-1].tool_results[0].text == "Order 7 was sent."


@in_virtual_time
async def test_a_denied_answer_calls_no_tool() -> None:
    ran: list[str] = []

    async def note(arguments: str) -> str:
        ran.append(arguments)
        return "noted"

    llm = FakeLlm(calls_of(ToolCall("a", "note", "{}"), text="I cannot help with that."), "Gladly.")
    control = {"model": "pattern_matching", "denial_phrases": ["I cannot"], "giveup_after": 3}
    async with Call(engines=FakeEngines(llm=llm), tools={"note": note}, control=control) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["Gladly."])
    assert ran == []


@in_virtual_time
async def test_observers_get_no_private_arguments_and_no_metric_needs_them() -> None:
    seen = Seen()
    tool = available("find", find, parameters=PARAMETERS, private=frozenset({"card"}))
    llm = FakeLlm(calls_of(ToolCall("a", "find", '{"number": 7, "card": "4111"}')), "It was sent.")
    async with Call(engines=FakeEngines(llm=llm), tools={"find": tool}, observers=[seen]) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["It was sent."])
    (use,) = seen.uses
    assert (use.name, use.arguments, use.result_characters, use.error) == ("find", '{"number": 7}', 17, "")
    assert not any("4111" in repr(step) for step in seen.steps)
    assert "4111" in repr(llm.requests[-1].messages)


@in_virtual_time
async def test_a_filler_is_heard_only_if_the_tool_is_slower() -> None:
    from voi.dialogue import Phrase

    async def slow(arguments: str) -> str:
        await asyncio.sleep(json.loads(arguments)["s"])
        return "found"

    tool = available("slow", slow, fillers=(Phrase("One moment."),), filler_after_ms=500)
    for seconds, heard in ((0.3, ["Found."]), (3, ["One moment.", "Found."])):
        llm = FakeLlm(calls_of(ToolCall("a", "slow", json.dumps({"s": seconds}))), "Found.")
        async with Call(engines=FakeEngines(llm=llm), tools={"slow": tool}) as call:
            await ask(call)
            await call.until(lambda call=call: "Found." in call.answers)
            assert spoken(call) == heard
            assert "One moment." not in repr(llm.requests[-1].messages)


@pytest.mark.parametrize("cancels", [False, True])
@in_virtual_time
async def test_speaking_on_cancels_a_tool_or_lets_it_finish(cancels: bool) -> None:
    ended: list[str] = []

    async def slow(arguments: str) -> str:
        try:
            await asyncio.sleep(5)
            ended.append("finished")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "found"

    seen = Seen()
    llm = FakeLlm(calls_of(ToolCall("a", "slow", "{}")), "All right.", "It was found.")
    tool = available("slow", slow, cancel_on_interrupt=cancels)
    async with Call(engines=FakeEngines(llm=llm), tools={"slow": tool}, observers=[seen]) as call:
        await ask(call)
        await call.speak(1_000)
        await call.until(lambda: "All right." in call.answers)
        await call.until(lambda: ended)
        await call.quiet(6_000)
    assert ended == (["cancelled"] if cancels else ["finished"])
    assert [use.error for use in seen.uses] == (["cancelled"] if cancels else [""])
    assert ("It was found." in call.answers) is not cancels


@in_virtual_time
async def test_a_call_with_an_effect_finishes_though_the_person_hangs_up() -> None:
    done: list[str] = []

    async def book(arguments: str) -> str:
        await asyncio.sleep(0.5)
        done.append("booked")
        return "booked"

    llm = FakeLlm(calls_of(ToolCall("a", "book", "{}"), text="I book it."), "Booked.")
    async with Call(engines=FakeEngines(llm=llm), tools={"book": book}) as call:
        await ask(call)
        await call.until(lambda: call.answers)
    assert done == ["booked"]


@in_virtual_time
async def test_a_tool_that_is_too_slow_fails_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def endless(arguments: str) -> str:
        await asyncio.sleep(1e6)
        return ""

    llm = FakeLlm(calls_of(ToolCall("a", "endless", '{"secret": "word"}')), "Sorry.")
    tool = available("endless", endless, timeout_ms=2_000)
    async with Call(engines=FakeEngines(llm=llm), tools={"endless": tool}) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["Sorry."])
    (line,) = [record.getMessage() for record in caplog.records if "tool endless" in record.getMessage()]
    assert "timeout" in line
    assert "word" not in caplog.text


# ---- what agents.json brings -------------------------------------------------------------------------

DESK: dict[str, Any] = {
    "hang_up": {"builtin": "hang_up"},
    "wait": {"builtin": "wait"},
    "send_message": {"builtin": "send_message"},
    "transfer": {"builtin": "transfer", "targets": {"sales": "+4930123456"}},
    "remember": {"builtin": "remember"},
    "find": {"description": "Find an order.", "app": True, "parameters": PARAMETERS},
}


@in_virtual_time
async def test_it_hangs_up_after_its_goodbye() -> None:
    llm = FakeLlm(calls_of(ToolCall("a", "hang_up", "{}"), text="Goodbye then."))
    async with Call(engines=FakeEngines(llm=llm), configured=DESK) as call:
        await ask(call)
        await call.until(lambda: call.door.all(events.Ended))
        (ended,) = call.door.all(events.Ended)
        assert ended.reason is EndReason.AGENT_HUNG_UP
        assert call.door.played_ms(1) == len("Goodbye then.") * 50


@in_virtual_time
async def test_who_waits_says_nothing_until_spoken_to() -> None:
    llm = FakeLlm(calls_of(ToolCall("a", "wait", "{}")), "Welcome back.")
    async with Call(engines=FakeEngines(llm=llm), configured=DESK) as call:
        await ask(call)
        await call.quiet(5_000)
        assert len(llm.requests) == 1
        await call.speak(600)
        await call.until(lambda: "Welcome back." in call.answers)


@in_virtual_time
async def test_the_app_runs_its_tools_and_shows_messages() -> None:
    both = ToolCall("a", "find", '{"number": 7}'), ToolCall("b", "send_message", '{"message": "Order 7"}')
    llm = FakeLlm(calls_of(*both), "It was sent.")
    options = {"app_tools": ("find",), "app_messages": True}
    async with Call(engines=FakeEngines(llm=llm), configured=DESK, options=options) as call:
        await ask(call)
        await call.until(lambda: call.door.all(events.AppToolCalled))
        (asked,) = call.door.all(events.AppToolCalled)
        assert (asked.name, json.loads(asked.arguments)) == ("find", {"number": 7})
        assert call.door.all(events.AppMessage) == [events.AppMessage("Order 7")]
        with pytest.raises(ClientError, match="no tool call"):
            call.session.door_answers("99", "what?")
        call.session.door_answers(asked.number, "sent yesterday")
        call.session.door_answers(asked.number, "sent twice")
        await call.until(lambda: "It was sent." in call.answers)
        assert llm.requests[-1].messages[-1].tool_results[0] == ToolResult("a", "sent yesterday")


@in_virtual_time
async def test_an_app_that_does_not_answer_is_told_to_forget_it() -> None:
    llm = FakeLlm(calls_of(ToolCall("a", "find", '{"number": 7}')), "Sorry.")
    configured = {"find": {**DESK["find"], "timeout_s": 1}}
    async with Call(engines=FakeEngines(llm=llm), configured=configured, options={"app_tools": ("find",)}) as call:
        await ask(call)
        await call.until(lambda: "Sorry." in call.answers)
        assert call.door.all(events.RequestWithdrawn) == [events.RequestWithdrawn("1")]
        call.session.door_answers("1", "too late")


@in_virtual_time
async def test_a_client_that_offers_nothing_sees_nothing() -> None:
    calls = [
        ToolCall("a", "find", '{"number": 7}'), ToolCall("b", "send_message", '{"message": "x"}'),
        ToolCall("c", "transfer", '{"target": "sales"}'), ToolCall("d", "remember", '{"fact": "Likes tea."}'),
    ]  # fmt: skip
    llm = FakeLlm(calls_of(*calls), "Sorry.")
    async with Call(engines=FakeEngines(llm=llm), configured=DESK) as call:
        await ask(call)
        await call.until(lambda: "Sorry." in call.answers)
        assert "find" not in [spec.name for spec in llm.requests[0].tools]
        results = llm.requests[-1].messages[-1].tool_results
        assert all(result.failed for result in results)
        assert "no telephone" in results[2].text
        assert not call.door.all(events.AppMessage)


@in_virtual_time
async def test_another_agent_goes_on_with_its_voice_and_gives_back() -> None:
    llm = FakeLlm(
        calls_of(ToolCall("a", "switch_agent", '{"agent": "billing"}'), text="I put you through."),
        calls_of(ToolCall("b", "switch_agent", '{"agent": "teller"}'), text="Billing here, and back."),
        "Here I am again.",
    )
    billing = {
        "llm_model": "fake", "system_prompt": "You are billing.",
        "voices": {"character": {"model": "fake", "voice": "bert"}},
    }  # fmt: skip
    configured = {"switch_agent": {"builtin": "switch_agent", "agents": ["billing"]}}
    async with Call(engines=FakeEngines(llm=llm), configured=configured, others={"billing": billing}) as call:
        await ask(call)
        await call.until(lambda: "Here I am again." in call.answers)
        first, second, third = llm.requests
        assert [request.messages[0].text for request in (first, second, third)] == [
            "You tell stories.", "You are billing.", "You tell stories.",
        ]  # fmt: skip
        assert Message("user", call.said[0]) in second.messages
        assert [spec.parameters["properties"]["agent"]["enum"] for spec in second.tools] == [["teller"]]
        voices = [voice.voice for _, voice in call.engines.tts["fake"].spoken]
        assert voices == ["anna", "bert", "anna"]


@in_virtual_time
async def test_an_agent_that_takes_over_a_telephone_call_goes_by_its_own_section() -> None:
    llm = FakeLlm(
        calls_of(ToolCall("a", "switch_agent", '{"agent": "billing"}'), text="I put you through."), "Billing here.",
    )  # fmt: skip
    billing = {
        "llm_model": "fake", "system_prompt": "You are billing.", "telephone": {"speed": 0.5},
        "voices": {"character": {"model": "fake", "voice": "bert"}},
    }  # fmt: skip
    configured = {"switch_agent": {"builtin": "switch_agent", "agents": ["billing"]}}
    async with Call(engines=FakeEngines(llm=llm), configured=configured, others={"billing": billing}) as call:
        call.session.adapt(lambda agent: agent.on_telephone())
        await ask(call)
        await call.until(lambda: "Billing here." in call.answers)
        assert [(voice.voice, voice.speed) for _, voice in call.engines.tts["fake"].spoken] == [
            ("anna", 1.0), ("bert", 0.5),
        ]  # fmt: skip
        assert call.session.agent.idle_limit_s == 120


@in_virtual_time
async def test_who_had_taken_over_goes_on_after_a_restart() -> None:
    kept = Kept((KeptMessage(0, Message("user", "My bill?")),), next_id=1, agent="billing", owed=True)
    billing = {"llm_model": "fake", "system_prompt": "You are billing.", "voices": VOICES}
    llm = FakeLlm("Here is your bill.")
    async with Call(
        engines=FakeEngines(llm=llm), configured=DESK, others={"billing": billing},
        shared={"continued": Continued(kept)},
    ) as call:  # fmt: skip
        await call.until(lambda: "Here is your bill." in call.answers)
        (request,) = llm.requests
        assert request.messages[0] == Message("system", "You are billing.")
        assert [spec.name for spec in request.tools] == ["switch_agent"]


@pytest.mark.parametrize(("name", "told"), [("find_order", "find_order"), ("my secret is seven", "<18 characters>")])
@in_virtual_time
async def test_a_tool_that_is_not_there_is_logged_without_words(
    name: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    llm = FakeLlm(calls_of(ToolCall("a", name, "{}")), "It is not there.")
    tool = available("find", find, parameters=PARAMETERS)
    async with Call(engines=FakeEngines(llm=llm), tools={"find": tool}) as call:
        await ask(call)
    assert f"the agent called a tool that it does not have: {told}" in caplog.text
    assert "secret" not in caplog.text
