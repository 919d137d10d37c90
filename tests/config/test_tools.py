"""Tools in agents.json: what is right, and what is said about what is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.config.conftest import load
from voi.config.agents import Agent
from voi.config.client_agent import parse_client_agent
from voi.config.config import Config
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.config.tools import AgentTool
from voi.engines.registry import tts_info
from voi.errors import ClientError, ConfigError

NUMBER = {"type": "object", "properties": {"number": {"type": "string"}}}
FIND = {"description": "Find.", "parameters": NUMBER, "http": {"url": "https://a.example/{number}"}}


@pytest.mark.parametrize(
    "tool",
    [
        FIND,
        {"builtin": "hang_up"},
        {"python": "book"},
        {"description": "Show.", "app": True},
        {"mcp": {"command": ["uvx", "x"], "allow": ["a_*"]}},
        {**FIND, "filler": {"choices": ["Hm."], "after_s": 0}, "safe": True, "on_interrupt": "cancel"},
        {**FIND, "http": {"url": "https://{number}.a.example/", "headers": {"X": "${KEY}"}}},
        {**FIND, "http": {"url": "${BASE}/{number}", "headers": {"X": "${KEY} {call:person}"}}},
    ],
)
def test_right_ones(tool: dict[str, Any]) -> None:
    assert AgentTool.model_validate(tool).body in tool


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ({}, "exactly one of"),
        ({**FIND, "app": True}, "http and app"),
        ({**FIND, "description": ""}, "needs a description"),
        ({**FIND, "parameters": {"type": "string"}}, 'type "object"'),
        ({**FIND, "parameters": {"type": "objekt"}}, "no JSON Schema"),
        ({**FIND, "parameters": {"type": "object", "$ref": "https://x.example/s.json"}}, "not fetched"),
        ({**FIND, "http": {"url": "https://a.example/{nummer}"}}, "none of its parameters"),
        ({**FIND, "http": {"url": "https://a.example/", "headers": {"X": "{call:mother}"}}}, "known are: id"),
        ({**FIND, "http": {"url": "file:///etc/passwd"}}, "needs a url"),
        ({**FIND, "http": {"url": "https://a.example/", "body": {}}}, "GET does not send"),
        ({**FIND, "http": {"url": "{number}"}}, "needs a url"),
        ({**FIND, "http": {"url": "https://{number}/", "headers": {"X": "${KEY}"}}}, "sends a secret"),
        ({**FIND, "http": {"url": "https://a.example{number}:80?x=${KEY}"}}, "sends a secret"),
        ({**FIND, "private": ["numbr"]}, '"numbr" private, which is none of its parameters'),
        ({"builtin": "switch_agent"}, "needs agents"),
        ({"mcp": {}}, "either a command or a url"),
        ({"mcp": {"command": ["x"], "url": "https://x.example"}}, "either a command or a url"),
    ],
)
def test_wrong_ones_are_explained(tool: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        AgentTool.model_validate(tool)
    assert words in str(raised.value)


def test_a_name_that_models_do_not_take() -> None:
    with pytest.raises(ValidationError, match="is no name of a tool"):
        Agent.model_validate({"llm_model": "m", "tools": {"find order": FIND}})


def loaded(folder: Path, agents: dict[str, Any]) -> Config:
    (folder / "agents.json").write_text(json.dumps(agents))
    settings = load_settings(
        agents_file=folder / "agents.json", tts_models_file=folder / "none.json", greetings_dir=folder / "sounds"
    )
    return load_config(settings, tts_info)


def switching(*agents: str, **fields: Any) -> dict[str, Any]:
    return {"llm_model": "echo", "tools": {"go": {"builtin": "switch_agent", "agents": list(agents)}}, **fields}


def test_agents_that_go_on_must_be_there_and_redact_the_same(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"a": switching("b"), "b": {"llm_model": "echo"}})
    with pytest.raises(ConfigError, match='"c" is no agent that talks'):
        loaded(tmp_path, {"a": switching("c")})
    with pytest.raises(ConfigError, match="must redact the same"):
        loaded(tmp_path, {"a": switching("b", redact={"cards": True}), "b": {"llm_model": "echo"}})


def test_sound_files_of_fillers_stay_in_their_folder(tmp_path: Path) -> None:
    tool = {**FIND, "filler": {"choices": [{"content": "Hm.", "file": "/etc/passwd"}]}}
    with pytest.raises(ConfigError, match="outside of the folder"):
        loaded(tmp_path, {"a": {"llm_model": "echo", "tools": {"find": tool}}})


@pytest.mark.parametrize("tool", [FIND, {"python": "book"}, {"mcp": {"command": ["sh", "-c", "id"]}}])
def test_clients_bring_no_tools_that_act_in_the_servers_name(tool: dict[str, Any]) -> None:
    config = Config({}, {}, {}, {}, any_llm_model=True)
    with pytest.raises(ClientError, match="server's own means"):
        parse_client_agent(json.dumps({"llm_model": "m", "tools": {"find": tool}}), "app", config)


def test_clients_bring_tools_of_their_own_without_files() -> None:
    config = Config({}, {}, {}, {}, any_llm_model=True)
    show = {"description": "Show.", "app": True, "filler": {"choices": [{"content": "Hm.", "file": "/etc/passwd"}]}}
    tools = {"show": show, "hang_up": {"builtin": "hang_up"}}
    agent = parse_client_agent(json.dumps({"llm_model": "m", "tools": tools}), "app", config)
    assert agent.tools["show"].filler
    assert agent.tools["show"].filler.choices[0].file is None
    with pytest.raises(ClientError, match="no agent of this server"):
        parse_client_agent(json.dumps(switching("secret", llm_model="m")), "app", config)


def test_schemas_of_clients_are_small_since_each_value_takes_time() -> None:
    config = Config({}, {}, {}, {}, any_llm_model=True)
    wide = {"type": "object", "properties": {f"p{n}": {"oneOf": [{}] * 60} for n in range(30)}}
    show = {"description": "Show.", "app": True, "parameters": wide}
    with pytest.raises(ClientError, match="200 values"):
        parse_client_agent(json.dumps({"llm_model": "m", "tools": {"show": show}}), "app", config)


def test_a_typing_mistake_in_a_tool_is_one() -> None:
    tools = {"find": {**FIND, "priavte": ["number"]}, "crm": {"mcp": {"comand": ["x"]}}}
    with pytest.raises(ConfigError) as raised:
        load({"a": {"llm_model": "echo", "tools": tools}})
    told = "\n".join(raised.value.problems)
    assert '$.a.tools.find.priavte: is no field that Voi knows (did you mean "private"?)' in told
    assert '$.a.tools.crm.mcp.comand: is no field that Voi knows (did you mean "command"?)' in told


def test_an_unknown_field_hides_no_other_mistake() -> None:
    wrong = {**FIND, "http": {"url": "https://a.example/{nummer}"}, "my_note": "x"}
    tools = {"find": wrong, "bye": {"builtin": "hangup"}}
    with pytest.raises(ConfigError) as raised:
        load({"a": {"llm_model": "echo", "tools": tools}})
    told = "\n".join(raised.value.problems)
    assert "none of its parameters" in told
    assert "hangup" in told
