from collections.abc import Callable

import pytest

from voi.engines.stt.whisper.turns import (
    ONE_FACTOR,
    SHORT_BATCH_MS,
    STALE_MS,
    BatchPace,
    Urgency,
    WaitingPass,
    next_batch,
)

FINAL, PAUSE, PARTIAL = Urgency


def wish(who: str, urgency: Urgency, since_ms: float = 0) -> WaitingPass[str]:
    return WaitingPass(who, urgency, since_ms)


def test_finals_go_alone_the_longest_waiting_first() -> None:
    waiting = [wish("p", PARTIAL), wish("late", FINAL, 30), wish("early", FINAL, 20), wish("pause", PAUSE)]
    assert next_batch(waiting, BatchPace(8), now_ms=40) == ["early", "late"]


def test_pauses_go_before_partials() -> None:
    waiting = [wish("p", PARTIAL), wish("pause", PAUSE, 30)]
    assert next_batch(waiting, BatchPace(8), now_ms=40) == ["pause"], "what a row takes is not known yet"
    pace = BatchPace(8)
    pace.learn([PARTIAL], SHORT_BATCH_MS, -SHORT_BATCH_MS)
    assert next_batch(waiting, pace, now_ms=40) == ["pause", "p"]


@pytest.mark.parametrize("urgency", [PAUSE, PARTIAL])
@pytest.mark.parametrize(("batch_ms", "row_ms", "rows"), [(20, 2, 10), (2, 1, 32), (50, 2, 14), (0, 1_200, 1)])
def test_a_final_waits_for_one_short_batch_at_most(batch_ms: int, row_ms: int, rows: int, urgency: Urgency) -> None:
    """Whatever a device takes for a batch and for each row: batches of partials come to take what they may."""
    pace = BatchPace(32)
    found = []
    for _ in range(20):
        chosen = next_batch([wish(f"p{at}", urgency) for at in range(40)], pace, now_ms=STALE_MS)
        cost_ms = batch_ms + row_ms * len(chosen)
        pace.learn([urgency] * len(chosen), cost_ms, 0)
        pace.learn([FINAL] * 16, 5_000, 0)
        pace.learn([PAUSE, PARTIAL], 5_000, 0, repeated=True)  # which tells nothing of a row
        found.append(len(chosen))
    assert found == [1, 2, *[rows] * 18]
    assert batch_ms + row_ms * rows <= max(SHORT_BATCH_MS, ONE_FACTOR * (batch_ms + row_ms))


def test_overdue_partials_go_along_with_finals_and_are_never_starved() -> None:
    pace = BatchPace(4)
    finals = [wish(f"f{at}", FINAL, at) for at in range(9)]
    waiting = [*finals, wish("old", PARTIAL, 0), wish("new", PARTIAL, STALE_MS)]
    assert next_batch(waiting, pace, now_ms=STALE_MS) == ["f0", "f1", "f2", "old"]


def test_a_slow_device_still_serves_one() -> None:
    pace = BatchPace(16)
    for rows in (1, 2):
        pace.learn([PARTIAL] * rows, 3_000 * rows, -6_000)
    assert next_batch([wish("p", PARTIAL), wish("q", PARTIAL)], pace, now_ms=10) == ["p"]


def test_partials_leave_the_device_time_for_others() -> None:
    pace = BatchPace(8)
    pace.learn([PARTIAL] * 2, 100, 500)
    pace.learn([PAUSE, PARTIAL], 300, 500)  # which would have run anyway
    assert next_batch([wish("p", PARTIAL, 450)], pace, now_ms=510) == []
    assert next_batch([wish("p", PARTIAL, 450), wish("pause", PAUSE, 505)], pace, now_ms=510) == ["pause"]
    assert next_batch([wish("p", PARTIAL, 450)], pace, now_ms=600) == ["p"]
    assert next_batch([wish("p", PARTIAL, 510 - STALE_MS)], pace, now_ms=510) == ["p"]


def test_nobody_waits() -> None:
    assert next_batch([], BatchPace(8), now_ms=0) == []


def test_overdue_partials_get_a_quarter_and_no_place_stays_empty_for_them() -> None:
    finals = [wish(f"f{at}", FINAL, at) for at in range(9)]
    overdue = [wish(f"p{at}", PARTIAL, at) for at in range(3)]
    assert next_batch([*finals, *overdue[:1]], BatchPace(8), STALE_MS + 9) == [f"f{at}" for at in range(7)] + ["p0"]
    assert next_batch([*finals, *overdue], BatchPace(8), STALE_MS + 9) == [f"f{at}" for at in range(6)] + ["p0", "p1"]


