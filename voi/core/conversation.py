"""The conversation: facts in, actions out. No I/O, no clock, no await; the result of `handle` depends only on the facts
so far and the times given with them.

How it works. The person's speech is a Turn (an utterance with pauses). Their message, while it grows, is a Draft. The
agent's answer is a Reply. Silence starts a muted, speculative reply at once. The reply is released when the silence has
lasted long enough to end the turn (`endpoint.py`), so the engines work during the silence. Speech over a released reply
is a possible barge-in: the reply is ducked, words or lasting voice stop it, and anything else resumes it. A stopped
reply is cut to what was heard before anything else is answered. Work is fenced by number: facts about any reply,
utterance or pause other than the current one are stale and change nothing.

Each method that begins with `_on_` is one rule. `RULES`, at the end, says which fact or deadline each of them answers.
What a rule needs beside the states has a file of its own: such a part knows nothing of the conversation, and gives back
actions or a value.
"""

from collections.abc import Callable
from dataclasses import replace

from voi.core import actions as do
from voi.core import client_messages
from voi.core import facts as was
from voi.core.actions import Action, Status
from voi.core.answering import Answering
from voi.core.barge_in import BargeIn, BargeIns, Verdict
from voi.core.condensing import Condensing
from voi.core.deadlines import Clocks, Due, next_due
from voi.core.draft import Draft
from voi.core.end_reason import EndReason
from voi.core.endpoint import Decision, ask_after_ms, decide, worth_answering
from voi.core.endpoint_weights import weights_with
from voi.core.expected_answer import ExpectedAnswer
from voi.core.expects import Expects
from voi.core.facts import Fact
from voi.core.floor import Floor
from voi.core.history import History, HistoryEntry, MessageIds
from voi.core.kept import Kept
from voi.core.late_words import LateWords
from voi.core.model_context import ModelContext
from voi.core.noise import is_noise
from voi.core.notice import Notice
from voi.core.owed_answer import OwedAnswer
from voi.core.pace import Pace
from voi.core.replies import Replies, ReplyGrew
from voi.core.script import Script
from voi.core.state import TRANSITIONS, State
from voi.core.tool_rule import AfterCall
from voi.core.tools import Tools
from voi.core.turn import Turn
from voi.core.utterances import Utterances
from voi.core.words import same_words
from voi.dialogue import Phrase


