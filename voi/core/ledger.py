"""Which words of a reply were heard: maps milliseconds of played sound back to text."""

import re
from collections.abc import Iterable, Sequence

from voi.dialogue import SpokenWord

MS_PER_CHARACTER = 65
"""Estimate while no piece's sound length is known: English is spoken at about 15 characters a second."""

_OWN_WORD = "\u2e80"
"""From this code point on (CJK) each character counts as a word, as no spaces stand between words."""

_CLOSES = ",.;:!?…)]}"
"""These follow a word without a space, even where a change of voice or tone split a sentence before them."""


class Ledger:
    """One reply's pieces of text and where each lies in the reply's sound."""

    __slots__ = ("_sounds", "_spoken", "_texts", "_words")

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._spoken: set[int] = set()
        self._sounds: dict[int, tuple[int, int]] = {}
        self._words: dict[int, tuple[SpokenWord, ...]] = {}

    def text(self, piece: int, text: str, spoken: bool = True) -> None:
        """Record the text of a piece; pieces count from 0. `spoken` False: it is shown only; with "" it withdraws the
        piece and its sound."""
        self._texts[piece] = text
        if spoken:
            self._spoken.add(piece)
        else:
            self._spoken.discard(piece)
            self._sounds.pop(piece, None)
            self._words.pop(piece, None)

    def voiced(self, piece: int, start_ms: int, audio_ms: int, words: Sequence[SpokenWord] = ()) -> None:
        """Record where the piece's sound lies in the reply's sound, in ms, and the times of its words if known."""
        self._sounds[piece] = (start_ms, audio_ms)
        self._words[piece] = tuple(words)

    @property
    def all_voiced(self) -> bool:
        """True if the sound length of every piece is known."""
        return self._spoken <= self._sounds.keys()

    def full_text(self) -> str:
        """The text of all pieces, joined."""
        return join(self._texts[piece] for piece in sorted(self._texts))

    def heard(self, played_ms: int) -> str:
        """The text that was heard when `played_ms` of the sound were played: the words that were spoken to their end.
        Where a piece's word times or length are not known, the words are estimated in proportion to the characters.
        Text that is only shown counts as heard together with what precedes it.
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
        """The part of the piece's text that was spoken in the first `played_ms` of its sound."""
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
        """Speaking rate of the other pieces, without the pauses around the speech where word times are known."""
        characters = sum(len(self._texts.get(piece, "")) for piece in self._sounds)
        speech_ms = sum(self._speech_ms(piece) for piece in self._sounds)
        return speech_ms / characters if characters and speech_ms else MS_PER_CHARACTER

    def _speech_ms(self, piece: int) -> int:
        words = self._words.get(piece)
        return words[-1].end_ms - words[0].start_ms if words else self._sounds[piece][1]


def join(texts: Iterable[str]) -> str:
    """Join pieces of text; two that have no space between them get one."""
    whole = ""
    for text in texts:
        bare = whole and text and not (whole[-1].isspace() or text[0].isspace() or text[0] in _CLOSES)
        whole += f" {text}" if bare and whole[-1] < _OWN_WORD else text
    return whole.strip()


def _word_spans(text: str) -> list[tuple[int, int]]:
    """Begin and end index of each word, split at spaces."""
    return [word.span() for word in re.finditer(r"\S+", text)]


def _whole_words(text: str, length: int) -> str:
    """The words of `text` that end within its first `length` characters."""
    while 0 < length < len(text) and not (text[length].isspace() or text[length - 1] >= _OWN_WORD):
        length -= 1
    return text[:length]
