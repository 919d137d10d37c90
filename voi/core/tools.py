"""The tools that replies call. A tool runs once, for a reply that is released and complete, even if the reply was
speculative or tried several times. Its call enters the history with a result: first a note that it is still running,
then the real one.
"""

from dataclasses import dataclass

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.history import History
from voi.core.script import Script
from voi.dialogue import ToolCall, ToolResult

RUNNING = "The tool is still running. Its result will be told when it comes; do not call it again."
TOO_LATE = "The tool did not answer in time. It may have done its work."
ROUNDS_MAX = 8
"""How many rounds of tool calls one answer may make, each after the results of the one before."""


@dataclass(slots=True)
class _Round:
    """The tools that one reply called."""

    message_id: int
    results: dict[str, ToolResult | None]
    """By call id; None: the tool is running."""
    deadline_ms: int
    waived: bool = False
    """The person does not wait for the results."""


class Tools:
    """The tools of one conversation. RunTool actions are appended to `out`."""

    __slots__ = ("_history", "_out", "_rounds", "_timeout_ms", "deadline_ms", "owed")

    def __init__(self, history: History, script: Script, out: list[Action]) -> None:
        self._history = history
        self._out = out
        self._timeout_ms = script.tool_timeout_ms
        self._rounds: dict[int, _Round] = {}
        """The rounds with running tools, by reply."""
        self.deadline_ms: int | None = None
        """When the next running tool will have taken too long; None: no tool is running."""
        self.owed = False
        """Results arrived that the person was not told about yet."""

    @property
    def awaited(self) -> bool:
        """True if tools are running whose results the person waits for."""
        return any(not each.waived for each in self._rounds.values())

    @property
    def running(self) -> frozenset[int]:
        """The messages whose tools run."""
        return frozenset(each.message_id for each in self._rounds.values())

    def run(self, reply: int, message_id: int, calls: tuple[ToolCall, ...], now_ms: int) -> None:
        """Run the calls of a reply that is released and complete."""
        self._rounds[reply] = _Round(message_id, {call.call_id: None for call in calls}, now_ms + self._timeout_ms)
        self._note_deadline()
        self._history.set_tools(message_id, calls, tuple(ToolResult(call.call_id, RUNNING) for call in calls))
        self._out += [do.RunTool(reply, call.call_id, call.name, call.arguments) for call in calls]

    def returned(self, fact: was.ToolReturned) -> bool:
        """Record a result. True if it was the reply's last one and the person waits for it. An unknown call, or a
        second result of a call, changes nothing."""
        each = self._rounds.get(fact.reply)
        if each is None or fact.call_id not in each.results or each.results[fact.call_id]:
            return False
        each.results[fact.call_id] = result = ToolResult(fact.call_id, fact.result, fact.failed)
        self._history.set_result(each.message_id, result)
        if not all(each.results.values()):
            return False
        del self._rounds[fact.reply]
        self._note_deadline()
        self.owed = self.owed or not each.waived
        return not each.waived

    def give_up(self, now_ms: int) -> bool:
        """Fail the tools that took too long. True if the person waits for one of them."""
        late = [
            was.ToolReturned(reply, call_id, TOO_LATE, failed=True)
            for reply, each in self._rounds.items()
            if each.deadline_ms <= now_ms
            for call_id, result in each.results.items()
            if result is None
        ]
        return [True for fact in late if self.returned(fact)] != []

    def keep(self) -> bool:
        """The process is about to end: record in the history that running tools did not answer. True if the person
        waits for results."""
        waits = self.owed or self.awaited
        for reply, each in list(self._rounds.items()):
            for call_id, result in list(each.results.items()):
                if result is None:
                    self.returned(was.ToolReturned(reply, call_id, TOO_LATE, failed=True))
        return waits

    def waive(self) -> None:
        """The person does not want to wait for the results of the running tools."""
        self.owed = False
        for each in self._rounds.values():
            each.waived = True

    def _note_deadline(self) -> None:
        self.deadline_ms = min((each.deadline_ms for each in self._rounds.values()), default=None)
