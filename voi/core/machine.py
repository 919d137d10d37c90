"""The machine under the conversation: its state, its clocks, the table of rules, and the actions it puts out."""

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from voi.core import facts as was
from voi.core.actions import Action
from voi.core.deadlines import Clocks, Due, deadlines
from voi.core.facts import Fact
from voi.core.history import History
from voi.core.replies import Replies
from voi.core.script import Script
from voi.core.state import TRANSITIONS, State
from voi.core.tools import Tools

_Method = TypeVar("_Method", bound=Callable[..., None])
_RULES: dict[type | Due, Callable[..., None]] = {}


def rule(*causes: type | Due) -> Callable[[_Method], _Method]:
    """Mark the method that handles these facts or deadlines. It is passed the fact; for a deadline it is passed
    nothing."""

    def mark(method: _Method) -> _Method:
        _RULES.update(dict.fromkeys(causes, method))
        return method

    return mark


class Machine:
    """State, clocks and output of one conversation; `Conversation` adds the rules."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.state = State.IDLE
        self.history = History(script.history_limit_messages, script.reply_form)
        self._out: list[Action] = []
        self._message_ids = count()
        self._tools = Tools(self.history, script, self._out)
        self._replies = Replies(self.history, self._tools, script, self._out, self._message_ids)
        self._clocks = Clocks()
        self._now_ms = 0

    def handle(self, fact: Fact, now_ms: int) -> list[Action]:
        """Handle one fact. `now_ms`: monotonic time, never smaller than in the call before. Returns the actions to
        carry out, in order."""
        if self.state is State.CLOSED:
            return []
        self._now_ms = now_ms
        _RULES[type(fact)](self, fact)
        actions = self._out[:]
        self._out.clear()
        return actions

    @property
    def deadline_ms(self) -> int | None:
        """The latest time, in ms, at which to pass DeadlinePassed to `handle`; None when nothing can fall due."""
        return min((at_ms for at_ms, _ in self._deadlines()), default=None)

    def _deadlines(self) -> list[tuple[int, Due]]:
        reply, speculation = self._replies.released, self._replies.speculation
        if speculation and speculation.awaited and self.state is State.PAUSED:
            reply = speculation
        due = deadlines(self.script, self.state, self._clocks, reply.deadline_ms if reply else None)
        if self._tools.deadline_ms is not None and self.state is not State.CLOSED:
            due.append((self._tools.deadline_ms, Due.TOOL_LATE))
        return due

    @rule(was.DeadlinePassed)
    def _on_deadline(self, _: was.DeadlinePassed) -> None:
        due_now = [(at_ms, due) for at_ms, due in self._deadlines() if at_ms <= self._now_ms]
        if due_now:
            _RULES[min(due_now, key=lambda one: one[0])[1]](self)

    def _go(self, state: State) -> None:
        if state is self.state:
            return
        if (self.state, state) not in TRANSITIONS:
            raise RuntimeError(f"no way from {self.state} to {state}: a fault in voi.core, please report it")
        self.state = state
        self._clocks.state_since_ms = self._now_ms

    def _emit(self, action: Action) -> None:
        self._out.append(action)
