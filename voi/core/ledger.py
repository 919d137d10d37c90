"""Which words of a reply were heard: maps milliseconds of played sound back to text."""

from collections.abc import Iterable

MS_PER_CHARACTER = 65
"""Guess while no piece's sound length is known: English is spoken at about 15 characters a second."""

_OWN_WORD = "\u2e80"
"""From here on (CJK) every character is a word of its own, and no spaces stand between words."""

_CLOSES = ",.;:!?…)]}"
"""These stand right after a word, even where a change of voice or tone cut a sentence before them."""


class Ledger:
    """One reply's pieces of text and where each lies in the reply's sound."""

    __slots__ = ("_sounds", "_spoken", "_texts")

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._spoken: set[int] = set()
        self._sounds: dict[int, tuple[int, int]] = {}

    def text(self, piece: int, text: str, spoken: bool = True) -> None:
        """Write down the text of a piece; pieces count from 0. `spoken` False: it is shown only, or "" where the piece
        was taken back, with its sound."""
        self._texts[piece] = text
        if spoken:
            self._spoken.add(piece)
        else:
            self._spoken.discard(piece)
            self._sounds.pop(piece, None)

    def voiced(self, piece: int, start_ms: int, audio_ms: int) -> None:
        """Write down where the piece's sound lies in the reply's sound."""
        self._sounds[piece] = (start_ms, audio_ms)

    @property
    def all_voiced(self) -> bool:
        """The length of all sound is known."""
        return self._spoken <= self._sounds.keys()

    def full_text(self) -> str:
        """All text of the reply."""
        return join(self._texts[piece] for piece in sorted(self._texts))

    def heard(self, played_ms: int) -> str:
        """Text that had been heard when `played_ms` of the sound were played.

        The piece being played is cut at the last word boundary, in proportion to its sound; where its length is not
        known yet it is estimated from the other pieces. Text that is only shown counts as heard with what precedes it.
        """
        kept: list[str] = []
        rate_ms = self._ms_per_character()
        end_ms = 0
        for piece in sorted(self._texts):
            text = self._texts[piece]
            if piece in self._spoken:
                start_ms, audio_ms = self._sounds.get(piece) or (end_ms, round(len(text) * rate_ms))
                end_ms = start_ms + audio_ms
                if played_ms < end_ms:
                    if played_ms > start_ms:
                        kept.append(_whole_words(text, len(text) * (played_ms - start_ms) // audio_ms))
                    break
            kept.append(text)
        return join(kept)

    def _ms_per_character(self) -> float:
        characters = sum(len(self._texts.get(piece, "")) for piece in self._sounds)
        audio_ms = sum(audio_ms for _, audio_ms in self._sounds.values())
        return audio_ms / characters if characters and audio_ms else MS_PER_CHARACTER


def join(texts: Iterable[str]) -> str:
    """Pieces of text as one: a space goes between two that carry none."""
    whole = ""
    for text in texts:
        bare = whole and text and not (whole[-1].isspace() or text[0].isspace() or text[0] in _CLOSES)
        whole += f" {text}" if bare and whole[-1] < _OWN_WORD else text
    return whole.strip()


def _whole_words(text: str, length: int) -> str:
    """The words that end within the first `length` characters."""
    while 0 < length < len(text) and not (text[length].isspace() or text[length - 1] >= _OWN_WORD):
        length -= 1
    return text[:length]
