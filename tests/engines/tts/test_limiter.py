"""What is too loud is turned down without clipping."""

import numpy as np
import pytest

from voi.engines.tts.limiter import PEAK, faded, limited

RATE_HZ = 24_000


def tone(gain: float, ms: int = 200) -> np.ndarray:
    return (gain * np.sin(2 * np.pi * 220 * np.arange(RATE_HZ * ms // 1_000) / RATE_HZ)).astype(np.float32)


def test_what_is_not_too_loud_stays_as_it_is() -> None:
    sound = tone(0.9)
    assert limited(sound, RATE_HZ) is sound
    assert not len(limited(np.zeros(0, np.float32), RATE_HZ))


@pytest.mark.parametrize("gain", [1.0, 1.5, 4.0])
def test_a_loud_middle_is_turned_down_and_the_rest_is_kept(gain: float) -> None:
    level = np.repeat(np.asarray([0.3, gain, 0.3], np.float32), [RATE_HZ // 5, RATE_HZ // 10 + 17, RATE_HZ // 5])
    lower = limited(level, RATE_HZ)
    assert np.abs(lower).max() <= PEAK + 1e-6
    far = RATE_HZ * 180 // 1_000
    assert np.array_equal(lower[:far], level[:far])
    assert np.abs(np.diff(lower / level)).max() < 0.01, "the gain jumps"


def test_the_ends_are_faded() -> None:
    sound = np.ones(1_000, np.float32)
    ends = faded(sound, RATE_HZ)
    assert (ends[0], ends[-1], ends[500]) == (0, 0, 1)
    assert sound[0] == 1
    assert len(faded(np.ones(1, np.float32), RATE_HZ)) == 1