def test_what_is_overdue_goes_by_its_age() -> None:
    waiting = [wish("pause", PAUSE, 20), wish("talks on", PARTIAL, 10), wish("timely", PAUSE, 21)]
    assert next_batch(waiting, BatchPace(8), now_ms=STALE_MS + 20) == ["talks on"]
    pace = BatchPace(8)
    for rows in (1, 2):
        pace.learn([PAUSE] * rows, 10 + rows, 0)
    assert next_batch(waiting, pace, now_ms=STALE_MS + 20) == ["talks on", "pause", "timely"]


def test_a_batch_that_took_long_by_chance_is_forgotten() -> None:
    pace = BatchPace(8)
    for rows, cost_ms in ((1, 50), (2, 5_000)):
        pace.learn([PARTIAL] * rows, cost_ms, 0)
    assert pace.partial_rows == 1
    for _ in range(1_000):
        if pace.partial_rows > 1:
            break
        pace.learn([PARTIAL], 50, 0)
    assert pace.partial_rows == 2
    for _ in range(1_000):
        pace.learn([PARTIAL], 50, 0)  # somebody talks alone
    assert pace.partial_rows == 2, "of more than two it knows nothing"


def waits_ms(
    wants: dict[str, tuple[Urgency, float]], cost_ms: Callable[[int], float], *, max_batch: int
) -> dict[str, list[float]]:
    """How long each caller waits for each answer in a minute, where each asks again so long after the last one.

    `cost_ms`: what a batch of so many rows takes."""
    pace, now_ms = BatchPace(max_batch), 0.0
    since_ms = {who: at * 37.0 for at, who in enumerate(wants)}
    waits: dict[str, list[float]] = {who: [] for who in wants}
    while now_ms < 60_000:
        waiting = [wish(who, wants[who][0], since) for who, since in since_ms.items() if since <= now_ms]
        batch = next_batch(waiting, pace, now_ms)
        took_ms = cost_ms(len(batch)) if batch else 5
        now_ms += took_ms
        if batch:
            pace.learn([wants[who][0] for who in batch], took_ms, now_ms)
        for who in batch:
            waits[who].append(now_ms - since_ms[who])
            since_ms[who] = now_ms + wants[who][1]
    return waits


PARTIALS = {f"p{at}": (PARTIAL, 400.0) for at in range(10)}


@pytest.mark.parametrize("max_batch", [1, 2, 4])
def test_a_final_is_served_at_once_however_many_partials_are_overdue(max_batch: int) -> None:
    waits = waits_ms(PARTIALS | {"final": (FINAL, 1_500.0)}, lambda _: 500, max_batch=max_batch)
    assert len(waits["final"]) >= 24
    assert max(waits["final"]) <= 1_000, "the batch at work, and its own"


@pytest.mark.parametrize("max_batch", [1, 2, 4])
def test_partials_go_on_among_more_finals_than_there_is_time_for(max_batch: int) -> None:
    finals = {f"f{at}": (FINAL, 0.0) for at in range(2 * max_batch)}
    waits = waits_ms(PARTIALS | finals, lambda _: 500, max_batch=max_batch)
    served = sum(len(waits[who]) for who in PARTIALS), sum(len(waits[who]) for who in finals)
    assert served[0] / sum(served) == pytest.approx(0.5 if max_batch == 2 else 0.25, abs=0.05)
    assert min(len(waits[who]) for who in PARTIALS) >= max(len(waits[who]) for who in PARTIALS) - 1, "by age"


@pytest.mark.parametrize(("pausing", "one_ms", "row_ms"), [(6, 300, 250), (9, 150, 120), (24, 60, 30), (32, 50, 25)])
def test_who_talks_on_among_many_who_pause_has_partials(pausing: int, one_ms: int, row_ms: int) -> None:
    pauses = {f"p{at}": (PAUSE, 1_200.0) for at in range(pausing)}
    waits = waits_ms(pauses | {"talks on": (PARTIAL, 400.0)}, lambda rows: one_ms + row_ms * (rows - 1), max_batch=16)
    assert len(waits["talks on"]) > 20
    assert max(waits["talks on"]) <= STALE_MS + pausing * one_ms, "all others may have become overdue before it"
    assert max(map(max, waits.values())) <= STALE_MS + pausing * one_ms
