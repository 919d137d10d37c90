"""When the person is told that their answer takes long: once in a turn, be it that the first words are late, that tools
run, or that the model reads what these returned."""

from voi.core.reply import Reply
from voi.core.script import Script
from voi.dialogue import Phrase


class LateAnswer:
    """The late phrase of one conversation. `phrase` None: nothing is ever said."""

    __slots__ = ("_after_ms", "_told_in_answer", "_told_in_turn", "phrase", "silent_since_ms")

    def __init__(self, script: Script) -> None:
        self.follow(script)
        self._told_in_turn = False
        self._told_in_answer = False
        self.silent_since_ms = 0
        """Since when nothing of the current answer is heard."""

    def follow(self, script: Script) -> None:
        """Say that script's phrase from now on."""
        self.phrase: Phrase | None = script.late_phrase
        self._after_ms = script.late_after_ms

    def due_ms(self, reply: Reply | None) -> int | None:
        """When to say it ahead of this answer, as wall time in ms; None: never."""
        if self.phrase is None or reply is None or reply.wanted_ms is None or reply.answers is None:
            return None
        told = self._told_in_answer if reply.goes_on else self._told_in_turn
        return reply.wanted_ms + self._after_ms if reply.is_silent and not told else None

    def due_while_tools_run_ms(self) -> int | None:
        """When to say it while nothing is said because tools run, as wall time in ms; None: never."""
        return None if self.phrase is None or self._told_in_answer else self.silent_since_ms + self._after_ms

    def take_phrase(self, *, tools_run: bool) -> Phrase | None:
        """The phrase, which is said now; None: there is none. `tools_run`: nothing is said because tools run."""
        self._told_in_answer = True
        self._told_in_turn |= not tools_run
        return self.phrase

    def answer_begins(self) -> None:
        """An answer was announced."""
        self._told_in_answer = self._told_in_turn

    def turn_begins(self) -> None:
        """The person may be told again: their turn was answered, or will not be."""
        self._told_in_turn = False
