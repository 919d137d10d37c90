"""Keeps the dialogue within the model's context: its oldest turns are replaced by a summary, between turns.

A turn is a message of the person with what the agent said and did until the next one. Only whole turns leave the
history, so a tool's call and result never part. What stays: the newest turns, turns whose tools still run, and the
newest turns with a tool's result that the newest turns still speak of (an order's number, say). A summary that comes
while somebody speaks waits until nobody does. If none can be had, the oldest turns are forgotten.
"""

import re
from collections.abc import Collection, Iterable

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.cutting import cut_to_fit
from voi.core.history import History, HistoryEntry
from voi.core.kept import Kept
from voi.core.prompt_notes import summary_note
from voi.core.script import Script
from voi.core.tokens import estimated_input
from voi.dialogue import Message

CONDENSE_AT = 0.6
"""A summary is asked for when a request would take this share of the context."""
CONDENSE_TO = 0.3
"""So many turns are condensed that the rest takes this share."""
WORTHWHILE = 0.1
"""Turns that take less than this share together are not worth a summary."""
FORGET_AT = 0.85
"""Without a summary, turns are forgotten down to this share."""
REFERRED_MAX = 3
"""How many older turns stay because of a tool's result that is still spoken of."""
NAME_CHARACTERS = range(4, 65)
_WORD = re.compile(r"[\w.:/@-]+")


