"""A sound over the agent's speech: is it a voice, and does it want the floor?

The reply is ducked at once and stopped only on sure evidence. A cough can be told from a voice within 160 ms, but only
the words or the length tell "okay" from "okay, but". So lasting voice stops the reply, later if it sounds like a
backchannel, and quiet before that resumes it. The evidence is kept over a short quiet: people begin with "yeah", pause,
and go on.
"""

from dataclasses import dataclass
from enum import Enum, auto

from voi.core import actions as do
from voi.core.actions import Action, DuckLevel
from voi.core.facts import VoiceJudged
from voi.core.replies import Replies
from voi.core.reply import Reply
from voi.core.script import Script
from voi.core.turn import Turn
from voi.core.turn_text import could_say, is_backchannel, spoken_words
from voi.turn_policy import TurnPolicy

JUDGED_AT_MS = (160, 256, 448, 640)
"""Lengths of one stretch of voice at which the voice judge is asked."""
WORDS_AT_MS = (256, 448)
"""Lengths of one stretch of voice at which the STT is asked for the words so far, instead of in its own rhythm."""
LIKELY_VOICE = 0.6
"""From this probability on the reply is ducked deep, so that the person need not talk over it."""
SURE_VOICE = 0.8
"""From this probability on words stop the reply, and so does voice of `barge_in_ms`."""
LASTING_VOICE = 0.7
LASTING_MS = 128
"""A probability from `LASTING_VOICE` to `SURE_VOICE` stops the reply only after this much more voice."""
WANTS_FLOOR = 0.5
SURE_FLOOR = 0.85
"""From this probability on a single word is enough, if it is not a backchannel."""
NO_VOICE = 0.4
BACKCHANNEL_MS = 800
"""Voice that lasts this long is not a backchannel, whatever it sounds like."""
UNJUDGED_MS = 200
"""A verdict later than this is not waited for: lasting voice alone stops the reply."""
QUIET_OF_NOISE_MS = 160
QUIET_MS = 256
"""Quiet after which the reply is resumed; sooner if the sound was not a voice."""
LATE_WORDS_MS = 640
"""Quiet after which a reply is resumed though the words of a likely voice have not come. On a busy machine they take
longer than `QUIET_MS`, and "wait" must not have to be said twice."""
CONTINUES_MS = 1_500
"""Voice that sets in again within this time continues the same possible barge-in."""
_STOP_WORDS = frozenset(
    " ".join(
        (
            "stop wait halt stopp pause listen sorry excuse no nope cancel quiet shush hush warte moment nein",
            "arrête arrêtez attends attendez non para espera espere alto oye basta ferma aspetta pare stoi czekaj",
            "стоп подожди подождите хватит нет wacht stil dur bekle やめて 待って ちょっと 停 等等 等一下 不 잠깐 그만",
            "توقف انتظر रुको रुकिए",
        )
    ).split()
)


class Verdict(Enum):
    """What to do with a reply that somebody makes a sound over: stop it, or play on at full volume."""

    STOP = auto()
    RESUME = auto()


@dataclass(slots=True)
class BargeIn:
    """What is known of one possible barge-in."""

    reply: int
    earlier_ms: int = 0
    """Voice of earlier stretches, after which the reply was resumed."""
    voice_ms: int = 0
    """All voice so far."""
    voice: float | None = None
    """Probability that it is a person's voice; None: not judged yet."""
    floor: float | None = None
    """Probability that they want to speak, rather than to show that they listen."""
    ducked: DuckLevel | None = None
    resumed_ms: int | None = None
    """Wall time at which the reply was resumed."""

    def begins(self, now_ms: int) -> "BargeIn":
        """Voice sets in again over the same reply. Returns this barge-in, continued, or a new one."""
        if self.resumed_ms is None or now_ms - self.resumed_ms > CONTINUES_MS:
            return BargeIn(self.reply)
        return BargeIn(self.reply, self.voice_ms, self.voice_ms, self.voice, self.floor)

    def judged(self, fact: VoiceJudged) -> None:
        """Combine a new verdict with those before it."""
        self.voice = fact.voice if self.voice is None else (self.voice + 2 * fact.voice) / 3
        self.floor = fact.floor

    @property
    def likely(self) -> bool:
        """True if the sound was judged to be probably a voice."""
        return self.voice is not None and self.voice >= LIKELY_VOICE

    @property
    def is_noise(self) -> bool:
        """True if the sound was judged to be no voice."""
        return self.voice is not None and self.voice < NO_VOICE


def passes(before_ms: int, now_ms: int, marks: tuple[int, ...]) -> bool:
    """True if one of the marks lies between the two lengths of a growing stretch of voice, in ms."""
    return any(before_ms < mark <= now_ms for mark in marks)


