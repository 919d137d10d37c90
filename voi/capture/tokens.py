"""Words and signs of what was said, in order."""

import re
import unicodedata
from dataclasses import dataclass

SAID_MAX_CHARACTERS = 2_000
"""Longest text that is read, some two minutes of speech. Nobody dictates more in one go, and the rest is not looked
at."""
_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class SpokenToken:
    """`text`: as it was written. `said`: the same for comparison, in lower case. `apart`: a blank stands before it.
    `start`: its place in the text."""

    text: str
    said: str
    apart: bool
    start: int = 0

    @property
    def is_word(self) -> bool:
        return self.said[0].isalpha()

    @property
    def is_digits(self) -> bool:
        return self.said[0].isdecimal()


def tokens_of(text: str) -> list[SpokenToken]:
    """The tokens of a text, cut at its longest. Digits of all scripts become 0 to 9."""
    text = text[:SAID_MAX_CHARACTERS]
    found = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token[0].isdecimal():
            token = "".join(str(unicodedata.decimal(character)) for character in token)
        apart = match.start() == 0 or text[match.start() - 1].isspace()
        found.append(SpokenToken(token, folded_word(token), apart, match.start()))
    return found


def folded_word(text: str) -> str:
    """For comparison: lower case, straight apostrophes, ß as ss."""
    return unicodedata.normalize("NFC", text.casefold().replace("’", "'"))
