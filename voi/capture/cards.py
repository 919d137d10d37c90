"""Card numbers: ISO/IEC 7812, with the check digit of its annex B (Luhn), and the lengths that issuers use."""

from collections.abc import Sequence

from voi.capture.dictated import Unit
from voi.capture.phones import digits_in
from voi.capture.taken import Taken, failed

LENGTHS = range(12, 20)
_ISSUERS = (
    ("American Express", (34, 34), (15,)), ("American Express", (37, 37), (15,)), ("Diners Club", (300, 305), (14,)),
    ("Diners Club", (36, 36), (14,)), ("Diners Club", (38, 39), (14,)), ("Mastercard", (51, 55), (16,)),
    ("Mastercard", (2221, 2720), (16,)), ("Discover", (6011, 6011), (16,)), ("Discover", (644, 659), (16,)),
    ("JCB", (3528, 3589), (16,)), ("UnionPay", (62, 62), (16, 17, 18, 19)), ("Visa", (4, 4), (13, 16, 19)),
    ("Maestro", (50, 50), tuple(LENGTHS)), ("Maestro", (56, 69), tuple(LENGTHS)),
)  # fmt: skip
"""Issuer, first digits from and to, lengths of the number."""


def card(units: Sequence[Unit]) -> Taken:
    """A card number without blanks."""
    digits = digits_in(units)
    if not digits:
        return failed("nothing")
    if len(digits) < LENGTHS.start:
        return failed("too_short", digits)
    if len(digits) >= LENGTHS.stop:
        return failed("too_long", digits)
    lengths = issuer(digits)[1]
    if not luhn(digits):
        return failed("too_short" if len(digits) < min(lengths) else "check_digit", digits)
    if len(digits) not in lengths:
        return failed("too_short" if len(digits) < max(lengths) else "too_long", digits)
    usual = len(digits) == 16 or len(digits) == max(lengths)  # a Visa card of 13 or 19 digits is rare
    return Taken(digits, so_far=digits, complete=usual)


def issuer(digits: str) -> tuple[str, tuple[int, ...]]:
    """Who issued a card, "" if not known, and the lengths that its numbers have."""
    for name, (low, high), lengths in _ISSUERS:
        head = digits[: len(str(low))]
        if len(head) == len(str(low)) and low <= int(head) <= high:
            return name, lengths
    return "", tuple(LENGTHS)


def luhn(digits: str) -> bool:
    """True if the last digit is right."""
    values = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in values) % 10 == 0
