"""Makes up for lost packets of codecs that cannot do so themselves (G.711, G.722): the last period of the voice goes
on, and fades away.

After ITU-T G.711 Appendix I: the pitch by cross-correlation of the last 20 ms, fading from 10 to 60 ms, and a soft
passage back to real sound. Its delay of 3.75 ms is left out: the passage into what is made up begins with it instead.
"""

import numpy as np
from numpy.typing import NDArray

from voi.audio.pcm import SAMPLE_BYTES, from_scaled, to_int16

PITCH_MS = (5, 15)
"""The period of a voice: 200 down to 66 Hz."""
MATCHED_MS = 20
HISTORY_MS = PITCH_MS[1] + MATCHED_MS + 5
FADE_MS = (10, 60)
"""Where what is made up begins to fade, and where it has."""
PASSAGE_MS = 4


class Concealer:
    """One stream of PCM at `rate_hz`. Each frame that came passes through `heard`."""

    def __init__(self, rate_hz: int) -> None:
        self._per_ms = rate_hz // 1_000
        self._history = b""
        self._history_bytes = HISTORY_MS * self._per_ms * SAMPLE_BYTES
        self._period: NDArray[np.float64] | None = None
        self._made = 0
        """Samples that were made up since the last frame that came."""

    def heard(self, pcm: bytes) -> bytes:
        """Take the next frame. Returns it, with a soft passage into it where sound was made up before."""
        if self._made:
            pcm = self._passage(pcm)
            self._made = 0
            self._period = None
        self._history = (self._history + pcm)[-self._history_bytes :]
        return pcm

    def conceal(self, samples: int) -> bytes:
        """Sound in place of the next `samples`."""
        sound = from_scaled(self._go_on(samples))
        self._made += samples
        return sound

    def silent(self) -> None:
        """The stream had a pause, and what comes next follows on silence."""
        self._history, self._period, self._made = b"", None, 0

    def _go_on(self, samples: int) -> NDArray[np.float64]:
        if self._period is None:
            self._period = self._last_period()
        begin, end = (ms * self._per_ms for ms in FADE_MS)
        at = self._made + np.arange(samples)
        gain = np.clip((end - at) / (end - begin), 0.0, 1.0)
        sound: NDArray[np.float64] = self._period[at % len(self._period)] * gain
        return sound

    def _last_period(self) -> NDArray[np.float64]:
        past = to_int16(self._history).astype(np.float64)
        if len(past) * SAMPLE_BYTES < self._history_bytes:
            return np.zeros(1)
        shortest, longest = (ms * self._per_ms for ms in PITCH_MS)
        matched = MATCHED_MS * self._per_ms
        newest = past[-matched:]
        earlier = np.lib.stride_tricks.sliding_window_view(past[-matched - longest : -shortest], matched)
        energy = np.sqrt(np.einsum("ij,ij->i", earlier, earlier)) + 1.0
        lag = longest - int(np.argmax(earlier @ newest / energy))
        period = past[-lag:].copy()
        # its end goes over softly into what comes before it, so that it can be repeated
        seam = lag // 4
        up = np.arange(1, seam + 1) / (seam + 1)
        period[-seam:] = period[-seam:] * (1 - up) + past[-lag - seam : -lag] * up
        return period

    def _passage(self, pcm: bytes) -> bytes:
        length = min(len(pcm) // SAMPLE_BYTES, PASSAGE_MS * self._per_ms)
        if not length:
            return pcm
        up = np.arange(1, length + 1) / (length + 1)
        mixed = to_int16(pcm)[:length] * up + self._go_on(length) * (1 - up)
        return from_scaled(mixed) + pcm[length * SAMPLE_BYTES :]
