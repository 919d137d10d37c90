"""Postal addresses, in the order in which they were said. Whether a place exists is for a service to say."""

from collections.abc import Sequence

from voi.capture.dictated import Unit
from voi.capture.resembling import as_spelled
from voi.capture.taken import Taken, failed
from voi.capture.vocabulary import Vocabulary

ADDRESS_MAX_CHARACTERS = 300


def address(units: Sequence[Unit], words: Vocabulary) -> Taken:
    """Street, house number, postal code and place in one line, numbers in digits."""
    parts: list[str] = []
    before: Unit | None = None
    glue = False
    unsure = False
    for unit in as_spelled(units, words):
        text = unit.characters
        if unit.kind == "sign":
            if parts and text in ",-/'.":
                parts[-1] += text
                glue = text != ","
            before = None
            continue
        joined = before is not None and _joins(before, unit)
        if before is not None and before.written and text in words.table.ordinal_marks:
            joined = True  # 3rd
        if joined and before is not None and before.written and unit.kind == "letter":
            text = unit.text  # 221B
        if before is not None and unit.kind == before.kind == "digits" and not joined:
            unsure = unsure or not (unit.written and before.written)
        if (joined or glue) and parts:
            parts[-1] += text
        else:
            parts.append(text)
        before, glue = unit, False
    value = " ".join(_with_capital(part) for part in parts)
    value = value.strip(" ,-/.")
    if not value:
        return failed("nothing")
    if len(value) > ADDRESS_MAX_CHARACTERS:
        return failed("too_long", value[:ADDRESS_MAX_CHARACTERS])
    if not any(len(part) > 1 and any(c.isalpha() for c in part) for part in parts):
        return failed("no_street", value)
    if not any(character.isdecimal() for character in value):
        return failed("no_house", value)
    return Taken(value, so_far=value, unsure=unsure)


def _with_capital(part: str) -> str:
    return part[:1].upper() + part[1:] if part.islower() and len(part.strip(",.")) > 1 else part


def _joins(before: Unit, unit: Unit) -> bool:
    """True if both belong to one word or number: digits one by one, pairs of digits, letters of a spelling."""
    if before.kind == "digits" and unit.kind == "letter":
        return len(unit.characters) == 1  # 12a
    if before.kind != unit.kind or unit.kind == "word" or before.written or unit.written:
        return False
    if unit.kind == "letter":
        return True
    return (len(before.characters) == 1) == (len(unit.characters) == 1)
