"""Plays clips to the core alone on a virtual clock, with the engines' answers about them.

The answers come as late as the engines take on an idle machine, and a reply's first sound `reply_ms` after the person's
last voice (None: at once). It notes when the core took a silence for the end of a turn, which is when it released a
reply.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from voi.core import actions as do
from voi.core import facts as was
from voi.core.conversation import Conversation
from voi.core.facts import Fact
from voi.core.pace import Pace
from voi.core.script import Script
from voi.core.vad_edges import VadEdges
from voi.dialogue import Phrase
from voi.training.turns.clips import Clip, Pause
from voi.training.turns.judgements import PREROLL_WINDOWS, WINDOW_MS, Judgements

TRANSCRIPT_MS, VERDICT_MS = 110, 75
"""Latency of the recogniser and of the turn detector on one core of an EPYC without VNNI."""
QUESTIONS = {
    "number": "What is your phone number?",
    "spelling": "Could you spell that for me?",
    "address": "What is your address?",
    "list": "Which ones would you like?",
    "yes_no": "Is that right?",
    "choice": "Do you want the small one or the large one?",
    "name": "What is your name?",
    "open": "How can I help you?",
}
"""The agent's question before a clip, by what the clip's label says was asked for."""

EndOfTurnJudge = Callable[[int, int], float]
"""Takes windows [start, end); returns the probability that the turn is over."""


@dataclass(slots=True)
class PlayedClip:
    """The result for one clip: its labels, and when the core took which silence for the end, in ms of the clip."""

    clip: Clip
    ends_ms: list[int] = field(default_factory=list)
    asked: int = 0
    """How many verdicts of the turn detector were asked for."""

    def end_in(self, pause: Pause) -> int | None:
        """The time in ms at which the turn was ended in this silence; None if it was not."""
        inside = [at_ms for at_ms in self.ends_ms if pause.start_ms < at_ms <= pause.end_ms]
        return inside[0] if inside else None


@dataclass(frozen=True, slots=True)
class Setting:
    """How the clips are played."""

    script: Script = field(default_factory=Script)
    make: Callable[[Script], Conversation] = Conversation
    reply_ms: int | None = None
    transcript_ms: int = TRANSCRIPT_MS
    verdict_ms: int | None = VERDICT_MS
    """None: no verdict ever comes."""
    remember_pace: bool = True
    """Play a speaker's clips one after the other with one `Pace`."""


def play(
    clip: Clip, judgements: Judgements, judge: EndOfTurnJudge, setting: Setting, pace: Pace | None = None
) -> PlayedClip:
    """Play one clip."""
    question = QUESTIONS.get(clip.asked or "")
    script = replace(setting.script, greeting=Phrase(question)) if question else setting.script
    return _Play(clip, judgements, judge, setting, setting.make(script), pace).run(greet=question is not None)


def play_all(
    clips: Iterable[tuple[Clip, Judgements]], judge_of: Callable[[Judgements], EndOfTurnJudge], setting: Setting
) -> list[PlayedClip]:
    """Play clips in the order of their speakers and names."""
    paces: dict[str, Pace] = {}
    heard = []
    for clip, judgements in sorted(clips, key=lambda one: (one[0].speaker, one[0].name)):
        pace = paces.setdefault(clip.speaker, Pace()) if setting.remember_pace else None
        heard.append(play(clip, judgements, judge_of(judgements), setting, pace))
    return heard