class Conversation:
    """One conversation. The session calls `handle` for every fact, and with DeadlinePassed at `deadline_ms`."""

    _decide = staticmethod(decide)

    def __init__(self, script: Script) -> None:
        self.script = script
        self.state = State.IDLE
        self.history = History(script.history_limit_messages, script.reply_form)
        self.pace = Pace()
        self.why: Decision | None = None
        """Why the newest answered turn was judged to have ended."""
        self._out: list[Action] = []
        self._message_ids = MessageIds()
        self._tools = Tools(self.history, script, self._out)
        self._replies = Replies(self.history, self._tools, script, self._out, self._message_ids)
        self._barge_ins = BargeIns(self._replies, script, self._out)
        self._late = LateWords(self.history, script, self._out)
        self._draft = Draft(self._message_ids)
        self._condensing = Condensing(self.history, script, self._out)
        self._context = ModelContext(self.history, self._condensing, script)
        self._request = self._context.request
        self._turn: Turn | None = None
        self._utterances = Utterances(self._out)
        self._expected = ExpectedAnswer()
        self._weights = weights_with(script.turn_weights)
        self._clocks = Clocks()
        self._now_ms = 0
        self._voice_ms = 0
        """Wall time at which the person's voice was last heard."""
        self._notice = Notice(script.notice)
        self._floor = Floor(held_back=script.holds_back)
        self._cut_off_by: int | None = None
        """Message id of an answer that ended while the person was saying the rest of what it answers."""
        self._owed = OwedAnswer(self._out)
        self._answering = Answering(self._replies, self._tools, self._notice, self._owed, self._context)
        self._busy = False
        """The server is busy: optional work is left out."""
        self._agent = ""
        """Who took over the conversation."""
        self._hang_up: do.HangUp | None = None
        """Carried out when the goodbye was heard."""

    # ---- the machine ---------------------------------------------------------------------------------

    def handle(self, fact: Fact, now_ms: int) -> list[Action]:
        """Handle one fact. `now_ms`: monotonic time, never smaller than in the call before. Returns the actions to
        carry out, in order."""
        if self.state is State.CLOSED:
            return []
        self._now_ms = now_ms
        if self._hang_up is None or type(fact) not in IGNORED_AT_GOODBYE:
            RULES[type(fact)](self, fact)
        if self.state is State.IDLE and self._condensing.due:
            self._condense()
        actions = self._out[:]
        self._out.clear()
        return actions

    @property
    def deadline_ms(self) -> int | None:
        """The latest time, in ms, at which to pass DeadlinePassed to `handle`; None when nothing can fall due."""
        due = self._next_due()
        return due[0] if due else None

    def _next_due(self) -> tuple[int, Due] | None:
        """What falls due first, with its time in ms."""
        reply = self._replies.waited_for(paused=self.state is State.PAUSED)
        reply_ms = reply.deadline_ms if reply else None
        tools_run = reply is None and self.state is State.ANSWERING and self._tools.awaited
        late_ms = self._replies.late_ms(reply, tools_run=tools_run)
        filler_ms = self._tools.filler_due_ms() if tools_run else None
        return next_due(self.script, self.state, self._clocks, reply_ms, self._tools.deadline_ms, late_ms, filler_ms)

    def _on_deadline(self, _: was.DeadlinePassed) -> None:
        due = self._next_due()
        if due and due[0] <= self._now_ms:
            RULES[due[1]](self)

    def _go(self, state: State) -> None:
        if state is self.state:
            return
        if (self.state, state) not in TRANSITIONS:
            raise RuntimeError(f"no way from {self.state} to {state}: a fault in voi.core, please report it")
        self.state = state
        self._clocks.state_since_ms = self._now_ms

    def _emit(self, action: Action) -> None:
        self._out.append(action)

    # ---- what others ask -----------------------------------------------------------------------------

    @property
    def utterance(self) -> int:
        """The utterance that is being heard; 0: none."""
        return self._turn.utterance if self._turn else 0

    @property
    def settled(self) -> bool:
        """True if nobody is in the middle of saying something and no reply is being written."""
        reply = self._replies.released
        return self.state is State.IDLE or (self.state is State.ANSWERING and reply is not None and reply.written)

    @property
    def barge_in(self) -> BargeIn:
        """What is known of the newest sound over a reply."""
        return self._barge_ins.newest

    def dialogue(self) -> tuple[HistoryEntry, ...]:
        """The messages so far, including what the person is saying now, as far as it was shown."""
        return (*self.history, *self._draft.as_shown)

    @property
    def picture_characters(self) -> int:
        """Length of all picture URLs that the conversation holds."""
        given = (url for urls in (self._draft.image_urls, *(e.image_urls for e in self.history)) for url in urls)
        return sum(map(len, given))

    # ---- beginning, limits and end -------------------------------------------------------------------

    def _on_opened(self, fact: was.Opened) -> None:
        self._clocks = Clocks(opened_ms=self._now_ms, user_active_ms=self._now_ms, state_since_ms=self._now_ms)
        self._notice.owe()
        if self._floor.held_back:
            return
        if greeting := self.script.greeting if fact.greet else None:
            self._say(greeting)
        elif self._answering.say_notice(self._now_ms):
            self._go(State.ANSWERING)

    def _on_floor_given(self, fact: was.FloorGiven) -> None:
        if not self._floor.give():
            return
        if fact.greet and self.script.greeting:
            self._on_phrase_asked(was.PhraseAsked(self.script.greeting))
        elif self._turn and self.state is State.PAUSED:
            self._maybe_end_turn(self._turn)
        elif self.state is State.IDLE and (last := self.history.last) is not None and last.role == "user":
            self._on_reply_asked(was.ReplyAsked())

    def _on_floor_taken(self, _: was.FloorTaken) -> None:
        self._floor.take()
        self._notice.then = None
        self._on_reply_cancelled()

    def _on_phrase_asked(self, fact: was.PhraseAsked) -> None:
        self._floor.phrase = fact.phrase
        self._replies.drop_speculation()  # it is no answer that is wanted
        if self._turn and self.state is State.PAUSED:
            self._await_transcript(self._turn)
        elif self.state is State.IDLE:
            self._say_asked()

    def _say_asked(self) -> bool:
        """Say the phrase that was asked for. False: there is none."""
        if phrase := self._floor.take_phrase():
            self._say(phrase)
        return phrase is not None

    def _on_last_words_asked(self, fact: was.LastWordsAsked) -> None:
        self._say_goodbye(do.HangUp(fact.reason), self._notice.ahead_of(fact.phrase))

    def _on_came_back(self, fact: was.CameBack) -> None:
        self._clocks.came_back(self._now_ms)
        if self.script.mode != "call" or fact.away_ms < self.script.welcome_back_after_ms:
            return
        if self.state is State.IDLE and self.script.welcome_back:
            self._say(self.script.welcome_back)
        else:
            self._clocks.welcome_owed = self.state is State.ANSWERING

    def _on_duration_limit(self) -> None:
        self._say_goodbye(do.HangUp(EndReason.DURATION_LIMIT))

    def _on_time_is_up(self, fact: was.TimeIsUp) -> None:
        self._say_goodbye(do.HangUp(fact.reason, fact.words))

    def _say_goodbye(self, hang_up: do.HangUp, last_words: Phrase | None = None) -> None:
        """Say goodbye, or those last words, then hang up. A speech under way is cut off, and nothing is answered any
        more."""
        if self._hang_up is not None:
            return
        self._answering.stop()
        self._end_utterance()
        self._hang_up, self._clocks.goodbye = hang_up, True
        said = last_words or (None if self._floor.held_back else self.script.goodbye)
        if said:
            self._say(said)
        else:
            self._leave(hang_up)

    def _leave(self, hang_up: do.HangUp) -> None:
        self._on_hung_up()
        self._emit(hang_up)

    def _on_idle_limit(self) -> None:
        self._leave(do.HangUp(EndReason.IDLE_LIMIT))

    def _on_reminder_due(self) -> None:
        self._clocks.reminders += 1
        if self.script.reminder and not self._floor.held_back:
            self._say(self.script.reminder)

    def _on_load_changed(self, fact: was.LoadChanged) -> None:
        self._busy = fact.busy

    def _say(self, phrase: Phrase) -> None:
        """Say it, after the notice if that is due. A goodbye waits for nothing."""
        self._go(State.ANSWERING)
        say = self._answering.say if self._hang_up is None else self._replies.say
        say(phrase, self._now_ms)

    def _on_hung_up(self, _: was.HungUp | None = None) -> None:
        self._answering.stop()
        self._end_utterance()
        self._go(State.CLOSED)

    # ---- going on elsewhere --------------------------------------------------------------------------

    @property
    def quiet(self) -> bool:
        """The agent says nothing, and nothing that it has said is still to be heard. Tools may run."""
        return self._replies.released is None

    def keep(self) -> Kept:
        """The conversation as it is, to go on elsewhere with `Continued`. It must not go on here."""
        turn, reply, released = self._turn, self._replies.kept(), self._replies.released
        waits = self._tools.keep()
        spoken = turn.text if turn and self.state is not State.BARGE_IN else ""
        ended = self.state in (State.PAUSED, State.WAITING)
        unwritten = released is not None and released.answers is not None and reply is None
        return Kept(
            messages=self.history.kept(),
            next_id=self._message_ids.following,
            draft=self._draft.keep(spoken, speaks=turn is not None, ended=ended),
            reply=reply,
            owed=self._owed.announced or unwritten or waits,
            announced=self._owed.announced or self._replies.terminal_owed,
            notice_owed=self._notice.owed,
            agent=self._agent,
            reply_is_notice=reply is not None and self._replies.number_of(reply.message_id) == self._notice.reply,
            summary=self._condensing.summary,
            first_id=self._condensing.first_id,
            own_summary=self._condensing.own_summary,
        )

    def _on_continued(self, fact: was.Continued) -> None:
        kept, draft = fact.kept, fact.kept.draft
        self._clocks = Clocks(opened_ms=self._now_ms, user_active_ms=self._now_ms, state_since_ms=self._now_ms)
        self.history.take_up(kept.messages)
        self._condensing.take_up(kept)
        self._message_ids.following = kept.next_id
        self._agent = kept.agent
        if draft is not None:
            self._draft.take_up(draft, owed=kept.owed)
        if kept.notice_owed:
            self._notice.owe()
        if kept.reply is not None and (rest := self._replies.say_rest(kept.reply, fact.heard_ms, self._now_ms)):
            if kept.reply_is_notice:
                self._notice.reply = rest
                self._tools.owed = kept.owed
                self._replies.carry(announced=kept.owed and kept.announced)
            self._go(State.ANSWERING)
        elif self._draft.unanswered:
            self._owed.announced = kept.announced
            self._go(State.WAITING)  # they may go on speaking; if nothing comes, the deadline has it answered
            if draft is not None and draft.ended:
                self._try_answer()
        elif kept.owed:
            self._replies.carry(announced=kept.announced)
            self._go_on()

    # ---- speech and silence (calls) ------------------------------------------------------------------

    def _listen(self) -> Turn:
        self._context.ask_as_usual()
        self._turn = self._utterances.begin(self._now_ms, partials=not self._busy)
        return self._turn

    def _end_utterance(self) -> None:
        if self._turn:
            self._utterances.end(self._turn, self._now_ms)
            self._turn = self._cut_off_by = None

    def _on_user_started(self, _: was.UserStarted) -> None:
        if self.script.mode != "call":
            return
        self._clocks.user_acted(self._now_ms)
        self._clocks.vad_ms = self._now_ms
        if self._turn:
            self.pace.went_on(self._turn.quiet_ms)
        turn = self._turn or self._listen()
        turn.sets_in(0)
        reply = self._replies.released
        if reply and self.state is State.ANSWERING:
            if not self._replies.asks(self._now_ms) and reply.cuts_off(self._now_ms):
                self.pace.went_on(self._now_ms - self._voice_ms)
            self._go(State.BARGE_IN)
            self._barge_ins.begins(reply, self._now_ms)
        elif self.state is not State.BARGE_IN:
            self._go(State.HEARING)

    def _on_speech_grew(self, fact: was.SpeechGrew) -> None:
        turn = self._turn
        if turn is None or self.script.mode != "call":
            return
        self._clocks.vad_ms = self._voice_ms = self._now_ms
        before_ms, turn.stretch_ms, turn.quiet_ms = turn.stretch_ms, fact.speech_ms, 0
        lasting = fact.speech_ms >= self.script.turn.barge_in_ms
        if lasting:
            self._replies.drop_speculation()
        if self.state is State.BARGE_IN:
            self._end_barge_in(self._barge_ins.grows(turn, before_ms, self._now_ms, lasting=lasting))
        elif self.state is State.PAUSED or (self.state is State.WAITING and not self._owed.announced):
            self._go(State.HEARING)

    def _on_quiet_grew(self, fact: was.QuietGrew) -> None:
        turn = self._turn
        if turn is None or self.script.mode != "call":
            return
        self._clocks.vad_ms = self._now_ms
        turn.quiet_grew(fact.quiet_ms)
        if self.state is State.HEARING:
            self._go(State.PAUSED)
            self._expected.read(self.history.last_text("assistant"))
        if fact.quiet_ms >= ask_after_ms(self.script.turn, speculate=self._speculates):
            self._utterances.transcribe(turn)
        if self.state is State.PAUSED:
            if self.script.judges_voices:
                self._utterances.judge_voice(turn)
            self._maybe_end_turn(turn)
        elif self.state is State.BARGE_IN and self.script.judges_voices:
            self._end_barge_in(self._barge_ins.weigh(turn, self._now_ms))
        if self._turn is turn:
            self._utterances.judge_turn(turn)

    @property
    def _speculates(self) -> bool:
        return self.script.turn.speculate and self.script.answers_turns and not self._busy

    # ---- what they said ------------------------------------------------------------------------------

    def _on_heard(self, fact: was.Heard) -> None:
        turn = self._turn
        if turn is None or fact.utterance != turn.utterance:
            if self._late.heard(fact, self._draft):
                self._replies.drop_speculation()  # it was asked without these words
                self._show_prefix()
                if self.state is State.IDLE and self._draft.unanswered:
                    self._try_answer()
            return
        self._clocks.user_acted(self._now_ms)
        is_final = turn.heard(fact)
        if self.state is State.BARGE_IN:
            self._end_barge_in(self._barge_ins.weigh(turn, self._now_ms))
            return
        speculation = self._replies.speculation
        if speculation and not same_words(self._draft.with_speech(fact.text), speculation.answers):
            self._replies.drop_speculation()
        if is_final and self._cut_off_by is not None and turn.text and not self._is_noise(turn):
            self._take_back(self._cut_off_by)
        if self.script.stream_user_stt and fact.text and self._cut_off_by is None:
            self._show_draft(self._draft.with_speech(fact.text))
        if is_final:
            self._on_final(turn)

    def _is_noise(self, turn: Turn) -> bool:
        return is_noise(turn, asked=self._replies.asked_last)

    def _take_back(self, answer: int | None) -> None:
        """What they say now continues the message that was answered, by the answer of that message id."""
        self._cut_off_by = None
        if earlier := self.history.take_last_user(before=answer):
            self._draft.take_back(earlier)

    def _on_final(self, turn: Turn) -> None:
        """This pause's transcript has arrived."""
        if self._is_noise(turn):
            self._replies.drop_speculation()
            turn.text = turn.final = ""
        if self.state is State.WAITING and turn.quiet_ms and not self._owed.announced and not self._replies.stopping:
            self._go(State.PAUSED)  # the turn has ended, but the person may go on until the reply sounds
        if self.state is State.WAITING:
            self._try_answer()
        elif self.state is State.PAUSED:
            if turn.final:
                if not self._busy or self._expected.told is not Expects.OPEN:
                    self._emit(do.JudgeTurn(turn.utterance, turn.pause, turn.final, turn.quiet_ms))
                if self._speculates and self._floor.phrase is None and worth_answering(turn.final):
                    self._answering.speculate(self._draft.with_speech(turn.final), self._draft.image_urls)
            self._maybe_end_turn(turn)

    def _on_transcript_failed(self, fact: was.TranscriptFailed) -> None:
        turn = self._turn
        if turn and (fact.utterance, fact.pause) == (turn.utterance, turn.pause):
            self._emit(do.ReportError(fact.message, of_hearing=True))
            turn.give_up()
            if self.state is State.BARGE_IN:
                self._end_barge_in(self._barge_ins.weigh(turn, self._now_ms))
            else:
                self._on_final(turn)

    def _on_turn_judged(self, fact: was.TurnJudged) -> None:
        turn = self._turn
        if turn and turn.judged(fact) and self.state is State.PAUSED:
            self._maybe_end_turn(turn)

    def _on_voice_judged(self, fact: was.VoiceJudged) -> None:
        turn = self._turn
        if turn is None or fact.utterance != turn.utterance:
            return
        if self.state is State.BARGE_IN:
            self._end_barge_in(self._barge_ins.judged(fact, turn, self._now_ms))
        else:
            turn.voice_judged(fact)
            if self.state is State.PAUSED and turn.final is not None:
                self._on_final(turn)

    # ---- the end of their turn -----------------------------------------------------------------------

    def _maybe_end_turn(self, turn: Turn) -> None:
        """End the turn if this silence is its end. The end becomes final once the reply has sound to play; until then
        the person can speak on as if nothing had happened."""
        if self._floor.silent:
            return  # an answer may be written meanwhile, and is not said
        decision = self._decide(turn, self.script.turn, self._expected.asked, self.pace.floor_ms, self._weights)
        if not decision.ends:
            return
        unanswered = not self.script.answers_turns or self._floor.phrase is not None
        if not turn.final or self._replies.stopping or unanswered:
            self._await_transcript(turn)
            return
        if self._answering.ready(self._draft.with_speech(turn.final), self._draft.image_urls, self._now_ms):
            self.why = decision
            self._try_answer()

    def _await_transcript(self, turn: Turn) -> None:
        if turn.quiet_ms == 0:
            turn.next_pause()
        if turn.final is None:
            self._go(State.WAITING)
            self._utterances.transcribe(turn)
        else:
            self._try_answer()

    def _on_sound_lost(self) -> None:
        """Sound stopped arriving in the middle of a turn. Treat it as silence."""
        if self._turn:
            self._await_transcript(self._turn)

    def _on_no_transcript(self) -> None:
        if self._turn and self._turn.final is None:
            self._turn.give_up(late=True)
        self._replies.give_up_stopping()
        self._try_answer()

    def _try_answer(self) -> None:
        """The turn is over. Wait until its words are known, and how much of a stopped reply was heard; then answer the
        words, if there are any."""
        turn = self._turn
        if self._replies.stopping or (turn and turn.final is None):
            self._go(State.WAITING)
            return
        spoken = (turn and turn.final) or ""
        text = self._draft.with_speech(spoken)
        if turn and turn.late:
            self._late.expect(turn, self._draft, text)
        self._end_utterance()
        if self._floor.phrase is not None:
            self._replies.drop_speculation()
            if text or self._draft.image_urls:
                self._take_message(text)
            self._owed.cancel()
            self._say_asked()
        elif spoken or self._draft.unanswered or (self._owed.announced and (text or self._draft.image_urls)):
            if (self.script.answers_turns and not self._floor.held_back) or self._owed.announced:
                self._answer(text)
            else:
                self._commit(text)
        elif self._owed.alone:
            self._go(State.ANSWERING)
            self._after_tools(self._answering.answer_alone(self._now_ms))
        else:
            self._owed.cancel()
            if self._tools.owed:
                self._go_on()
            elif turn and turn.unheard and self.script.apology and not self._floor.held_back:
                self._say(self.script.apology)
            else:
                self._go(State.IDLE)

    def _answer(self, text: str) -> None:
        self._answering.prepare()
        self._take_message(text)
        self._go(State.ANSWERING)
        self._after_tools(self._answering.answer(text, self._now_ms))

    def _take_message(self, text: str) -> None:
        """The person's message is complete: it enters the history."""
        self._show_draft(text, final=True)
        self.history.add(self._draft.entry(text))
        self._draft = Draft(self._message_ids)

    def _commit(self, text: str) -> None:
        """Take the person's message, without an answer."""
        self._replies.drop_speculation()
        self._take_message(text)
        if self._tools.owed:
            self._go_on()
            return
        if self.state is State.HEARING:  # all of it was transcribed while it was still heard
            self._go(State.WAITING)
        self._go(State.IDLE)

    # ---- the person's message ------------------------------------------------------------------------

    def _show_draft(self, text: str, *, final: bool = False, correct: bool = False) -> None:
        self._out += self._draft.show(text, final=final, correct=correct or self.script.final_stt_correction)

    def _show_prefix(self) -> None:
        if self._draft.prefix:
            spoken = self._turn.text if self._turn and self.script.stream_user_stt else ""
            self._show_draft(self._draft.with_speech(spoken), correct=True)

    def _on_message_part(self, fact: was.TextTyped | was.ImageGiven) -> None:
        self._clocks.user_acted(self._now_ms)
        self._replies.drop_speculation()  # it was asked without this
        if problem := self._draft.add(fact):
            self._emit(do.ReportError(problem))
        elif isinstance(fact, was.TextTyped):
            self._show_prefix()

    def _on_voice_pushed(self, _: was.VoicePushed) -> None:
        self._clocks.user_acted(self._now_ms)
        self._tools.interrupt()
        self._replies.stop()
        self._owed.cancel()
        turn = self._turn or self._listen()
        turn.sets_in(0)  # a person who was heard by their voice until now, and had paused, speaks on
        self._go(State.HEARING)

    def _on_answer_asked(self, _: was.AnswerAsked | None = None) -> None:
        self._clocks.user_acted(self._now_ms)
        if self.state is State.WAITING:
            return
        self._replies.late.turn_begins()
        if self._turn is None and not (self._draft.prefix or self._draft.image_urls):
            if not self._replies.terminal_owed:
                self._out += [do.SendStatus(Status.RESPONSE_CREATED), do.SendStatus(Status.RESPONSE_CANCELLED)]
            return
        self._tools.interrupt()
        self._replies.stop()
        self._owed.announce()
        if self._turn:
            self._await_transcript(self._turn)
        else:
            self._go(State.WAITING)
            self._try_answer()

    # ---- a client that manages the dialogue ----------------------------------------------------------

    def _on_turn_taking_set(self, fact: was.TurnTakingSet) -> None:
        pushed = fact.mode == "chat"
        if fact.mode != self.script.mode:
            self._emit(do.TakeSound(pushed))
        self.script = replace(
            self.script, mode=fact.mode, turn=fact.turn, answers_turns=fact.answers, interrupts=fact.interrupts
        )
        self._barge_ins.follow(self.script)
        if not fact.answers:
            self._replies.drop_speculation()

    def _on_speech_committed(self, _: was.SpeechCommitted) -> None:
        self._clocks.user_acted(self._now_ms)
        if self._turn and self.state in (State.HEARING, State.PAUSED):
            self._await_transcript(self._turn)

    def _on_speech_dropped(self, _: was.SpeechDropped) -> None:
        if self.state in (State.HEARING, State.PAUSED, State.BARGE_IN):
            self._replies.drop_speculation()
            self._end_utterance()
            if self.state is State.BARGE_IN:
                self._end_barge_in(Verdict.RESUME)
            else:
                self._answer_now()

    def _answer_now(self) -> None:
        self._go(State.WAITING)
        self._try_answer()

    def _on_reply_asked(self, fact: was.ReplyAsked) -> None:
        if fact.instructions or fact.given is not None:
            self._replies.drop_speculation()  # it was asked without them
        self._context.ask_with(fact)
        if self._turn or self._draft.begun:
            waiting = self.state is State.WAITING
            self._on_answer_asked()
            if waiting:
                self._owed.announce()
            return
        self._clocks.user_acted(self._now_ms)
        if self._owed.alone or self._greets(fact):
            return
        if not self._answering.owe_alone(plays=self.state is State.ANSWERING):
            self._answer_now()

    def _on_reply_cancelled(self, _: was.ReplyCancelled | None = None) -> None:
        self._clocks.user_acted(self._now_ms)
        self._tools.interrupt()
        self._tools.waive()
        self._answering.stop()
        if self.state in (State.ANSWERING, State.BARGE_IN):
            self._after_reply()
        elif self.state is State.WAITING and self._turn is None:
            self._go(State.IDLE)

    def _greets(self, fact: was.ReplyAsked) -> bool:
        """Nothing was said yet: the agent says its greeting. False if it has none, or is told what to say."""
        greeting = self.script.greeting
        told = fact.instructions or fact.given is not None
        if greeting is None or told or self.history.last is not None or self.state is not State.IDLE:
            return False
        self._emit(do.SendStatus(Status.RESPONSE_CREATED))
        self._say(greeting)
        if self._replies.released:
            self._replies.released.announced = True
        return True

    def _on_message_inserted(self, fact: was.MessageInserted) -> None:
        self._clocks.user_acted(self._now_ms)
        self._replies.drop_speculation()  # it was asked without this
        self._out += client_messages.insert(self.history, fact)

    def _on_message_deleted(self, fact: was.MessageDeleted) -> None:
        if withdrawn := client_messages.delete(self.history, fact):
            self._replies.drop_speculation()  # it was asked with this
            self._out += withdrawn

    def _on_sound_truncated(self, fact: was.SoundTruncated) -> None:
        if self._replies.plays(fact.message_id):
            self._on_interrupted(was.Interrupted(fact.message_id, fact.played_ms))
        self._replies.cut_past(fact.message_id, fact.played_ms, exact=True)

    # ---- interruption --------------------------------------------------------------------------------

    def _end_barge_in(self, verdict: Verdict | None) -> None:
        """Carry out what was decided about a sound over the reply. None: nothing yet."""
        match verdict:
            case Verdict.STOP if not self.script.interrupts:
                pass  # they are heard, and answered when the agent has finished
            case Verdict.STOP:
                self._emit(do.SendStatus(Status.USER_INTERRUPT))
                if self._owed.alone:
                    self._owed.cancel()
                self._tools.interrupt()
                self._replies.stop()
                self._after_reply()
            case Verdict.RESUME:
                self._end_utterance()
                self._go(State.ANSWERING)
                self._barge_ins.resume(self._now_ms)

    def _on_barge_in_over(self) -> None:
        self._clocks.state_since_ms = self._now_ms  # it is asked again, if nothing changes
        if self.script.interrupts or not (self._turn and self._turn.text):
            self._end_barge_in(self._barge_ins.overdue(self._turn))

    def _on_interrupted(self, fact: was.Interrupted) -> None:
        """The client stopped the agent."""
        self._clocks.user_acted(self._now_ms)
        tools_run = self.state is State.ANSWERING and not self._replies.released
        if tools_run or self._replies.plays(fact.message_id):
            self._tools.interrupt()
            self._tools.waive()  # the person does not want to wait for the tools' results
            self._replies.stop(fact.played_ms)
            self._after_reply()
        elif fact.message_id is not None:
            if not self._replies.cut_past(fact.message_id, fact.played_ms):
                self._emit(do.ReportError(f"Nothing to interrupt: speech {fact.message_id} is not known here."))
            elif self._replies.number_of(fact.message_id) == self._notice.reply and self._replies.was_cut(
                fact.message_id
            ):
                self._notice.owe()

    def _after_reply(self) -> None:
        """The released reply is over, played or stopped: decide whose turn it is now."""
        if self._hang_up is not None:
            self._leave(self._hang_up)
            return
        turn = self._turn
        if turn and self.state is State.BARGE_IN:
            self._go(State.PAUSED if turn.quiet_ms else State.HEARING)
            if turn.quiet_ms and turn.final is not None and not self._replies.stopping:
                self._on_final(turn)
        elif self.state is State.ANSWERING and self._owed.alone:
            self._answer_now()
        elif self.state is State.ANSWERING and self._tools.owed:
            self._go_on()
        elif self.state is State.ANSWERING and not self._tools.awaited:
            self._clocks.agent_spoke(self._now_ms)
            if self._clocks.welcome_owed and self.script.welcome_back:
                self._clocks.welcome_owed = False
                self._say(self.script.welcome_back)
            elif not self._say_asked():
                self._go(State.IDLE)

    # ---- what becomes of replies ---------------------------------------------------------------------

    def _on_reply_grew(self, fact: ReplyGrew) -> None:
        self._replies.note(fact, self._now_ms)
        if self._turn and self.state is State.PAUSED:
            self._maybe_end_turn(self._turn)

    def _on_reply_played(self, fact: was.ReplyPlayed) -> None:
        reply = self._replies.released
        if self._replies.played(fact.reply, self._now_ms):
            if self._tools.hangs_up_after(fact.reply):
                self._end_by_agent()
                return
            if reply and reply.cut_off and not reply.acted and self.state is State.BARGE_IN:
                self._cut_off_by = reply.message_id
            phrase = self._notice.then if self._notice.heard(fact.reply) else None
            self._after_reply()
            if phrase and self.state is State.IDLE:
                self._say(phrase)

    def _on_reply_stopped(self, fact: was.ReplyStopped) -> None:
        cut = self._replies.stopped(fact)
        if cut is None or self._hang_up is not None:
            return
        reply, heard = cut
        if heard and not reply.cut:
            self._notice.heard(reply.number)  # it was stopped after its last word
        goes_on = (not heard or reply.cut_off) and reply.answers is not None and not reply.acted and self._turn
        if goes_on and self.script.mode == "call":
            self._take_back(reply.message_id)
        if self.state is State.WAITING:
            self._try_answer()
        elif self.state is State.PAUSED and self._turn and self._turn.final is not None:
            self._on_final(self._turn)

    def _on_reply_failed(self, fact: was.ReplyFailed) -> None:
        if self._replies.speculation and self._replies.speculation.number == fact.reply:
            if self._replies.speculation.awaited and self.state is State.PAUSED:
                self._try_answer()
                self._give_up_reply(fact.message)
            else:
                self._replies.drop_speculation()  # another one is started when the turn has ended
        elif self._replies.released and self._replies.released.number == fact.reply:
            self._give_up_reply(fact.message)

    def _on_silent_reply(self) -> None:
        if self._replies.released is None:
            self._try_answer()  # the one that was awaited in a pause
        self._give_up_reply("The answer did not come in time; please try again.")

    def _on_late_answer(self) -> None:
        self._replies.say_late(self._replies.waited_for(paused=self.state is State.PAUSED), self._now_ms)

    def _give_up_reply(self, error: str) -> None:
        self._emit(do.ReportError(error))
        self._replies.late.turn_begins()
        reply = self._replies.stop(failed=True)
        if reply:
            self._notice.failed(reply.number)
        if reply and self._tools.hangs_up_after(reply.number):
            self._leave(do.HangUp(EndReason.AGENT_HUNG_UP))
            return
        if reply and reply.answers is not None and self.state is State.ANSWERING and self.script.apology:
            self._say(self.script.apology)
        else:
            self._after_reply()

    # ---- what the model is shown ---------------------------------------------------------------------

    def _on_recalled(self, fact: was.Recalled) -> None:
        if self._context.recall(fact.text):
            self._replies.drop_speculation()  # it was asked without this

    def _on_condensed(self, fact: was.Condensed) -> None:
        self._condensing.came(fact)

    def _condense(self) -> None:
        """Nothing goes on: keep the dialogue within the model's context, unless the person has begun a message."""
        replies = self._replies
        if not (self._turn or self._draft.begun or replies.speculation or replies.stopping or self._owed.announced):
            self._context.condense(self._tools.running)

    # ---- tools ---------------------------------------------------------------------------------------

    def _on_tool_returned(self, fact: was.ToolReturned) -> None:
        self._after_tools(self._tools.returned(fact))

    def _on_tool_late(self) -> None:
        self._after_tools(self._tools.give_up(self._now_ms))

    def _after_tools(self, follows: AfterCall | None) -> None:
        reply = self._replies.released
        match follows:
            case "answer":
                self._replies.drop_unheard_aside()
                self._tell_results()
            case "wait":
                self._replies.drop_unheard_aside()
                self._replies.cancel_carried(Status.RESPONSE_DONE)
                if self._replies.released is None:
                    self._after_reply()
            case "hang_up" if reply is None or not self._tools.hangs_up_after(reply.number):
                if self.state in (State.IDLE, State.ANSWERING):
                    self._end_by_agent()
                else:
                    self._tools.interrupt()

    def _end_by_agent(self) -> None:
        """The agent hangs up. It has said goodbye itself, or the script's goodbye is said now."""
        call, hang_up = self._tools.hang_up_call, do.HangUp(EndReason.AGENT_HUNG_UP)
        self._replies.cancel_carried(Status.RESPONSE_DONE)
        if call and call.spoke:
            self._leave(hang_up)
        else:
            self._say_goodbye(hang_up)

    def _on_filler(self) -> None:
        if phrase := self._tools.take_filler(self._now_ms):
            self._replies.fill(phrase, self._now_ms)

    def _on_answer_expected(self, fact: was.AnswerExpected) -> None:
        self._expected.tell(fact.kind)

    def _on_agent_switched(self, fact: was.AgentSwitched) -> None:
        self._replies.drop_speculation()  # it was asked with the other prompt
        self.script, self._agent = self.script.followed_by(fact.script), fact.agent
        self.history.form = self.script.reply_form
        self._tools.follow(self.script)
        self._replies.follow(self.script)
        self._context.follow(self.script)

    def _tell_results(self) -> None:
        """Have the agent speak on with the results: at once, or after the current reply. If the person says something
        before, that answer takes the results into account."""
        self._replies.drop_speculation()  # it was asked without their results
        reply = self._replies.released
        if self.state is State.IDLE or (self.state is State.ANSWERING and reply is None):
            self._go_on()
        elif self.state is State.ANSWERING and reply and reply.written and not self._draft.begun:
            self._replies.go_on(self._request(), self._now_ms)

    def _go_on(self) -> None:
        """Begin the reply that follows tools, or the notice."""
        self._go(State.ANSWERING)
        self._after_tools(self._answering.go_on(self._now_ms))


