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


def test_secrets_of_credentials_and_webhooks_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CRM_ID", "UNUSED_ID", "HOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)

    def credential(client_id: str) -> dict[str, str]:
        url = "https://a.example/token"
        return {"grant": "client_credentials", "token_url": url, "client_id": client_id, "client_secret": "abc"}

    agent = {
        "llm_model": "m",
        "tools": {
            name: {"description": "d", "http": {"url": f"https://a.example/{name}", "auth": "crm"}}
            for name in ("x", "y")
        },
        "credentials": {"crm": credential("${CRM_ID}"), "unused": credential("${UNUSED_ID}")},
        "after_call": {"webhook": {"url": "https://a.example/", "secret": "${HOOK_SECRET}"}},
    }
    problems = Problems()
    check_tools(Config({"desk": Agent.model_validate(agent)}, {}, {}, {}), problems)
    told = " ".join(problems.errors)
    assert "CRM_ID" in told
    assert "HOOK_SECRET" in told
    assert "UNUSED_ID" not in told
    assert "secret in plain text" in problems.warnings[0]
