"""Checks what agents that hand conversations over to each other need of each other."""

from collections.abc import Mapping

from voi.config.agents import Agent
from voi.config.problems import Problems


def check_captured(agents: Mapping[str, Agent], source: str, problems: Problems) -> None:
    """Report tools that use what was dictated, and nobody takes down: neither their agent, nor one that a conversation
    may have come from. `agents`: by name, those that talk."""
    for name, agent in agents.items():
        used = {slot: tool_name for tool_name, tool in agent.tools.items() for slot in tool.captured_names}
        if not used:
            continue
        captured = {slot for each in _linked(name, agents) for slot in agents[each].captured}
        for slot in sorted(used.keys() - captured):
            text = f"has {{captured:{slot}}}, which no tool of this agent captures, nor one that hands over to it"
            problems.error(source, (name, "tools", used[slot]), text)


def _linked(name: str, agents: Mapping[str, Agent]) -> set[str]:
    """The agent, and those that a conversation with it may have come from. Who has taken over can hand back, so the
    direction does not matter."""
    found, left = {name}, [name]
    while left:
        here = left.pop()
        others = {other for other, agent in agents.items() if here in agent.successors} | agents[here].successors
        new = (others & agents.keys()) - found
        found |= new
        left += new
    return found
