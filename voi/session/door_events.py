"""Turns the conversation's facts and actions into events for the door about speech and words."""

from collections.abc import Callable
from typing import Any

from voi.core import actions as do
from voi.core import facts as was
from voi.core.facts import Fact
from voi.core.vad_edges import VadRules
from voi.session import events
from voi.session.events import AgentText
from voi.session.line import Line

PAUSE_MS = VadRules().pause_ms
"""Shorter quiet is not reported: a single unvoiced window can fall inside a word."""


class DoorEvents:
    """Tells the door of one line. Pieces of a reply that is not released are kept, and told on its release."""

    __slots__ = (
        "_line", "_pieces", "_released", "_speech_ends_ms", "_started_ms", "_user_message_id", "_user_text",
        "_voiced",
    )  # fmt: skip

    def __init__(self, line: Line) -> None:
        self._line = line
        self._started_ms: int | None = None
        """When the person's voice set in, on the audio clock; None while they are silent."""
        self._speech_ends_ms = 0
        self._pieces: dict[int, dict[int, was.ReplyText]] = {}
        """Kept pieces of the replies that are not released, by reply."""
        self._voiced: dict[int, dict[int, was.PieceVoiced]] = {}
        """When those pieces are heard."""
        self._released: dict[int, int] = {}
        """Message ids of the replies that are being played, by reply."""
        self._user_message_id: int | None = None
        self._user_text = ""

    def fact(self, fact: Fact) -> None:
        """Tell what follows from a fact. Call it before the conversation handles the fact."""
        tell = _TOLD.get(type(fact))
        if tell is not None:
            tell(self, fact)

    def _user_started(self, fact: was.UserStarted) -> None:
        self._started_ms = self._speech_ends_ms = fact.audio_ms
        self._line.now.tell(events.SpeechStarted(fact.audio_ms))

    def _speech_grew(self, fact: was.SpeechGrew) -> None:
        if self._started_ms is not None:
            self._speech_ends_ms = self._started_ms + fact.speech_ms

    def _quiet_grew(self, fact: was.QuietGrew) -> None:
        if self._started_ms is not None and fact.quiet_ms >= PAUSE_MS:
            self._speech_stopped()

    def _speech_stopped(self) -> None:
        self._started_ms = None
        self._line.now.tell(events.SpeechStopped(self._speech_ends_ms))

    def _reply_text(self, fact: was.ReplyText) -> None:
        if (message_id := self._released.get(fact.reply)) is not None:
            self._tell_piece(message_id, fact)
        elif (pieces := self._pieces.get(fact.reply)) is not None:
            if fact.text:
                pieces[fact.piece] = fact
            else:
                pieces.pop(fact.piece, None)

    def _tell_piece(self, message_id: int, fact: was.ReplyText) -> None:
        self._line.now.tell(AgentText(message_id, fact.piece, fact.text, fact.voice, fact.tone, fact.spoken))

    def _piece_voiced(self, fact: was.PieceVoiced) -> None:
        if (message_id := self._released.get(fact.reply)) is not None:
            self._tell_voiced(message_id, fact)
        elif (voiced := self._voiced.get(fact.reply)) is not None:
            voiced[fact.piece] = fact

    def _tell_voiced(self, message_id: int, fact: was.PieceVoiced) -> None:
        self._line.now.tell(events.AgentVoiced(message_id, fact.piece, fact.start_ms, fact.audio_ms, fact.words))

    def _reply_played(self, fact: was.ReplyPlayed) -> None:
        self.over(fact.reply)

    def show(self, action: do.Show) -> None:
        if action.role != "user":
            self._line.now.tell(events.AgentMessage(action.message_id, action.text, action.final, action.narrated))
            return
        seen = self._user_text if action.message_id == self._user_message_id else ""
        added = action.text[len(seen) :] if action.text.startswith(seen) else None
        self._user_message_id, self._user_text = action.message_id, action.text
        self._line.now.tell(events.UserMessage(action.message_id, action.text, action.image_urls, action.final, added))

    def started(self, reply: int) -> None:
        self._pieces[reply], self._voiced[reply] = {}, {}

    def released(self, reply: int, message_id: int) -> None:
        """The reply was released. Call it before its sound begins."""
        self._released[reply] = message_id
        for fact in self._pieces.pop(reply, {}).values():
            self._tell_piece(message_id, fact)
        for voiced in self._voiced.pop(reply, {}).values():
            self._tell_voiced(message_id, voiced)

    def over(self, reply: int) -> None:
        """The reply was stopped, or played: what it still makes is stale."""
        self._pieces.pop(reply, None)
        self._voiced.pop(reply, None)
        self._released.pop(reply, None)

    def utterance_ended(self) -> None:
        if self._started_ms is not None:
            self._speech_stopped()
        self._line.now.tell(events.TurnEnded())


_TOLD: dict[type[Fact], Callable[[DoorEvents, Any], None]] = {
    was.SpeechGrew: DoorEvents._speech_grew,
    was.QuietGrew: DoorEvents._quiet_grew,
    was.UserStarted: DoorEvents._user_started,
    was.ReplyText: DoorEvents._reply_text,
    was.PieceVoiced: DoorEvents._piece_voiced,
    was.ReplyPlayed: DoorEvents._reply_played,
}
"""What follows from a fact, by its type: there are ten facts a second for each caller."""