RULES: dict[type[Fact] | Due, Callable[..., None]] = {
    # its life
    was.Opened: Conversation._on_opened,
    was.FloorGiven: Conversation._on_floor_given,
    was.FloorTaken: Conversation._on_floor_taken,
    was.PhraseAsked: Conversation._on_phrase_asked,
    was.LastWordsAsked: Conversation._on_last_words_asked,
    was.CameBack: Conversation._on_came_back,
    was.Continued: Conversation._on_continued,
    was.DeadlinePassed: Conversation._on_deadline,
    was.HungUp: Conversation._on_hung_up,
    was.LoadChanged: Conversation._on_load_changed,
    was.TimeIsUp: Conversation._on_time_is_up,
    Due.DURATION_LIMIT: Conversation._on_duration_limit,
    Due.IDLE_LIMIT: Conversation._on_idle_limit,
    Due.REMINDER: Conversation._on_reminder_due,
    # the person's speech
    was.UserStarted: Conversation._on_user_started,
    was.SpeechGrew: Conversation._on_speech_grew,
    was.QuietGrew: Conversation._on_quiet_grew,
    was.Heard: Conversation._on_heard,
    was.TranscriptFailed: Conversation._on_transcript_failed,
    was.TurnJudged: Conversation._on_turn_judged,
    was.VoiceJudged: Conversation._on_voice_judged,
    Due.SOUND_LOST: Conversation._on_sound_lost,
    Due.NO_TRANSCRIPT: Conversation._on_no_transcript,
    # what they type and press
    was.TextTyped: Conversation._on_message_part,
    was.ImageGiven: Conversation._on_message_part,
    was.VoicePushed: Conversation._on_voice_pushed,
    was.AnswerAsked: Conversation._on_answer_asked,
    was.Interrupted: Conversation._on_interrupted,
    # what a client does that manages the dialogue
    was.TurnTakingSet: Conversation._on_turn_taking_set,
    was.SpeechCommitted: Conversation._on_speech_committed,
    was.SpeechDropped: Conversation._on_speech_dropped,
    was.ReplyAsked: Conversation._on_reply_asked,
    was.ReplyCancelled: Conversation._on_reply_cancelled,
    was.MessageInserted: Conversation._on_message_inserted,
    was.MessageDeleted: Conversation._on_message_deleted,
    was.SoundTruncated: Conversation._on_sound_truncated,
    Due.BARGE_IN_OVER: Conversation._on_barge_in_over,
    # the agent's replies
    was.ReplyText: Conversation._on_reply_grew,
    was.PieceVoiced: Conversation._on_reply_grew,
    was.ReplyWritten: Conversation._on_reply_grew,
    was.ReplySounded: Conversation._on_reply_grew,
    was.ReplyThinking: Conversation._on_reply_grew,
    was.ToolCalled: Conversation._on_reply_grew,
    was.PlaybackStarted: Conversation._on_reply_grew,
    was.ReplyPlayed: Conversation._on_reply_played,
    was.ReplyStopped: Conversation._on_reply_stopped,
    was.ReplyFailed: Conversation._on_reply_failed,
    Due.SILENT_REPLY: Conversation._on_silent_reply,
    Due.LATE_ANSWER: Conversation._on_late_answer,
    # what the model is shown
    was.Recalled: Conversation._on_recalled,
    was.Condensed: Conversation._on_condensed,
    # tools
    was.ToolReturned: Conversation._on_tool_returned,
    was.AgentSwitched: Conversation._on_agent_switched,
    was.AnswerExpected: Conversation._on_answer_expected,
    Due.TOOL_LATE: Conversation._on_tool_late,
    Due.FILLER: Conversation._on_filler,
}
"""The rule for each fact, which is passed to it, and for each deadline. At a deadline a rule is passed nothing."""

IGNORED_AT_GOODBYE = frozenset({
    was.UserStarted, was.SpeechGrew, was.QuietGrew, was.TranscriptFailed, was.TurnJudged, was.VoiceJudged,
    was.TextTyped, was.ImageGiven, was.VoicePushed, was.AnswerAsked, was.ToolCalled, was.ToolReturned,
    was.TurnTakingSet, was.SpeechCommitted, was.SpeechDropped, was.ReplyAsked, was.ReplyCancelled,
    was.MessageInserted, was.MessageDeleted,
    was.AgentSwitched, was.AnswerExpected, was.FloorGiven, was.FloorTaken,
    was.PhraseAsked,
})  # fmt: skip
"""What changes nothing any more while the agent says goodbye. Words of before that are heard late still get into the
history."""
