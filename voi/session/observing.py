"""What observers and the log are told of one conversation: redacted once, before any of them gets it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from voi.config.agents import Agent
from voi.core.actions import Action
from voi.core.facts import Fact
from voi.session.failure import Failure
from voi.session.log_format import log_line
from voi.session.observer import Observers
from voi.session.redaction import Redaction, redaction_of
from voi.session.tool_use import ToolUse
from voi.tasks import Tasks
from voi.tools.base import AvailableTool


class Observing:
    """Tells the observers and the log of one conversation. `agent`: the one that began it, whose author says what is
    redacted. `tasks` have the log."""

    __slots__ = ("_agent", "_observers", "_private", "_tasks", "redaction")

    def __init__(self, observers: Observers, tasks: Tasks, agent: Agent) -> None:
        self._observers = observers
        self._tasks = tasks
        self._agent = agent
        self._private: dict[str, frozenset[str]] = {}
        """Private arguments of tools, by the name of the tool."""
        self.redaction: Redaction | None = None
        """What is taken out; None: nothing."""

    def follow(self, agent: Agent, tools: Mapping[str, AvailableTool]) -> None:
        """That agent talks from now on: private arguments of its tools are taken out, too, and numbers as short as it
        wants."""
        for name, tool in tools.items():
            if tool.private:
                self._private[name] = self._private.get(name, frozenset()) | tool.private
        shortest = (self._agent.redacted_digits_min, agent.redacted_digits_min)
        digits_min = min((length for length in shortest if length is not None), default=None)
        self.redaction = redaction_of(self._agent, self._private, digits_min)

    @property
    def hides_words(self) -> bool:
        """Something that people say is taken out. Sound cannot be redacted, so nobody is given any."""
        return self.redaction is not None and self.redaction.hides_words

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        """The conversation handled a fact and returned these actions."""
        log = self._tasks.log
        wanted, debug = self._observers.wants_step(fact, actions), log.isEnabledFor(logging.DEBUG)
        if not (wanted or debug):
            return
        if self.redaction is not None:
            fact, actions = self.redaction.step(fact, actions)
        if debug:
            for sign, thing in (("<", fact), *((">", action) for action in actions)):
                log.debug("%s %s", sign, log_line(thing, words=self._tasks.log_words))
        if wanted:
            self._observers.step(now_ms, fact, actions)

    def agent_sound(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        """Sound of the agent was sent (s16le mono), and is heard from `at_ms` on."""
        if not self.hides_words:
            self._observers.agent_sound(pcm, rate_hz, at_ms)

    def tool(self, use: ToolUse) -> None:
        """A tool's call is over."""
        if self.redaction is not None:
            use = replace(use, arguments=self.redaction.text(use.arguments))
        self._observers.tool(use)

    def failed(self, failure: Failure) -> None:
        """Something failed, and the conversation goes on."""
        self._tasks.log.warning("%s", failure)
        self._observers.failure(failure)
