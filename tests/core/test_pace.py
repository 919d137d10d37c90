from voi.core.pace import FLOOR_MAX_MS, REMEMBERED, SHARE, Pace


def test_who_pauses_long_is_waited_for_a_little_longer():
    pace = Pace()
    assert pace.floor_ms == 0
    pace.went_on(100)
    assert pace.floor_ms == 0, "that is in every sentence"
    pace.went_on(600)
    assert pace.floor_ms == 600 * SHARE
    pace.went_on(1_900)
    assert pace.floor_ms == FLOOR_MAX_MS
    for _ in range(REMEMBERED):
        pace.went_on(300)
    assert pace.floor_ms == 300 * SHARE, "what lies far back is forgotten"
