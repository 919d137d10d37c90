"""The tools that replies call. A tool runs once, for a reply that is released and complete, even if the reply was
speculative or tried several times; one that is safe may run while the reply is still speculative, and its result is
dropped with the reply. A call enters the history with a result: first a note that it is still running, then the real
one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.history import History
from voi.core.script import Script
from voi.core.tool_rule import AfterCall, ToolRule
from voi.dialogue import Phrase, ToolCall, ToolResult

RUNNING = "The tool is still running. Its result will be told when it comes; do not call it again."
TOO_LATE = "The tool did not answer in time. It may have done its work."
CANCELLED = "The person spoke on before the tool had answered, so it was cancelled. It may have done its work."
SPOKE_ON = "The person spoke on before the goodbye was over, so the call goes on."


@dataclass(slots=True)
class _Round:
    """The tools that one reply called."""

    calls: tuple[ToolCall, ...]
    results: dict[str, ToolResult | None]
    """By call id; None: the tool is running. A call without an entry was not begun."""
    deadlines_ms: dict[str, int]
    began_ms: int
    message_id: int | None = None
    """None: the reply is speculative, and only its safe tools run."""
    waived: bool = False
    """The person does not wait for the results."""
    spoke: bool = False
    """The reply said something itself."""
    filled: bool = False
    """A filler was said."""
    after: set[AfterCall] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        return all(self.results.values())


@dataclass(frozen=True, slots=True)
class HangUpCall:
    """The call by which a reply hangs up. `spoke`: the reply itself says goodbye."""

    reply: int
    message_id: int
    call_id: str
    spoke: bool


class Tools:
    """The tools of one conversation. RunTool and CancelTool actions are appended to `out`."""

    __slots__ = (
        "_default",
        "_early",
        "_fillers_said",
        "_history",
        "_out",
        "_rounds",
        "_rules",
        "deadline_ms",
        "hang_up_call",
        "owed",
    )  # fmt: skip

    def __init__(self, history: History, script: Script, out: list[Action]) -> None:
        self._history = history
        self._out = out
        self._rounds: dict[int, _Round] = {}
        """The rounds with running tools, by reply."""
        self.hang_up_call: HangUpCall | None = None
        """How the agent hangs up, once its goodbye was heard."""
        self._early: AfterCall | None = None
        self._fillers_said: list[Phrase] = []
        """In the current answer."""
        self.deadline_ms: int | None = None
        """When the next running tool will have taken too long; None: no tool is running."""
        self.owed = False
        """Results arrived that the person was not told about yet."""
        self.follow(script)

    def follow(self, script: Script) -> None:
        """Treat tools by that script's rules from now on."""
        self._default = ToolRule("", timeout_ms=script.tool_timeout_ms)
        self._rules = {rule.name: rule for rule in script.tools}

    def _rule(self, name: str) -> ToolRule:
        return self._rules.get(name, self._default)

    @property
    def awaited(self) -> bool:
        """True if tools are running whose results the person waits for."""
        return any(not each.waived for each in self._heard_rounds())

    @property
    def running(self) -> frozenset[int]:
        """The messages whose tools run."""
        return frozenset(each.message_id for each in self._rounds.values() if each.message_id is not None)

    def _heard_rounds(self) -> Iterable[_Round]:
        return (each for each in self._rounds.values() if each.message_id is not None)

    # ---- running ----------------------------------------------------------------------------------

    def run_early(self, reply: int, calls: tuple[ToolCall, ...], now_ms: int) -> None:
        """Run the safe ones among the calls of a reply that is complete and still speculative."""
        safe = [call for call in calls if self._rule(call.name).safe]
        if safe and reply not in self._rounds:
            self._rounds[reply] = _Round(calls, {}, {}, now_ms)
            self._begin(reply, safe, now_ms)

    def drop(self, reply: int) -> None:
        """The speculative reply is dropped: nobody wants what its tools return."""
        each = self._rounds.get(reply)
        if each is not None and each.message_id is None:
            del self._rounds[reply]
            self._out += [do.CancelTool(reply, call_id) for call_id, result in each.results.items() if result is None]
            self._note_deadline()

    def run(self, reply: int, message_id: int, calls: tuple[ToolCall, ...], now_ms: int, *, spoke: bool) -> None:
        """Run the calls of a reply that is released and complete, but for those that run already. `spoke`: it says
        something itself."""
        each = self._rounds.setdefault(reply, _Round(calls, {}, {}, now_ms))
        each.message_id, each.spoke, each.began_ms = message_id, spoke, now_ms
        self._begin(reply, [call for call in calls if call.call_id not in each.results], now_ms)
        results = (each.results[call.call_id] or ToolResult(call.call_id, RUNNING) for call in calls)
        self._history.set_tools(message_id, calls, tuple(results))
        if each.complete:
            self._early = self._end(reply, each)

    def take_early(self) -> AfterCall | None:
        """What follows if all tools of the reply that was just released had returned before; None: nothing does."""
        early, self._early = self._early, None
        return early

    def _begin(self, reply: int, calls: list[ToolCall], now_ms: int) -> None:
        each = self._rounds[reply]
        for call in calls:
            each.results[call.call_id] = None
            each.deadlines_ms[call.call_id] = now_ms + self._rule(call.name).timeout_ms
        self._note_deadline()
        self._out += [do.RunTool(reply, call.call_id, call.name, call.arguments) for call in calls]

    # ---- what they return -------------------------------------------------------------------------

    def returned(self, fact: was.ToolReturned) -> AfterCall | None:
        """Record a result. Returns what follows if it was the reply's last one and the person waits for it. An unknown
        call, or a second result of a call, changes nothing."""
        each = self._rounds.get(fact.reply)
        if each is None or fact.call_id not in each.results or each.results[fact.call_id]:
            return None
        each.after.add(fact.then)
        if fact.then == "hang_up" and each.message_id is not None and not each.waived:
            self.hang_up_call = HangUpCall(fact.reply, each.message_id, fact.call_id, each.spoke)
        return self._record(fact.reply, each, ToolResult(fact.call_id, fact.result, fact.failed))

    def _record(self, reply: int, each: _Round, result: ToolResult) -> AfterCall | None:
        each.results[result.call_id] = result
        self._note_deadline()
        if each.message_id is None:
            return None
        self._history.set_result(each.message_id, result)
        return self._end(reply, each) if each.complete else None

    def _end(self, reply: int, each: _Round) -> AfterCall | None:
        """All of the reply's tools have returned."""
        del self._rounds[reply]
        self._note_deadline()
        if each.waived or not each.after:  # or all were cancelled
            return None
        if "hang_up" in each.after:
            return "hang_up"
        if each.after == {"wait"}:
            return "wait"
        self.owed = True
        return "answer"

    def give_up(self, now_ms: int) -> AfterCall | None:
        """Fail the tools that took too long. Returns what follows, if the person waits for one of them."""
        late = [
            was.ToolReturned(reply, call_id, TOO_LATE, failed=True)
            for reply, each in self._rounds.items()
            for call_id, deadline_ms in each.deadlines_ms.items()
            if deadline_ms <= now_ms and each.results[call_id] is None
        ]
        follows = {self.returned(fact) for fact in late}
        return next((after for after in ("hang_up", "answer", "wait") if after in follows), None)

    def keep(self) -> bool:
        """The process is about to end: record in the history that running tools did not answer. True if the person
        waits for results."""
        waits = self.owed or self.awaited
        for reply, each in list(self._rounds.items()):
            for call_id, result in list(each.results.items()):
                if result is None:
                    self.returned(was.ToolReturned(reply, call_id, TOO_LATE, failed=True))
        return waits

    # ---- the person speaks on ---------------------------------------------------------------------

    def waive(self) -> None:
        """The person does not want to wait for the results of the running tools."""
        self.owed = False
        for each in self._heard_rounds():
            each.waived = True

    def interrupt(self) -> bool:
        """The person speaks on: cancel the tools that are to be cancelled then, and do not hang up. True if that
        changed the history."""
        changed = self.hang_up_call is not None
        if call := self.hang_up_call:
            self._history.set_result(call.message_id, ToolResult(call.call_id, SPOKE_ON, failed=True))
            self.hang_up_call = None
        for reply, each in list(self._rounds.items()):
            if each.message_id is None:
                continue
            names = {call.call_id: call.name for call in each.calls}
            for call_id, result in list(each.results.items()):
                if result is None and self._rule(names[call_id]).cancel_on_interrupt:
                    changed = True
                    self._out.append(do.CancelTool(reply, call_id))
                    self._record(reply, each, ToolResult(call_id, CANCELLED, failed=True))
        return changed

    def hangs_up_after(self, reply: int) -> bool:
        """True if the conversation ends when that reply was heard."""
        return self.hang_up_call is not None and self.hang_up_call.reply == reply

    # ---- while they run ---------------------------------------------------------------------------

    def answer_begins(self) -> None:
        """Another answer begins: each filler may be said again."""
        self._fillers_said.clear()

    def filler_due_ms(self) -> int | None:
        """When to say a filler, if nothing else is heard then; None: never."""
        due = [each.began_ms + rule.filler_after_ms for each, rule in self._unfilled()]
        return min(due, default=None)

    def take_filler(self, now_ms: int) -> Phrase | None:
        """The filler that is due. It is said once, and none twice in an answer."""
        for each, rule in self._unfilled():
            if each.began_ms + rule.filler_after_ms <= now_ms:
                each.filled = True
                fresh = [phrase for phrase in rule.fillers if phrase not in self._fillers_said]
                self._fillers_said += fresh[:1]
                return fresh[0] if fresh else None
        return None

    def _unfilled(self) -> Iterable[tuple[_Round, ToolRule]]:
        for each in self._heard_rounds():
            if not (each.spoke or each.filled or each.waived):
                for call in each.calls:
                    rule = self._rule(call.name)
                    if rule.fillers and each.results[call.call_id] is None:
                        yield each, rule

    def _note_deadline(self) -> None:
        self.deadline_ms = min(
            (
                deadline_ms
                for each in self._rounds.values()
                for call_id, deadline_ms in each.deadlines_ms.items()
                if each.results[call_id] is None
            ),
            default=None,
        )
