"""The tools of a scenario: those of its agent, which answer what it says."""

from pathlib import Path

import pytest

from tests.scenarios.bench import AGENTS, config_in, one, told
from voi.config.config import Config


@pytest.fixture
def equipped(folder: Path) -> Config:
    tools = {
        "find": {
            "description": "Find a slot.",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]},
            "http": {"url": "https://booking.example/slots"},
        },
        "hang_up": {"builtin": "hang_up"},
        "switch_agent": {"builtin": "switch_agent", "agents": ["singer"]},
    }
    singer = {"llm_model": "some-model", "system_prompt": "You sing.", "voices": AGENTS["teller"]["voices"]}
    return config_in(folder, {"teller": AGENTS["teller"] | {"tools": tools}, "singer": singer})


def test_a_declared_tool_answers_by_the_scenario_and_checks_its_arguments(equipped: Config) -> None:
    steps = """
- say: When are you free?
  model: [{calls: [{name: find, arguments: {}}]}, {calls: [{name: find, arguments: {day: Friday}}]}, At nine.]
  expect: {says: at nine, calls: [{name: find, arguments: {day: Friday}}], turns: 1}
"""
    result = one(steps, equipped, head="tools: {find: [nine]}")
    assert told(result) == ""
    results = [part.text for message in result.performances[0].trace.asked[-1] for part in message.tool_results]
    assert "'day' is a required property" in results[0]
    assert results[1] == "nine"


def test_a_tool_without_an_answer_is_a_mistake_of_the_scenario(equipped: Config) -> None:
    steps = "- say: When?\n  model: [{calls: [{name: find, arguments: {day: Friday}}]}, Hm.]"
    assert "does not say what the tool find answers; add it to tools:" in told(one(steps, equipped))


def test_built_in_tools_do_what_they_always_do(equipped: Config) -> None:
    steps = """
- say: That is all
  model: [{text: Goodbye., calls: [{name: hang_up}]}]
  expect: {says: goodbye, happens: hang_up, ends: agent_hung_up}
"""
    assert told(one(steps, equipped)) == ""


def test_another_agent_goes_on_by_the_same_script(equipped: Config) -> None:
    steps = """
- say: Sing for me
  model: [{calls: [{name: switch_agent, arguments: {agent: singer}}]}, La la la.]
  expect: {says: la la la, model_sees: you sing, never: error}
"""
    assert told(one(steps, equipped)) == ""
