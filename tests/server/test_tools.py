"""Tools through a whole server: a scripted model in the OpenAI format, a real client, the store and the metrics."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeStt, FakeTts, FakeVad
from tests.fakes.openai_server import FakeOpenAi, Reply, event
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import Person, serving
from voi.client import AppMessageEvent, MessageEvent, ToolCallEvent, VoiClient
from voi.engines.llm.openai_compatible import OpenAiCompatible
from voi.engines.startup import Engines
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration

FIND: Any = {
    "description": "Find an order.", "app": True, "private": ["card"],
    "parameters": {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]},
}  # fmt: skip
AGENTS: Any = {
    "desk": {
        "llm_model": "m", "system_prompt": "You are a desk.", "voices": {"character": {"model": "voice"}},
        "tools": {
            "find": FIND,
            "send_message": {"builtin": "send_message"},
            "hang_up": {"builtin": "hang_up"},
        },
    }
}  # fmt: skip

SEND = "send_message", '{"message": "Order 7"}'


def calling(*calls: tuple[str, str], text: str = "", size: int = 7) -> Reply:
    """An answer that calls tools, all with the number 0, in pieces of a few bytes."""
    deltas: list[dict[str, Any]] = [{"content": text}] if text else []
    for number, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": 0, "id": f"c{number}", "type": "function", "function": function}]})
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": each}}]} for each in arguments]
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    chunks.append({"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 1}})
    body = b"".join(map(event, chunks)) + b"data: [DONE]\n\n"
    return Reply(raw=[body[at : at + size] for at in range(0, len(body), size)])


def engines(server: FakeOpenAi) -> Engines:
    llm = OpenAiCompatible(api_base=server.base_url)
    return Engines(vad=FakeVad(), stt=FakeStt("hello"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
    return tmp_path


async def test_the_client_runs_tools_and_is_hung_up_on(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeOpenAi() as model:
        model.script(
            calling(
                ("find", '{"number": 7, "card": "4111"}'), ("send_message", '{"message": "Order 7"}'), text="Wait."
            ),
            Reply(deltas=("It ", "was sent.")),
            calling(("hang_up", "{}"), text="Goodbye."),
        )
        async with serving(desk, monkeypatch, engines(model), metrics=True) as running:
            seen: list[Any] = []
            async with VoiClient.connect(
                f"ws://127.0.0.1:{running.port}/ws", token=issue_token("test", SECRET), agent_name="desk",
                app_tools=["find"], app_messages=True,
            ) as client, asyncio.timeout(20):  # fmt: skip
                await client.send_text("Where is order 7?")
                await client.create_response()
                async for each in client:
                    seen.append(each)
                    if isinstance(each, ToolCallEvent):
                        await client.send_tool_result(each.call_id, {"state": "sent"})
                    if isinstance(each, MessageEvent) and each.text == "It was sent." and len(model.requests) == 2:
                        await client.send_text("Thanks, bye.")
                        await client.create_response()
            assert client.close_code == 1000
            (asked,) = [each for each in seen if isinstance(each, ToolCallEvent)]
            assert (asked.name, asked.arguments) == ("find", {"number": 7, "card": "4111"})
            assert AppMessageEvent("Order 7") in seen
            assert [tool["function"]["name"] for tool in model.requests[0]["tools"]] == [
                "find",
                "send_message",
                "hang_up",
            ]
            results = {m["tool_call_id"]: m["content"] for m in model.requests[1]["messages"] if m["role"] == "tool"}
            assert results == {"c0": '{"state":"sent"}', "c1": "Sent."}
            _, _, metrics = await running.http("GET", "/metrics", f"Accept: text/plain\r\nAPI-Key: {API_KEY}\r\n")
            text = metrics.decode()
            assert 'voi_tool_calls_total{kind="app",outcome="ok"} 1.0' in text
            assert 'voi_tool_calls_total{kind="builtin",outcome="ok"} 2.0' in text


async def test_an_older_client_sees_nothing_of_tools(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeOpenAi() as model:
        model.script(
            calling(("find", '{"number": 7}'), ("send_message", '{"message": "x"}')), Reply(deltas=("Sorry.",))
        )
        async with serving(desk, monkeypatch, engines(model)) as running:
            person = await Person.arrive(running.port, "desk")
            person.say("text", content="Where is order 7?")
            person.say("create_response")
            await person.until(lambda: "Sorry." in person.texts.values())
            assert {entry["type"] for entry in person.log} <= {"status", "message", "audio"}
            assert [tool["function"]["name"] for tool in model.requests[0]["tools"]] == ["send_message", "hang_up"]


async def test_a_client_answers_what_it_was_never_asked(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeOpenAi() as model, serving(desk, monkeypatch, engines(model)) as running:
        person = await Person.arrive(running.port, "desk", app_tools=["find"])
        for result in ({"call_id": "1", "result": "x"}, {"call_id": 1}, {"call_id": "1", "error": 5}):
            person.say("tool_result", **result)
        await person.until(lambda: len(person.errors) == 3)
        assert "no tool call" in person.errors[0]


async def test_the_store_keeps_calls_without_private_arguments(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeOpenAi() as model:
        model.script(calling(("find", '{"number": 7, "card": "4111"}')), Reply(deltas=("It was sent.",)))
        async with serving(desk, monkeypatch, engines(model), store="words", metrics=True) as running:
            person = await Person.arrive(running.port, "desk", app_tools=["find"])
            person.say("text", content="Where is order 7?")
            person.say("create_response")
            await person.until(lambda: any(entry["type"] == "tool_call" for entry in person.log))
            person.say("tool_result", call_id="1", error="It is not known here.")
            await person.until(lambda: "It was sent." in person.texts.values())
            store = running.server.kept.store
            assert store is not None
            from voi.store.conversations import Filter, each_conversation

            kept = None
            async with asyncio.timeout(60):
                while not (kept and kept.tools):
                    await asyncio.sleep(0.05)
                    async with store.reading() as connection:
                        async for one in each_conversation(connection, store.keys, Filter()):
                            kept = one
            (use,) = kept.tools
            assert (use["tool"], use["arguments"], use["error"]) == ("find", '{"number": 7}', "failed")


async def test_an_mcp_server_that_dies_in_a_call_is_apologised_for_and_works_again(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mcp")
    command = [sys.executable, str(Path(__file__).parent.parent / "tools" / "mcp_server.py")]
    agent = {**AGENTS["desk"], "tools": {"sums": {"mcp": {"command": command, "allow": ["add", "die"]}}}}
    (desk / "agents.json").write_text(json.dumps({"desk": agent}))
    async with FakeOpenAi() as model:
        model.script(
            calling(("sums_die", "{}")), Reply(deltas=("Sorry, that did not work.",)),
            calling(("sums_add", '{"a": 2, "b": 2}')), Reply(deltas=("It is four.",)),
        )  # fmt: skip
        async with serving(desk, monkeypatch, engines(model)) as running:
            person = await Person.arrive(running.port, "desk")
            for said in ("Sorry, that did not work.", "It is four."):
                person.say("text", content="What is two and two?")
                person.say("create_response")
                await person.until(lambda said=said: said in person.texts.values(), 30)
            results = [m["content"] for m in model.requests[-1]["messages"] if m["role"] == "tool"]
            assert results == ["The service broke off. The call may have done its work.", "4"]
            await person.until(lambda: person.sound)