class _Play:
    def __init__(
        self,
        clip: Clip,
        judgements: Judgements,
        judge: EndOfTurnJudge,
        setting: Setting,
        core: Conversation,
        pace: Pace | None,
    ) -> None:
        self._core = core
        if pace is not None and hasattr(core, "pace"):
            core.pace = pace
        self._judgements, self._judge, self._setting = judgements, judge, setting
        self._edges = VadEdges()
        self._later: list[tuple[int, int, Fact]] = []
        self._numbers = count()
        self._window = 0
        self._start = 0
        self._voice_ms = 0
        self._heard = PlayedClip(clip)
        self._released: int | None = None

    def run(self, *, greet: bool) -> PlayedClip:
        self._tell(was.Opened(greet))
        if greet:
            text = self._core.script.greeting.text if self._core.script.greeting else ""
            self._tell(was.ReplyText(1, 0, text), was.PieceVoiced(1, 0, 0, 1_000), was.ReplyWritten(1))
            self._tell(was.PlaybackStarted(1), was.ReplyPlayed(1))
        self._heard.ends_ms.clear()
        for probability in self._judgements.vad:
            fact = self._edges.window(probability)
            self._window += 1
            self._serve(self._window * WINDOW_MS)
            if isinstance(fact, was.UserStarted) and self._released is not None:
                self._cut_off(fact.audio_ms)
            if isinstance(fact, was.SpeechGrew | was.UserStarted):
                self._voice_ms = self._window * WINDOW_MS
            if fact:
                self._tell(fact)
        return self._heard

    def _cut_off(self, onset_ms: int) -> None:
        """The person goes on: end our reply, as a barge-in would, and note their pace."""
        pause_ms = onset_ms - self._voice_ms
        if self._released is not None and onset_ms - self._released <= 1_500:
            self._core.pace.went_on(pause_ms)
        self._released = None

    def _serve(self, now_ms: int) -> None:
        while True:
            due_ms = self._core.deadline_ms
            next_ms = self._later[0][0] if self._later else None
            if next_ms is not None and next_ms <= now_ms and (due_ms is None or next_ms <= due_ms):
                _, _, fact = heapq.heappop(self._later)
                self._tell(fact, at_ms=next_ms)
            elif due_ms is not None and due_ms <= now_ms:
                self._tell(was.DeadlinePassed(), at_ms=due_ms)
            else:
                return

    def _tell(self, *facts: Fact, at_ms: int | None = None) -> None:
        now_ms = self._window * WINDOW_MS if at_ms is None else at_ms
        queue = list(facts)
        while queue:
            for action in self._core.handle(queue.pop(0), now_ms):
                queue += self._carry_out(action, now_ms)

    def _after(self, at_ms: int, fact: Fact) -> None:
        heapq.heappush(self._later, (at_ms, next(self._numbers), fact))

    def _carry_out(self, action: do.Action, now_ms: int) -> list[Fact]:
        setting, end = self._setting, max(1, now_ms // WINDOW_MS)
        match action:
            case do.Listen():
                self._start = max(0, self._window - PREROLL_WINDOWS)
            case do.EndUtterance():
                self._edges.end_turn()
            case do.Transcribe():
                text = self._judgements.words(self._start, end)
                self._after(now_ms + setting.transcript_ms, was.Heard(action.utterance, text, action.pause))
            case do.JudgeTurn(text=""):
                self._heard.asked += 1
                if setting.verdict_ms is not None:
                    verdict = was.TurnJudged(
                        action.utterance, action.pause, "audio", self._judge(self._start, end), action.quiet_ms
                    )
                    self._after(now_ms + setting.verdict_ms, verdict)
            case do.StartReply(reply=reply):
                sound_ms = now_ms if setting.reply_ms is None else max(now_ms, self._voice_ms + setting.reply_ms)
                self._after(sound_ms, was.ReplyText(reply, 0, "Yes."))
                self._after(sound_ms, was.ReplySounded(reply))
                self._after(sound_ms, was.ReplyWritten(reply))
            case do.Release(reply=reply):
                self._heard.ends_ms.append(now_ms)
                self._released = now_ms
                return [was.PlaybackStarted(reply), was.PieceVoiced(reply, 0, 0, 100), was.ReplyPlayed(reply)]
            case do.Stop(reply=reply):
                return [was.ReplyStopped(reply, 0)]
            case _:
                pass
        return []
