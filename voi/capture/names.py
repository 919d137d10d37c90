"""Names of people and companies."""

from collections.abc import Sequence

from voi.capture.dictated import Unit
from voi.capture.resembling import as_spelled
from voi.capture.taken import Taken, failed
from voi.capture.vocabulary import Vocabulary
from voi.text.tables.shape import words as word_set

NAME_MAX_CHARACTERS = 100
WORDS_MAX = 5
"""A longer name is probably a sentence."""
_SMALL = word_set("de del della der den des di do dos du la le van von vom zu zum zur und y e bin ibn al el")
"""Stay small inside of a name."""


def name(units: Sequence[Unit], words: Vocabulary) -> Taken:
    """A name with capitals, as it is written: "Anna van der Meer-O'Neill"."""
    parts: list[str] = []
    glue = True
    spelled = ""
    unsure = False
    for unit in (*as_spelled(units, words), None):
        if unit is not None and unit.kind == "letter":
            spelled += unit.characters
            continue
        if spelled:
            _add(parts, spelled, glue)
            glue, spelled = False, ""
        if unit is None or unit.kind == "digits":
            unsure |= unit is not None
        elif unit.kind == "sign":
            if unit.characters in "-'" and parts:
                parts[-1] += unit.characters
                glue = True
        else:
            _add(parts, unit.characters, glue)
            glue = False
            unsure |= unit.weak
    value = " ".join(_capitals(part, first=place == 0) for place, part in enumerate(parts)).strip(" -'")
    if not any(character.isalpha() for character in value):
        return failed("nothing")
    if len(value) > NAME_MAX_CHARACTERS:
        return failed("too_long", value[:NAME_MAX_CHARACTERS])
    return Taken(value, so_far=value, unsure=unsure or len(parts) > WORDS_MAX)


def _add(parts: list[str], text: str, glue: bool) -> None:
    if glue and parts:
        parts[-1] += text
    else:
        parts.append(text)


def _capitals(part: str, *, first: bool) -> str:
    """Capitals where a transcript or a spelling has none."""
    if part != part.lower() and part != part.upper():
        return part
    if not first and part.lower() in _SMALL:
        return part.lower()
    if len(part) > 1 or part.islower():
        for mark in "-'":
            if mark in part:
                return mark.join(_capitals(each, first=True) if each else each for each in part.split(mark))
    return part[:1].upper() + part[1:].lower()
