"""`voi check` looks at tools without calling any."""

import pytest

from voi.cli.tool_check import check_tools
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.problems import Problems


def test_what_is_missing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    tools = {
        "find": {"description": "d", "http": {"url": "https://a.example/", "headers": {"api-key": "${DESK_KEY}"}}},
        "plain": {"description": "d", "http": {"url": "https://a.example/", "headers": {"api-key": "abc"}}},
        "book": {"python": "nowhere"},
        "crm": {"mcp": {"command": ["x"]}},
        "hang_up": {"builtin": "hang_up"},
    }
    problems = Problems()
    monkeypatch.setattr("voi.cli.tool_check.find_spec", lambda name: None)
    check_tools(Config({"desk": Agent.model_validate({"llm_model": "m", "tools": tools})}, {}, {}, {}), problems)
    assert len(problems.errors) == 3
    assert "$.desk.tools.find: the environment variable DESK_KEY is not set" in problems.errors[0]
    assert "no installed package" in problems.errors[1]
    assert "./install.sh mcp" in problems.errors[2]
    (warning,) = problems.warnings
    assert "secret in plain text" in warning
    assert "abc" not in warning
