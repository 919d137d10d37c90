"""Notes when each step of a turn happened, as facts, actions and the brain's reports pass the session."""

from collections.abc import Callable

from voi.core import facts as was
from voi.core.facts import Fact
from voi.session.latency import Latency, TurnTimes

MARKED = frozenset({was.QuietGrew, was.AnswerAsked, was.Heard, was.PlaybackStarted, was.ReplyPlayed, was.ReplyStopped})
"""The facts that a moment is noted of."""


class TurnMarks:
    """The moments of one conversation's turns. `now_ms`: ms on the session's clock. `on_turn` is told the times of each
    turn, once, when its answer began to sound or ended without sound."""

    __slots__ = ("_latency", "_now_ms", "_on_turn")

    def __init__(self, now_ms: Callable[[], int], on_turn: Callable[[TurnTimes], None]) -> None:
        self._now_ms = now_ms
        self._on_turn = on_turn
        self._latency = Latency()

    def fact(self, fact: Fact, now_ms: int) -> None:
        """A fact of that moment is about to be handled."""
        match fact:
            case was.QuietGrew():
                self._latency.quiet(fact.quiet_ms, now_ms)
            case was.AnswerAsked():
                self._latency.asked(now_ms)
            case was.Heard() if fact.pause:
                self._latency.transcribed(now_ms)
            case was.PlaybackStarted():
                self._ends(fact.reply, now_ms)
            case was.ReplyPlayed() | was.ReplyStopped():
                self._ends(fact.reply, None)

    def started(self, reply: int, *, speculative: bool) -> None:
        """That reply is begun. `speculative`: before it is certain that the person has finished."""
        self._latency.started(reply, speculative=speculative)

    def speaks_ahead(self, reply: int) -> None:
        """Something is said ahead of its own words."""
        self._latency.speaks_ahead(reply)

    def released(self, reply: int) -> None:
        """It is the one that is heard."""
        self._latency.released(reply, self._now_ms())

    def token(self, reply: int) -> None:
        """The first text of it came."""
        self._latency.token(reply, self._now_ms())

    def sound(self, reply: int) -> None:
        """Sound of its own words came."""
        if not self._latency.awaits_sound(reply):
            return
        now_ms = self._now_ms()
        self._latency.sound(reply, now_ms)
        if self._latency.owes_sound(reply):
            self._ends(reply, now_ms)

    def _ends(self, reply: int, sent_ms: int | None) -> None:
        if times := self._latency.ended(reply, sent_ms):
            self._on_turn(times)
