"""The first seconds of a call that Voi makes: listens with the session, finds out who took the call, and does what the
order says then. Until a person is there the agent is held back (`CallOptions.holds_back`)."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Literal

from voi.audio.resample import Resampler
from voi.audio.tones import RATE_HZ as TONES_HZ
from voi.audio.tones import ToneDetector
from voi.config.outgoing import MachinesSettings
from voi.core.actions import Action
from voi.core.answering_machine import MESSAGE_WAIT_MS, AnswerJudge, AnswerVerdict, TakenBy
from voi.core.end_reason import EndReason
from voi.core.facts import (
    Fact,
    FloorGiven,
    FloorTaken,
    Heard,
    LastWordsAsked,
    PhraseAsked,
    QuietGrew,
    SpeechGrew,
    UserStarted,
)
from voi.dialogue import Phrase
from voi.session.observer import Observer
from voi.session.session import Session
from voi.transports.telephone.line import LineListener, PhoneLine

log = logging.getLogger(__name__)

TICK_S = 0.1
ONSET_MS = 96
"""Voice has lasted so long when it is told (`VadRules.start_ms`)."""
LINE_OPEN_MS = 300
"""Sound in both directions takes a moment after the answer: words that are said before are heard by nobody."""
LINE_OPEN_LATEST_MS = 1_000
WHO_PATIENCE_MS = 15_000
"""A screening service that was told who calls rings somebody up meanwhile."""
ASKED_MAX = 3
"""A screening service is told so often who calls."""
Doing = Literal["judging", "talking", "waiting for the beep", "leaving a message", "in a queue", "told who", "ending"]


class HeardLine:
    """A `PhoneLine` whose sound somebody else hears as well, before the door does."""

    def __init__(self, line: PhoneLine, heard: Callable[[bytes], None]) -> None:
        self._line = line
        self._heard = heard
        self.rate_hz = line.rate_hz

    @property
    def backlog_bytes(self) -> int:
        return self._line.backlog_bytes

    def open(self, listener: LineListener) -> None:
        self._line.open(_Both(listener, self._heard))

    def play(self, message_id: int, pcm: bytes) -> None:
        self._line.play(message_id, pcm)

    def finish(self, message_id: int) -> None:
        self._line.finish(message_id)

    def clear(self, message_id: int) -> None:
        self._line.clear(message_id)

    def press(self, keys: str) -> bool:
        return self._line.press(keys)

    async def aclose(self) -> None:
        await self._line.aclose()


class _Both:
    """A `LineListener` that passes on all it is told."""

    def __init__(self, listener: LineListener, heard: Callable[[bytes], None]) -> None:
        self._listener = listener
        self._heard = heard
        self.key, self.played = listener.key, listener.played
        self.fault, self.gone = listener.fault, listener.gone

    def sound(self, pcm: bytes) -> None:
        self._heard(pcm)
        self._listener.sound(pcm)


class Screening(Observer):
    """One call. `greets`: the agent says its greeting (or the order's text) first; else it waits for the person.
    `at_once`: as soon as the line is open, for anybody. `on_verdict` is told each verdict. Give it the sound of
    the line by `hear`, make it an observer of the session, and call `open_line` when the session runs and `stop` at the
    end."""

    def __init__(
        self,
        machines: MachinesSettings,
        rate_hz: int,
        on_verdict: Callable[[AnswerVerdict], None],
        *,
        greets: bool,
        at_once: bool,
        message: str = "",
        who: str = "",
    ) -> None:
        self._machines = machines
        self._on_verdict = on_verdict
        self._greets = greets
        self._at_once = at_once
        self._message = message
        self._who = who
        self._judge = AnswerJudge()
        self._tones = ToneDetector()
        self._resampler = Resampler(rate_hz, TONES_HZ) if rate_hz != TONES_HZ else None
        self._session: Session | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began_s = 0.0
        self._sound_ms: int | None = None
        """When the first sound of the line came."""
        self._doing: Doing = "judging"
        self._since_ms = 0
        self._told_who = 0
        self._told: TakenBy | None = None
        """What `on_verdict` was told last."""
        self.taken_by: TakenBy | None = None

    @property
    def talked(self) -> bool:
        """The agent was let talk, and was not stopped again."""
        return self._doing == "talking"

    def open_line(self, session: Session) -> None:
        """The call was answered: from now on time counts."""
        loop = asyncio.get_running_loop()
        self._session = session
        self._began_s = loop.time()
        self._timer = loop.call_later(TICK_S, self._tick)

    def stop(self) -> None:
        """The call is over."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._session = None

    # ---- what is heard ----------------------------------------------------------------------------------

    def hear(self, pcm: bytes) -> None:
        """Sound of the line, at its rate."""
        if self._session is None:
            return
        now_ms = self._now_ms()
        if self._sound_ms is None:
            self._sound_ms = now_ms
        if not self._machines.detect or self._doing == "leaving a message":
            return
        for beep in self._tones.push(self._resampler.push(pcm) if self._resampler else pcm):
            self._take(self._judge.beep(now_ms, beep.frequency_hz))
        if self._tones.music_ms:
            self._take(self._judge.music(now_ms, self._tones.music_ms))

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        if self._session is None or not self._machines.detect:
            return
        now_ms = self._now_ms()
        match fact:
            case UserStarted():
                self._take(self._judge.voice(now_ms, ONSET_MS))
            case SpeechGrew(speech_ms):
                self._take(self._judge.voice(now_ms, speech_ms))
            case QuietGrew(quiet_ms):
                self._take(self._judge.quiet(now_ms, quiet_ms))
            case Heard(_, text) if text:
                self._take(self._judge.words(now_ms, text))

    def _tick(self) -> None:
        if self._session is None:
            return
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        now_ms = self._now_ms()
        if self._doing == "judging" and (self._at_once or not self._machines.detect) and self._line_is_open(now_ms):
            self._give_floor()
        self._take(self._judge.passed(now_ms))
        if self._doing == "waiting for the beep":
            self._wait_for_beep(now_ms)
        elif self._doing == "in a queue" and now_ms - self._since_ms > self._machines.on_music_s * 1_000:
            self._end(EndReason.FINISHED)

    def _now_ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._began_s) * 1_000)

    def _line_is_open(self, now_ms: int) -> bool:
        if now_ms >= LINE_OPEN_LATEST_MS:
            return True
        return self._sound_ms is not None and now_ms - self._sound_ms >= LINE_OPEN_MS

    # ---- what follows -------------------------------------------------------------------------------------

    def _take(self, verdict: AnswerVerdict | None) -> None:
        if verdict is None or self._doing in ("ending", "leaving a message"):
            return
        if verdict.taken_by is TakenBy.PERSON and self._tones.music_ms:
            self._judge.listen_again()  # somebody sings
            return
        if verdict.taken_by is not self._told:
            self._told = verdict.taken_by
            self._on_verdict(verdict)
        if verdict.taken_by is not TakenBy.SILENCE:
            self.taken_by = verdict.taken_by
        # not within the session's step, which has not carried out its actions yet
        asyncio.get_running_loop().call_soon(self._follow, verdict)

    def _follow(self, verdict: AnswerVerdict) -> None:
        if self._session is None:
            return
        match verdict.taken_by:
            case TakenBy.PERSON | TakenBy.SILENCE:
                self._give_floor()
            case TakenBy.VOICEMAIL:
                self._answer_voicemail()
            case TakenBy.IVR:
                self._give_floor(greet=False) if self._machines.on_ivr == "talk" else self._end(EndReason.FINISHED)
            case TakenBy.SCREENING:
                self._answer_screening()
            case TakenBy.HOLD:
                self._wait_in_queue()
            case TakenBy.MACHINE if self._doing == "talking" and not self._at_once:
                self._take_floor()  # it was taken for a person
                self._do("judging")

    def _give_floor(self, *, greet: bool = True) -> None:
        if self._doing == "talking":
            return
        self._do("talking")
        self._tell(FloorGiven(greet=greet and self._greets))

    def _take_floor(self) -> None:
        if self._doing == "talking":
            self._tell(FloorTaken())

    def _answer_voicemail(self) -> None:
        match self._machines.on_voicemail:
            case "talk":
                self._give_floor()
            case "leave_message" if self._message:
                self._take_floor()
                self._do("waiting for the beep")
            case _:
                self._end(EndReason.FINISHED)

    def _wait_for_beep(self, now_ms: int) -> None:
        if self._judge.may_leave_message(now_ms) and not self._tones.beeping:
            self._do("leaving a message")
            self._tell(LastWordsAsked(Phrase(self._message), EndReason.FINISHED))
        elif now_ms - self._since_ms > MESSAGE_WAIT_MS:
            self._end(EndReason.FINISHED)

    def _answer_screening(self) -> None:
        on_screening = self._machines.on_screening
        if on_screening == "talk" or (on_screening == "say_who" and not self._who):
            self._give_floor(greet=False)
        elif on_screening == "hang_up" or self._told_who >= ASKED_MAX:
            self._end(EndReason.FINISHED)
        else:
            self._told_who += 1
            self._take_floor()
            self._do("told who")
            self._tell(PhraseAsked(Phrase(self._who)))
            self._judge.listen_again(self._now_ms() + WHO_PATIENCE_MS)

    def _wait_in_queue(self) -> None:
        if not self._machines.on_music_s:
            self._end(EndReason.FINISHED)
            return
        if self._doing != "in a queue":
            self._take_floor()
            self._do("in a queue")
        self._judge.listen_again()  # for the person who comes at its end

    def _end(self, reason: EndReason) -> None:
        self._do("ending")
        if self._session is not None:
            self._session.end(reason)

    def _do(self, doing: Doing) -> None:
        self._doing, self._since_ms = doing, self._now_ms()

    def _tell(self, fact: Fact) -> None:
        if self._session is not None:
            self._session.tell(fact)
