"""A conversation's beginning, its limits and its end."""

from voi.core import actions as do
from voi.core import facts as was
from voi.core.barge_in_rules import BargeInRules
from voi.core.deadlines import Clocks, Due
from voi.core.end_reason import EndReason
from voi.core.machine import rule
from voi.core.state import State
from voi.dialogue import Phrase


class Lifetime(BargeInRules):
    """The rules that greet the person, remind a silent person, and hang up."""

    def _cancel_owed(self) -> None:
        raise NotImplementedError

    @rule(was.Opened)
    def _on_opened(self, fact: was.Opened) -> None:
        self._clocks = Clocks(opened_ms=self._now_ms, user_active_ms=self._now_ms, state_since_ms=self._now_ms)
        if fact.greet and self.script.greeting:
            self._say(self.script.greeting)

    @rule(Due.DURATION_LIMIT)
    def _on_duration_limit(self) -> None:
        self._close()
        self._emit(do.HangUp(EndReason.DURATION_LIMIT))

    @rule(Due.IDLE_LIMIT)
    def _on_idle_limit(self) -> None:
        self._close()
        self._emit(do.HangUp(EndReason.IDLE_LIMIT))

    @rule(Due.REMINDER)
    def _on_reminder_due(self) -> None:
        self._clocks.reminders += 1
        if self.script.reminder:
            self._say(self.script.reminder)

    def _say(self, phrase: Phrase) -> None:
        self._go(State.ANSWERING)
        self._replies.say(phrase, self._now_ms)

    @rule(was.HungUp)
    def _close(self, _: was.HungUp | None = None) -> None:
        self._replies.drop_speculation()
        self._replies.stop()
        self._cancel_owed()
        self._end_utterance()
        self._go(State.CLOSED)
