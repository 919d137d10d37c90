"""What the times of words cost: windows together take less than one after the other."""

import time
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")

from voi.engines.stt.whisper.alignment import token_frames

PREDICTED_ROW_MS = 0.54
"""Of 30 tokens by 400 frames, warped alone; measured on two cores of an AMD EPYC."""
SLOWER_MACHINE = 5


def best_ms(work: Callable[[], object]) -> float:
    """Of this process's own time, of which others who compute here take nothing."""
    times = []
    for _ in range(7):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return min(times)


def test_sixteen_windows_together_cost_less_than_one_by_one() -> None:
    random = np.random.default_rng(0)
    costs = [random.normal(size=(30, 400)) for _ in range(16)]
    together = best_ms(lambda: token_frames(costs))
    one_by_one = best_ms(lambda: [token_frames([cost]) for cost in costs])
    assert together < one_by_one
    assert together < 16 * PREDICTED_ROW_MS * SLOWER_MACHINE
