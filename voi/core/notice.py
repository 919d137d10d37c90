"""What the agent has to say at its first words: that it is an AI, that the conversation is recorded. It stays owed
until the person has heard it to its end, and comes before whatever the agent says next."""

from dataclasses import replace

from voi.dialogue import Phrase


class Notice:
    """The notice of one conversation. `phrase` None: nothing has to be said."""

    __slots__ = ("_failed", "_owed", "phrase", "reply", "then")

    def __init__(self, phrase: Phrase | None) -> None:
        self.phrase = phrase
        self.reply = 0
        """Number of the newest reply that says it; 0: none did."""
        self.then: Phrase | None = None
        """Said once that was heard, unless the person spoke meanwhile."""
        self._owed = False
        self._failed = False
        """No voice could say it just now. What waits for it is said without it; the next answer tries again."""

    @property
    def due(self) -> Phrase | None:
        """To be said before anything else; None: nothing."""
        return self.phrase if self._owed and not self._failed else None

    @property
    def owed(self) -> bool:
        """True if the person has not heard it to its end yet."""
        return self._owed and self.phrase is not None

    def ahead_of(self, phrase: Phrase) -> Phrase:
        """The phrase, with the notice as its beginning if that is due."""
        notice = self.due
        return phrase if notice is None else replace(phrase, text=f"{notice.text} {phrase.text}", file=None)

    def owe(self) -> None:
        """It has to be said, or said again: the conversation begins, or they did not hear its end."""
        self._owed = True

    def begins(self, reply: int, then: Phrase | None) -> None:
        """The reply of that number says it, and `then` follows."""
        self.reply, self.then = reply, then

    def try_again(self) -> None:
        """A voice may be able to say it again: another answer begins."""
        self._failed = False

    def failed(self, reply: int) -> None:
        """That reply failed. If it was to say the notice, what follows is said without it."""
        self._failed |= reply == self.reply

    def heard(self, reply: int) -> bool:
        """That reply was heard to its end. True if it said the notice."""
        if not self.reply or reply != self.reply:
            return False
        self._owed = False
        return True
