"""Voice activity windows in, speech facts out: onset, growth and silence, timed in samples received.

A window is voiced from `start_probability` up; during speech, from `stay_probability` up. Voice sets in when it has
lasted `start_ms`. A single unvoiced window within speech is not a pause. In a pause, voice shorter than `start_ms` is a
blip: the quiet does not grow while it lasts, but the pause does not end.
"""

from dataclasses import dataclass

from voi.core.facts import QuietGrew, SpeechGrew, UserStarted

RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class VadRules:
    """Thresholds of the VAD's probability, and how long voice must last to count. Whole windows are counted."""

    start_probability: float = 0.5
    stay_probability: float = 0.5
    start_ms: int = 96
    """Three windows of 32 ms: clicks and coughs are mostly shorter."""
    pause_ms: int = 64
    """Voice after less quiet than this goes on as if there had been none."""
    trail_ms: int = 96
    """How long sound counts as speech after the last voiced window, because the ends of words are often unvoiced."""


class VadEdges:
    """Finds onsets and silences in one caller's speech. Times are integers in ms of sound, from the first sample."""

    __slots__ = (
        "_in_turn",
        "_onset_windows",
        "_quiet_windows",
        "_rules",
        "_speaking",
        "_start_windows",
        "_started_ms",
        "_trail_windows",
        "_window_samples",
        "_windows",
    )

    def __init__(self, window_samples: int = 512, rules: VadRules | None = None) -> None:
        self._rules = rules or VadRules()
        self._window_samples = window_samples
        self._start_windows = max(1, self._rules.start_ms * RATE_HZ // (window_samples * 1_000))
        self._trail_windows = ((self._rules.trail_ms + 1) * RATE_HZ - 1) // (window_samples * 1_000)
        """The most windows that take `trail_ms` at most."""
        self._windows = 0
        self._onset_windows = 0
        """Voiced windows in a row, while the state is silence."""
        self._quiet_windows = 1_000_000
        """Windows since the last speech window."""
        self._speaking = False
        self._in_turn = False
        self._started_ms = 0

    @property
    def audio_ms(self) -> int:
        """The audio clock: ms of sound received."""
        return self._ms(self._windows)

    @property
    def voiced(self) -> bool:
        """True during an onset, during speech, and up to `trail_ms` after it."""
        return self._onset_windows > 0 or self._quiet_windows <= self._trail_windows

    @property
    def windows_since_speech(self) -> int:
        """How many windows came after the last speech window, those of an unfinished onset included."""
        return self._quiet_windows

    def _ms(self, windows: int) -> int:
        return windows * self._window_samples * 1_000 // RATE_HZ

    def window(self, probability: float) -> UserStarted | SpeechGrew | QuietGrew | None:
        """Take the speech probability of the next window; return what follows from it, if anything."""
        self._windows += 1
        rules = self._rules
        if self._speaking:
            if probability >= rules.stay_probability:
                self._quiet_windows = 0
                return SpeechGrew(self.audio_ms - self._started_ms)
            self._quiet_windows += 1
            quiet_ms = self._ms(self._quiet_windows)
            self._speaking = quiet_ms < rules.pause_ms
            return QuietGrew(quiet_ms)
        self._quiet_windows += 1
        if probability >= rules.start_probability:
            self._onset_windows += 1
            if self._onset_windows < self._start_windows:
                return None
            self._speaking = self._in_turn = True
            self._started_ms = self._ms(self._windows - self._onset_windows)
            self._onset_windows = self._quiet_windows = 0
            return UserStarted(self._started_ms)
        self._onset_windows = 0
        return QuietGrew(self._ms(self._quiet_windows)) if self._in_turn else None

    def end_turn(self) -> None:
        """The turn is over: stop telling quiet, and wait for a new onset. An onset under way is kept."""
        self._speaking = self._in_turn = False
