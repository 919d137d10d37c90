"""Checks and compares names of voices. é may be encoded as one character or as two, which look the same."""

import unicodedata
from collections.abc import Iterable

from voi.errors import ClientError, NameTaken

NAME_LONGEST = 64
NAME_MARKS = " -_.,'()+"


def composed(name: str) -> str:
    """With é as one character (Unicode's form NFC)."""
    return unicodedata.normalize("NFC", name)


def known_as(name: str, there: Iterable[str]) -> str | None:
    """The spelling of that name among the existing ones in `there`; None if there is no such voice."""
    alike = [other for other in there if composed(other) == composed(name)]
    return name if name in alike else next(iter(alike), None)


def checked_name(name: str) -> str:
    """The name in composed form (é is one character), if a voice may be called so. Raises ClientError."""
    name = composed(name)
    kinds = [unicodedata.category(char)[0] for char in name]  # letters, marks (the vowels of Hindi), numbers
    right = all(kind in "LMN" or char in NAME_MARKS for kind, char in zip(kinds, name, strict=True))
    if len(name) > NAME_LONGEST or not right or kinds[:1] not in (["L"], ["N"]) or name != name.strip():
        raise ClientError(
            f"A voice's name has 1 to {NAME_LONGEST} letters, digits, blanks or -_.,'()+, a letter or digit first."
        )
    return name


def refuse_taken(wanted: Iterable[str], there: Iterable[str], *, force: bool) -> None:
    """Raise NameTaken for a name that exists, unless it is to be replaced (`force`), or that is too similar to another
    one."""
    alike = {name.casefold(): name for name in there}
    for name in wanted:
        other = alike.get(name.casefold(), name)
        if other != name:
            raise NameTaken(f"There is a voice {other!r}, which differs from {name!r} only in upper and lower case.")
        if name.casefold() in alike and not force:
            raise NameTaken(f"There is a voice {name!r} already; with force it is replaced.")
