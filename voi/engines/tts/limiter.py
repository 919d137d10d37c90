"""Loud speech without clipping: only what is too loud is turned down, so softly that nobody hears it."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

PEAK = 0.97
BLOCK_MS = 5
FADE_MS = 4
"""Length of the fade at both ends, which keeps a cut within a sound from clicking."""


def limited(sound: Floats, rate_hz: int) -> Floats:
    """The sound with no sample beyond `PEAK`. The gain changes over `BLOCK_MS`, before the loud sample comes."""
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest <= PEAK:
        return sound
    size = rate_hz * BLOCK_MS // 1_000
    blocks = -(-len(sound) // size)
    padded = np.zeros(blocks * size, np.float32)
    padded[: len(sound)] = np.abs(sound)
    gains = np.minimum(1.0, PEAK / np.maximum(padded.reshape(blocks, size).max(axis=1), 1e-6))
    beside = np.pad(gains, 1, mode="edge")
    least = np.minimum(np.minimum(beside[:-2], beside[2:]), gains)  # so that no block's own gain is exceeded in it
    centres = (np.arange(blocks) + 0.5) * size
    gain: Floats = np.interp(np.arange(len(sound)), centres, least).astype(np.float32)
    return sound * gain


def faded(sound: Floats, rate_hz: int) -> Floats:
    """The sound with a short fade at both ends."""
    length = min(rate_hz * FADE_MS // 1_000, len(sound) // 2)
    if not length:
        return sound
    faded, ramp = sound.copy(), np.linspace(0.0, 1.0, length, dtype=np.float32)
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded
