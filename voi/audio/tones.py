"""Beeps and music on a telephone line, told from speech by their spectrum. Sound is PCM at 8 kHz.

A beep is nearly all of a frame's energy in one narrow line, or in two, that stands still. Music has several lines that
stand still while the energy hardly ever pauses: the harmonics of a voice move with its pitch, and speech has a pause or
a hiss every few hundred ms.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8_000
FRAME_SAMPLES = 160
"""20 ms."""
FRAME_MS = FRAME_SAMPLES * 1_000 // RATE_HZ
WINDOW_SAMPLES = 320
"""40 ms, so that a window reaches over two frames: lines are 25 Hz apart."""
BIN_HZ = RATE_HZ / WINDOW_SAMPLES
QUIET_RMS = 0.004
"""-48 dB of full scale: below that a frame is silent. Beeps of machines are some -20 dB."""
BEEP_LOW_HZ, BEEP_HIGH_HZ = 350.0, 2_200.0
BEEP_MIN_MS = 150
"""Shorter tones are clicks, or vowels that stood still."""
PAIR_MIN_MS = 240
"""A beep of two lines: vowels have two strong lines for a while, too."""
ONE_LINE_SHARE = 0.93
"""So much of the energy lies in one line; of sung and spoken vowels at most some 0.8, measured on the tests' voices."""
TWO_LINES_SHARE = 0.96
STILL_HZ = 30.0
"""A beep's frequency moves by no more than that between two frames."""
MUSIC_WINDOW_MS = 2_000
MUSIC_LOUD_SHARE = 0.9
"""So much of the time there is sound."""
MUSIC_STILL_SHARE = 0.45
"""In so many of its frames several lines stand still for `STILL_FRAMES`."""
STILL_FRAMES = 5
"""100 ms."""
PEAKS_MAX = 8


@dataclass(frozen=True, slots=True)
class Beep:
    """A tone that is over. Times are ms of sound since the beginning."""

    began_ms: int
    ended_ms: int
    frequency_hz: float


