"""Who, or what, took a call that Voi makes: a person, a voicemail, a screening service, a menu, a queue. Decided from
the first seconds, by what they say and how long they speak. Pure: facts and times in, verdicts out.

People who take a call say a word or two and wait. Machines announce something: seconds of speech without a pause, with
words of their own (`machine_words`), and a beep or music behind it. So silence after a short greeting means a person at
once; words decide as soon as they are heard; where neither has come in time, it is decided on the balance, by how they
begin (`greeting_words`); and speech that goes on without telling words is a machine in the end.

A person's verdict can be revised for some seconds: a machine may begin with "Hello!", too. So can what was decided on
the balance, or by length alone.

All times are ms since the call was answered.
"""

from dataclasses import dataclass
from enum import StrEnum

from voi.core.greeting_words import ANNOUNCES, NAMES
from voi.core.machine_words import (
    HOLD,
    IVR,
    LIKELY_IVR,
    LIKELY_SCREENING,
    MACHINE_HINT,
    PERSON,
    SCREENING,
    VOICEMAIL,
    plain_words,
)


class TakenBy(StrEnum):
    """Who or what has taken a call that Voi made."""

    PERSON = "person"
    VOICEMAIL = "voicemail"
    SCREENING = "screening"
    """A service, or a secretary of silicon, that asks who is calling before it lets a call through."""
    IVR = "ivr"
    """A menu of keys."""
    HOLD = "hold"
    """Music or announcements of a queue."""
    MACHINE = "machine"
    """An announcement, of which it is not known yet what it is for."""
    SILENCE = "silence"
    """Nobody has said anything. It may be a person who waits."""


@dataclass(frozen=True, slots=True)
class AnswerVerdict:
    """`why`: what decided it, for the log: "pause", "words", "length", "balance", "beep", "music", "silence"."""

    taken_by: TakenBy
    why: str
    at_ms: int


PERSON_PAUSES_MS = ((900, 576), (1_700, 480), (2_600, 560), (3_600, 800))
"""Greetings up to so long, and how much silence after one means a person. Machines pause as long within a sentence
rarely after such a short beginning; those that say "Hello!" first pause longer than within a sentence."""
LONG_PAUSE_MS = 1_000
"""The same after a longer greeting."""
HINTED_PAUSE_MS = 1_000
"""The same when its words may be a machine's."""
SPELT_PAUSE_MS = 320
"""The same when its words are those of a switchboard's greeting."""
LONG_MS = 3_600
"""Speech that goes on for so long, of which no words are known, is a machine's."""
LONG_WITH_WORDS_MS = 5_200
"""The same when words are known, and are nobody's in particular."""
LONG_OF_A_PERSON_MS = 9_000
HINTED_MS = 1_200
"""Speech for so long that began like a machine's is a machine's."""
BALANCE_MS, BALANCE_SPEECH_MS = 2_400, 1_200
"""So long after the answer, of a greeting of so long, it is decided by how it begins, on the balance. What they say
later may correct that."""
BALANCE_AGAIN_MS = 1_900
"""Speech for so long is weighed where somebody may have taken over from a machine, whenever that is."""
BALANCE_QUIET_MS = 352
"""Silence for so long then is rather that of a person who has said hello."""
UNCLEAR_SPEECH_MS = 3_000
"""Speech for so long that begins neither way is rather a machine's: people whose greeting is that long say who they
are."""
WORDS_ENOUGH, FIRST_WORDS = 3, 6
SILENCE_MS = 4_500
MUSIC_MS = 1_900
"""The detector knows music after 2 s (`voi.audio.tones`), and says then that it has lasted so long."""
RINGING_HZ = 520.0
"""Tones of exchanges (ringing, busy) lie below; a beep of a machine as low as that counts only behind speech."""
MUSIC_NOT_SPEECH_MS = 4_000
"""Music for so long takes back a person's verdict: it was an announcement."""
REVISED_WITHIN_MS = 8_000
"""So long after it a person's verdict may be taken back: later they may speak of messages themselves."""
BEEP_TO_MESSAGE_MS = 250
QUIET_TO_MESSAGE_MS = 2_600
"""Machines without a beep: so much silence after the announcement. Their authors pause before the beep."""
MESSAGE_WAIT_MS = 45_000
"""No announcement is that long: a caller who still waits leaves no message."""


