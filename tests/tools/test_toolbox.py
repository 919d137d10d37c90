"""Tools as agents.json has them become tools that run."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from voi.config.agents import Agent
from voi.config.config import Config
from voi.dialogue import Phrase
from voi.errors import ConfigError
from voi.tools import python
from voi.tools.arguments import WrongArguments
from voi.tools.base import ToolContext, ToolFailed, ToolOutput
from voi.tools.toolbox import Toolbox, secrets_in

from .hands import FakeHands, context

pytestmark = pytest.mark.asyncio
SERVER = str(Path(__file__).parent / "mcp_server.py")


async def book(day: date, people: int = 2, *, call: ToolContext) -> dict[str, Any]:
    """Book a table."""
    return {"day": day, "people": people, "for": call.values["person"]}


def slow() -> None:
    """Do something on a thread."""


@dataclass
class Point:
    name: str
    function: Any

    def load(self) -> Any:
        if isinstance(self.function, Exception):
            raise self.function
        return self.function


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    points = Point("book", book), Point("slow", slow), Point("broken", ImportError("no module")), Point("five", 5)
    monkeypatch.setattr(python, "_points", lambda: points)


@pytest.fixture
async def box() -> AsyncIterator[Toolbox]:
    box = Toolbox()
    yield box
    await box.close()


def config(**agents: dict[str, Any]) -> Config:
    return Config(
        {name: Agent.model_validate({"llm_model": "m", "tools": t}) for name, t in agents.items()}, {}, {}, {}
    )


async def ready(box: Toolbox, tools: dict[str, Any], **options: Any) -> dict[str, Any]:
    made = config(desk=tools)
    await box.prepare(made)
    await box.connect(made)
    return box.of(made.agents["desk"], **options)


async def test_a_function_describes_itself_and_is_called_by_name(box: Toolbox) -> None:
    tools = await ready(box, {"book": {"python": "book"}, "slow": {"python": "slow", "description": "Wait."}})
    spec = tools["book"].spec
    assert spec.description == "Book a table."
    assert (spec.parameters["properties"].keys(), spec.parameters["required"]) == ({"day", "people"}, ["day"])
    arguments = tools["book"].arguments.read('{"day": "2026-12-01"}')
    assert await tools["book"].body(arguments, context()) == '{"day":"2026-12-01","people":2,"for":"ada"}'
    with pytest.raises(WrongArguments):
        tools["book"].arguments.read('{"day": "soon"}')
    with pytest.raises(WrongArguments, match="'table' was unexpected"):
        tools["book"].arguments.read('{"day": "2026-12-01", "table": 3}')
    assert tools["slow"].spec.description == "Wait."
    assert await tools["slow"].body({}, context()) == "Done."


@pytest.mark.parametrize(
    ("name", "words"), [("nothing", "no installed package"), ("broken", "cannot be imported"), ("five", "no function")]
)
async def test_a_function_that_is_not_there_is_reported_at_the_start(box: Toolbox, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"desk\.tools\.x.*{words}"):
        await box.prepare(config(desk={"x": {"python": name}}))


async def test_variables_are_checked_at_the_start_and_known_to_the_log(
    box: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = {"description": "d", "http": {"url": "https://a.example/", "headers": {"X": "Bearer ${DESK_KEY}"}}}
    with pytest.raises(ConfigError, match="DESK_KEY is not set"):
        await box.prepare(config(desk={"x": http}))
    monkeypatch.setenv("DESK_KEY", "s3cret")
    await box.prepare(config(desk={"x": http}))
    assert secrets_in(config(desk={"x": http})) == ["s3cret"]


async def test_the_rules_of_a_tool_reach_the_core(box: Toolbox) -> None:
    http = {"description": "d", "http": {"url": "https://a.example/"}, "safe": True, "timeout_s": 3}
    more = {"filler": {"choices": ["Hm.", "Well."], "after_s": 0.5}, "on_interrupt": "cancel", "private": ["card"]}
    card = {"parameters": {"type": "object", "properties": {"card": {"type": "string"}}}}
    tool = (await ready(box, {"x": {**http, **more, **card}}))["x"]
    rule = tool.rule
    assert (rule.name, rule.safe, rule.timeout_ms, rule.cancel_on_interrupt) == ("x", True, 3_000, True)
    assert (rule.fillers, rule.filler_after_ms) == ((Phrase("Hm."), Phrase("Well.")), 500)
    assert tool.private == {"card"}


async def test_tools_of_the_app_are_there_only_if_it_has_them(box: Toolbox) -> None:
    show = {"show": {"description": "d", "app": True}}
    assert await ready(box, show) == {}
    tool = (await ready(box, show, app_tools=["show", "hide"]))["show"]
    hands = FakeHands()
    assert await tool.body({"a": 1}, context(hands)) == "from the app"
    assert hands.did == [("show", {"a": 1})]


async def test_what_is_built_in(box: Toolbox) -> None:
    names = ["hang_up", "wait", "send_message", "remember", "press_keys"]
    tools = await ready(
        box,
        {name: {"builtin": name} for name in names}
        | {"pass": {"builtin": "transfer", "targets": {"sales": "sip:s@x.example"}}}
        | {"go": {"builtin": "switch_agent", "agents": ["billing"]}},
    )
    hands = FakeHands()
    at = context(hands)

    async def run(name: str, written: str = "{}") -> Any:
        return await tools[name].body(tools[name].arguments.read(written), at)

    assert (await run("hang_up")).then == "hang_up"
    assert await run("wait") == ToolOutput("Waiting for the person.", "wait")
    await run("send_message", '{"message": "Hello."}')
    await run("remember", '{"fact": "Likes tea."}')
    await run("press_keys", '{"keys": "12#w"}')
    await run("pass", '{"target": "sales"}')
    await run("go", '{"agent": "billing"}')
    assert hands.did == [
        ("message", "Hello."), ("fact", "Likes tea."), ("keys", "12#w"), ("transfer", "sip:s@x.example"),
        ("agent", "billing"),
    ]  # fmt: skip
    for name, wrong in (("pass", '{"target": "+1900"}'), ("press_keys", '{"keys": "x"}'), ("go", '{"agent": "boss"}')):
        with pytest.raises(WrongArguments):
            await run(name, wrong)


async def test_a_telephone_that_is_not_there_says_so(box: Toolbox) -> None:
    tools = await ready(box, {"pass": {"builtin": "transfer", "targets": {"sales": "sip:s@x.example"}}})
    with pytest.raises(ToolFailed, match="no telephone"):
        await tools["pass"].body({"target": "sales"}, context(FakeHands(telephone=False)))


async def test_a_call_is_passed_on_to_the_telephones_transfers_alone(box: Toolbox) -> None:
    telephone = {"transfers": {"desk": "+4930123456"}}
    agent = Agent.model_validate({"llm_model": "m", "telephone": telephone, "tools": {"pass": {"builtin": "transfer"}}})
    tool = box.of(agent)["pass"]
    assert tool.spec.parameters["properties"]["target"]["enum"] == ["desk"]
    hands = FakeHands()
    await tool.body({"target": "desk"}, context(hands))
    assert hands.did == [("transfer", "+4930123456")]


async def test_who_took_over_can_hand_back(box: Toolbox) -> None:
    made = config(plain={}, hub={"go": {"builtin": "switch_agent", "agents": ["other"]}})
    back = box.of(made.agents["plain"], came_from="desk")["switch_agent"]
    assert back.spec.parameters["properties"]["agent"]["enum"] == ["desk"]
    wider = box.of(made.agents["hub"], came_from="desk")["go"]
    assert wider.spec.parameters["properties"]["agent"]["enum"] == ["other", "desk"]


async def test_tools_of_mcp_servers_are_named_apart_and_share_a_connection(box: Toolbox) -> None:
    pytest.importorskip("mcp")
    server = {"mcp": {"command": [sys.executable, SERVER], "allow": ["add"]}}
    tools = await ready(box, {"a": {**server, "safe": True}, "b": {**server, "timeout_s": 3}})
    assert list(tools) == ["a_add", "b_add"]
    assert (tools["a_add"].rule.safe, tools["b_add"].rule.timeout_ms) == (True, 3_000)
    both = await asyncio.gather(*(tool.body({"a": 1, "b": 2}, context()) for tool in tools.values()))
    assert both == ["3", "3"]
    await box.connect(config(desk={}))
    assert len(box._tasks) == 0, "a server that no agent names any more is left"


async def test_a_server_that_is_away_costs_only_its_tools(box: Toolbox, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("mcp")
    tools = await ready(box, {"a": {"mcp": {"command": ["/nowhere"]}}, "hang_up": {"builtin": "hang_up"}})
    assert list(tools) == ["hang_up"]
    assert "the MCP server failed" in caplog.text


async def test_after_a_colleague_was_asked_the_agent_says_nothing(box: Toolbox) -> None:
    there = {"to": "+4930123456", "way": "warm", "briefing": "Press 1."}
    agent = Agent.model_validate(
        {"llm_model": "m", "telephone": {"transfers": {"desk": there}}, "tools": {"pass": {"builtin": "transfer"}}}
    )
    hands = FakeHands()
    output = await box.of(agent)["pass"].body({"target": "desk"}, context(hands))
    assert output == ToolOutput("Connected.", "wait")
    assert hands.did == [("transfer", ("+4930123456", "warm"))]
