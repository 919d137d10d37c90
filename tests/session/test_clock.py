"""A clock that stands still while the client is away."""

from voi.session.clock import ConversationClock


def test_time_away_does_not_count() -> None:
    now_s = 100.0
    clock = ConversationClock(lambda: now_s)
    assert (clock(), clock.stopped) == (100.0, False)
    clock.stop()
    now_s = 107.0
    clock.stop()  # it stands already
    assert (clock(), clock.stopped) == (100.0, True)
    assert clock.go_on() == 7.0
    assert clock.go_on() == 0.0
    now_s = 108.0
    assert clock() == 101.0
