"""Tools without a configuration: plain functions of the arguments' JSON text."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from voi.config.agents import Agent
from voi.core.tool_rule import ToolRule
from voi.dialogue import ToolSpec
from voi.session.conversation_agents import ToolsOf
from voi.tools.arguments import Arguments
from voi.tools.base import AvailableTool, ToolContext, ToolKind

ANYTHING: dict[str, Any] = {"type": "object", "properties": {}}
Function = Callable[[str], Awaitable[str]]


def available(
    name: str,
    function: Function,
    *,
    parameters: Mapping[str, Any] = ANYTHING,
    kind: ToolKind = "python",
    private: frozenset[str] = frozenset(),
    **rule: Any,
) -> AvailableTool:
    async def body(arguments: dict[str, Any], context: ToolContext) -> str:
        return await function(json.dumps(arguments))

    spec = ToolSpec(name, f"It is {name}.", parameters)
    return AvailableTool(spec, kind, ToolRule(name, **rule), body, Arguments(parameters), private)


def offering(tools: Mapping[str, Function | AvailableTool] | None) -> ToolsOf:
    """What `Session` asks for the tools of its agents: these, whatever the agent."""
    made = {
        name: tool if isinstance(tool, AvailableTool) else available(name, tool) for name, tool in (tools or {}).items()
    }

    def tools_of(agent: Agent, came_from: str) -> Mapping[str, AvailableTool]:
        return made

    return tools_of
