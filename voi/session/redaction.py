"""Removes from facts and actions what an agent's author does not want to be kept, once, before the log, recordings, the
store and traces get them.

The conversation itself, its language model and its client still get all words. Replaying a redacted journal may give
other decisions, because the original ones were made with the words that it lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from voi.config.agents import Agent
from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.facts import Fact
from voi.dialogue import Message, SpokenWord, ToolCall
from voi.text.redact import NUMBER_DIGITS_MIN, TextRedactor
from voi.tools.arguments import without

_WORDS = frozenset({"text", "message", "error", "arguments", "result", "summary", "own_summary"})
"""Fields of facts, actions and the objects in them whose text holds what was said."""
_PICTURES = frozenset({"url", "image_urls"})
PICTURE = "[picture]"
"""Replaces a picture's address, which may hold the picture itself."""


class Redaction:
    """Redacts steps of one conversation. `redactor`: what it removes from texts; None: nothing. `private`: by the name
    of a tool, arguments of it that it removes."""

    def __init__(self, redactor: TextRedactor | None, private: Mapping[str, frozenset[str]] | None = None) -> None:
        self._redactor = redactor
        self._private = private or {}

    @property
    def hides_words(self) -> bool:
        """True if it removes something that people said, so that their sound is not kept either."""
        return self._redactor is not None

    def text(self, text: str, *, fragment: bool = False) -> str:
        return text if self._redactor is None else self._redactor(text, fragment=fragment)

    def messages(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Messages of a dialogue, redacted, without their pictures' addresses."""
        return tuple(self._of(message, fragment=False) for message in messages)

    def arguments(self, tool: str, written: str) -> str:
        """Arguments of a call of that tool: JSON as the model wrote it, without the private ones, redacted."""
        return self.text(without(written, self._private.get(tool, frozenset())))

    def step(self, fact: Fact, actions: Sequence[Action]) -> tuple[Fact, tuple[Action, ...]]:
        """The same step, redacted. Texts that may continue are treated as fragments."""
        return self._of(fact, fragment=True), tuple(self._action(action) for action in actions)

    def _action(self, action: Action) -> Action:
        if isinstance(action, do.SayPhrase | do.SayAhead):
            return action  # its author's words
        shown: Action = self._of(action, fragment=not (isinstance(action, do.Show) and action.final))
        if isinstance(shown, do.Show) and isinstance(action, do.Show) and shown.text != action.text:
            return replace(shown, narrated=())  # places in the text that was
        return shown

    def _of(self, thing: Any, *, fragment: bool) -> Any:
        if isinstance(thing, was.ToolCalled | do.RunTool | ToolCall) and (private := self._private.get(thing.name)):
            thing = replace(thing, arguments=without(thing.arguments, private))
        changes: dict[str, Any] = {}
        for name in _names(thing):
            value = getattr(thing, name)
            seen = self._value(name, value, fragment=fragment)
            if seen != value:
                changes[name] = seen
        if isinstance(thing, was.PieceVoiced):
            changes["words"] = self._times(thing)
        return _changed(thing, changes) if changes else thing

    def _times(self, voiced: was.PieceVoiced) -> tuple[SpokenWord, ...]:
        """The times of the words; none if the words together contain something to be removed."""
        said = " ".join(word.text for word in voiced.words)
        return voiced.words if self.text(said, fragment=True) == said else ()

    def _value(self, name: str, value: Any, *, fragment: bool) -> Any:
        if isinstance(value, str):
            if name in _PICTURES and self.hides_words:
                return PICTURE
            return self.text(value, fragment=fragment) if name in _WORDS else value
        if isinstance(value, tuple):
            return tuple(self._value(name, item, fragment=fragment) for item in value)
        return self._of(value, fragment=fragment) if is_dataclass(value) else value


def _names(thing: Any) -> tuple[str, ...]:
    kind: Any = type(thing)
    return _fields_of(kind)


@cache
def _fields_of(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _changed(thing: Any, changes: dict[str, Any]) -> Any:
    given = {name: getattr(thing, name) for name in _names(thing)} | changes
    return type(thing)(**given)


def redaction_of(
    agent: Agent, private: Mapping[str, frozenset[str]] | None = None, digits_min: int | None = None
) -> Redaction | None:
    """The agent's redaction; None if its author wants nothing removed. `private`: see `Redaction`. `digits_min`:
    shorter numbers stay; None: as the agent says."""
    wanted = agent.redacted
    if not wanted:
        return Redaction(None, private) if private else None
    redactor = TextRedactor(
        numbers=wanted.numbers, cards=wanted.cards, emails=wanted.emails, names=wanted.names,
        languages=(agent.language or "en", *agent.dictated_languages),
        digits_min=digits_min or agent.redacted_digits_min or NUMBER_DIGITS_MIN,
    )  # fmt: skip
    return Redaction(redactor, private)
