"""A tiny make-believe shell round the core: carries out actions, keeps the books, checks the promises as it goes."""

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action, Status
from voi.core.conversation import Conversation
from voi.core.facts import Fact
from voi.core.late_words import LATE_MAX
from voi.core.replies import CLOCK_AHEAD_MS
from voi.core.script import Script
from voi.core.state import State

WINDOW_MS = 32


class World:
    """Drives one Conversation. `now_ms` moves only when told to; deadlines are served on the way. `instant`: the first
    sound of a muted reply is there at once."""

    def __init__(self, script: Script | None = None, *, greet: bool = False, instant: bool = True) -> None:
        self.instant = instant
        self.core = Conversation(script or Script())
        self.now_ms = 0
        self.log: list[Action] = []
        self.started: dict[int, do.StartReply | do.SayPhrase] = {}
        self.released: dict[int, int] = {}
        self.stopped: set[int] = set()
        self.ended: set[int] = set()
        self.played_ms: dict[int, int] = {}
        self.shown: dict[int, do.Show] = {}
        self.owed = 0
        self.hung_up: str | None = None
        self.audible: int | None = None
        self.listening: int | None = None
        self.ducked: dict[int, do.DuckLevel] = {}
        self.voiced: set[tuple[int, int]] = set()
        """Pieces whose sound is known, by reply; each lies at its number's second."""
        self.believable_ms: dict[int, int] = {}
        """How much of a stopped reply anybody can have heard."""
        self.called: set[tuple[int, str]] = set()
        self.ran: set[tuple[int, str]] = set()
        self.cancelled: set[tuple[int, str]] = set()
        self.written: set[int] = set()
        self.worded: set[int] = set()
        """Replies with words of their own."""
        self.told_late = False
        """In this turn."""
        self.late: dict[int, int] = {}
        """Utterances that ended before their transcript came, with the pause that it is of."""
        self.tell(was.Opened(greet))

    # ---- driving --------------------------------------------------------------------------------

    def tell(self, *facts: Fact) -> list[Action]:
        out: list[Action] = []
        queue = list(facts)
        while queue:
            fact = queue.pop(0)
            if isinstance(fact, was.ToolCalled):
                self.called.add((fact.reply, fact.call_id))
            elif isinstance(fact, was.ReplyWritten):
                self.written.add(fact.reply)
            elif isinstance(fact, was.ReplyText) and fact.text and fact.reply in self.started:
                self.worded.add(fact.reply)
            elif isinstance(fact, was.AnswerAsked):
                self.told_late = False
            if isinstance(fact, was.Heard) and self.late.get(fact.utterance) == fact.pause:
                del self.late[fact.utterance]  # a transcript comes once
            actions = self.core.handle(fact, self.now_ms)
            for action in actions:
                out.append(action)
                queue += self._carry_out(action)
            self._check_tools_of_history()
            for show in actions:
                if isinstance(show, do.Show) and show.role == "assistant":
                    brought = show.message_id < 0
                    assert brought or show.message_id in self.released.values(), "a muted reply is shown"
                    if any(self.released.get(reply) == show.message_id for reply in self.worded):
                        self.told_late = False  # it was answered
        self.log += out
        return out

    def pass_time(self, ms: int) -> None:
        end_ms = self.now_ms + ms
        served = 0
        while (due_ms := self.core.deadline_ms) is not None and due_ms <= end_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.tell(was.DeadlinePassed())
            served += 1
            assert served < 200, f"deadlines without end in {self.core.state}"
        self.now_ms = end_ms

    def speak(self, ms: int) -> None:
        """The person speaks for that long, from now."""
        self.tell(was.UserStarted(self.now_ms))
        for speech_ms in range(WINDOW_MS, ms + 1, WINDOW_MS):
            self.pass_time(WINDOW_MS)
            self.tell(was.SpeechGrew(speech_ms))

    def quiet(self, ms: int, start_ms: int = 0) -> None:
        """The person is quiet until `ms` after they last spoke; `start_ms` of it have been told already."""
        for quiet_ms in range(start_ms + WINDOW_MS, ms + 1, WINDOW_MS):
            self.pass_time(WINDOW_MS)
            self.tell(was.QuietGrew(quiet_ms))

    def say(self, text: str, *, quiet_ms: int = 2_500, speech_ms: int = 640) -> None:
        """A whole turn: speech, its transcript in the pause, silence."""
        self.speak(speech_ms)
        self.quiet(96)
        self.hear(text)
        self.quiet(quiet_ms, 96)

    def hear(self, text: str) -> None:
        """The transcript that was asked for last arrives."""
        ask = self.last(do.Transcribe)
        self.tell(was.Heard(ask.utterance, text, ask.pause))

    def reply_with(self, *pieces: str, reply: int | None = None, ms_each: int = 1_000, play: bool = True) -> int:
        """The newest reply is written and voiced; with `play` its sound has begun."""
        number = reply or self.last(do.StartReply).reply
        for index, text in enumerate(pieces):
            self.tell(was.ReplyText(number, index, text), was.PieceVoiced(number, index, index * ms_each, ms_each))
        if play:
            self.tell(was.PlaybackStarted(number))
        self.tell(was.ReplyWritten(number))
        return number

    def last(self, kind: type) -> Action:
        return next(action for action in reversed(self.log) if isinstance(action, kind))

    def said(self, *kinds: type) -> list[Action]:
        return [action for action in self.log if isinstance(action, kinds)]

    def statuses(self) -> list[Status]:
        return [action.status for action in self.log if isinstance(action, do.SendStatus)]

    # ---- carrying out, and the promises ------------------------------------------------------------

    def _carry_out(self, action: Action) -> list[Fact]:  # noqa: C901  # one case for each action
        match action:
            case do.StartReply(reply=reply) | do.SayPhrase(reply=reply):
                assert reply not in self.started, "a reply number is used twice"
                self.started[reply] = action
                if self.instant and isinstance(action, do.StartReply) and action.muted:
                    return [was.ReplySounded(reply)]
            case do.Release(reply=reply, message_id=message_id):
                assert reply in self.started
                assert reply not in self.stopped, "a stopped reply is released"
                assert self.audible in (None, *self.stopped, *self.ended), "a second answer on top of the first"
                assert message_id not in self.released.values(), "two speeches under one id"
                self.released[reply] = message_id
                self.audible = reply
            case do.SayAhead(reply=reply):
                assert reply in self.started
                assert reply not in self.stopped | self.ended, "it is said for a reply that is over"
                assert reply == max(self.started), "it is said for a reply that nobody waits for"
                assert reply not in self.worded, "it is said though the words are there"
                assert self.core.state in (State.PAUSED, State.ANSWERING), "it is said over the person"
                assert not self.told_late, "it is said twice in a turn"
                self.told_late = True
            case do.RunTool(reply=reply, call_id=call_id, name=name):
                safe = any(rule.name == name and rule.safe for rule in self.core.script.tools)
                assert reply in self.released or safe, "a tool runs for a reply that nobody may hear"
                assert reply not in self.stopped, "a tool runs for a stopped reply"
                assert (reply, call_id) in self.called, "a tool runs that was not called"
                assert reply in self.written, "a tool runs for half a reply"
                assert (reply, call_id) not in self.ran, "a tool runs twice"
                self.ran.add((reply, call_id))
            case do.CancelTool(reply=reply, call_id=call_id):
                assert (reply, call_id) in self.ran - self.cancelled, "a tool is cancelled that does not run"
                self.cancelled.add((reply, call_id))
            case do.Listen(utterance=utterance):
                assert self.listening is None, "two utterances are heard at once"
                self.listening = utterance
            case do.EndUtterance(utterance=utterance, late=late):
                assert self.listening == utterance, "an utterance ends that is not heard"
                self.listening = None
                if late:
                    ask = next(ask for ask in reversed(self.log) if isinstance(ask, do.Transcribe))
                    assert ask.utterance == utterance, "a transcript is awaited that was not asked for"
                    self.late[utterance] = ask.pause
                    if len(self.late) > LATE_MAX:
                        del self.late[next(iter(self.late))]
            case (
                do.Transcribe(utterance=utterance)
                | do.TranscribeNow(utterance=utterance)
                | do.JudgeTurn(utterance=utterance)
                | do.JudgeVoice(utterance=utterance)
            ):
                assert self.listening == utterance, "words are asked for of an utterance that is over"
            case do.Stop(reply=reply):
                assert reply in self.started
                assert reply not in self.stopped, "stopped twice"
                self.stopped.add(reply)
                self.ducked.pop(reply, None)
                if reply in self.released:
                    played_ms = self.played_ms.get(reply, 0)
                    self.believable_ms[self.released[reply]] = played_ms + CLOCK_AHEAD_MS
                    return [was.ReplyStopped(reply, played_ms)]
            case do.Duck(reply=reply, level=level):
                assert reply == self.audible
                assert reply not in self.stopped | self.ended
                assert self.ducked.get(reply) not in ("deep", level), "lowered twice"
                self.ducked[reply] = level
            case do.Resume(reply=reply):
                assert reply == self.audible
                assert reply in self.ducked
                del self.ducked[reply]
            case do.SendStatus(status=Status.RESPONSE_CREATED):
                self.owed += 1
                assert self.owed == 1, "a second response_created before the first one's end"
            case do.SendStatus(status=Status.RESPONSE_DONE | Status.RESPONSE_CANCELLED):
                self.owed -= 1
                assert self.owed == 0, "a terminal status that nobody asked for"
            case do.Show(message_id=message_id):
                self.shown[message_id] = action
            case do.ReportError():
                self.told_late = False
            case do.HangUp(reason=reason):
                self.hung_up = reason
        return []

    def _check_tools_of_history(self) -> None:
        messages = self.core.history.messages()
        for at, message in enumerate(messages):
            if message.tool_calls:
                results = messages[at + 1].tool_results
                assert [call.call_id for call in message.tool_calls] == [result.call_id for result in results]

    def played(self, reply: int) -> None:
        if reply not in self.stopped:
            self.ended.add(reply)
            self.ducked.pop(reply, None)
        self.tell(was.ReplyPlayed(reply))

    def check_settled(self) -> None:
        """Nothing pending: liveness."""
        assert self.core.state in (State.IDLE, State.CLOSED)
        assert self.owed == 0
        assert self.listening is None
        assert not self.ducked, "a reply is held for ever"
        assert not [a for a in self.started if a not in self.released and a not in self.stopped], (
            "speculation left over"
        )
