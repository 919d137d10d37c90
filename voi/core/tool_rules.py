"""What happens when tools return: the agent speaks on with their results."""

from voi.core import facts as was
from voi.core.deadlines import Due
from voi.core.draft import Draft
from voi.core.lifetime import Lifetime
from voi.core.machine import rule
from voi.core.script import Script
from voi.core.state import State


class ToolRules(Lifetime):
    """The rules for a reply that called tools."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self._draft = Draft(self._message_ids)

    @rule(was.ToolReturned)
    def _on_tool_returned(self, fact: was.ToolReturned) -> None:
        if self._tools.returned(fact):
            self._tools_returned()

    @rule(Due.TOOL_LATE)
    def _on_tool_late(self) -> None:
        if self._tools.give_up(self._now_ms):
            self._tools_returned()

    def _tools_returned(self) -> None:
        """Have the agent speak on with the results: at once, or after the current reply. If the person says something
        before, that answer takes the results into account."""
        self._replies.drop_speculation()  # it was asked without their results
        reply = self._replies.released
        if self.state is State.IDLE or (self.state is State.ANSWERING and reply is None):
            self._go_on()
        elif self.state is State.ANSWERING and reply and reply.written and not self._draft.begun:
            self._replies.go_on(self.script.prompt + self.history.messages())

    def _go_on(self) -> None:
        self._tools.owed = False
        reply = self._replies.speculation
        if reply is None or not reply.goes_on:
            self._replies.drop_speculation()
            reply = self._replies.go_on(self.script.prompt + self.history.messages())
        self._replies.announce_going_on(reply)
        self._go(State.ANSWERING)
        self._replies.release(reply, self._now_ms)
