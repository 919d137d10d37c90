"""One utterance: its sound, the words confirmed of it, and what to decode next. Pure: no thread, no clock, no model.

Each pass decodes the window from the first kept sound to the newest, and begins with the confirmed words in it, so a
word can neither be lost nor come twice: the model goes on after the last confirmed one. Once the window is long it is
cut before a confirmed word, a few of which stay as an anchor: where a word's time is off by some hundred milliseconds,
the anchor's words take up the difference.
"""

from dataclasses import dataclass

from voi.engines.base import TimedWord, Transcript
from voi.engines.stt.whisper.agreement import Agreement
from voi.engines.stt.whisper.passes import Hypothesis, Pass
from voi.engines.stt.whisper.sound import PAUSE_MS, SoundBuffer, to_ms, to_samples
from voi.engines.stt.whisper.words import RawWord, text_of

WINDOW_MS = 28_000  # of the model's 30 s, so that the last word's end is still inside
TRIM_OVER_MS = 15_000
LONGEST_PREFIX_TOKENS = 120  # of the 224 that a window's text may have
KEEP_MS = 4_000
ANCHOR_WORDS = 3
FORCED_TAIL_MS = 2_000
"""In a full window, words that end before its last two seconds are confirmed without agreement."""
LEAST_PROGRESS_MS = 5_000

GOES_ON_MS = 1_000
"""If speech lasts this long after the last confirmed word, there are more words. Whisper tends to stop at the end of a
sentence and would drop what follows it."""

CONTEXT_WORDS = 40
"""Words from before the window that the model is shown: whole sentences help little beyond the last one or two."""

FALLBACK = (0.0, 0.4, 0.8)
"""Temperatures for a pass whose text may be final; two repeats at most. A partial is repeated soon anyway."""


@dataclass(frozen=True, slots=True)
class PassWindow:
    """What a pass covers, as positions in the kept sound. `full`: there is more sound than the pass could take."""

    start: int
    end: int
    full: bool


class DecodingState:
    """`covered`: position up to which all sound is in the hypothesis; `tried`: the same, with passes that were too
    doubtful to count."""

    def __init__(self, *, language: str | None, prompt: str, usual: str | None = None, translate: bool = False) -> None:
        self.sound = SoundBuffer()
        self.covered = 0
        self.tried = 0
        self.language = language
        self._usual = usual
        self._translate = translate
        self._detected: str | None = None
        self._prompt = prompt
        self._agreement = Agreement()
        self._first_inside = 0  # index of the first confirmed word in the window
        self._misled = False

    # ---- what is known ----------------------------------------------------------------------------

    @property
    def heard(self) -> int:
        """The position that `covered` has to reach: the end of the last speech, plus enough quiet to show that it
        ended."""
        sound = self.sound
        return min(sound.end, sound.speech_end + to_samples(PAUSE_MS)) if sound.speech_end else 0

    @property
    def words(self) -> tuple[TimedWord, ...]:
        """All words so far, times from the start of all that was fed."""
        fed_ms = self.sound.fed_ms
        return tuple(
            TimedWord(
                word.text.strip(), fed_ms(to_samples(word.start_ms)), fed_ms(to_samples(word.end_ms)), word.probability
            )
            for word in (*self._agreement.confirmed, *self._agreement.tentative)
        )

    @property
    def spoken(self) -> str | None:
        """The detected language; None as long as there are no words."""
        return self._detected if self._agreement.confirmed or self._agreement.tentative else None

    def transcript(self) -> Transcript:
        confirmed, text = text_of(self._agreement.confirmed), self.text()
        return Transcript(confirmed, text[len(confirmed) :], self.spoken)

    def text(self) -> str:
        return text_of((*self._agreement.confirmed, *self._agreement.tentative))

    # ---- the next pass ----------------------------------------------------------------------------

    def next_pass(self, *, may_be_final: bool) -> tuple[PassWindow, Pass]:
        """The window as it is now, from the first kept sound on."""
        sound = self.sound
        limit = sound.start + to_samples(WINDOW_MS)
        window = PassWindow(sound.start, min(sound.end, limit), self.overfull)
        return window, Pass(
            sound.read(window.end),
            language=self.language,
            usual=self._detected or self._usual,
            translate=self._translate,
            prompt=self._prompt,
            context=self._context(),
            prefix=tuple(word.later(-to_ms(window.start)) for word in self._inside),
            goes_on=self._goes_on(window),
            temperatures=FALLBACK if may_be_final else FALLBACK[:1],
        )

    @property
    def overfull(self) -> bool:
        """True if more sound waits than one pass can take."""
        return self.heard > self.sound.start + to_samples(WINDOW_MS)

    @property
    def _inside(self) -> list[RawWord]:
        """The confirmed words in the window."""
        return self._agreement.confirmed[self._first_inside :]

    def _goes_on(self, window: PassWindow) -> bool:
        inside, speech_end = self._inside, min(window.end, self.sound.speech_end)
        return bool(inside) and to_ms(speech_end) - inside[-1].end_ms >= GOES_ON_MS

    @property
    def _prefix_tokens(self) -> int:
        return sum(len(word.tokens) for word in self._inside)

    def _context(self) -> tuple[RawWord, ...]:
        """The words before the window, if they help: only in the middle of a sentence, since a new sentence depends
        little on the one before, and not after a doubtful pass, since context keeps a loop alive."""
        before = self._agreement.confirmed[: self._first_inside][-CONTEXT_WORDS:]
        return () if not before or self._misled or before[-1].ends_sentence else tuple(before)

    def take(self, window: PassWindow, hypothesis: Hypothesis, *, may_be_final: bool) -> None:
        """Take the result of the pass that `next_pass` returned."""
        self.tried = max(self.tried, window.end)
        if hypothesis.doubtful and not may_be_final:
            return  # the next pass covers more sound
        self._misled = hypothesis.doubtful
        self._detected = hypothesis.language
        self._agreement.take([word.later(to_ms(window.start)) for word in hypothesis.words], to_ms(window.end))
        self.covered = window.end
        if window.full:
            self._make_room(window)
        elif window.end - window.start > to_samples(TRIM_OVER_MS) or self._prefix_tokens > LONGEST_PREFIX_TOKENS:
            self._trim(to_ms(window.end) - KEEP_MS)

    # ---- trimming ---------------------------------------------------------------------------------

    def _make_room(self, window: PassWindow) -> None:
        """More sound waits than the window holds: confirm the words well inside it, and move on."""
        limit_ms = to_ms(window.end) - FORCED_TAIL_MS
        self._agreement.confirm(sum(word.end_ms <= limit_ms for word in self._agreement.tentative))
        self._trim(limit_ms)
        if self.sound.start < window.start + to_samples(LEAST_PROGRESS_MS):
            self._agreement.confirm(len(self._agreement.tentative))
            self._first_inside = len(self._agreement.confirmed)
            self.sound.trim(window.end)
        self.covered = self.sound.start

    def _trim(self, limit_ms: int) -> None:
        """Cut before a confirmed word that starts before `limit_ms`: the last that begins a sentence, or else the last.

        `ANCHOR_WORDS` confirmed words stay in the window."""
        confirmed = self._agreement.confirmed
        cuts = [
            at
            for at in range(self._first_inside + 1, len(confirmed) - ANCHOR_WORDS + 1)
            if confirmed[at].start_ms <= limit_ms
        ]
        if cuts:
            at = next((at for at in reversed(cuts) if confirmed[at - 1].ends_sentence), cuts[-1])
            self._first_inside = at
            self.sound.trim(to_samples((confirmed[at - 1].end_ms + confirmed[at].start_ms) // 2))
