"""Which words of a reply were heard: maps milliseconds of played sound back to text."""

import re
from collections.abc import Iterable, Sequence

from voi.dialogue import SpokenWord

MS_PER_CHARACTER = 65
"""Guess while no piece's sound length is known: English is spoken at about 15 characters a second."""

_OWN_WORD = "\u2e80"
"""From here on (CJK) every character is a word of its own, and no spaces stand between words."""

_CLOSES = ",.;:!?…)]}"
"""These stand right after a word, even where a change of voice or tone cut a sentence before them."""


class Ledger:
    """One reply's pieces of text and where each lies in the reply's sound."""

    __slots__ = ("_sounds", "_spoken", "_texts", "_words")

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._spoken: set[int] = set()
        self._sounds: dict[int, tuple[int, int]] = {}
        self._words: dict[int, tuple[SpokenWord, ...]] = {}

    def text(self, piece: int, text: str, spoken: bool = True) -> None:
        """Write down the text of a piece; pieces count from 0. `spoken` False: it is shown only, or "" where the piece
        was taken back, with its sound."""
        self._texts[piece] = text
        if spoken:
            self._spoken.add(piece)
        else:
            self._spoken.discard(piece)
            self._sounds.pop(piece, None)
            self._words.pop(piece, None)

    def voiced(self, piece: int, start_ms: int, audio_ms: int, words: Sequence[SpokenWord] = ()) -> None:
        """Write down where the piece's sound lies in the reply's sound, and its words in that, where they are known."""
        self._sounds[piece] = (start_ms, audio_ms)
        self._words[piece] = tuple(words)

    @property
    def all_voiced(self) -> bool:
        """The length of all sound is known."""
        return self._spoken <= self._sounds.keys()

    def full_text(self) -> str:
        """All text of the reply."""
        return join(self._texts[piece] for piece in sorted(self._texts))

    def heard(self, played_ms: int) -> str:
        """Text that had been heard when `played_ms` of the sound were played: the words that had been spoken to their
        end. Of a piece whose words' times are not known, and of one whose length is not known yet, they are estimated
        in proportion to the letters. Text that is only shown counts as heard with what precedes it.
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
                    if part := self._heard_of(piece, text, played_ms - start_ms, audio_ms):
                        kept.append(part)
                    if part != text.rstrip():
                        break
                    continue
            kept.append(text)
        return join(kept)

    def _heard_of(self, piece: int, text: str, played_ms: int, audio_ms: int) -> str:
        """The beginning of that piece's text that was spoken in the first `played_ms` of its sound."""
        if played_ms <= 0:
            return ""
        words, spans = self._words.get(piece, ()), _word_spans(text)
        if not words or len(words) != len(spans):
            return _whole_words(text, len(text) * played_ms // audio_ms)
        spoken = sum(word.end_ms <= played_ms for word in words)
        if spoken == len(words):
            return text.rstrip()
        word, (begin, end) = words[spoken], spans[spoken]
        if played_ms > word.start_ms and max(text[begin:end]) >= _OWN_WORD:  # written without spaces: many words in one
            length = (end - begin) * (played_ms - word.start_ms) // max(1, word.end_ms - word.start_ms)
            return text[:begin] + _whole_words(text[begin:end], length)
        return text[:begin].rstrip()

    def _ms_per_character(self) -> float:
        """Of the speech of the other pieces, without the pauses around it where those are known."""
        characters = sum(len(self._texts.get(piece, "")) for piece in self._sounds)
        speech_ms = sum(self._speech_ms(piece) for piece in self._sounds)
        return speech_ms / characters if characters and speech_ms else MS_PER_CHARACTER

    def _speech_ms(self, piece: int) -> int:
        words = self._words.get(piece)
        return words[-1].end_ms - words[0].start_ms if words else self._sounds[piece][1]


def join(texts: Iterable[str]) -> str:
    """Pieces of text as one: a space goes between two that carry none."""
    whole = ""
    for text in texts:
        bare = whole and text and not (whole[-1].isspace() or text[0].isspace() or text[0] in _CLOSES)
        whole += f" {text}" if bare and whole[-1] < _OWN_WORD else text
    return whole.strip()


def _word_spans(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends, as spaces part them."""
    return [word.span() for word in re.finditer(r"\S+", text)]


def _whole_words(text: str, length: int) -> str:
    """The words that end within the first `length` characters."""
    while 0 < length < len(text) and not (text[length].isspace() or text[length - 1] >= _OWN_WORD):
        length -= 1
    return text[:length]
