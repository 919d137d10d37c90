import random

from voi.transports.media_ws.in_order import FILLED_MAX, SoundOrder


def sounds(*chunks: int | None) -> tuple[bytes, int]:
    """What comes out, a byte pair for each sound, and how many were lost."""
    lost: list[int] = []
    order = SoundOrder(lost.append)
    return b"".join(order.push(chunk, bytes([chunk or 0, 1])) for chunk in chunks), sum(lost)


def test_in_order_they_pass() -> None:
    assert sounds(5, 6, 7) == (b"\5\1\6\1\7\1", 0)
    assert sounds(None, None) == (b"\0\1\0\1", 0)


def test_two_that_changed_places() -> None:
    assert sounds(1, 3, 2, 4) == (b"\1\1\2\1\3\1\4\1", 0)


def test_one_that_never_comes_is_silence() -> None:
    assert sounds(1, 3, 4, 5, 6) == (b"\1\1\0\0\3\1\4\1\5\1\6\1", 1)


def test_late_and_double_ones_are_dropped() -> None:
    assert sounds(1, 2, 2, 1, 3) == (b"\1\1\2\1\3\1", 2)


def test_a_leap_is_not_filled_for_ever() -> None:
    order = SoundOrder(lambda lost: None)
    out = b"".join(order.push(chunk, b"\1\1") for chunk in (1, 10**11, 10**11 + 1, 10**11 + 2))
    assert len(out) == 2 * (1 + FILLED_MAX + 3)


def test_no_order_of_arrival_holds_much() -> None:
    dice, order = random.Random(1), SoundOrder(lambda lost: None)
    for _ in range(5_000):
        order.push(dice.randrange(1_000), b"\1\1")
        assert len(order._held) <= 2
