"""The agents of one conversation: which one talks, what the client makes of it, and how another takes over."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.facts import AgentSwitched
from voi.core.options import CallOptions
from voi.core.script import Script
from voi.core.tokens import estimated_tokens
from voi.dialogue import Phrase
from voi.errors import ClientError, ConfigError
from voi.session.current_agent import CurrentAgent
from voi.session.script_from import script_from
from voi.tools.base import AvailableTool, ToolFailed

ToolsOf = Callable[[Agent, str], Mapping[str, AvailableTool]]
"""Returns the tools of an agent, by name. The second argument is the agent from which it takes over; "": it begins.
Raises ConfigError."""
AgentChange = Callable[[Agent], Agent]


class ConversationAgents:
    """`agent` and `name`: the one that begins; "": the client brought it. `tools_of`: see `ToolsOf`.
    `context_tokens_of` returns how much an agent's model can take; 0: not known."""

    __slots__ = ("_change", "_config", "_context_tokens_of", "_options", "_tools_of", "current")

    def __init__(
        self,
        agent: Agent,
        name: str,
        options: CallOptions,
        config: Config,
        tools_of: ToolsOf,
        context_tokens_of: Callable[[Agent], int],
    ) -> None:
        self._options = options
        self._config = config
        self._tools_of = tools_of
        self._context_tokens_of = context_tokens_of
        self._change: AgentChange = lambda written: written
        """What the client or the door makes of each agent."""
        self.current = CurrentAgent(agent, name, tools_of(agent, ""))

    def script(self, *, judges_voices: bool, notice: Phrase | None) -> Script:
        """The script of the conversation as its agent begins it. See `script_from`."""
        weights = self._config.turn_weights
        return self._script(judges_voices=judges_voices, notice=notice, turn_weights=weights)

    def resume(self, name: str, begun: Script) -> Script:
        """The agent of that name had taken over before the conversation came here. Returns the script that goes on:
        `begun` if no agent has that name any more."""
        agent, began = self._config.agents.get(name), self.current.name
        if agent is None:
            return begun
        self.current = CurrentAgent(agent, name, self._tools_of(agent, began), came_from=began)
        return begun.followed_by(self._script())

    def adapt(self, change: AgentChange) -> None:
        """Each agent that takes over from now on is what `change` makes of it, as the one that began is already."""
        self._change = change

    def revise(self, change: AgentChange, instructions: str, must_call: str) -> AgentSwitched:
        """The client changed what it chose: see `Session.revise`. Raises ClientError, and changes nothing then."""
        current = self.current
        agent = change(current.written)
        try:
            tools = self._tools_of(agent, current.came_from)
        except ConfigError as error:
            raise ClientError(str(error)) from None
        self._options, self._change = replace(self._options, instructions=instructions), change
        current.must_call = must_call
        return self._take_over(agent, tools)

    def switch(self, name: str) -> AgentSwitched:
        """Have the agent of that name go on. Raises ToolFailed, and changes nothing then."""
        current = self.current
        try:
            written = self._config.agent(name)
            agent = self._change(written)
        except ClientError as error:
            raise ToolFailed(str(error)) from None
        try:
            tools = self._tools_of(agent, current.name)
        except ConfigError as error:
            raise ToolFailed("That agent cannot be reached.") from error
        current.written, current.came_from, current.name = written, current.name, name
        return self._take_over(agent, tools)

    def _take_over(self, agent: Agent, tools: Mapping[str, AvailableTool]) -> AgentSwitched:
        self.current.agent, self.current.tools = agent, tools
        return AgentSwitched(self._script(), self.current.name)

    def _script(
        self,
        *,
        judges_voices: bool = False,
        notice: Phrase | None = None,
        turn_weights: Mapping[str, float] | None = None,
    ) -> Script:
        current = self.current
        return script_from(
            current.agent,
            self._options,
            judges_voices=judges_voices,
            notice=notice,
            turn_weights=turn_weights,
            context_tokens=self._context_tokens(),
            rules=[tool.rule for tool in current.tools.values()],
        )

    def _context_tokens(self) -> int:
        """How much of the current agent's model is left for its prompt and the dialogue, in tokens; 0: not known."""
        size = self._context_tokens_of(self.current.agent)
        tools = estimated_tokens(
            text for spec in self.current.specs for text in (spec.name, spec.description, json.dumps(spec.parameters))
        )
        return max(size // 2, size - tools)
