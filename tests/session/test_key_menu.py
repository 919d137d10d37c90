"""What keys do beside dictation, in whole sessions."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt
from voi.config.agents import Agent
from voi.core.end_reason import EndReason
from voi.session import events

MENU: dict[str, Any] = {
    "keys": {"0": {"transfer": "desk"}, "9": "hang_up", "*": "repeat"},
    "transfers": {"desk": "+49 30 123456"},
}


def menu_call(llm: FakeLlm | None = None, **agent: Any) -> Call:
    engines = FakeEngines(llm=llm or FakeLlm("It costs nine euros."), stt=FakeStt("what does it cost", "thank you"))
    call = Call(engines=engines, **({"telephone": MENU} | agent))
    call.door.kind = "telephone"
    return call


@in_virtual_time
async def test_a_key_passes_the_call_on() -> None:
    async with menu_call() as call:
        call.session.key_pressed("0")
        call.session.key_pressed("0")
        await call.until(lambda: call.door.all(events.TransferAsked))
        assert call.door.all(events.TransferAsked) == [events.TransferAsked("1", "+49 30 123456")]
        call.session.door_answers("1", "passed on")
        await call.quiet(6_000)
        assert call.engines.llm.requests == [], "the zeros were no entry"


@in_virtual_time
async def test_the_agent_is_told_that_a_call_could_not_be_passed_on() -> None:
    llm = FakeLlm("Nobody is at the desk.")
    async with menu_call(llm) as call:
        call.session.key_pressed("0")
        await call.until(lambda: call.door.all(events.TransferAsked))
        call.session.door_answers("1", "It was busy.", failed=True)
        await call.until(lambda: "Nobody is at the desk." in call.answers)
        assert llm.requests[-1].messages[-1].text == (
            "[entered with the telephone's keys: to be put through to desk. "
            "The call could not be passed on: It was busy.]"
        )
        call.session.key_pressed("0")
        await call.until(lambda: len(call.door.all(events.TransferAsked)) == 2)


@in_virtual_time
async def test_the_newest_answer_is_said_again_from_its_beginning() -> None:
    async with menu_call() as call:
        await call.speak(900)
        await call.until(lambda: call.door.all(events.Sound))
        await asyncio.sleep(0.5)
        call.session.key_pressed("*")
        await call.until(lambda: len(call.answers) == 2)
        await call.quiet(3_000)
        assert call.answers[-1] == "It costs nine euros."
        assert len(call.engines.llm.requests) == 1, "no model is asked for it"


@in_virtual_time
async def test_nothing_is_repeated_before_something_was_said() -> None:
    async with menu_call() as call:
        call.session.key_pressed("*")
        await call.quiet(1_000)
        assert not call.answers


@pytest.mark.parametrize("goodbye", [None, "Goodbye!"])
def test_a_key_ends_the_call(goodbye: str | None) -> None:
    @in_virtual_time
    async def ends() -> None:
        more = {"goodbye": goodbye} if goodbye else {}
        async with menu_call(**more) as call:
            call.session.key_pressed("9")
            await call.until(lambda: call.door.all(events.Ended))
            assert call.door.all(events.Ended)[0].reason is EndReason.FINISHED
            assert call.answers == ([goodbye] if goodbye else [])

    ends()


@in_virtual_time
async def test_keys_in_an_entry_are_digits() -> None:
    llm = FakeLlm("Thanks.")
    async with menu_call(llm) as call:
        for key in "1090#":
            call.session.key_pressed(key)
        await call.until(lambda: "Thanks." in call.answers)
        assert llm.requests[-1].messages[-1].text == "[entered with the telephone's keys: 1 0 9 0]"
        assert not call.door.all(events.TransferAsked)


@in_virtual_time
async def test_apps_have_no_menu() -> None:
    async with menu_call(FakeLlm("Zero.")) as call:
        call.door.kind = "app"
        call.session.key_pressed("0")
        call.session.key_pressed("#")
        await call.until(lambda: "Zero." in call.answers)


# ---- agents.json -------------------------------------------------------------------------------------


def agent_with(telephone: dict[str, Any], tools: dict[str, Any] | None = None, **more: Any) -> Agent:
    return Agent.model_validate({"llm_model": "m", "telephone": telephone, "tools": tools or {}, **more})


@pytest.mark.parametrize(
    ("telephone", "told"),
    [
        ({"keys": {"0": {"transfer": "dask"}}, "transfers": {"desk": "+4930123456"}}, "did you mean .desk"),
        ({"keys": {"A": "repeat"}}, "keys"),
        ({"keys": {"0": "sing"}}, "keys"),
        ({"transfers": {"desk": "12"}}, "country code or a SIP address"),
        ({"transfers": {"desk": 'sip:a"b@c'}}, "country code or a SIP address"),
    ],
)
def test_mistakes(telephone: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        agent_with(telephone)


def test_the_tool_takes_the_sections_transfers_and_no_others() -> None:
    tool = {"pass": {"builtin": "transfer"}}
    with pytest.raises(ValidationError, match="needs targets"):
        agent_with({}, tool)
    with pytest.raises(ValidationError, match="keep one"):
        agent_with(MENU, {"pass": {"builtin": "transfer", "targets": {"a": "+4930123456"}}})
    agent_with(MENU, tool)


def test_the_policy_of_hanging_up() -> None:
    tools = {"end": {"builtin": "hang_up"}, "wait": {"builtin": "wait"}}
    agent = agent_with({"hang_up": {"agent": False, "goodbye": "Bye from the shop."}}, tools, goodbye="Bye.")
    there = agent.on_telephone()
    assert list(there.tools) == ["wait"]
    assert [phrase.text for phrase in there.goodbye_phrases()] == ["Bye from the shop."]
    assert list(agent.tools) == ["end", "wait"], "elsewhere it may"
    kept = agent_with({}, tools, goodbye="Bye.").on_telephone()
    assert (list(kept.tools), kept.goodbye_phrases()[0].text) == (["end", "wait"], "Bye.")
