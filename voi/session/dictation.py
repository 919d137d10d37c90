"""What the person dictates in one conversation, in words or with the keys of a telephone."""

from collections.abc import Callable, Sequence

from voi.core import facts as was
from voi.core.facts import Fact
from voi.core.history import History
from voi.session.current_agent import CurrentAgent
from voi.session.key_menu import KeyMenu, KeyMenuCall
from voi.session.keys import KeyEntry, keys_said, without_keys
from voi.session.line import Line
from voi.tasks import Tasks
from voi.tools.base import Hands
from voi.tools.captures import CapturedValue, Captures, NewestWords


class ConversationDictation:
    """`tell` takes the facts that follow. `history`: what was said. `line`: has the door, which may be a telephone.
    `current`: the agent that talks. `call` and `hands`: what a key of its menu may do. `before`: what was taken down
    before the call moved here.

    Its parts are given functions and not its methods: a circle of references would keep the whole conversation until
    the garbage collector comes.
    """

    __slots__ = ("_entry", "_line", "_menu", "_tell", "captures")

    def __init__(
        self,
        tell: Callable[[Fact], None],
        history: History,
        line: Line,
        current: CurrentAgent,
        call: KeyMenuCall,
        hands: Hands,
        tasks: Tasks,
        before: Sequence[CapturedValue] = (),
    ) -> None:
        def asks(said: str) -> None:
            tell(was.TextTyped(said))
            tell(was.AnswerAsked())

        self._tell = tell
        self._line = line
        self.captures = captures = Captures(
            lambda: _newest_words(history),
            lambda kind: tell(was.AnswerExpected(kind)),
            lambda: _on_telephone(line),
            before=before,
        )
        self._entry = KeyEntry(
            captures.keys_suffice, lambda digits: asks(keys_said(captures.keys(digits) or " ".join(digits)))
        )
        self._menu = KeyMenu(lambda: current.agent, lambda: _newest_reply(history), tell, asks, call, hands, tasks)

    def press(self, key: str) -> None:
        """The person pressed a key of their telephone: 0-9, *, # or A-D; anything else is ignored. It stops the agent,
        and does what its author says (`KeyMenu`). Other keys, and all while something is dictated, are gathered until
        #, a pause, or until what is dictated is whole; * begins again."""
        entering = self._entry.begun or self.captures.awaits_keys or not _on_telephone(self._line)
        if entering or not self._menu.press(key):
            self._tell(was.Interrupted(None))
            self._entry.press(key)

    def close(self) -> None:
        """The conversation is over."""
        self._entry.close()


def _on_telephone(line: Line) -> bool:
    return line.door is not None and line.door.kind == "telephone"


def _newest_reply(history: History) -> str:
    said = history.newest("assistant")
    return said.text if said else ""


def _newest_words(history: History) -> NewestWords:
    said = history.newest("user")
    return NewestWords(said.message_id, without_keys(said.text)) if said else NewestWords()
