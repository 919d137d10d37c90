"""What happened in a conversation, as an observer saw it: the material that expectations are held against."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action, Status
from voi.core.end_reason import EndReason
from voi.core.facts import Fact
from voi.core.script import Script
from voi.dialogue import Message, Voice
from voi.scenarios.model import Happening
from voi.session.failure import Failure
from voi.session.latency import TurnTimes
from voi.session.observer import Observer

EVENTS_MAX = 100_000
"""Of a conversation that never ends, no more events are kept."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened at `at_ms` of the conversation. `detail`: more of it, for people."""

    at_ms: int
    kind: Happening
    detail: str = ""


@dataclass(slots=True)
class AgentSaid:
    """A message of the agent. `kind`: "answer", "goes_on" for what is said to the results of tools, or which fixed
    phrase it is. `shown`: its text as clients see it, which is cut to what was heard when it was interrupted."""

    at_ms: int
    reply: int
    kind: str
    pieces: dict[int, was.ReplyText] = field(default_factory=dict)
    shown: str = ""

    @property
    def text(self) -> str:
        return self.shown or " ".join(piece.text.strip() for piece in self._texts())

    def parts(self) -> list[was.ReplyText]:
        """The pieces that were written, in order."""
        return [piece for piece in self._texts() if piece.text.strip()]

    def speakers(self) -> list[Voice]:
        return [piece.voice for piece in self.parts() if piece.spoken]

    def tones(self) -> list[str]:
        return [piece.tone for piece in self.parts() if piece.spoken and piece.voice == "character"]

    def _texts(self) -> list[was.ReplyText]:
        return [self.pieces[number] for number in sorted(self.pieces)]


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call that was carried out. `arguments`: as parsed, or the text itself where it is not JSON."""

    at_ms: int
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Understood:
    """A message of the person, as the agent understood it. A later one of the same id replaces it. `change`: counts
    what was understood."""

    at_ms: int
    message_id: int
    text: str
    change: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a trace. What came after it, and what went on then, belongs to the step that began there."""

    at_ms: int = 0
    said: int = 0
    called: int = 0
    events: int = 0
    turns: int = 0
    heard: int = 0


class Trace(Observer):
    """Looks on at one conversation. `on_step` is called when something happened that a waiting person may care for."""

    def __init__(self, giveup: Sequence[str] = (), on_step: Callable[[], None] = lambda: None) -> None:
        self.said: list[AgentSaid] = []
        """Messages of the agent, in the order in which they were released."""
        self.heard: list[Understood] = []
        self.called: list[Called] = []
        self.events: list[Happened] = []
        self.turns: list[TurnTimes] = []
        self.asked: list[tuple[Message, ...]] = []
        """What the model was shown, request by request."""
        self.ended: EndReason | None = None
        self.faults: list[str] = []
        """What is wrong with the scenario itself, found out while it ran."""
        self.now_ms = 0
        self.playing: int | None = None
        """The reply that can be heard at the moment."""
        self.tools_running = 0
        self._giveup = frozenset(text for each in giveup if (text := " ".join(each.split())))
        self._on_step = on_step
        self._kinds: dict[int, str] = {}
        self._written: dict[int, dict[int, was.ReplyText]] = {}
        self._by_reply: dict[int, AgentSaid] = {}
        self._by_message: dict[int, AgentSaid] = {}
        self._phrases: dict[str, Happening] = {}
        self._changes = 0

    # ---- as an observer -----------------------------------------------------------------------------

    def begin(self, script: Script) -> None:
        named: tuple[tuple[Happening, Any], ...] = (
            ("disclosure", script.notice), ("greeting", script.greeting), ("reminder", script.reminder),
            ("apology", script.apology), ("goodbye", script.goodbye),
        )  # fmt: skip
        self._phrases = {phrase.text: name for name, phrase in named if phrase is not None}

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        self.now_ms = now_ms
        self._fact(fact)
        for action in actions:
            self._action(action)
        self._on_step()

    def turn(self, times: TurnTimes) -> None:
        self.turns.append(times)

    def failure(self, failure: Failure) -> None:
        self.note("failure", f"{failure.kind}: {failure}")

    # ---- what others note ---------------------------------------------------------------------------

    def note(self, kind: Happening, detail: str = "") -> None:
        if len(self.events) < EVENTS_MAX:
            self.events.append(Happened(self.now_ms, kind, detail))

    def mark(self) -> Mark:
        return Mark(self.now_ms, len(self.said), len(self.called), len(self.events), len(self.turns), self._changes)

    # ---- facts and actions --------------------------------------------------------------------------

    def _fact(self, fact: Fact) -> None:
        match fact:
            case was.ReplyText():
                self._piece(fact)
            case was.ToolReturned():
                self.tools_running = max(0, self.tools_running - 1)
            case was.PlaybackStarted():
                self.playing = fact.reply
            case was.ReplyPlayed() | was.ReplyStopped():
                self.playing = None if self.playing == fact.reply else self.playing
                self._written.pop(fact.reply, None)
            case was.HungUp():
                self.ended = self.ended or EndReason.CLIENT_HUNG_UP

    def _piece(self, fact: was.ReplyText) -> None:
        written = self._written.setdefault(fact.reply, {})
        if fact.text:
            written[fact.piece] = fact
            said = " ".join(written[number].text.strip() for number in sorted(written))
            if given_up := next((text for text in self._giveup if said.endswith(text)), ""):
                self.note("gave_up", given_up)
        elif (gone := written.pop(fact.piece, None)) and fact.reply in self._by_reply:
            self.note("denial", f"{gone.text.strip()!r} was withdrawn")

    def _action(self, action: Action) -> None:
        match action:
            case do.StartReply() if action.messages and action.messages[-1].tool_results:
                self._kinds[action.reply] = "goes_on"
            case do.SayPhrase():
                self._kinds[action.reply] = self._phrases.get(action.text, "phrase")
            case do.SayAhead():
                self.note("late_phrase", action.text)
            case do.Release():
                self._released(action)
            case do.Show(role="user"):
                self._understood(action)
            case do.Show():
                if said := self._by_message.get(action.message_id):
                    said.shown = action.text
            case do.RunTool():
                self.tools_running += 1
                self.called.append(Called(self.now_ms, action.name, _parsed(action.arguments)))
                self.note("call", f"{action.name} {action.arguments}")
            case do.NoteBackchannel():
                self.note("backchannel", action.text)
            case do.SendStatus(Status.USER_INTERRUPT):
                self.note("interruption")
            case do.ReportError():
                self.note("error", action.error)
            case do.HangUp():
                self.ended = action.reason
                self.note("hang_up", action.reason)

    def _released(self, action: do.Release) -> None:
        kind = self._kinds.pop(action.reply, "answer")
        said = AgentSaid(self.now_ms, action.reply, kind, self._written.setdefault(action.reply, {}))
        self.said.append(said)
        self._by_reply[action.reply] = self._by_message[action.message_id] = said
        for name in ("greeting", "disclosure", "reminder", "apology", "goodbye"):
            if kind == name:
                self.note(name)

    def _understood(self, action: do.Show) -> None:
        self._changes += 1
        if self.heard and self.heard[-1].message_id == action.message_id:
            self.heard[-1] = Understood(self.heard[-1].at_ms, action.message_id, action.text, self._changes)
        else:
            self.heard.append(Understood(self.now_ms, action.message_id, action.text, self._changes))


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments
