"""Words that arrive after their turn: the transcript took so long that the turn was answered without it, or not at all.

The next answer still has to know them. So they are put into the message that they belong to: in the history, or in the
draft if the turn was not answered or none of its answer was heard. The turn gets no second answer. In a call, a person
who got neither an answer nor an apology does get an answer then.
"""

from dataclasses import dataclass

from voi.core.actions import Action, Show
from voi.core.draft import Draft
from voi.core.facts import Heard
from voi.core.history import History
from voi.core.script import Script
from voi.core.turn import Turn
from voi.core.words import continues

LATE_MAX = 4
"""How many turns' late words are awaited at once. Older turns keep what was transcribed in time."""


@dataclass(slots=True)
class _Awaited:
    pause: int
    draft: Draft
    """The message that the words belong to."""
    prefix: str
    """What precedes the words in that message."""
    text: str
    """The message as far as it was known."""


class LateWords:
    """The late words of one conversation. Show actions are appended to `out`."""

    __slots__ = ("_awaited", "_history", "_out", "_script")

    def __init__(self, history: History, script: Script, out: list[Action]) -> None:
        self._history = history
        self._script = script
        self._out = out
        self._awaited: dict[int, _Awaited] = {}

    def expect(self, turn: Turn, draft: Draft, text: str) -> None:
        """Note that the turn ends before its transcript arrived. `text`: the message as far as it is known."""
        self._awaited[turn.utterance] = _Awaited(turn.pause, draft, draft.prefix, text)
        if len(self._awaited) > LATE_MAX:
            del self._awaited[next(iter(self._awaited))]

    def heard(self, fact: Heard, draft: Draft) -> bool:
        """Put the words into their message, in the history or in the current `draft`. True if they were awaited and say
        something new."""
        awaited = self._awaited.get(fact.utterance)
        if awaited is None or fact.pause != awaited.pause:
            return False
        del self._awaited[fact.utterance]
        whole = f"{awaited.prefix} {fact.text}".strip()
        if not fact.text or whole == awaited.text:
            return False

        def corrected(text: str) -> str:
            return f"{whole} {text.removeprefix(awaited.text).strip()}".strip()

        message_id = awaited.draft.message_id
        if message_id == draft.message_id:  # both are None for a message that is not shown yet
            draft.prefix = corrected(draft.prefix)
            draft.unanswered |= self._script.mode == "call" and self._script.apology is None
        for utterance, later in self._awaited.items():
            if later.draft.message_id == message_id and utterance > fact.utterance:
                later.prefix, later.text = corrected(later.prefix), corrected(later.text)
        for entry in self._history:
            if entry.message_id == message_id:
                seen, entry.text = entry.text, corrected(entry.text)
                if self._script.final_stt_correction or continues(entry.text, seen):
                    self._out.append(Show(entry.message_id, "user", entry.text, entry.image_urls))
        return True