def verdict(
    barge_in: BargeIn, text: str, quiet_ms: int, policy: TurnPolicy, *, answers: bool, final: bool
) -> Verdict | None:
    """What to do with the reply; None: wait. `text`: the words so far; `final`: they are complete. `answers`: the agent
    just asked a question, so nothing that is said counts as a backchannel."""
    words = spoken_words(text)
    if not could_say(words, barge_in.voice_ms):
        words = []
    listens = is_backchannel(text) and not answers
    voice, floor, lasts_ms = barge_in.voice, barge_in.floor, barge_in.voice_ms
    if voice is None and lasts_ms >= policy.barge_in_ms + UNJUDGED_MS:
        voice = 1.0
    if answers or floor is None:
        floor = 1.0
    if voice is not None and voice >= SURE_VOICE and words and not listens:
        if answers or floor >= SURE_FLOOR or any(word in _STOP_WORDS for word in words):
            return Verdict.STOP
        if len(words) >= 2 and (not quiet_ms or final):
            return Verdict.STOP
    if voice is not None and voice >= LASTING_VOICE:
        enough_ms = policy.barge_in_ms if voice >= SURE_VOICE else policy.barge_in_ms + LASTING_MS
        if listens or floor < WANTS_FLOOR:
            enough_ms = max(BACKCHANNEL_MS, enough_ms)
        if lasts_ms >= enough_ms:
            return Verdict.STOP
    if voice is None or voice < LIKELY_VOICE:
        enough_quiet_ms = QUIET_OF_NOISE_MS
    else:
        enough_quiet_ms = QUIET_MS if final else LATE_WORDS_MS
    return Verdict.RESUME if quiet_ms >= enough_quiet_ms else None


class BargeIns:
    """Ducks the reply at once when a sound sets in over it, collects evidence and decides: stop it, or resume it.

    With a voice judge (`Script.judges_voices`) `verdict` decides. Without one, words or lasting voice stop the reply,
    and it is ducked "deep" from the onset on. Actions are appended to `out`; the conversation carries out the verdicts.
    """

    __slots__ = ("_newest", "_out", "_replies", "_script")

    def __init__(self, replies: Replies, script: Script, out: list[Action]) -> None:
        self._replies = replies
        self._script = script
        self._out = out
        self._newest = BargeIn(0)
        """The newest possible barge-in. It is kept while its reply sounds, as it may continue."""

    def follow(self, script: Script) -> None:
        """Keep to that script's rules from now on."""
        self._script = script

    @property
    def newest(self) -> BargeIn:
        """What is known of the newest possible barge-in."""
        return self._newest

    def begins(self, reply: Reply, now_ms: int) -> None:
        """Voice sets in over that reply."""
        known = self._newest
        barge_in = self._newest = known.begins(now_ms) if known.reply == reply.number else BargeIn(reply.number)
        if not self._script.interrupts:
            return
        if not self._script.judges_voices:
            self._duck("deep")
        elif not barge_in.is_noise:
            self._duck("deep" if barge_in.likely else "soft")

    def _duck(self, level: DuckLevel) -> None:
        if self._newest.ducked != level:
            self._newest.ducked = level
            self._out.append(do.Duck(self._newest.reply, level))

    def grows(self, turn: Turn, before_ms: int, now_ms: int, *, lasting: bool) -> Verdict | None:
        """The stretch of voice has grown from `before_ms`. `lasting`: it is long enough to stop a reply."""
        if not self._script.judges_voices:
            return Verdict.STOP if lasting else None
        if passes(before_ms, turn.stretch_ms, JUDGED_AT_MS):
            self._out.append(do.JudgeVoice(turn.utterance, turn.stretch_ms))
        if passes(before_ms, turn.stretch_ms, WORDS_AT_MS):
            self._out.append(do.TranscribeNow(turn.utterance))
        return self.weigh(turn, now_ms)

    def judged(self, fact: VoiceJudged, turn: Turn, now_ms: int) -> Verdict | None:
        """Take in what the voice judge says. Returns what to do with the reply; None: wait."""
        self._newest.judged(fact)
        if self._newest.likely and self._script.interrupts:
            self._duck("deep")
        return self.weigh(turn, now_ms)

    def weigh(self, turn: Turn, now_ms: int) -> Verdict | None:
        """Decide by all that is known of the sound so far. None: wait."""
        answers = self._replies.asks(now_ms)
        if not self._script.judges_voices:
            if turn.text and (answers or not is_backchannel(turn.text)):
                return Verdict.STOP
            return Verdict.RESUME if turn.final is not None and turn.quiet_ms else None
        barge_in = self._newest
        barge_in.voice_ms = barge_in.earlier_ms + turn.voice_ms
        final = turn.final is not None
        decided = verdict(barge_in, turn.text, turn.quiet_ms, self._script.turn, answers=answers, final=final)
        if decided is Verdict.STOP:
            turn.voice = barge_in.voice
        elif decided is Verdict.RESUME and turn.text and barge_in.likely:
            self._out.append(do.NoteBackchannel(barge_in.reply, turn.text))
        return decided

    def overdue(self, turn: Turn | None) -> Verdict:
        """It lasts too long. Decide by what is known."""
        speaks = turn is not None and turn.quiet_ms == 0
        voice = not self._script.judges_voices or self._newest.voice is None or self._newest.likely
        return Verdict.STOP if speaks and voice else Verdict.RESUME

    def resume(self, now_ms: int) -> None:
        """The sound was not an interruption: restore the reply's volume."""
        if self._newest.ducked:
            self._replies.resume()
        self._newest.ducked = None
        self._newest.resumed_ms = now_ms
