"""What hibari's network says of each frame of 12.5 ms, before it becomes sound: tempo and pitch are changed here, where
pitch, spectrum and time are still apart, so that neither a slow nor a high voice sounds like a tape.

The network has a speed of its own, but rounds each phoneme to 25 ms: asked for 1.12, it speaks 1.04 times as fast, and
from 1.3 to 1.4 it jumps by a third.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voi.engines.tts.part_speech import Manner

Floats = npt.NDArray[np.float32]

VOICED_HZ = 40.0
"""A lower value means that the frame has no pitch."""


class Frames(NamedTuple):
    """Log magnitudes of the harmonic, noise and free branches and the angles of the first and last, (bins, frames);
    the pitch of each frame in Hz."""

    harmonic: Floats
    angle: Floats
    noise: Floats
    free: Floats
    phase: Floats
    f0: Floats


def stretched(frames: Frames, speed: float) -> Frames:
    """The same speech, spoken `speed` times as fast. Frames in between are interpolated, except phases, and pitch where
    one of the neighbours has none."""
    count = frames.f0.shape[-1]
    length = max(1, round(count / speed))
    if length == count or count < 2:
        return frames
    places = np.arange(length) * ((count - 1) / max(1, length - 1))
    before = np.minimum(places.astype(np.intp), count - 2)
    behind = (places - before).astype(np.float32)
    nearest = np.rint(places).astype(np.intp)

    def between(values: Floats) -> Floats:
        mixed: Floats = np.take(values, before + 1, axis=-1)
        start = np.take(values, before, axis=-1)
        mixed -= start
        mixed *= behind
        mixed += start
        return mixed

    voiced = (frames.f0[before] > VOICED_HZ) & (frames.f0[before + 1] > VOICED_HZ)
    return Frames(
        between(frames.harmonic),
        between(frames.angle),
        between(frames.noise),
        between(frames.free),
        frames.phase[..., nearest],
        np.where(voiced, between(frames.f0), frames.f0[nearest]).astype(np.float32),
    )


def bent(f0: Floats, manner: Manner) -> Floats:
    """The pitch of each frame in Hz, shifted and spread around its mean; frames without pitch stay so."""
    voiced = f0 > VOICED_HZ
    if not voiced.any() or (manner.pitch == 1 and manner.movement == 1):
        return f0
    mean_hz = float(f0[voiced].mean())
    moved = (mean_hz + (f0 - mean_hz) * manner.movement) * manner.pitch
    return np.where(voiced, np.maximum(moved, VOICED_HZ + 1), f0).astype(np.float32)
