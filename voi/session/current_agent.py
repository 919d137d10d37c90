"""The agent that holds the conversation now: another one can take over."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from voi.config.agents import Agent
from voi.dialogue import ToolSpec
from voi.session.lookups import Lookups
from voi.tools.base import AvailableTool


@dataclass(slots=True)
class CurrentAgent:
    """`agent`: with what the client changed. `name`: in agents.json; "": the client brought the agent. `tools`: those
    that it may call, by name. `lookups`: of the files that it draws on; None: it draws on none. `written`: the agent
    without the client's changes. `came_from`: the agent from which it took over; "": it began."""

    agent: Agent
    name: str = ""
    tools: Mapping[str, AvailableTool] = field(default_factory=dict)
    lookups: Lookups | None = None
    written: Agent = field(init=False)
    came_from: str = ""
    must_call: str = ""
    """The tool that each of its answers has to call, or `ANY_CALL`; not what it says with a tool's result."""

    def __post_init__(self) -> None:
        self.written = self.agent

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Its tools as the model is told of them."""
        return tuple(tool.spec for tool in self.tools.values())
