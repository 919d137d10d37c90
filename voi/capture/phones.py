"""Telephone numbers, by the numbering plans that `phonenumbers` knows."""

import re
from collections.abc import Sequence

from voi.capture.dictated import Unit
from voi.capture.taken import Taken, failed

DIGITS_MIN = 3
"""Shorter ones are nobody's number."""
DIGITS_MAX = 17
"""E.164 allows 15; an international prefix is before them."""


def digits_in(units: Sequence[Unit]) -> str:
    """All digits, with letters that look or sound like one among them."""
    said = "".join(
        unit.characters if unit.kind == "digits" else unit.other
        for unit in units
        if unit.kind == "digits" or (unit.kind == "letter" and unit.other and not unit.weak)
    )
    return said[: 10 * DIGITS_MAX]


def phone(units: Sequence[Unit], region: str) -> Taken:
    """A telephone number as E.164 writes it: +14155550199. `region`: where a number without a country code belongs (ISO
    3166)."""
    import phonenumbers
    from phonenumbers import ValidationResult

    digits = digits_in(units)
    if not digits:
        return failed("nothing")
    plus = "+" if next(unit for unit in units if unit.kind in ("digits", "sign", "letter")).characters == "+" else ""
    if digits.startswith("00") and not plus:  # no number of a country begins like this
        plus, digits = "+", digits[2:]
    so_far = plus + digits
    if len(digits) < DIGITS_MIN:
        return failed("too_short", so_far)
    if len(digits) > DIGITS_MAX:
        return failed("too_long", so_far)
    try:
        number = phonenumbers.parse(so_far, region)
    except phonenumbers.NumberParseException:
        return failed("not_a_number", so_far)
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.IS_POSSIBLE:
            pass
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return failed("too_short", so_far)
        case ValidationResult.TOO_LONG:
            return failed("too_long", so_far)
        case _:
            return failed("not_a_number", so_far)
    valid = phonenumbers.is_valid_number(number)
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Taken(value, so_far=so_far, complete=valid and not _can_grow(so_far, region), unsure=not valid)


def _can_grow(digits: str, region: str) -> bool:
    """True if a number with one more digit would be possible too."""
    import phonenumbers

    try:
        longer = phonenumbers.parse(f"{digits}0", region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(longer)


def phone_groups(number: str) -> list[str]:
    """The digits of a number that E.164 writes, in the groups in which people of its country write it."""
    import phonenumbers

    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return re.findall(r"\d+", phonenumbers.format_number(phonenumbers.parse(number), form))


def known_region(region: str) -> bool:
    """True if `phonenumbers` knows the numbers of that region."""
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS
