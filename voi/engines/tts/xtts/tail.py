"""Cleans the end of a sentence: XTTS leaves hiss or breath there, sometimes a scrap of sound after a pause, and babble
after only a word or two. Pure. Sound passes until it becomes quiet. Quiet is held back until it is known what follows.
If it is speech, everything is let through. If it is a scrap shorter than a syllable, or nothing, the sentence is faded
out where its speech ended. Only quiet sound waits, so no speech is heard later.

Levels are relative to the loudest frame of the sentence, because some voices are quiet. The lengths were judged with
real recordings and espeak's shortest words: a final consonant comes within 200 ms of its word, and the shortest last
words ("et", "uh", "ab") last for 150 ms and more.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

FRAME_MS = 10
QUIET_BELOW_PEAK_DB = 45.0  # below the loudest frame so far; the last sounds of words are up to 40 dB below it
FLOOR = 3.0  # RMS of int16, -81 dBFS: always quiet
PAUSE_MS = 250  # after a shorter pause a scrap belongs to the word before
SCRAP_MS = 100
BREATH_MS = 350  # pauses within a few words are shorter
LEFT_MS = 120  # how much of the quiet at the end is kept
FADE_MS = 20


class Tail:
    """Cleans one sentence: `push` its sound, then `finish`. `speed`: factor on the natural speed. `enough_ms`: for a
    text of a few words without a pause in it; after this much speech a pause of BREATH_MS ends the sentence, whatever
    follows. Then `over` is true, and no more sound is returned.
    """

    def __init__(self, rate_hz: int, speed: float = 1.0, enough_ms: float | None = None) -> None:
        self._frame = rate_hz * FRAME_MS // 1000
        self._pause = PAUSE_MS / FRAME_MS / speed  # frames, as all that follows
        self._scrap = SCRAP_MS / FRAME_MS / speed
        self._breath = BREATH_MS / FRAME_MS / speed
        self._enough = enough_ms / FRAME_MS / speed if enough_ms is not None else float("inf")
        self._held = np.zeros(0, np.int16)  # begins where speech ended, or with less than a frame
        self._judged = 0  # frames of it
        self._loud_run = 0  # frames at the end of what is judged
        self._quiet_frames = 0  # before that
        self._loud_frames = 0  # of all until now
        self._peak = 0.0
        self._spoke = False
        self.over = False

    def push(self, samples: Samples) -> Samples:
        """Take sound; return what may be played now, perhaps nothing."""
        if self.over:
            return samples[:0]
        self._held = np.concatenate([self._held, samples])
        whole = len(self._held) // self._frame
        frames = self._held[self._judged * self._frame : whole * self._frame].reshape(-1, self._frame)
        release = 0  # frames
        for level in np.sqrt(np.square(frames.astype(np.float64)).mean(axis=1)):
            self._judged += 1
            self._peak = max(self._peak, float(level))
            if level > max(FLOOR, self._peak * 10 ** (-QUIET_BELOW_PEAK_DB / 20)):
                self._loud_run += 1
                self._loud_frames += 1
                after_pause = self._spoke and self._quiet_frames >= self._pause
                if not after_pause or self._loud_run >= self._scrap:
                    release, self._quiet_frames, self._spoke = self._judged, 0, True
            else:
                self._quiet_frames += 1 + (self._loud_run if self._quiet_frames else 0)
                self._loud_run = 0
                if self._loud_frames >= self._enough and self._quiet_frames >= self._breath:
                    self.over = True
                    break
        ready = self._held[: release * self._frame]
        self._held = self._held[release * self._frame :]
        self._judged -= release
        return ready

    def finish(self) -> Samples:
        """The end of the sound: a little of the quiet, faded out."""
        last = self._held[: self._frame * LEFT_MS // FRAME_MS].astype(np.float64)
        fade = min(len(last), self._frame * FADE_MS // FRAME_MS)
        if fade:
            last[-fade:] *= np.linspace(1.0, 0.0, fade)
        return last.astype(np.int16)
