import pytest

from voi.engines.stt.whisper.turns import (
    ONE_FACTOR,
    SHORT_BATCH_MS,
    STALE_MS,
    Pace,
    Urgency,
    Waiting,
    next_batch,
)

FINAL, PAUSE, PARTIAL = Urgency


def wish(who: str, urgency: Urgency, since_ms: float = 0) -> Waiting[str]:
    return Waiting(who, urgency, since_ms)


def test_finals_go_alone_the_longest_waiting_first() -> None:
    waiting = [wish("p", PARTIAL), wish("late", FINAL, 30), wish("early", FINAL, 20), wish("pause", PAUSE)]
    assert next_batch(waiting, Pace(8), now_ms=40) == ["early", "late"]


def test_pauses_go_before_partials() -> None:
    waiting = [wish("p", PARTIAL), wish("pause", PAUSE, 30)]
    assert next_batch(waiting, Pace(8), now_ms=40) == ["pause"], "what a row takes is not known yet"
    pace = Pace(8)
    pace.learn(1, SHORT_BATCH_MS, -SHORT_BATCH_MS, partials_only=True)
    assert next_batch(waiting, pace, now_ms=40) == ["pause", "p"]


@pytest.mark.parametrize(("batch_ms", "row_ms", "rows"), [(20, 2, 10), (2, 1, 32), (50, 2, 14), (0, 1_200, 1)])
def test_a_final_waits_for_one_short_batch_at_most(batch_ms: int, row_ms: int, rows: int) -> None:
    """Whatever a device takes for a batch and for each row: batches of partials come to take what they may."""
    pace = Pace(32)
    found = []
    for _ in range(20):
        chosen = next_batch([wish(f"p{at}", PARTIAL) for at in range(40)], pace, now_ms=STALE_MS)
        cost_ms = batch_ms + row_ms * len(chosen)
        pace.learn(len(chosen), cost_ms, 0, partials_only=True)
        pace.learn(16, 5_000, 0, partials_only=False)  # finals have second tries: they tell nothing
        found.append(len(chosen))
    assert found == [1, 2, *[rows] * 18]
    assert batch_ms + row_ms * rows <= max(SHORT_BATCH_MS, ONE_FACTOR * (batch_ms + row_ms))


def test_overdue_partials_go_along_with_finals_and_are_never_starved() -> None:
    pace = Pace(4)
    finals = [wish(f"f{at}", FINAL, at) for at in range(9)]
    waiting = [*finals, wish("old", PARTIAL, 0), wish("new", PARTIAL, STALE_MS)]
    assert next_batch(waiting, pace, now_ms=STALE_MS) == ["f0", "f1", "f2", "old"]


def test_a_slow_device_still_serves_one() -> None:
    pace = Pace(16)
    for rows in (1, 2):
        pace.learn(rows, 3_000 * rows, -6_000, partials_only=True)
    assert next_batch([wish("p", PARTIAL), wish("q", PARTIAL)], pace, now_ms=10) == ["p"]


def test_partials_leave_the_device_time_for_others() -> None:
    pace = Pace(8)
    pace.learn(2, 100, 500, partials_only=True)
    assert next_batch([wish("p", PARTIAL, 450)], pace, now_ms=510) == []
    assert next_batch([wish("p", PARTIAL, 450), wish("pause", PAUSE, 505)], pace, now_ms=510) == ["pause"]
    assert next_batch([wish("p", PARTIAL, 450)], pace, now_ms=600) == ["p"]
    assert next_batch([wish("p", PARTIAL, 510 - STALE_MS)], pace, now_ms=510) == ["p"]


def test_nobody_waits() -> None:
    assert next_batch([], Pace(8), now_ms=0) == []


def test_overdue_partials_get_a_quarter_and_no_place_stays_empty_for_them() -> None:
    finals = [wish(f"f{at}", FINAL, at) for at in range(9)]
    overdue = [wish(f"p{at}", PARTIAL, at) for at in range(3)]
    assert next_batch([*finals, *overdue[:1]], Pace(8), STALE_MS + 9) == [f"f{at}" for at in range(7)] + ["p0"]
    assert next_batch([*finals, *overdue], Pace(8), STALE_MS + 9) == [f"f{at}" for at in range(6)] + ["p0", "p1"]
