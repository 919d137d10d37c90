"""The agent's replies: which one is wanted, how much of it was heard, and the fence that keeps stale facts out.

A reply is speculative (muted, perhaps never heard), released (the one the person hears), stopping (told to stop; how
much was heard is not known yet) or past. Facts that carry any other number are ignored.
"""

from collections.abc import Iterator
from dataclasses import replace

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action, Status
from voi.core.history import History, HistoryEntry
from voi.core.kept import KeptReply
from voi.core.late_answer import LateAnswer
from voi.core.ledger import Joined, Ledger, join
from voi.core.reply import Reply
from voi.core.script import Script
from voi.core.tools import Tools
from voi.dialogue import Message, Phrase, ToolCall

CUT_MARK = "..."
INTERRUPTED = "... (interrupted)"
"""What clients show at the end of a message that was cut short; existing clients look for it."""
CLOCK_AHEAD_MS = 500
"""Sound is sent less than this ahead of playback, so no client can have played more than this beyond our own clock."""
HELD_LAG_MAX_MS = 500
"""Limit on how far the client's count may lie behind our clock for a reply that was held. Holding a reply makes most
players run dry, after which they count from 0 again."""
QUESTION_END_MS = 1_000
"""People often begin to answer up to this long before a question ends."""
_QUESTION_MARKS = ("?", "？", "؟", '?"', "?”", "?*", "?)")
PAST_LEDGERS = 16
"""How many finished replies are kept, so that a late report from the client on what it played can still cut them."""

ReplyGrew = (
    was.ReplyText
    | was.PieceVoiced
    | was.ReplyThinking
    | was.ToolCalled
    | was.ReplySounded
    | was.PlaybackStarted
    | was.ReplyWritten
)


