"""Where the answer goes: a tool of the agent, once, with arguments that fit; and the webhook's body."""

import json
from typing import Any

import pytest

from voi.calls.post_call.delivery import DeliveryFailed, NotWanted, event_of, to_tool
from voi.calls.post_call.job import PostCallJob, SpokenLine
from voi.config.agents import Agent
from voi.config.client_agent import parse_client_agent
from voi.config.config import Config
from voi.core.tool_rule import ToolRule
from voi.dialogue import ToolSpec
from voi.errors import ClientError
from voi.tools.arguments import Arguments
from voi.tools.base import AvailableTool, ToolContext, ToolFailed

pytestmark = pytest.mark.asyncio

BEGAN = "2026-11-29T12:00:00+00:00"
ABOUT = {"id": "c1", "app": "shop", "agent": "desk", "person": "", "began": BEGAN, "duration_s": 65}
DIGITS = {"type": "string", "pattern": "^[0-9]+$"}
FILLED = {"contact": "{contact}", "text": "{summary} ({call:began})", "s": "{call:duration_s}"}
PARAMETERS: Any = {
    "type": "object",
    "properties": {"contact": DIGITS, "text": {"type": "string"}, "s": {"type": "integer"}},
    "required": ["contact", "text"],
}  # fmt: skip
AFTER: Any = {
    "fields": {"type": "object", "properties": {"contact": {"type": "string"}}},
    "tool": {"name": "log", "arguments": FILLED},
}  # fmt: skip
LOG: Any = {"http": {"method": "POST", "url": "https://a.example/"}, "parameters": PARAMETERS, "description": "x"}


def agent(after: Any = AFTER, **tools: Any) -> Agent:
    return Agent.model_validate({"llm_model": "m", "tools": tools or {"log": LOG}, "after_call": after})


def job(**fields: Any) -> PostCallJob:
    return PostCallJob("m1", "tool", "c1", "desk", ABOUT, (SpokenLine("user", "hi"),), **fields)


class Tool:
    def __init__(self, fails: Exception | None = None, *, safe: bool = False) -> None:
        self.got: list[dict[str, Any]] = []
        self.fails = fails
        rule = ToolRule("log", safe=safe, cancel_on_interrupt=False, timeout_ms=1_000)
        spec = ToolSpec("log", "", PARAMETERS)
        self.tool = AvailableTool(spec, "http", rule, self.run, Arguments(PARAMETERS))

    async def run(self, arguments: dict[str, Any], context: ToolContext) -> str:
        self.got.append(arguments)
        assert context.values["duration_s"] == "65"
        with pytest.raises(ToolFailed, match="over"):
            await context.hands.transfer("x")
        with pytest.raises(ToolFailed, match="over"):
            context.hands.tell_app("x")
        if self.fails:
            raise self.fails
        return "done"


async def test_a_tool_gets_fields_summary_and_what_is_known_of_the_call() -> None:
    tool = Tool()
    await to_tool(tool.tool, agent(), job(summary="Tea.", fields={"contact": "77"}))
    assert tool.got == [{"contact": "77", "text": "Tea. (2026-11-29T12:00:00+00:00)", "s": 65}]


@pytest.mark.parametrize("fields", [None, {}, {"contact": None}])
async def test_a_tool_whose_arguments_are_not_known_is_not_called(fields: Any) -> None:
    tool = Tool()
    with pytest.raises(NotWanted, match="contact is not known"):
        await to_tool(tool.tool, agent(), job(summary="Tea.", fields=fields))
    assert tool.got == []


async def test_arguments_are_checked() -> None:
    tool = Tool()
    with pytest.raises(DeliveryFailed, match="do not fit") as failed:
        await to_tool(tool.tool, agent(), job(summary="Tea.", fields={"contact": "x' OR 1"}))
    assert (failed.value.again, tool.got) == (False, [])


@pytest.mark.parametrize(
    ("error", "safe", "again"),
    [
        (ToolFailed("x"), False, False),
        (ToolFailed("x"), True, True),
        (ToolFailed("x", undone=True), False, True),
        (TimeoutError(), False, False),
        (TimeoutError(), True, True),
        (ClientError("x"), False, False),
    ],
)
async def test_what_may_be_tried_again(error: Exception, safe: bool, again: bool) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        await to_tool(Tool(error, safe=safe).tool, agent(), job(summary="Tea.", fields={"contact": "77"}))
    assert failed.value.again is again


async def test_the_body_of_a_webhook() -> None:
    body = json.loads(event_of(job(summary="Tea.", fields={"contact": "77"}), transcript=True))
    assert body["type"] == "call.ended"
    data = body["data"]
    assert (data["conversation_id"], data["duration_s"], data["problem"]) == ("c1", 65, None)
    assert data["transcript"] == [{"role": "user", "text": "hi"}]
    assert "transcript" not in json.loads(event_of(job(problem="model"), transcript=False))["data"]


HOOK: Any = {"url": "https://a.example/", "secret": "${X}"}


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({}, "needs a webhook or a tool"),
        ({"webhook": {**HOOK, "secret": "plain"}}, "secret by reference"),
        ({"webhook": {**HOOK, "url": "ftp://a.example"}}, "url like"),
        ({"webhook": {**HOOK, "url": "https://{host}/"}}, "url like|placeholder"),
        ({"webhook": {**HOOK, "url": "https://a.example/{call:id}"}}, "placeholder"),
        ({"webhook": HOOK, "fields": {"type": "array"}}, '"object"'),
        ({"webhook": HOOK, "fields": {"type": "object", "properties": {"summary": {}}}}, "called summary"),
        ({"tool": {"name": "other"}}, "none of the agent's tools"),
        ({"tool": {"name": "log", "arguments": {"a": "{nothing}"}}}, "known are"),
        ({"tool": {"name": "log", "arguments": {"a": "{call:nothing}"}}}, "known are"),
        ({"tool": {"name": "log", "arguments": {"a": "{soql:summary}"}}}, "belongs into"),
    ],
)
async def test_mistakes_of_authors(after: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        agent(after)


async def test_a_tool_of_the_app_cannot_follow_a_call() -> None:
    with pytest.raises(ValueError, match="work when the call is over"):
        agent({"tool": {"name": "log"}}, log={"app": True, "description": "x"})
    agent({"tool": {"name": "crm_log"}}, crm={"mcp": {"url": "https://a.example/"}})


async def test_clients_bring_no_such_means() -> None:
    text = json.dumps({"llm_model": "echo", "after_call": {"webhook": HOOK}})
    with pytest.raises(ClientError, match="only the server's agents"):
        parse_client_agent(text, "shop", Config({}, {}, {}, {}, frozenset({"echo"})))
