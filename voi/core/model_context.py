"""What the agent's model is shown: the prompt with its notes, and the dialogue, or what a client gives in its place."""

from collections.abc import Collection

from voi.core.condensing import Condensing
from voi.core.facts import ReplyAsked
from voi.core.history import History
from voi.core.prompt_notes import with_notes
from voi.core.script import Script
from voi.dialogue import Message


class ModelContext:
    """For one conversation."""

    __slots__ = ("_condensing", "_given", "_given_to", "_history", "_note", "_recalled", "_script")

    def __init__(self, history: History, condensing: Condensing, script: Script) -> None:
        self._history = history
        self._condensing = condensing
        self._script = script
        self._recalled = ""
        """What is known of the person from earlier conversations."""
        self._note = ""
        """For the reply that a client asked for."""
        self._given: tuple[Message, ...] | None = None
        """What that reply's model is shown in place of the messages `_given_to`; None: nothing."""
        self._given_to: frozenset[int] = frozenset()

    def follow(self, script: Script) -> None:
        """Use that script's prompt and limits from now on."""
        self._script = script
        self._condensing.follow(script)

    def recall(self, text: str) -> bool:
        """This is known of the person, in place of what was known before. False if it is the same."""
        known, self._recalled = self._recalled, text
        return text != known

    def ask_with(self, fact: ReplyAsked) -> None:
        """From now on the model is shown what the client asked for a reply with."""
        self._note, self._given = fact.instructions, fact.given
        self._given_to = frozenset(entry.message_id for entry in self._history)

    def ask_as_usual(self) -> None:
        """The client's own note and messages count no more."""
        self._note, self._given = "", None

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The agent's prompt, with all notes at the end of its system message."""
        return with_notes(self._script.prompt, (self._recalled, *self._condensing.notes, self._note))

    def request(self, *said: Message) -> tuple[Message, ...]:
        """The messages for the agent's model. `said`: what the person says now, which is not in the history yet."""
        if self._given is not None:
            since = (entry for entry in self._history if entry.message_id not in self._given_to)
            return (*self.prompt, *self._given, *self._history.messages_of(since), *said)
        return self._condensing.request(self.prompt, said)

    def condense(self, running: Collection[int]) -> None:
        """Nobody speaks, and no answer is being made: keep the dialogue within the model's context. `running`: messages
        whose tools still run."""
        self._condensing.between_turns(self.prompt, running)