class Replies:
    """All replies of one conversation. Actions are appended to `out`; `message_ids` numbers the messages."""

    def __init__(
        self, history: History, tools: Tools, script: Script, out: list[Action], message_ids: Iterator[int]
    ) -> None:
        self.released: Reply | None = None
        self.speculation: Reply | None = None
        self.stopping: dict[int, Reply] = {}
        self._past: dict[int, Reply] = {}
        self._count = 0
        self._history = history
        self._tools = tools
        self._carried = False
        """RESPONSE_CREATED was sent for an answer that continues when its tools have returned."""
        self._rounds = 0
        """How often the current answer has called tools."""
        self._rounds_since_ms = 0
        self.late = LateAnswer(script)
        self.follow(script)
        self._timeout_ms = script.reply_timeout_ms
        self._lag_max_ms = script.playback_lag_max_ms
        self._out = out
        self._message_ids = message_ids

    def follow(self, script: Script) -> None:
        """Keep to that script's limits from now on."""
        self._rounds_max, self._tool_time_ms = script.tool_rounds_max, script.tool_time_ms
        self.late.follow(script)

    def may_call_tools(self, now_ms: int) -> bool:
        """True if the current answer has called tools less often, and for less time, than it may at most."""
        return self._rounds < self._rounds_max and (
            not self._rounds or now_ms - self._rounds_since_ms < self._tool_time_ms
        )

    def asks(self, now_ms: int) -> bool:
        """True while the end of a question is being played: "yes" is an answer then, and no backchannel."""
        reply = self.released
        if reply is None or not reply.written or reply.playing_since_ms is None or not reply.ledger.all_voiced:
            return False
        ends_ms = reply.playing_since_ms + reply.sound_ms
        return ends_ms - now_ms <= QUESTION_END_MS and reply.ledger.full_text().endswith(_QUESTION_MARKS)

    @property
    def asked_last(self) -> bool:
        """The last message is a question by the agent."""
        last = self._history.last
        return last is not None and last.role == "assistant" and last.text.endswith(_QUESTION_MARKS)

    @property
    def terminal_owed(self) -> bool:
        """An announced answer has still to be reported as done or cancelled."""
        return self._carried or (self.released is not None and self.released.announced)

    def waited_for(self, *, paused: bool) -> Reply | None:
        """The reply that the person waits for or hears. `paused`: it is being decided whether their turn has ended."""
        speculation = self.speculation
        return speculation if paused and speculation is not None and speculation.awaited else self.released

    def plays(self, message_id: int | None) -> bool:
        """True if the released reply has that message id. None: true if any released reply is being played."""
        reply = self.released
        if reply is None:
            return False
        return reply.playing_since_ms is not None if message_id is None else message_id == reply.message_id

    # ---- beginning --------------------------------------------------------------------------------

    def await_sound(self, reply: Reply, now_ms: int) -> None:
        """The turn that this speculative reply answers has ended: start its timeout."""
        if not reply.awaited:
            reply.awaited = True
            reply.wanted_ms = now_ms
            self._alive(reply, now_ms)

    def announce(self, reply: Reply, *, already: bool = False) -> None:
        """Tell the client that an answer begins. `already`: the client was told before."""
        self.cancel_carried()
        if not already:
            self._out.append(do.SendStatus(Status.RESPONSE_CREATED))
        reply.announced, self._rounds = True, 0
        self.late.answer_begins()
        self._tools.answer_begins()

    def cancel_carried(self, status: Status = Status.RESPONSE_CANCELLED) -> None:
        """Do not go on with an answer that was to continue after its tools. `status`: how it ended."""
        if self._carried:
            self._carried = False
            self._out.append(do.SendStatus(status))

    def carry(self, *, announced: bool) -> None:
        """An answer is to continue. `announced`: the client was told that it comes."""
        self._carried = announced

    def go_on(self, messages: tuple[Message, ...], now_ms: int) -> Reply:
        """Start a muted reply that continues the answer. `messages` hold what its tools returned."""
        reply = self.start("", messages, muted=True, tools=self.may_call_tools(now_ms))
        reply.goes_on = True
        return reply

    def announce_going_on(self, reply: Reply) -> None:
        """This reply continues the announced answer, or is announced as another one."""
        if self._carried:
            reply.wanted_ms = self.late.silent_since_ms
        else:
            self._out.append(do.SendStatus(Status.RESPONSE_CREATED))
        reply.announced, self._carried = True, False

    def start(self, answers: str, messages: tuple[Message, ...], *, muted: bool, tools: bool = True) -> Reply:
        """Have the model write a reply to `messages`. `answers`: the person's words that it answers; "": none.
        `muted`: it is speculative until it is released. `tools`: it may call tools."""
        reply = self._new(answers)
        reply.may_call = tools
        if muted:
            self.speculation = reply
        self._out.append(do.StartReply(reply.number, messages, muted, tools))
        return reply

    def postpone(self, reply: Reply) -> None:
        """The announced answer follows what is said before it."""
        reply.announced, reply.goes_on, self._carried = False, True, True

    def say(self, phrase: Phrase, now_ms: int, *, aside: bool = False) -> int:
        """Returns the number of the reply."""
        reply = self._new(None)
        reply.aside = aside
        self._out.append(do.SayPhrase(reply.number, phrase.text, phrase.tone, phrase.file))
        self.release(reply, now_ms)
        return reply.number

    def kept(self) -> KeptReply | None:
        """The newest reply, for the case that the person has not heard all of it; None if it was cut."""
        reply = self.released or next(reversed(self._past.values()), None)
        if reply is None or reply.message_id is None or reply.cut or reply.aside or reply.number in self.stopping:
            return None
        pieces = reply.ledger.pieces()
        return KeptReply(reply.message_id, pieces, reply.announced) if pieces else None

    def say_rest(self, kept: KeptReply, heard_ms: int | None, now_ms: int) -> int:
        """Say what was not heard of a kept reply, under its id. Returns the number of the reply; 0: nothing is left to
        be said."""
        ledger = Ledger.of(kept.pieces)
        heard = ledger.segments() if heard_ms is None else ledger.heard_segments(heard_ms)
        rest = ledger.rest(heard)
        if not rest:
            if kept.announced:
                self._out.append(do.SendStatus(Status.RESPONSE_DONE))
            return 0
        reply = self.released = self._new(None)
        reply.message_id, reply.announced = kept.message_id, kept.announced
        for number, segment in enumerate(heard, -len(heard)):
            reply.ledger.text(number, segment.text, False, segment.voice, segment.tone)
        self._alive(reply, now_ms)
        self._out += [do.SayRest(reply.number, rest), do.Release(reply.number, kept.message_id)]
        return reply.number

    def _new(self, answers: str | None) -> Reply:
        self._count += 1
        return Reply(self._count, answers)

    def release(self, reply: Reply, now_ms: int) -> None:
        """Make this the reply that the person hears."""
        if reply is self.speculation:
            self.speculation = None
        reply.message_id = next(self._message_ids)
        self.released = reply
        if not reply.aside:
            self._history.add(HistoryEntry(reply.message_id, "assistant", ""))
        if reply.wanted_ms is None:
            reply.wanted_ms = now_ms
        self.late.silent_since_ms = reply.wanted_ms
        if not _waits_for_words(reply):
            self._alive(reply, now_ms)
        self._show(reply)
        if reply.written:
            self._whole(reply)
        self._out.append(do.Release(reply.number, reply.message_id))  # clients want to know a speech before it sounds
        if reply.written:
            self._run_tools(reply, now_ms)

    def resume(self) -> None:
        """Resume the released reply after a hold."""
        if self.released:
            self.released.held = True
            self._out.append(do.Resume(self.released.number))

    # ---- an answer that is late -------------------------------------------------------------------

    def late_ms(self, reply: Reply | None, *, tools_run: bool) -> int | None:
        """When to tell the person that their answer takes long; None: never. `reply`: the one that they wait for.
        `tools_run`: there is none, and they wait for what tools return."""
        return self.late.due_while_tools_run_ms() if tools_run else self.late.due_ms(reply)

    def say_late(self, reply: Reply | None, now_ms: int) -> None:
        """Say the late phrase. It becomes the beginning of the reply's sound, so interruption, guard and clocks need no
        special case. While tools run there is no reply yet, and it is a phrase of its own."""
        if phrase := self.late.take_phrase(tools_run=reply is None):
            if reply is None:
                self.say(phrase, now_ms, aside=True)
                return
            reply.ahead = phrase.text
            self._out.append(do.SayAhead(reply.number, phrase.text, phrase.tone, phrase.file))
            self._show(reply)

    def fill(self, phrase: Phrase, now_ms: int) -> None:
        """Say a filler while tools run. It stands for the phrase that the answer takes long."""
        self.late.take_phrase(tools_run=True)
        self.say(phrase, now_ms, aside=True)

    def drop_unheard_aside(self) -> None:
        """What was to be said while tools run is not needed any more: drop it unless its sound has begun."""
        reply = self.released
        if reply is not None and reply.aside and reply.playing_since_ms is None:
            self.released = None
            self.stopping[reply.number] = reply
            self._out.append(do.Stop(reply.number))

    # ---- what becomes of it -----------------------------------------------------------------------

    def note(self, fact: ReplyGrew, now_ms: int) -> None:
        """Record the progress of the fact's reply, if it is the released or the speculative one. This is the fence:
        facts about other replies are dropped."""
        for reply in (self.released, self.speculation):
            if reply is not None and reply.number == fact.reply:
                break
        else:
            return
        match fact:
            case was.ReplyText():
                reply.ledger.text(fact.piece, fact.text, fact.spoken, fact.voice, fact.tone)
                if not fact.spoken:  # shown only; "": withdrawn, together with its sound
                    reply.sounded = bool(fact.text)
                self._show(reply)
            case was.ReplySounded():
                reply.sounded = True
            case was.PieceVoiced():
                reply.sound_ms = fact.start_ms + fact.audio_ms
                reply.ledger.voiced(fact.piece, fact.start_ms, fact.audio_ms, fact.words)
                reply.sounded |= fact.audio_ms > 0 or (reply.written and reply.ledger.all_voiced)
            case was.PlaybackStarted():
                reply.sounded, reply.playing_since_ms = True, now_ms
            case was.ReplyWritten():
                reply.written, reply.unfinished = True, fact.unfinished
                reply.sounded |= reply.ledger.all_voiced
                self._show(reply)
                if reply.message_id is not None:
                    self._whole(reply)
                    self._run_tools(reply, now_ms)
                elif reply.may_call:
                    self._tools.run_early(reply.number, tuple(reply.calls), now_ms)
            case was.ToolCalled():
                if not reply.written and all(call.call_id != fact.call_id for call in reply.calls):
                    reply.calls.append(ToolCall(fact.call_id, fact.name, fact.arguments))
        if not (isinstance(fact, was.ReplySounded | was.PlaybackStarted) and _waits_for_words(reply)):
            self._alive(reply, now_ms)

    def _whole(self, reply: Reply) -> None:
        """The released reply's text is complete. The answer is done, unless it continues after its tools."""
        if reply.calls and not reply.may_call:
            reply.calls.clear()
            self._out.append(do.ReportError("The agent wanted to call tools more often in one answer than it may."))
        if reply.calls:
            self._carried, reply.announced = self._carried or reply.announced, False
        else:
            self._finish(reply, Status.RESPONSE_DONE)

    def _run_tools(self, reply: Reply, now_ms: int) -> None:
        """Run the released reply's tools, once. Called on release and again when the text is complete."""
        if reply.calls and reply.message_id is not None and not reply.acted:
            reply.acted = True
            if not self._rounds:
                self._rounds_since_ms = now_ms
            self._rounds += 1
            spoke = bool(reply.ahead or reply.ledger.full_text())
            self._tools.run(reply.number, reply.message_id, tuple(reply.calls), now_ms, spoke=spoke)

    def played(self, number: int, now_ms: int) -> bool:
        """The reply was played to its end. False if the released reply has another number."""
        reply = self.released
        if reply is None or reply.number != number:
            return False
        self.released = None
        reply.played_ms = reply.sound_ms
        if reply.sound_ms:
            self.late.silent_since_ms = now_ms
        self._archive(reply)
        self._finish(reply, Status.RESPONSE_DONE)
        if reply.message_id is not None and not reply.ledger.full_text():
            self._history.set_text(reply.message_id, "")
        return True

    # ---- the end of it ----------------------------------------------------------------------------

    def drop_speculation(self) -> None:
        """Stop the speculative reply, and the safe tools that run for it, if there is one."""
        if self.speculation:
            self._out.append(do.Stop(self.speculation.number))
            self._tools.drop(self.speculation.number)
            self.speculation = None

    def stop(self, told_ms: int | None = None, *, failed: bool = False) -> Reply | None:
        """Stop the released reply and return it; None if there is none. `told_ms`: how much of it the client says it
        played. `failed`: it broke. Call `stopped` when ReplyStopped arrives."""
        reply, self.released = self.released, None
        self.cancel_carried()
        if reply:
            reply.told_ms, reply.stays = told_ms, failed and reply.answers is None
            self.stopping[reply.number] = reply
            self._archive(reply)
            self._finish(reply, Status.RESPONSE_CANCELLED)
            self._out.append(do.Stop(reply.number))
        return reply

    def stopped(self, fact: was.ReplyStopped) -> tuple[Reply, str] | None:
        """Cut the stopped reply. Returns it and the words that were heard; None if that number was not stopping."""
        reply = self.stopping.pop(fact.reply, None)
        if reply is None:
            return None
        told_ms, reply.told_ms, reply.played_ms = reply.told_ms, None, fact.played_ms
        reply.loud_ms, reply.repeated_ms = fact.loud_ms, fact.repeated_ms
        if told_ms is not None:
            told_ms = max(0, told_ms - reply.repeated_ms)
        if told_ms is not None and self._believes(reply, told_ms):
            reply.told_ms = told_ms
        return reply, self._cut(reply)

    def give_up_stopping(self) -> None:
        """ReplyStopped did not come in time: treat the stopping replies as not heard at all."""
        for number in list(self.stopping):
            self.stopped(was.ReplyStopped(number, 0))

    def cut_past(self, message_id: int, told_ms: int | None, *, exact: bool = False) -> bool:
        """Cut a finished reply, for which the client reported late how much it played. `exact`: it is to be believed.
        False if no reply is known by that message id."""
        reply = self._past.get(message_id)
        if reply is None:
            return False
        if told_ms is not None and (self._believes(reply, told_ms := max(0, told_ms - reply.repeated_ms)) or exact):
            reply.told_ms = told_ms
            self.drop_speculation()  # it was asked with the text as it was before
            self._cut(reply)
        return True

    def number_of(self, message_id: int) -> int:
        """Number of the reply that is or was heard under that id; 0: not known."""
        if self.released is not None and self.released.message_id == message_id:
            return self.released.number
        past = self._past.get(message_id)
        return past.number if past else 0

    def was_cut(self, message_id: int) -> bool:
        """True if the reply of that message id is over, and not all of it was heard."""
        past = self._past.get(message_id)
        return past is not None and past.cut

    def _believes(self, reply: Reply, told_ms: int) -> bool:
        """Browsers count from 0 again after an underrun, so a count that goes back, or lies far behind our own clock,
        is not believed."""
        if self._lag_max_ms is None:
            return told_ms >= (reply.told_ms or 0)
        lag_max_ms = min(HELD_LAG_MAX_MS, self._lag_max_ms) if reply.held else self._lag_max_ms
        return told_ms >= (reply.told_ms or 0) and reply.played_ms - told_ms <= lag_max_ms

    def _cut(self, reply: Reply) -> str:
        played_ms = reply.played_ms
        if reply.told_ms is not None:
            played_ms = min(reply.told_ms, played_ms + CLOCK_AHEAD_MS)
        if reply.loud_ms is not None:
            played_ms = min(played_ms, reply.loud_ms)
        everything, kept = reply.ledger.segments(), reply.ledger.heard_segments(played_ms)
        full, heard = reply.ledger.full_text(), join(segment.text for segment in kept)
        whole = heard == full
        if reply.message_id is not None and (reply.cut or not whole or not full):
            if whole:
                self._history.set_text(reply.message_id, full, everything)
            elif heard:
                last = replace(kept[-1], text=kept[-1].text.rstrip() + CUT_MARK)
                self._history.set_text(reply.message_id, heard + CUT_MARK, (*kept[:-1], last))
            else:
                self._history.set_text(reply.message_id, "")
            if full:
                ahead = heard or reply.ahead
                cut = ahead + INTERRUPTED if ahead else ""  # nothing was heard: the message is withdrawn
                shown, text = (everything, full) if whole or reply.stays else (kept, cut)
                self._out.append(do.Show(reply.message_id, "assistant", text, narrated=Joined(shown).narrated))
        reply.cut = not whole
        return heard

    # ---- helpers ----------------------------------------------------------------------------------

    def _alive(self, reply: Reply, now_ms: int) -> None:
        """The reply made progress: restart its timeout, counted from the end of the sound that it has."""
        playing_since_ms = now_ms if reply.playing_since_ms is None else reply.playing_since_ms
        reply.deadline_ms = max(now_ms, playing_since_ms + reply.sound_ms) + self._timeout_ms

    def _show(self, reply: Reply) -> None:
        joined = reply.ledger.joined()
        text = joined.text
        if reply.message_id is None:
            return
        if text and not reply.aside:
            self.late.turn_begins()
            self._history.set_text(reply.message_id, text, reply.ledger.segments())
        if shown := text or reply.ahead:
            show = do.Show(reply.message_id, "assistant", shown, final=reply.written, narrated=joined.narrated)
            self._out.append(show)

    def _finish(self, reply: Reply, status: Status) -> None:
        """Send the answer's terminal status, once. An answer without any text counts as cancelled."""
        if reply.announced:
            reply.announced = False
            empty = not reply.ledger.full_text()
            status = Status.RESPONSE_CANCELLED if empty else status
            self._out.append(do.SendStatus(status, reply.unfinished if status is Status.RESPONSE_DONE else ""))

    def _archive(self, reply: Reply) -> None:
        if reply.message_id is not None:
            self._past[reply.message_id] = reply
            if len(self._past) > PAST_LEDGERS:
                del self._past[next(iter(self._past))]


def _waits_for_words(reply: Reply) -> bool:
    """True if only what was said ahead of it was heard."""
    return bool(reply.ahead) and not (reply.written or reply.ledger.full_text())
