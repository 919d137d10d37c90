"""Who waits without a place, and who is displaced."""

from voi.calls.waiting import WAITING_MIN, Waiter, Waiting


def waiters(count: int, app: str, client: str) -> list[Waiter]:
    return [Waiter(f"{app} {client} {number}", app, client) for number in range(count)]


def test_a_crowd_displaces_its_own_oldest() -> None:
    waiting = Waiting(20, 20)
    quick = waiters(1, "app", "friend")[0]
    assert waiting.add(quick) is None
    crowd = waiters(100, "app", "foe")
    displaced = [waiting.add(waiter) for waiter in crowd]
    assert [waiter for waiter in displaced if waiter] == crowd[:81]
    assert len(waiting) == 20
    waiting.discard(quick)
    waiting.discard(quick)
    assert len(waiting) == 19


def test_an_app_has_a_limit_of_its_own_and_another_app_displaces_the_busiest() -> None:
    waiting = Waiting(30, 20)
    crowd, others = waiters(21, "one", "foe"), waiters(11, "two", "friend")
    assert [waiting.add(waiter) for waiter in crowd] == [None] * 20 + [crowd[0]]
    assert [waiting.add(waiter) for waiter in others] == [None] * 10 + [crowd[1]]


def test_the_smallest_server_lets_some_wait() -> None:
    waiting = Waiting(1, 1)
    assert not any(waiting.add(waiter) for waiter in waiters(WAITING_MIN, "app", "friend"))


def test_nothing_is_kept_of_those_who_left() -> None:
    waiting = Waiting(20, 20)
    for waiter in waiters(20, "app", "friend"):
        waiting.add(waiter)
        waiting.discard(waiter)
    assert not waiting._apps
