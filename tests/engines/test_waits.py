"""How long calls wait for an engine."""

from voi.engines.waits import FEWEST, RECENT_S, Waits


class Clock:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def waited(waits: Waits, clock: Clock, *waits_s: float) -> None:
    for wait_s in waits_s:
        waits.begin(key := object())
        clock.now_s += wait_s
        waits.end(key)


def test_nine_of_ten_stay_under_the_wait_that_is_told() -> None:
    waits = Waits(clock := Clock())
    waited(waits, clock, *[0.1] * 9, 3.0)
    assert waits.recent_s == 3.0
    waited(waits, clock, *[0.1] * 5)
    assert round(waits.recent_s, 3) == 0.1


def test_few_waits_say_nothing() -> None:
    waits = Waits(clock := Clock())
    assert waits.recent_s == 0.0
    waited(waits, clock, *[1.0] * (FEWEST - 1))
    assert waits.recent_s == 0.0


def test_waits_under_way_count_as_long_as_they_have_lasted() -> None:
    waits = Waits(clock := Clock())
    for number in range(FEWEST):
        waits.begin(number)
    clock.now_s += 4
    assert waits.recent_s == 4.0


def test_old_waits_are_forgotten_and_a_wait_begins_once() -> None:
    waits = Waits(clock := Clock())
    waited(waits, clock, *[1.0] * FEWEST)
    clock.now_s += RECENT_S + 1
    assert waits.recent_s == 0.0
    waits.begin("a")
    clock.now_s += 1
    waits.begin("a")
    clock.now_s += 1
    waits.end("a")
    waits.end("a")
    waits.end("never begun")
    waited(waits, clock, *[0.0] * (FEWEST - 1))
    assert waits.recent_s == 2.0
