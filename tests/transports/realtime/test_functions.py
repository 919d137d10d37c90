"""Functions of a Realtime client: called by the agent, answered by the client, and spoken about."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, calls_of
from tests.server.serving import serving
from tests.transports.realtime.fakes import RealtimeClient
from tests.transports.realtime.test_conversation import TRANSCRIBED, quiet, voice
from voi.dialogue import ToolCall
from voi.engines.startup import Engines

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a place.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


def engines_with(llm: FakeLlm, *heard: str) -> Engines:
    stt = FakeStt(*(heard or ("how is the weather there",)))
    return Engines(vad=FakeVad(), stt=stt, turn=None, llm=llm, tts={"voice": FakeTts()})


def write_agents(folder: Path, **agent: Any) -> None:
    friend = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, "system_prompt": "You help.", **agent}
    (folder / "agents.json").write_text(json.dumps({"friend": friend}))
    (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))


async def test_a_function_call_and_its_spoken_result(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("a", "get_weather", '{"place":"Rome"}')), "It is sunny in Rome.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", audio=TRANSCRIBED, tools=[WEATHER])
        client.speak(voice(800) + quiet(1_500))
        await client.until("response.done")
        (call,) = client.last("response.done")["response"]["output"]
        assert (call["type"], call["name"], call["arguments"]) == ("function_call", "get_weather", '{"place":"Rome"}')
        assert [spec.name for spec in llm.requests[0].tools] == ["get_weather"]
        done = client.last("response.function_call_arguments.done")
        assert (done["call_id"], done["name"]) == (call["call_id"], "get_weather")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        client.send("conversation.item.create", item=output)
        client.send("response.create", response={"metadata": {"which": "second"}})
        await client.until("response.done")
        done = client.last("response.done")["response"]
        assert done["output"][0]["content"][0]["transcript"] == "It is sunny in Rome."
        assert done["metadata"] == {"which": "second"}
        assert len(client.all("response.created")) == 2
        assert llm.requests[-1].messages[-1].tool_results[0].text == "sunny"
        assert not client.errors


async def test_two_calls_of_one_response_behind_words(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    both = calls_of(
        ToolCall("a", "get_weather", '{"place":"Rome"}'), ToolCall("b", "get_weather", '{"place":"Bonn"}'),
        text="Let me look that up.",
    )  # fmt: skip
    llm = FakeLlm(both, "Both are sunny.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", tools=[WEATHER])
        client.say("How is it in Rome and Bonn?")
        client.send("response.create")
        await client.until("response.function_call_arguments.done", 2)
        for done in client.all("response.function_call_arguments.done"):
            place = json.loads(done["arguments"])["place"]
            output = {"type": "function_call_output", "call_id": done["call_id"], "output": f"sunny in {place}"}
            client.send("conversation.item.create", item=output)
        client.send("response.create")
        await client.until("response.done", 2)
        first, second = (event["response"] for event in client.all("response.done"))
        assert [item["type"] for item in first["output"]] == ["message", "function_call", "function_call"]
        assert second["output"][0]["content"][0]["transcript"] == "Both are sunny."
        results = [result.text for result in llm.requests[-1].messages[-1].tool_results]
        assert results == ["sunny in Rome", "sunny in Bonn"]
        assert not client.errors


async def test_functions_and_voice_go_along_to_another_agent(tmp_path: Path, monkeypatch: Patch) -> None:
    guide = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, "system_prompt": "You guide."}
    switch = {"builtin": "switch_agent", "agents": ["guide"], "description": "Goes to the guide."}
    friend = {**guide, "system_prompt": "You help.", "tools": {"switch": switch}}
    (tmp_path / "agents.json").write_text(json.dumps({"friend": friend, "guide": guide}))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
    llm = FakeLlm(
        calls_of(ToolCall("a", "switch", '{"agent":"guide"}')), "I am the guide.", "Still the guide.",
    )  # fmt: skip
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(
            running.port, "friend", tools=[WEATHER], instructions="Be brief.", audio={"output": {"speed": 1.3}}
        )
        client.say("The guide, please.")
        client.send("response.create")
        await client.until("response.output_audio.done")
        client.send("session.update", session={"instructions": "Be very brief."})
        await client.until("session.updated")
        client.say("Who are you?")
        await client.until(lambda: client.all("response.done"))
        client.send("response.create")
        await client.until("response.output_audio.done")
        asked = [(request.messages[0].text, sorted(t.name for t in request.tools)) for request in llm.requests]
        both = ["get_weather", "switch_agent"]
        assert asked[1:] == [("You guide.\n\nBe brief.", both), ("You guide.\n\nBe very brief.", both)]
        tts: Any = running.server._engines.tts["voice"]  # type: ignore[union-attr]
        assert {options.speed for _, options in tts.spoken} == {1.3}
        assert not client.errors


async def test_a_function_that_has_to_be_called(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("a", "get_weather", '{"place":"Rome"}')), "It is sunny.", "Hello.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", tools=[WEATHER], tool_choice="required")
        client.say("Rome?")
        client.send("response.create")
        await client.until("response.done")
        (call,) = client.last("response.done")["response"]["output"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        client.send("conversation.item.create", item=output)
        client.send("response.create")
        await client.until("response.done")
        choice = {"type": "function", "name": "get_weather"}
        client.say("And now?")
        client.send("response.create", response={"tool_choice": choice})
        await client.until("response.done")
        assert [request.must_call for request in llm.requests] == ["*", "", "get_weather"]
        assert client.last("session.updated")["session"]["tool_choice"] == "required"
        assert not client.errors


async def test_an_output_that_comes_after_a_cancelled_response(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("a", "get_weather", '{"place":"Rome"}')), "Well.", "It is sunny.", None)
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", tools=[WEATHER])
        client.say("Rome?")
        client.send("response.create")
        await client.until("response.done")
        (call,) = client.last("response.done")["response"]["output"]
        client.say("Are you there?")
        client.send("response.create")
        await client.until("response.created")
        client.send("response.cancel")
        await client.until("response.done")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        client.send("conversation.item.create", item=output)
        await client.until("conversation.item.done")
        client.send("response.create")
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "completed"
        assert [result.text for m in llm.requests[-1].messages for result in m.tool_results] == ["sunny"]
        assert not client.errors


@pytest.mark.parametrize("over", [True, False])
async def test_the_answer_has_settings_of_its_own(over: bool, tmp_path: Path, monkeypatch: Patch) -> None:
    """Also if it is asked for while what the agent said with the call is still heard."""
    write_agents(tmp_path)
    looks = calls_of(ToolCall("a", "get_weather", '{"place":"Rome"}'), text="Let me look at that for you.")
    llm = FakeLlm(looks, "It is sunny in Rome.", "Bye.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", tools=[WEATHER])
        client.say("How is it in Rome?")
        client.send("response.create")
        await client.until("response.function_call_arguments.done")
        call_id = client.last("response.function_call_arguments.done")["call_id"]
        if over:
            await client.until("response.done")
        else:
            assert not client.all("response.done")
        output = {"type": "function_call_output", "call_id": call_id, "output": "sunny"}
        client.send("conversation.item.create", item=output)
        client.send("response.create", response={"output_modalities": ["text"], "metadata": {"n": "2"}})
        await client.until(lambda: len(client.all("response.done")) == 2)
        done = [each["response"] for each in client.all("response.done")]
        assert [each["output_modalities"] for each in done] == [["audio"], ["text"]]
        assert done[1]["metadata"] == {"n": "2"}
        assert done[1]["output"][0]["content"] == [{"type": "output_text", "text": "It is sunny in Rome."}]
        client.say("Bye.")
        client.send("response.create")
        await client.until("response.done")
        assert client.last("response.done")["response"]["output_modalities"] == ["audio"]
        assert not client.errors
