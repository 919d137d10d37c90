"""When those who are refused may come back."""

import random

from voi.calls.comebacks import A_SECOND, LATEST_S, SOONEST_S, Comebacks


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_one_alone_comes_back_soon() -> None:
    clock = Clock()
    comebacks = Comebacks(clock)
    assert comebacks.wait_s() == SOONEST_S
    clock.now_s += 60
    assert comebacks.wait_s() == SOONEST_S


def test_a_crowd_comes_back_one_after_the_other() -> None:
    comebacks = Comebacks(Clock(), random.Random(1))
    waits = [comebacks.wait_s() for _ in range(400)]
    assert waits[0] == SOONEST_S
    for second in range(int(SOONEST_S) + 5, int(SOONEST_S + 400 / A_SECOND) - 5, 5):
        at_once = sum(second <= wait < second + 5 for wait in waits) / 5
        assert at_once <= A_SECOND * 1.5


def test_nobody_waits_for_ever() -> None:
    comebacks = Comebacks(Clock(), random.Random(1))
    waits = [comebacks.wait_s() for _ in range(10_000)]
    assert max(waits) <= LATEST_S * 1.1
    assert len(set(waits[5_000:])) > 30, "those without a place are spread"


def test_the_row_empties_as_time_passes() -> None:
    clock = Clock()
    comebacks = Comebacks(clock)
    for _ in range(300):
        comebacks.wait_s()
    assert comebacks.wait_s() > SOONEST_S * 2
    clock.now_s += 300 / A_SECOND + 1
    assert comebacks.wait_s() == SOONEST_S