class ToneDetector:
    """Hears one line. `push` returns the beeps that ended in that sound; `music_ms` says for how long there has been
    music now."""

    __slots__ = (
        "_before", "_frames", "_freq_hz", "_held", "_lasting", "_loud", "_music_since_ms", "_rest", "_still",
        "_tone_ms",
    )  # fmt: skip

    def __init__(self) -> None:
        self._rest = b""
        self._before = np.zeros(FRAME_SAMPLES, np.float32)
        self._frames = 0
        self._tone_ms = 0
        """How long the tone has lasted that is heard now."""
        self._freq_hz = 0.0
        self._held = PAIR_MIN_MS
        """How long it must last to be a beep."""
        self._lasting: dict[int, int] = {}
        """For how many frames each spectral line has stood still, by its bin."""
        window = MUSIC_WINDOW_MS // FRAME_MS
        self._loud: deque[bool] = deque(maxlen=window)
        self._still: deque[bool] = deque(maxlen=window)
        self._music_since_ms: int | None = None

    @property
    def heard_ms(self) -> int:
        return self._frames * FRAME_MS

    @property
    def beeping(self) -> bool:
        """A tone is heard that is long enough for a beep."""
        return self._tone_ms >= self._held

    @property
    def music_ms(self) -> int:
        """For how long there has been music without a pause; 0: there is none."""
        return 0 if self._music_since_ms is None else self.heard_ms - self._music_since_ms

    def push(self, pcm: bytes) -> list[Beep]:
        """Take s16le mono at 8 kHz, any length."""
        pcm = self._rest + pcm
        size = FRAME_SAMPLES * 2
        whole = len(pcm) - len(pcm) % size
        self._rest = pcm[whole:]
        found: list[Beep] = []
        for start in range(0, whole, size):
            frame = np.frombuffer(pcm, "<i2", FRAME_SAMPLES, start).astype(np.float32) / np.float32(32_768)
            if (beep := self._frame(frame)) is not None:
                found.append(beep)
        return found

    def _frame(self, frame: NDArray[np.float32]) -> Beep | None:
        window = np.concatenate((self._before, frame))
        self._before = frame
        self._frames += 1
        loud = float(np.sqrt(np.mean(frame * frame))) >= QUIET_RMS
        power = np.abs(np.fft.rfft(window * _HANN)) ** 2 if loud else _NOTHING
        self._hear_music(power, loud=loud)
        return self._hear_tone(power, loud=loud)

    # ---- beeps --------------------------------------------------------------------------------------

    def _hear_tone(self, power: NDArray[np.float64], *, loud: bool) -> Beep | None:
        share, held_ms, freq_hz = self._tone_in(power) if loud else (0.0, PAIR_MIN_MS, 0.0)
        if share and self._tone_ms and abs(freq_hz - self._freq_hz) <= STILL_HZ:
            self._tone_ms += FRAME_MS
            self._held = min(self._held, held_ms)
            return None
        over = None
        if self._tone_ms >= self._held:
            end_ms = self.heard_ms - FRAME_MS
            over = Beep(end_ms - self._tone_ms, end_ms, self._freq_hz)
        self._tone_ms, self._freq_hz, self._held = (FRAME_MS, freq_hz, held_ms) if share else (0, 0.0, PAIR_MIN_MS)
        return over

    def _tone_in(self, power: NDArray[np.float64]) -> tuple[float, int, float]:
        """The share of its energy that a tone has, how long it must last to be a beep, and its frequency; a share of 0:
        there is no tone."""
        heard = power[_LOW_BIN:]
        total = float(heard.sum())
        if total <= 0:
            return 0.0, PAIR_MIN_MS, 0.0
        first = int(heard.argmax())
        one = float(heard[max(0, first - 2) : first + 3].sum())
        freq_hz = _peak_hz(heard, first)
        if not BEEP_LOW_HZ <= freq_hz <= BEEP_HIGH_HZ:
            return 0.0, PAIR_MIN_MS, 0.0
        if one >= ONE_LINE_SHARE * total:
            return one / total, BEEP_MIN_MS, freq_hz
        rest = heard.copy()
        rest[max(0, first - 2) : first + 3] = 0
        second = int(rest.argmax())
        two = float(rest[max(0, second - 2) : second + 3].sum())
        second_hz = _peak_hz(rest, second)
        in_band = BEEP_LOW_HZ <= second_hz <= BEEP_HIGH_HZ
        if in_band and one + two >= TWO_LINES_SHARE * total and two >= 0.1 * total:
            low_hz = min(freq_hz, second_hz)  # the louder of two may change, the lower does not
            return (one + two) / total, PAIR_MIN_MS, low_hz
        return 0.0, PAIR_MIN_MS, 0.0

    # ---- music --------------------------------------------------------------------------------------

    def _hear_music(self, power: NDArray[np.float64], *, loud: bool) -> None:
        self._loud.append(loud)
        self._still.append(self._lines_stand_still(power) if loud else self._none_stands())
        whole = len(self._loud) == self._loud.maxlen
        music = (
            whole
            and sum(self._loud) >= MUSIC_LOUD_SHARE * len(self._loud)
            and sum(self._still) >= MUSIC_STILL_SHARE * len(self._still)
        )
        if not music:
            self._music_since_ms = None
        elif self._music_since_ms is None:
            self._music_since_ms = max(0, self.heard_ms - MUSIC_WINDOW_MS)

    def _none_stands(self) -> bool:
        self._lasting.clear()
        return False

    def _lines_stand_still(self, power: NDArray[np.float64]) -> bool:
        heard = power[_LOW_BIN:]
        inner = heard[1:-1]
        peaks = np.nonzero((inner > heard[:-2]) & (inner >= heard[2:]) & (inner > 0.01 * heard.max()))[0] + 1
        strongest = peaks[np.argsort(heard[peaks])[::-1][:PEAKS_MAX]]
        lasting: dict[int, int] = {}
        for peak in strongest.tolist():
            # a line that stays in its bin: the third harmonic of a voice whose pitch moves by 2 % leaves it at once
            lasting[peak] = self._lasting.get(peak, 0) + 1
        self._lasting = lasting
        return sum(count >= STILL_FRAMES for count in lasting.values()) >= 2


_HANN = np.hanning(WINDOW_SAMPLES).astype(np.float32)
_LOW_BIN = 8
"""From 200 Hz on: hum of the mains lies below."""
_NOTHING = np.zeros(WINDOW_SAMPLES // 2 + 1)


def _peak_hz(power: NDArray[np.float64], index: int) -> float:
    """The frequency of a peak, between the bins: the middle of its energy."""
    low, high = max(0, index - 1), min(len(power), index + 2)
    near = power[low:high]
    return float((np.arange(low, high) * near).sum() / max(float(near.sum()), 1e-12) + _LOW_BIN) * BIN_HZ
