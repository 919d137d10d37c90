"""Tempo and pitch of speech that is no sound yet."""

import numpy as np
import pytest

from voi.engines.tts.hibari_frames import Frames, bent, stretched
from voi.engines.tts.part_speech import Manner


def frames(f0: list[float]) -> Frames:
    pitch = np.asarray(f0, np.float32)
    rising = np.arange(len(f0), dtype=np.float32)[None]
    return Frames(rising, rising, rising, rising, rising, pitch)


def test_it_lasts_so_much_longer_and_keeps_its_beginning_and_end() -> None:
    slow = stretched(frames([100.0] * 41), 0.5)
    assert slow.harmonic.shape == (1, 82)
    assert (slow.harmonic[0, 0], slow.harmonic[0, -1]) == (0, 40)
    assert np.all(np.diff(slow.harmonic[0]) == pytest.approx(40 / 81, abs=1e-4))
    assert np.all(slow.phase == np.rint(slow.phase)), "phases are not mixed"


def test_pitch_glides_and_no_frame_is_between_voice_and_none() -> None:
    slow = stretched(frames([0, 0, 100, 200, 0, 0]), 0.25)
    assert {value for value in slow.f0.tolist() if value} <= set(np.arange(100, 201).tolist()) | set(slow.f0.tolist())
    assert not any(0 < value < 100 for value in slow.f0.tolist())
    assert any(100 < value < 200 for value in slow.f0.tolist())


def test_nothing_to_do() -> None:
    same = frames([100.0, 110.0])
    assert stretched(same, 1.0) is same
    assert stretched(frames([100.0]), 2.0).f0.tolist() == [100.0]


def test_the_pitch_moves_around_its_mean() -> None:
    f0 = np.asarray([0, 180, 200, 220, 0], np.float32)
    assert bent(f0, Manner(movement=2.0)).tolist() == [0, 160, 200, 240, 0]
    assert bent(f0, Manner(pitch=0.5)).tolist() == [0, 90, 100, 110, 0]
    assert bent(np.zeros(3, np.float32), Manner(pitch=2.0)).tolist() == [0, 0, 0]
