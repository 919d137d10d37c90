"""English words to ARPAbet sounds, by a dictionary in the form of CMUdict. Pure."""

import re
from collections.abc import Iterator

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y",
    "Z", "ZH",
)  # fmt: skip
_ENTRY = re.compile(r"([A-Z'][^ ]*?)(?:\(\d+\))?  (.+)")
_PIECE = re.compile(r"[a-z]+(?:[a-z'-]*[a-z])?|[^a-z]+")


class Pronunciations:
    """`dictionary`: lines of WORD, two spaces and sounds; `unclear`: words that are spoken in several ways, one a
    line. Both in Latin-1."""

    def __init__(self, dictionary: bytes, unclear: bytes = b"") -> None:
        found: dict[str, list[list[str]]] = {}
        for line in dictionary.decode("latin-1").splitlines():
            if entry := _ENTRY.fullmatch(line):
                found.setdefault(entry[1].lower(), []).append(entry[2].split())
        leave = set(unclear.decode("latin-1").split())
        self._sounds = {word: ways[0] for word, ways in found.items() if len(ways) == 1 and word not in leave}
        self._leave = leave | {word for word, ways in found.items() if len(ways) > 1}

    def sounds(self, text: str) -> list[str]:
        """Sounds, letters and other signs of a text in lower case."""
        return [sound for piece in _PIECE.findall(text) for sound in self._of(piece)]

    def _of(self, word: str) -> Iterator[str]:
        known = self._known(word)
        if known is not None or "-" not in word:
            yield from known if known is not None else word
            return
        for number, part in enumerate(word.split("-")):
            if number:
                yield "-"
            yield from self._known(part) or part

    def _known(self, word: str) -> list[str] | None:
        if word in self._sounds or word in self._leave:
            return self._sounds.get(word)
        for ending in ("'s", "s"):
            if word.endswith(ending) and (stem := self._sounds.get(word.removesuffix(ending))) is not None:
                return [*stem, "Z"]
        return None
