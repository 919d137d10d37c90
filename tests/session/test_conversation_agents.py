"""Which agent talks, what the client makes of it, and how another one takes over."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.fakes.tools import offering
from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.facts import AgentSwitched
from voi.core.options import CallOptions
from voi.errors import ClientError, ConfigError
from voi.session.conversation_agents import ConversationAgents
from voi.tools.base import AvailableTool, ToolFailed

AGENTS = {
    name: Agent.model_validate({"llm_model": "fake", "system_prompt": f"You are the {name}."})
    for name in ("desk", "till", "shop")
}
ALL = Config(agents=AGENTS, control_agents={}, completeness_agents={}, tts_models={}, llm_models=frozenset({"fake"}))


def agents_of(tools_of: Any = lambda agent, came_from: {}, size: Callable[[Agent], int] = lambda agent: 0) -> Any:
    return ConversationAgents(AGENTS["desk"], "desk", CallOptions(), ALL, tools_of, size)


def loud(agent: Agent) -> Agent:
    return agent.model_copy(update={"system_prompt": tuple(line.upper() for line in agent.system_prompt)})


def prompt(switched: AgentSwitched) -> str:
    return "\n".join(message.text for message in switched.script.prompt)


def test_another_agent_takes_over_and_knows_where_it_came_from() -> None:
    asked: list[tuple[str, str]] = []

    def tools_of(agent: Agent, came_from: str) -> Mapping[str, AvailableTool]:
        asked.append((agent.system_prompt[0], came_from))
        return {}

    agents = agents_of(tools_of)
    switched = agents.switch("till")
    assert (switched.agent, prompt(switched)) == ("till", "You are the till.")
    current = agents.current
    assert (current.name, current.came_from, current.agent, current.written) == (
        "till", "desk", AGENTS["till"], AGENTS["till"],
    )  # fmt: skip
    assert asked == [("You are the desk.", ""), ("You are the till.", "desk")]


def test_the_clients_changes_are_made_to_each_that_follows() -> None:
    agents = agents_of()
    agents.adapt(loud)
    assert prompt(agents.switch("till")) == "YOU ARE THE TILL."
    assert agents.current.written is AGENTS["till"]
    revised = agents.revise(lambda agent: agent, "Be brief.", "look")
    assert "Be brief." in prompt(revised)
    assert agents.current.must_call == "look"
    assert "Be brief." in prompt(agents.switch("shop"))


def test_what_cannot_be_done_changes_nothing() -> None:
    def tools_of(agent: Agent, came_from: str) -> Mapping[str, AvailableTool]:
        if came_from or agent.system_prompt == ("YOU ARE THE DESK.",):
            raise ConfigError("There is no such tool.")
        return {}

    agents = agents_of(tools_of)
    with pytest.raises(ToolFailed, match="nobody"):
        agents.switch("nobody")
    with pytest.raises(ToolFailed, match="cannot be reached"):
        agents.switch("till")
    with pytest.raises(ClientError, match="no such tool"):
        agents.revise(loud, "Be brief.", "look")
    current = agents.current
    assert (current.name, current.came_from, current.agent, current.must_call) == ("desk", "", AGENTS["desk"], "")
    assert prompt(agents.revise(lambda agent: agent, "", "")) == "You are the desk."


def test_a_conversation_goes_on_with_the_agent_that_had_taken_over() -> None:
    agents = agents_of()
    begun = agents.script(judges_voices=True, notice=None)
    assert begun.judges_voices
    script = agents.resume("till", begun)
    assert script == begun.followed_by(script)
    assert [message.text for message in script.prompt] == ["You are the till."]
    assert (agents.current.name, agents.current.came_from) == ("till", "desk")


def test_an_agent_that_is_gone_meanwhile_does_not_go_on() -> None:
    agents = agents_of()
    begun = agents.script(judges_voices=False, notice=None)
    assert agents.resume("nobody", begun) is begun
    assert agents.current.name == "desk"


def test_tools_take_their_room_in_the_models_context() -> None:
    def look(numbers: list[int]) -> str:
        """Look."""
        return str(numbers)

    rooms = [
        agents_of(offering(tools), lambda agent: 8_000).script(judges_voices=False, notice=None).context_tokens
        for tools in (None, {"look": look})
    ]
    assert 0 < rooms[1] < rooms[0] < 8_000
    assert agents_of().script(judges_voices=False, notice=None).context_tokens == 0
