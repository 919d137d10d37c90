"""Observes one call and reports it to the store's writer. Does no work of its own on the event loop."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.facts import Fact
from voi.core.script import Script
from voi.session.failure import Failure
from voi.session.latency import TurnTimes
from voi.session.lookups import LookedUp
from voi.session.observer import Observer
from voi.session.tool_use import ToolUse
from voi.store.entries import Began, Changed, Entry, FailureTold, LookupTold, ToolTold, TurnTaken, WordsShown

FAILURES_MAX = 1_000
"""Failures of one conversation that are kept."""
TOOLS_MAX = 1_000
"""Calls of tools in one conversation that are kept."""
LOOKUPS_MAX = 2_000
"""Searches of files in one conversation that are kept."""
ARGUMENTS_MAX = 10_000
"""Longest arguments of a call that are kept, in characters."""
WORDS_MAX = 100_000
"""Longest message that is kept, in characters."""


def now_ms() -> int:
    """Ms since 1970."""
    return time.time_ns() // 1_000_000


class CallObserver(Observer):
    """`words`: keep the transcript. `tell`: see `Writer.put`. `tells_ai`, `tells_recording`: what the script's notice
    says. `clock_ms`: ms since 1970."""

    passes_over = frozenset({was.SpeechGrew, was.QuietGrew})

    def __init__(
        self,
        began: Began,
        tell: Callable[[Entry], None],
        *,
        words: bool,
        tells_ai: bool = False,
        tells_recording: bool = False,
        clock_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._id = began.conversation_id
        self._began = began
        self._tell = tell
        self._words = words
        self._notice = {"told_ai": tells_ai, "told_recording": tells_recording}
        self._shown_ms: dict[int, int] = {}
        """When each message was first shown, by its id."""
        self._notice_text: str | None = None
        self._noticed: int | None = None
        """Number of the newest reply that says the notice, or its rest after a restart."""
        self._clock_ms = clock_ms
        self._answers = self._failures = self._tools = self._lookups = 0
        self._heard_ms = self._spoken_ms = self._written_characters = 0
        self._listening_ms: int | None = None
        self._now_ms = 0

    def begin(self, script: Script) -> None:
        self._notice_text = script.notice.text if script.notice else None
        self._tell(self._began)

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        self._now_ms = now_ms
        match fact:
            case was.ReplyText():
                self._written_characters += len(fact.text)
            case was.PieceVoiced():
                self._spoken_ms += fact.audio_ms
            case was.ReplyPlayed() if fact.reply == self._noticed and any(self._notice.values()):
                self._tell(Changed(self._id, dict(self._notice)))  # the notice was heard to its end
        for action in actions:
            match action:
                case do.SayPhrase() if action.text == self._notice_text:
                    self._noticed = action.reply
                case do.SayRest() if isinstance(fact, was.Continued) and fact.kept.reply_is_notice:
                    self._noticed = action.reply
                case do.Show() if self._words:
                    text = action.text[:WORDS_MAX]
                    at_ms = self._shown_ms.setdefault(action.message_id, now_ms)
                    self._tell(WordsShown(self._id, action.message_id, action.role, at_ms, text))
                case do.Listen():
                    self._listening_ms = now_ms
                case do.EndUtterance():
                    self._heard(now_ms)

    def _heard(self, now_ms: int) -> None:
        if self._listening_ms is not None:
            self._heard_ms += now_ms - self._listening_ms
            self._listening_ms = None

    def turn(self, times: TurnTimes) -> None:
        self._answers += 1
        self._tell(TurnTaken(self._id, times))

    def failure(self, failure: Failure) -> None:
        self._failures += 1
        if self._failures <= FAILURES_MAX:
            self._tell(FailureTold(self._id, self._failures, failure))

    def tool(self, use: ToolUse) -> None:
        self._tools += 1
        if self._tools <= TOOLS_MAX:
            kept = use.arguments[:ARGUMENTS_MAX] if self._words else ""
            self._tell(ToolTold(self._id, self._tools, self._now_ms, replace(use, arguments=kept)))

    def looked_up(self, lookup: LookedUp) -> None:
        if not lookup.sources:
            return
        self._lookups += 1
        if self._lookups <= LOOKUPS_MAX:
            kept = lookup.sources if self._words else ()
            self._tell(LookupTold(self._id, self._lookups, self._now_ms, replace(lookup, sources=kept)))

    async def close(self) -> None:
        self._heard(self._now_ms)
        values = {
            "ended_ms": self._clock_ms(), "answers": self._answers, "heard_ms": self._heard_ms,
            "spoken_ms": self._spoken_ms, "written_characters": self._written_characters,
        }  # fmt: skip
        self._tell(Changed(self._id, values))
