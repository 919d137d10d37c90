"""What happens when a sound sets in over a reply: duck it at once, then stop it or resume it.

With a voice judge `barge_in.verdict` decides. Without one, words or lasting voice stop the reply, and it is ducked
"deep" from the onset on. The module also holds the rule for an interruption by the client.
"""

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import DuckLevel, Status
from voi.core.barge_in import JUDGED_AT_MS, WORDS_AT_MS, BargeIn, Verdict, passes, verdict
from voi.core.deadlines import Due
from voi.core.machine import Machine, rule
from voi.core.replies import Reply
from voi.core.script import Script
from voi.core.state import State
from voi.core.turn import Turn
from voi.core.turn_text import is_backchannel


class BargeInRules(Machine):
    """The rules of the state BARGE_IN, and of interruptions by the client."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self._turn: Turn | None = None
        self._barge_in = BargeIn(0)
        """The newest possible barge-in. It is kept while its reply sounds, as it may continue."""

    def _end_utterance(self) -> None:
        raise NotImplementedError

    def _after_reply(self) -> None:
        raise NotImplementedError

    def _barge_in_begins(self, reply: Reply) -> None:
        known = self._barge_in
        barge_in = self._barge_in = known.begins(self._now_ms) if known.reply == reply.number else BargeIn(reply.number)
        self._go(State.BARGE_IN)
        if not self.script.judges_voices:
            self._duck("deep")
        elif not barge_in.is_noise:
            self._duck("deep" if barge_in.likely else "soft")

    def _duck(self, level: DuckLevel) -> None:
        if self._barge_in.ducked != level:
            self._barge_in.ducked = level
            self._emit(do.Duck(self._barge_in.reply, level))

    def _barge_in_grows(self, turn: Turn, before_ms: int, *, lasting: bool) -> None:
        """The stretch of voice has grown from `before_ms`. `lasting`: it is long enough to stop a reply."""
        if not self.script.judges_voices:
            if lasting:
                self._interrupt()
            return
        if passes(before_ms, turn.stretch_ms, JUDGED_AT_MS):
            self._emit(do.JudgeVoice(turn.utterance, turn.stretch_ms))
        if passes(before_ms, turn.stretch_ms, WORDS_AT_MS):
            self._emit(do.TranscribeNow(turn.utterance))
        self._weigh_barge_in(turn)

    def _voice_judged_in_barge_in(self, fact: was.VoiceJudged, turn: Turn) -> None:
        self._barge_in.judged(fact)
        if self._barge_in.likely:
            self._duck("deep")
        self._weigh_barge_in(turn)

    def _weigh_barge_in(self, turn: Turn) -> None:
        answers = self._replies.asks(self._now_ms)
        if not self.script.judges_voices:
            if turn.text and (answers or not is_backchannel(turn.text)):
                self._interrupt()
            elif turn.final is not None and turn.quiet_ms:
                self._resume()
            return
        barge_in = self._barge_in
        barge_in.voice_ms = barge_in.earlier_ms + turn.voice_ms
        final = turn.final is not None
        match verdict(barge_in, turn.text, turn.quiet_ms, self.script.turn, answers=answers, final=final):
            case Verdict.STOP:
                turn.voice = barge_in.voice
                self._interrupt()
            case Verdict.RESUME:
                if turn.text and barge_in.likely:
                    self._emit(do.NoteBackchannel(barge_in.reply, turn.text))
                self._resume()

    @rule(Due.BARGE_IN_OVER)
    def _on_barge_in_over(self) -> None:
        speaks = self._turn is not None and self._turn.quiet_ms == 0
        if speaks and (not self.script.judges_voices or self._barge_in.voice is None or self._barge_in.likely):
            self._interrupt()
        else:
            self._resume()

    def _interrupt(self) -> None:
        self._emit(do.SendStatus(Status.USER_INTERRUPT))
        self._replies.stop()
        self._after_reply()

    def _resume(self) -> None:
        self._end_utterance()
        self._go(State.ANSWERING)
        if self._barge_in.ducked:
            self._replies.resume()
        self._barge_in.ducked = None
        self._barge_in.resumed_ms = self._now_ms

    @rule(was.Interrupted)
    def _on_interrupted(self, fact: was.Interrupted) -> None:
        self._clocks.user_acted(self._now_ms)
        if self._replies.plays(fact.message_id):
            self._tools.waive()
            self._replies.stop(fact.played_ms)
            self._after_reply()
        elif self.state is State.ANSWERING and not self._replies.released:
            self._tools.waive()  # the person does not want to wait for the tools' results
            self._replies.cancel_carried()
            self._after_reply()
        elif fact.message_id is not None and not self._replies.cut_past(fact.message_id, fact.played_ms):
            self._emit(do.ReportError(f"Nothing to interrupt: speech {fact.message_id} is not known here."))
