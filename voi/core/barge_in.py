"""A sound over the agent's speech: is it a voice, and does it want the floor? Evidence in, a verdict out.

The sound goes down at once and stops only when we are sure: a cough is told from a voice within 160 ms, but "okay" from
"okay, but" by nothing before the words or the length. So lasting voice stops the reply sooner when it is no listening
"yeah", and later when it is; quiet before that gives the reply back. What is known outlives a short quiet: people
begin with "yeah", pause, and go on.
"""

from dataclasses import dataclass
from enum import Enum, auto

from voi.core.actions import DuckLevel
from voi.core.facts import VoiceJudged
from voi.core.script import TurnPolicy
from voi.core.turn import Turn
from voi.core.turn_text import is_backchannel, spoken_words

JUDGED_AT_MS = (160, 256, 448, 640)
"""Of voice in one stretch: the judge of voices is asked then…"""
WORDS_AT_MS = (256, 448)
"""…and the recogniser for the words so far, rather than at its own rhythm."""
LIKELY_VOICE = 0.6
"""From here on the reply is lowered so far that the person need not speak against it."""
SURE_VOICE = 0.8
"""From here on the reply may be stopped."""
WANTS_FLOOR = 0.5
BACKCHANNEL_MS = 800
"""Voice that lasts this long is no listening "yeah" any more, whatever it sounds like."""
UNJUDGED_MS = 200
"""A judgement that is so late is not waited for: lasting voice alone stops the reply."""
QUIET_OF_NOISE_MS = 160
QUIET_MS = 256
"""Quiet after which the reply goes on: sooner where the sound was no voice."""
CONTINUES_MS = 1_500
"""Voice that sets in again within this goes on where it broke off."""
NOISE = 0.4
"""In silence, a sound below this is no voice…"""
NOISE_WORDS_MAX = 2
NOISE_VOICE_MAX_MS = 600
"""…if it is as short as this: the recogniser hears words in most coughs."""

_STOP_WORDS = frozenset(
    " ".join(
        (
            "stop wait halt stopp pause listen sorry excuse hey no nope cancel quiet shush hush warte moment nein",
            "arrête arrêtez attends attendez non para espera espere alto oye basta ferma aspetta pare stoi czekaj",
            "стоп подожди подождите хватит нет wacht stil dur bekle やめて 待って ちょっと 停 等等 等一下 不 잠깐 그만",
            "توقف انتظر रुको रुकिए",
        )
    ).split()
)


class Verdict(Enum):
    STOP = auto()
    RESUME = auto()


@dataclass(slots=True)
class BargeIn:
    """What is known of one possible barge-in."""

    reply: int
    earlier_ms: int = 0
    """Voice of utterances before this one: a quiet gave the reply back."""
    voice_ms: int = 0
    """All voice so far."""
    voice: float | None = None
    """Probability that it is a person's voice; None: not judged yet."""
    floor: float | None = None
    """Probability that they want to speak, rather than to show that they listen."""
    ducked: DuckLevel | None = None
    resumed_ms: int | None = None
    """Wall time at which the reply was given back."""

    def begins(self, now_ms: int) -> "BargeIn":
        """Voice sets in again over the same reply: this, continued, or a new one."""
        if self.resumed_ms is None or now_ms - self.resumed_ms > CONTINUES_MS:
            return BargeIn(self.reply)
        return BargeIn(self.reply, self.voice_ms, self.voice_ms, self.voice, self.floor)

    def judged(self, fact: VoiceJudged) -> None:
        """A newer judgement knows more, and is weighed with those before."""
        self.voice = fact.voice if self.voice is None else (self.voice + 2 * fact.voice) / 3
        self.floor = fact.floor

    @property
    def likely(self) -> bool:
        return self.voice is not None and self.voice >= LIKELY_VOICE

    @property
    def is_noise(self) -> bool:
        """Judged at some length, and no voice."""
        return self.voice is not None and self.voice < NOISE


def passes(before_ms: int, now_ms: int, marks: tuple[int, ...]) -> bool:
    """Does a stretch of voice pass one of these marks as it grows?"""
    return any(before_ms < mark <= now_ms for mark in marks)


def is_noise(turn: Turn) -> bool:
    """In silence: a sound that is no voice, as short as those are in which recognisers hear words."""
    return (
        turn.voice is not None
        and turn.voice < NOISE
        and turn.voice_ms < NOISE_VOICE_MAX_MS
        and len(spoken_words(turn.text)) <= NOISE_WORDS_MAX
    )


def verdict(
    barge_in: BargeIn, text: str, quiet_ms: int, policy: TurnPolicy, *, answers: bool, final: bool
) -> Verdict | None:
    """What becomes of the reply. `text`: the words so far; `final`: all of them. `answers`: a question of ours was
    just asked, and whatever is said is no mere sign of listening. None: wait."""
    words = spoken_words(text)
    listens = is_backchannel(text) and not answers
    voice = barge_in.voice
    if voice is None and barge_in.voice_ms >= policy.barge_in_ms + UNJUDGED_MS:
        voice = 1.0
    if voice is not None and voice >= SURE_VOICE:
        if words and not listens and (answers or any(word in _STOP_WORDS for word in words)):
            return Verdict.STOP
        if len(words) >= 2 and not listens and (not quiet_ms or final):
            return Verdict.STOP
        floor = answers or bool(words) or barge_in.floor is None or barge_in.floor >= WANTS_FLOOR
        enough_ms = policy.barge_in_ms if floor and not listens else max(BACKCHANNEL_MS, policy.barge_in_ms)
        if barge_in.voice_ms >= enough_ms:
            return Verdict.STOP
    if quiet_ms >= QUIET_MS or (quiet_ms >= QUIET_OF_NOISE_MS and (voice is None or voice < LIKELY_VOICE)):
        return Verdict.RESUME
    return None
