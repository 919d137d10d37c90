"""A client's mistakes are forgiven with time, and not by the hundred."""

from voi.calls.mistakes import MISTAKES_BURST, MISTAKES_PER_S, Mistakes


def test_a_burst_is_forgiven_and_no_more() -> None:
    mistakes = Mistakes()
    assert all(mistakes.forgives(5.0) for _ in range(MISTAKES_BURST))
    assert not mistakes.forgives(5.0)


def test_a_small_fault_in_a_client_never_ends_a_long_conversation() -> None:
    mistakes = Mistakes()
    assert all(mistakes.forgives(second / MISTAKES_PER_S) for second in range(10 * MISTAKES_BURST))


def test_it_is_forgiven_at_that_pace() -> None:
    mistakes = Mistakes()
    for _ in range(MISTAKES_BURST):
        mistakes.forgives(0.0)
    assert [mistakes.forgives(1 / MISTAKES_PER_S) for _ in range(2)] == [True, False]


def test_quiet_time_saves_nothing_up() -> None:
    mistakes = Mistakes()
    mistakes.forgives(0.0)
    assert [mistakes.forgives(1e6) for _ in range(MISTAKES_BURST + 1)].count(False) == 1
