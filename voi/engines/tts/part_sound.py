"""Sound of a part that a neural voice has computed: another rate, and its ends without silence."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SILENCE = 0.01
"""Share of the peak below which the sound's ends count as silence."""
LEAD_MS, TAIL_MS = 20, 40


def resampled(sound: Floats, factor: float) -> Floats:
    """The sound with `factor` times as many samples, by its spectrum."""
    length = round(len(sound) * factor)
    if length == len(sound) or not length:
        return sound
    spectrum = np.fft.rfft(np.pad(sound, (0, _smooth(len(sound)) - len(sound))))
    padded = _smooth(len(sound))
    out = round(padded * factor)
    return (np.fft.irfft(spectrum[: out // 2 + 1], out) * (out / padded)).astype(np.float32)[:length]


def _smooth(length: int) -> int:
    """The next multiple of 4,096, whose spectrum is fast to compute."""
    return -(-length // 4_096) * 4_096


def loud_span(sound: Floats, rate_hz: int) -> tuple[int, int]:
    """First sample of the voice with a little quiet around it, and the sample after its last."""
    loud = np.flatnonzero(np.abs(sound) > SILENCE * max(1e-6, float(np.abs(sound).max(initial=0.0))))
    if not len(loud):
        return 0, 0
    lead, tail = LEAD_MS * rate_hz // 1_000, TAIL_MS * rate_hz // 1_000
    return max(0, int(loud[0]) - lead), min(len(sound), int(loud[-1]) + tail)
