"""The tools of a scenario: those of its agent, which answer what the scenario says. Nothing outside is called."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voi.config.agents import Agent
from voi.config.tools import AgentTool
from voi.core.tool_rule import ToolRule
from voi.dialogue import ToolSpec
from voi.scenarios.model import ToolAnswer
from voi.tools.arguments import Arguments
from voi.tools.base import AvailableTool, ToolBody, ToolContext, ToolFailed, ToolKind, bounded
from voi.tools.builtin import built_in
from voi.tools.toolbox import NO_PARAMETERS, available

ANY_PARAMETERS: dict[str, Any] = {"type": "object"}


class ScriptedTools:
    """The answers of one conversation. `on_missing` is told the name of a tool that the scenario has no answer for.
    Built-in tools without an answer do what they always do, since they only concern the conversation."""

    def __init__(self, answers: Mapping[str, Sequence[ToolAnswer]], on_missing: Callable[[str], None]) -> None:
        self._bodies = {name: _answering(some) for name, some in answers.items()}
        self._on_missing = on_missing

    def of(self, agent: Agent, *, app_tools: object = (), came_from: str = "") -> dict[str, AvailableTool]:
        """The tools of that agent, by name, and those of the scenario that no agent declares, such as a server's. The
        arguments are those of `Toolbox.of`."""
        found = {name: self._of_agent(name, tool, agent) for name, tool in agent.tools.items() if tool.mcp is None}
        if came_from and "switch_agent" not in found:
            back = AgentTool(builtin="switch_agent", agents=(came_from,))
            found["switch_agent"] = self._of_agent("switch_agent", back, agent)
        for name, body in self._bodies.items():
            if name not in found:
                spec = ToolSpec(name, "", ANY_PARAMETERS)
                found[name] = AvailableTool(spec, "unknown", ToolRule(name), body, Arguments(ANY_PARAMETERS))
        return found

    def _of_agent(self, name: str, tool: AgentTool, agent: Agent) -> AvailableTool:
        transfers = agent.telephone.transfers
        known = built_in(tool.builtin, tool, transfers) if tool.builtin is not None else None
        body = self._bodies.get(name) or (known.body if known else self._missing(name))
        parameters = known.parameters if known else tool.parameters or NO_PARAMETERS
        if tool.python is not None and not tool.parameters:
            parameters = ANY_PARAMETERS  # the function itself would say, and it is not loaded
        kind: ToolKind = "builtin" if known else "unknown"
        return available(name, kind, tool, tool.description or (known.description if known else ""), parameters, body)

    def _missing(self, name: str) -> ToolBody:
        async def tool(arguments: dict[str, Any], context: ToolContext) -> str:
            self._on_missing(name)
            raise ToolFailed("The scenario does not say what this tool answers.")

        return tool


def _answering(answers: Sequence[ToolAnswer]) -> ToolBody:
    left = list(answers)

    async def tool(arguments: dict[str, Any], context: ToolContext) -> str:
        answer = left.pop(0) if len(left) > 1 else left[0]
        await asyncio.sleep(answer.after_ms / 1_000)
        if answer.error is not None:
            raise ToolFailed(answer.error)
        result = answer.result
        return bounded(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False))

    return tool
