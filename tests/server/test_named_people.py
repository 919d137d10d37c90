"""Services of an app name the person of a conversation in `init`; browsers cannot."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm
from tests.server.fakes import SECRET
from tests.server.serving import Person, RunningServer, serving
from tests.server.test_memory import ask, remembering
from tests.transports.raw_client import RawClient
from voi.dialogue import ToolCall
from voi.engines.base import LlmRequest
from voi.engines.startup import Engines
from voi.server.auth import issue_token
from voi.transports.voi_ws.connection import NAMES_NOBODY

pytestmark = pytest.mark.integration
ANNA = "anna@example.org"
SERVICE = issue_token("shop", SECRET, names_people=True)
BROWSER = issue_token("shop", SECRET)


async def arrive(port: int, token: str, **init: Any) -> Person:
    caller = Person(await RawClient.connect(port, f"/ws?token={token}"))
    caller.say("init", agent_name="ada", agent_config=None, mode="chat", **init)
    await caller.until(lambda: caller.status("init_done") or caller.errors)
    return caller


async def talk(caller: Person, words: str = "Hello.") -> None:
    done = caller.status("response_done")
    caller.say("text", content=words)
    caller.say("create_response")
    await caller.until(lambda: caller.status("response_done") > done)


async def know_anna(running: RunningServer) -> None:
    assert (await ask(running, "PUT", "/memory/name", {"text": "Anna"}))[0] == 200
    assert (await ask(running, "POST", body={"text": "Likes tea."}))[0] == 201


async def test_a_service_names_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines, llm = remembering(tmp_path, summaries=False)
    async with serving(tmp_path, monkeypatch, engines, store="facts") as running:
        await know_anna(running)
        await talk(await arrive(running.port, SERVICE, person=ANNA))
        await talk(await arrive(running.port, SERVICE, person=ANNA, proof="number"))
        await talk(await arrive(running.port, SERVICE, person="berta"))
        await talk(await arrive(running.port, SERVICE))
        own = issue_token("shop", SECRET, person=ANNA)
        await talk(await arrive(running.port, own, person=ANNA))
    assert ["tea" in prompt for prompt in llm.prompts] == [True, False, False, False, True]
    assert ['"Anna"' in prompt for prompt in llm.prompts] == [True, True, False, False, True]


async def test_a_browser_names_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines, llm = remembering(tmp_path)
    async with serving(tmp_path, monkeypatch, engines, store="facts") as running:
        await know_anna(running)
        for token in (BROWSER, issue_token("shop", SECRET, person="berta")):
            caller = await arrive(running.port, token, person=ANNA)
            assert caller.errors == [f"Error in start_conversation: {NAMES_NOBODY}"]
        caller = await arrive(running.port, SERVICE, person=ANNA, proof="number", session="monday")
        assert "not proven" in caller.errors[0]
        caller = await arrive(running.port, SERVICE, person=ANNA, proof="agent")
        assert "unknown proof" in caller.errors[0]
        caller = await arrive(running.port, SERVICE, person="x" * 201)
        assert "200 characters" in caller.errors[0]
        # another app's service names a person of its own app
        await talk(await arrive(running.port, issue_token("bank", SECRET, names_people=True), person=ANNA))
    assert not any("tea" in prompt for prompt in llm.prompts)


class ChecksPin(FakeLlm):
    """Calls the tool `check_pin` once, then answers."""

    def __init__(self) -> None:
        super().__init__("Of course.", first_s=0.0, token_s=0.0)
        self.asked: list[LlmRequest] = []

    async def stream(self, request: LlmRequest) -> AsyncIterator[Any]:
        self.asked.append(request)
        if len(self.asked) == 1:
            yield ToolCall("1", "check_pin", '{"pin": "4711"}')
        async for event in super().stream(request):
            yield event


@pytest.mark.parametrize("right", [True, False])
async def test_a_tool_proves_who_is_only_known_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, right: bool
) -> None:
    tool = {
        "app": True, "description": "Check the PIN.", "proves_person": "verified",
        "parameters": {"type": "object", "properties": {"pin": {"type": "string"}}},
    }  # fmt: skip
    engines, _ = remembering(tmp_path)
    agents = json.loads((tmp_path / "agents.json").read_text())
    agents["ada"] |= {"tools": {"check_pin": tool}, "memory": {"summaries": False}}
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    llm = ChecksPin()
    engines = Engines(vad=engines.vad, stt=engines.stt, turn=None, llm=llm, tts=engines.tts)
    async with serving(tmp_path, monkeypatch, engines, store="facts") as running:
        await know_anna(running)
        caller = await arrive(running.port, SERVICE, person=ANNA, proof="number", app_tools=["check_pin"])
        caller.say("text", content="My PIN is 4711.")
        caller.say("create_response")
        await caller.until(lambda: any(each["type"] == "tool_call" for each in caller.log))
        call_id = next(each["call_id"] for each in caller.log if each["type"] == "tool_call")
        caller.say("tool_result", call_id=call_id, result={"verified": right})
        await caller.until(lambda: caller.status("response_done"))
    prompts = [each.messages[0].text for each in llm.asked]
    assert ["tea" in prompt for prompt in prompts] == [False, right]


async def test_a_service_resumes_what_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines, llm = remembering(tmp_path, summaries=False)
    async with serving(tmp_path, monkeypatch, engines, store="facts", resume_s=30) as running:
        await know_anna(running)
        caller = await arrive(running.port, SERVICE, person=ANNA, resumable=True)
        resume_id = next(each["resume_id"] for each in caller.log if each.get("status") == "init_done")
        caller.client.drop()
        await asyncio.sleep(0.1)
        stranger = Person(await RawClient.connect(running.port, f"/ws?token={BROWSER}"))
        stranger.say("resume", resume_id=resume_id)
        await stranger.until(lambda: stranger.errors)
        back = Person(await RawClient.connect(running.port, f"/ws?token={SERVICE}"))
        back.say("resume", resume_id=resume_id, received=0)
        await back.until(lambda: back.status("init_done"))
        await talk(back)
    assert ["tea" in prompt for prompt in llm.prompts] == [True]