class AnswerJudge:
    """Judges one call. Each method takes what happened at `now_ms` and returns the verdict if there is a new one."""

    __slots__ = (
        "_beep_ended_ms", "_began_ms", "_heard_until_ms", "_hint", "_plain", "_quiet_from_ms",
        "_silent_from_ms", "_weighed_ms", "verdict",
    )  # fmt: skip

    def __init__(self) -> None:
        self.verdict: AnswerVerdict | None = None
        self._began_ms: int | None = None
        """When the voice set in that speaks now, pauses of sentences included; None: nobody has spoken."""
        self._heard_until_ms = 0
        self._quiet_from_ms: int | None = None
        self._silent_from_ms: int | None = 0
        """Since when it is waited for somebody to speak; None: for any time."""
        self._plain = ""
        self._hint = False
        self._beep_ended_ms: int | None = None
        self._weighed_ms = BALANCE_SPEECH_MS
        """Speech of that length is weighed."""

    @property
    def greeting_ms(self) -> int:
        """How long they have spoken, pauses within it included."""
        return 0 if self._began_ms is None else self._heard_until_ms - self._began_ms

    # ---- what happens ---------------------------------------------------------------------------------

    def voice(self, now_ms: int, stretch_ms: int) -> AnswerVerdict | None:
        """There is voice now, for `stretch_ms` without a pause."""
        if self._began_ms is None:
            self._began_ms = max(0, now_ms - stretch_ms)
        self._heard_until_ms = now_ms
        self._quiet_from_ms = None
        if self._is_open and not self._is(TakenBy.MACHINE) and self.greeting_ms >= self._longest_ms():
            return self._decide(TakenBy.MACHINE, "length", now_ms)
        return self._weigh(now_ms)

    def quiet(self, now_ms: int, quiet_ms: int) -> AnswerVerdict | None:
        """Nobody has spoken for `quiet_ms`."""
        if self._began_ms is None:
            return self.passed(now_ms)
        if self._quiet_from_ms is None:
            self._quiet_from_ms = self._heard_until_ms = now_ms - quiet_ms
        if self._is(TakenBy.MACHINE) and quiet_ms >= QUIET_TO_MESSAGE_MS:
            return self._decide(self._likely() or TakenBy.VOICEMAIL, "length", now_ms)
        if self._is_open and quiet_ms >= self._pause_ms():
            return self._greeting_ended(now_ms)
        return self._weigh(now_ms)

    def words(self, now_ms: int, text: str) -> AnswerVerdict | None:
        """What was said so far, as it is heard; it may change."""
        plain = plain_words(text)
        if plain == self._plain:
            return None
        self._plain = plain
        self._hint = self._hint or MACHINE_HINT.search(plain) is not None
        found = _kind_of(plain)
        if found is None and (self._is_open or self._is(TakenBy.MACHINE)):
            if PERSON.search(plain):  # nobody has to wait for the end of a long greeting to know it
                found = None if self._is(TakenBy.PERSON) else TakenBy.PERSON
            elif self._is(TakenBy.PERSON) and self._hint:
                found = TakenBy.MACHINE
        if found is None or not (found is TakenBy.PERSON or self._may_become(found, now_ms)):
            return self._weigh(now_ms)
        return self._decide(found, "words", now_ms)

    def beep(self, now_ms: int, frequency_hz: float) -> AnswerVerdict | None:
        """A beep is over. Before any speech a low one is the exchange's."""
        if self._began_ms is None and frequency_hz < RINGING_HZ:
            return None
        self._beep_ended_ms = now_ms
        if self._may_become(TakenBy.VOICEMAIL, now_ms):
            return self._decide(TakenBy.VOICEMAIL, "beep", now_ms)
        return None

    def music(self, now_ms: int, music_ms: int) -> AnswerVerdict | None:
        """There has been music for so long."""
        least_ms = MUSIC_NOT_SPEECH_MS if self._is(TakenBy.PERSON) else MUSIC_MS
        if music_ms >= least_ms and self._may_become(TakenBy.HOLD, now_ms):
            return self._decide(TakenBy.HOLD, "music", now_ms)
        return None

    def passed(self, now_ms: int) -> AnswerVerdict | None:
        """It is `now_ms`."""
        from_ms = self._silent_from_ms
        if self.verdict is None and self._began_ms is None and from_ms is not None and now_ms - from_ms >= SILENCE_MS:
            return self._decide(TakenBy.SILENCE, "silence", now_ms)
        return None

    def listen_again(self, silent_from_ms: int | None = None) -> None:
        """Judge again who is there from now on: a person may take over from a machine. `silent_from_ms`: silence counts
        from then; None: it means nothing."""
        self.verdict = None
        self._silent_from_ms = silent_from_ms
        self._began_ms = self._quiet_from_ms = None
        self._plain, self._hint, self._weighed_ms = "", False, BALANCE_AGAIN_MS

    # ---- a voicemail's message ------------------------------------------------------------------------

    def may_leave_message(self, now_ms: int) -> bool:
        """The beep is over, or the announcement is and there was none."""
        if self._beep_ended_ms is not None and now_ms - self._beep_ended_ms >= BEEP_TO_MESSAGE_MS:
            return self._beep_ended_ms + BEEP_TO_MESSAGE_MS >= self._heard_until_ms or self._quiet_for(now_ms, 800)
        return self._quiet_for(now_ms, QUIET_TO_MESSAGE_MS)

    def _quiet_for(self, now_ms: int, wait_ms: int) -> bool:
        return self._quiet_from_ms is not None and now_ms - self._quiet_from_ms >= wait_ms

    # ---- the rules --------------------------------------------------------------------------------------

    @property
    def _is_open(self) -> bool:
        """Nothing is decided, or only on the balance while they speak."""
        return self.verdict is None or self.verdict.why == "balance"

    def _weigh(self, now_ms: int) -> AnswerVerdict | None:
        """Decide on the balance, once it is time and some words are known."""
        began_ms = self._began_ms
        if self.verdict is not None or began_ms is None or not self._plain:
            return None
        if now_ms - began_ms < self._weighed_ms or now_ms < BALANCE_MS:
            return None
        if self._names():
            return self._decide(TakenBy.PERSON, "balance", now_ms)
        quiet_ms = 0 if self._quiet_from_ms is None else now_ms - self._quiet_from_ms
        if quiet_ms >= BALANCE_QUIET_MS and not self._announces():
            return self._decide(TakenBy.PERSON, "balance", now_ms)
        if self._announces() or (self.greeting_ms >= UNCLEAR_SPEECH_MS and self._words >= WORDS_ENOUGH):
            return self._decide(TakenBy.MACHINE, "balance", now_ms)
        return None

    def _names(self) -> bool:
        return not self._hint and (PERSON.search(self._plain) or NAMES.search(self._plain)) is not None

    def _announces(self) -> bool:
        if PERSON.search(self._plain):
            return False
        return self._hint or ANNOUNCES.search(" ".join(self._plain.split()[:FIRST_WORDS])) is not None

    def _greeting_ended(self, now_ms: int) -> AnswerVerdict | None:
        """They have fallen silent, for so long that a person would be waited for."""
        if likely := self._likely():
            return self._decide(likely, "words", now_ms)
        if self._is(TakenBy.PERSON):
            self.verdict = AnswerVerdict(TakenBy.PERSON, "pause", now_ms)  # as was said; now it holds
            return None
        if self._is(TakenBy.MACHINE) and (self._announces() or self.greeting_ms > LONG_WITH_WORDS_MS):
            return None
        return self._decide(TakenBy.PERSON, "pause", now_ms)

    def _likely(self) -> TakenBy | None:
        """What an announcement is that is over and said nothing clear; None: nothing points to anything."""
        if LIKELY_SCREENING.search(self._plain):
            return TakenBy.SCREENING
        return TakenBy.IVR if LIKELY_IVR.search(self._plain) else None

    def _longest_ms(self) -> int:
        if self._hint:
            return HINTED_MS
        if PERSON.search(self._plain):
            return LONG_OF_A_PERSON_MS
        return LONG_WITH_WORDS_MS if self._words >= WORDS_ENOUGH else LONG_MS

    @property
    def _words(self) -> int:
        return len(self._plain.split())

    def _pause_ms(self) -> int:
        if PERSON.search(self._plain):
            return SPELT_PAUSE_MS
        if self._hint or ANNOUNCES.search(self._plain):
            return HINTED_PAUSE_MS
        return next((pause_ms for most_ms, pause_ms in PERSON_PAUSES_MS if self.greeting_ms <= most_ms), LONG_PAUSE_MS)

    def _may_become(self, kind: TakenBy, now_ms: int) -> bool:
        """Whether what is known now may still change to that."""
        verdict = self.verdict
        if verdict is None or verdict.taken_by is TakenBy.SILENCE:
            return True
        if verdict.taken_by is TakenBy.PERSON:
            return now_ms - verdict.at_ms <= REVISED_WITHIN_MS
        # an announcement says more as it goes on: music between its parts, "press one, or leave a message"
        order = (TakenBy.PERSON, TakenBy.MACHINE, TakenBy.HOLD, TakenBy.IVR, TakenBy.SCREENING, TakenBy.VOICEMAIL)
        return order.index(kind) > order.index(verdict.taken_by)

    def _is(self, kind: TakenBy) -> bool:
        return self.verdict is not None and self.verdict.taken_by is kind

    def _decide(self, kind: TakenBy, why: str, now_ms: int) -> AnswerVerdict:
        self.verdict = AnswerVerdict(kind, why, now_ms)
        return self.verdict


def _kind_of(plain: str) -> TakenBy | None:
    """Whose words these are; None: anybody's. A screening service speaks of messages, and a voicemail of keys."""
    for pattern, kind in (
        (SCREENING, TakenBy.SCREENING), (VOICEMAIL, TakenBy.VOICEMAIL), (IVR, TakenBy.IVR), (HOLD, TakenBy.HOLD),
    ):  # fmt: skip
        if pattern.search(plain):
            return kind
    return None