class Condensing:
    """For one conversation. Actions are appended to `out`."""

    __slots__ = (
        "_asked", "_asked_ids", "_came", "_context", "_cut_at", "_failed_at", "_history", "_keep", "_out", "_seen",
        "_summarizes", "first_id", "own_summary", "summary",
    )  # fmt: skip

    def __init__(self, history: History, script: Script, out: list[Action]) -> None:
        self._history = history
        self._out = out
        self.summary = ""
        """Of what was condensed so far."""
        self.first_id = 0
        """Messages with lower ids were said on another day."""
        self.own_summary = ""
        """Of what was condensed of those since; only if there was another day."""
        self._asked = 0
        """Number of the newest summary that was asked for."""
        self._asked_ids: tuple[int, ...] = ()
        """The messages that the awaited summary is of; (): none is awaited."""
        self._came: was.Condensed | None = None
        self._failed_at = self._seen = self._cut_at = -1
        """The history's version when a summary failed, when it was last looked at, and when something was cut."""
        self.follow(script)

    def follow(self, script: Script) -> None:
        """Keep to that script's limits from now on."""
        self._context = script.context_tokens
        self._summarizes = script.condenses
        self._keep = script.keep_turns

    def take_up(self, kept: Kept) -> None:
        """Go on from there."""
        self.summary, self.first_id, self.own_summary = kept.summary, kept.first_id, kept.own_summary

    @property
    def notes(self) -> tuple[str, ...]:
        """For the prompt: the summary of what was condensed; empty if nothing was."""
        return (summary_note(self.summary),) if self.summary else ()

    # ---- requests ---------------------------------------------------------------------------------

    def request(self, prompt: tuple[Message, ...], said: tuple[Message, ...] = ()) -> tuple[Message, ...]:
        """The messages for the model: prompt, dialogue, and what is `said` now. While they are more than the context
        holds, they lack the oldest turns, and what is too long even alone is cut."""
        whole = (*prompt, *self._history.messages(), *said)
        if not self._context or estimated_input(whole) <= self._context:
            return whole
        turns = self._history.turns()
        stays = turns if said else turns[:-1]  # otherwise the newest turn is what is answered now
        left = self._context - estimated_input((*prompt, *said)) - sum(map(self._tokens, turns[len(stays) :]))
        first = len(stays)
        while first > 0 and (size := self._tokens(stays[first - 1])) <= left:
            left -= size
            first -= 1
        shown = (*self._history.messages_of(entry for turn in turns[first:] for entry in turn), *said)
        if left < 0:
            shown, left_out = cut_to_fit(shown, -left)
            if left_out and self._cut_at != self._history.version:
                self._cut_at = self._history.version
                self._out.append(do.NoteCut(left_out))
        return (*prompt, *shown)

    # ---- between turns ----------------------------------------------------------------------------

    def came(self, fact: was.Condensed) -> None:
        """A summary came, or failed."""
        if fact.condensing == self._asked and self._asked_ids:
            self._came = fact

    @property
    def due(self) -> bool:
        """Whether `between_turns` may have something to do."""
        return self._came is not None or (bool(self._context) and self._history.version != self._seen)

    def between_turns(self, prompt: tuple[Message, ...], running: Collection[int]) -> None:
        """Nobody speaks, and no answer is being made: the history may change. `running`: messages whose tools still
        run."""
        self._take_up()
        self._seen = self._history.version
        taken = estimated_input((*prompt, *self._history.messages()))
        if not self._context or taken <= CONDENSE_AT * self._context or self._asked_ids:
            return
        if self._summarizes and self._seen != self._failed_at:
            self._ask(self._chosen(taken, running))
        if not self._asked_ids and taken > FORGET_AT * self._context:
            self._forget(taken, running)

    def _take_up(self) -> None:
        fact, self._came = self._came, None
        if fact is None:
            return
        ids, self._asked_ids = self._asked_ids, ()
        if fact.summary:
            self._history.remove(ids)
            self.summary = fact.summary
            self.own_summary = fact.own_summary or self.own_summary
        else:
            self._failed_at = self._history.version

    def _ask(self, entries: list[HistoryEntry]) -> None:
        if self._tokens(entries) < WORTHWHILE * self._context:
            return
        self._asked += 1
        self._asked_ids = tuple(entry.message_id for entry in entries)
        messages = self._history.messages_of(entries, as_read=True)
        own_from = None
        if self.first_id:
            former = [entry for entry in entries if entry.message_id < self.first_id]
            own_from = len(self._history.messages_of(former, as_read=True))
        self._out.append(do.Condense(self._asked, self._asked_ids, messages, self.summary, own_from, self.own_summary))

    def _chosen(self, taken: int, running: Collection[int]) -> list[HistoryEntry]:
        """The entries to be condensed, the oldest first."""
        turns = self._history.turns()
        old, newest = turns[: -self._keep], turns[-self._keep :]
        spoken_of = _names_in([entry for turn in newest for entry in turn], spoken=True)
        referred = [turn for turn in reversed(old) if spoken_of & _names_in(turn, spoken=False)][:REFERRED_MAX]
        chosen: list[HistoryEntry] = []
        for turn in old:
            if taken <= CONDENSE_TO * self._context:
                break
            if turn not in referred and not _runs(turn, running):
                chosen += turn
                taken -= self._tokens(turn)
        return chosen

    def _forget(self, taken: int, running: Collection[int]) -> None:
        forgotten: list[int] = []
        for turn in self._history.turns()[:-1]:
            if taken <= FORGET_AT * self._context:
                break
            if not _runs(turn, running):
                taken -= self._tokens(turn)
                forgotten += [entry.message_id for entry in turn]
        if forgotten:
            self._history.remove(forgotten)
            self._seen = self._failed_at = self._history.version
            self._out.append(do.NoteForgotten(tuple(forgotten)))

    def _tokens(self, entries: Iterable[HistoryEntry]) -> int:
        return estimated_input(self._history.messages_of(entries))


def _runs(turn: list[HistoryEntry], running: Collection[int]) -> bool:
    return any(entry.message_id in running for entry in turn)


def _names_in(entries: Iterable[HistoryEntry], *, spoken: bool) -> set[str]:
    """What identifies something in the tools' arguments and results, and in what was `spoken`: words with a digit, such
    as A-4711 or 10:30."""
    texts = [entry.text for entry in entries] if spoken else []
    for entry in entries:
        texts += [call.arguments for call in entry.calls]
        texts += [result.text for result in entry.results]
    words = {word.strip(".:/-") for text in texts for word in _WORD.findall(text)}
    return {word for word in words if len(word) in NAME_CHARACTERS and any(map(str.isdigit, word))}
