"""The floor: whether the agent may speak yet, and the phrase that it is to say as soon as the person has finished.

A call that Voi makes holds the agent back until it is known who took it. What a person says meanwhile is taken down,
and an answer may be made, but nothing is said but a phrase that was asked for.
"""

from voi.dialogue import Phrase


class Floor:
    """The agent's floor in one conversation."""

    __slots__ = ("held_back", "phrase")

    def __init__(self, *, held_back: bool) -> None:
        self.held_back = held_back
        """Nothing is said or answered yet."""
        self.phrase: Phrase | None = None
        """Said when the person has finished, in place of an answer."""

    @property
    def silent(self) -> bool:
        """True if nothing may be said at the moment."""
        return self.held_back and self.phrase is None

    def give(self) -> bool:
        """The agent may speak. False if it might already."""
        was_held, self.held_back = self.held_back, False
        return was_held

    def take(self) -> None:
        """The agent is held back, and says no phrase either."""
        self.held_back, self.phrase = True, None

    def take_phrase(self) -> Phrase | None:
        """The phrase is said now, once; None: none was asked for."""
        phrase, self.phrase = self.phrase, None
        return phrase
