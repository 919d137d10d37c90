"""The text of a reply from its pieces, when its words sound, and which of them were heard: maps milliseconds of played
sound back to text.

Words are those of the text as written. A voice may report others: "$5" is spoken as "five dollars" (`as_written`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import Self

from voi.core.kept import KeptPiece
from voi.dialogue import ReplySegment, SpokenWord, Voice

MS_PER_CHARACTER = 65
"""Estimate while no piece's sound length is known: English is spoken at about 15 characters a second."""

_EMOJI = "\U0001f000"
"""From this code point on spaces part words again."""

OWN_WORD = "\u2e80"
"""From this code point on (CJK) each character counts as a word, because these scripts put no spaces between words."""

_CLOSES = ",.;:!?…)]}"
"""These follow a word without a space, even where a change of voice or tone split a sentence before them."""


class Joined:
    """The text of the segments that were added, and where in it the narrator speaks: begin and end index of each
    comment. Segments that have no space between them get one."""

    __slots__ = ("_comment_goes_on", "_narrated", "_whole")

    def __init__(self, segments: Iterable[ReplySegment] = ()) -> None:
        self._whole = ""
        self._narrated: list[tuple[int, int]] = []
        self._comment_goes_on = False
        for segment in segments:
            self.add(segment)

    @property
    def text(self) -> str:
        """All text so far, without space at its end."""
        return self._whole.rstrip()

    @property
    def narrated(self) -> tuple[tuple[int, int], ...]:
        """Begin and end index of each comment of the narrator in `text`."""
        return tuple(self._narrated)

    def add(self, segment: ReplySegment) -> None:
        """Put the segment at the end."""
        text = segment.text if self._whole else segment.text.lstrip()
        self._whole += _gap(self._whole, text)
        begin = len(self._whole) + len(text) - len(text.lstrip())
        self._whole += text
        if not text.strip():
            return
        if segment.voice == "narrator":
            begin = self._narrated.pop()[0] if self._comment_goes_on else begin
            self._narrated.append((begin, begin + len(self._whole[begin:].rstrip())))
        self._comment_goes_on = segment.voice == "narrator"


def join(texts: Iterable[str]) -> str:
    """Join pieces of text; two that have no space between them get one."""
    return Joined(map(ReplySegment, texts)).text


def _gap(before: str, text: str) -> str:
    bare = before and text and not (before[-1].isspace() or text[0].isspace() or text[0] in _CLOSES)
    return " " if bare and before[-1] < OWN_WORD else ""


class Ledger:
    """One reply's pieces of text and where each lies in the reply's sound."""

    __slots__ = ("_joined", "_newest", "_segments", "_sounds", "_spoken", "_words")

    def __init__(self) -> None:
        self._segments: dict[int, ReplySegment] = {}
        self._joined: Joined | None = Joined()
        """All pieces; None: a piece was replaced or withdrawn since."""
        self._newest = -1
        self._spoken: set[int] = set()
        self._sounds: dict[int, tuple[int, int]] = {}
        self._words: dict[int, tuple[SpokenWord, ...]] = {}

    def text(
        self, piece: int, text: str, spoken: bool = True, voice: Voice = "character", tone: str = "neutral"
    ) -> None:
        """Record the text of a piece; pieces count from 0. `spoken` False: it is shown only; with "" it withdraws the
        piece and its sound."""
        self._segments[piece] = segment = ReplySegment(text, voice, tone)
        if piece <= self._newest:
            self._joined = None
        elif self._joined:
            self._joined.add(segment)
        self._newest = max(self._newest, piece)
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

    def pieces(self) -> tuple[KeptPiece, ...]:
        """All pieces, in order, as they are kept."""
        kept = []
        for number, segment in sorted(self._segments.items()):
            if segment.text:
                start_ms, audio_ms = self._sounds.get(number, (0, None))
                words = self._words.get(number, ())
                kept.append(KeptPiece(segment, number in self._spoken, start_ms, audio_ms, words))
        return tuple(kept)

    @classmethod
    def of(cls, pieces: Sequence[KeptPiece]) -> Self:
        """A ledger of kept pieces."""
        ledger = cls()
        for number, piece in enumerate(pieces):
            ledger.text(number, piece.segment.text, piece.spoken, piece.segment.voice, piece.segment.tone)
            if piece.spoken and piece.audio_ms is not None:
                ledger.voiced(number, piece.start_ms, piece.audio_ms, piece.words)
        return ledger

    def rest(self, heard: Sequence[ReplySegment]) -> tuple[ReplySegment, ...]:
        """What follows what was heard, joined where one voice goes on in one tone."""
        segments = self.segments()
        if heard:
            begun, last = segments[len(heard) - 1], heard[-1]
            segments = [replace(begun, text=begun.text[len(last.text) :].lstrip()), *segments[len(heard) :]]
        runs = groupby((each for each in segments if each.text), key=lambda each: (each.voice, each.tone))
        return tuple(ReplySegment(join(each.text for each in run), *how) for how, run in runs)

    def full_text(self) -> str:
        """The text of all pieces, joined."""
        return self.joined().text

    def joined(self) -> Joined:
        """All pieces, joined."""
        if self._joined is None:
            self._joined = Joined(self.segments())
        return self._joined

    def segments(self) -> list[ReplySegment]:
        """All pieces, in order."""
        return [self._segments[piece] for piece in sorted(self._segments) if self._segments[piece].text]

    def heard(self, played_ms: int) -> str:
        """The text that was heard when that much of the sound was played."""
        return join(segment.text for segment in self.heard_segments(played_ms))

    def heard_segments(self, played_ms: int) -> list[ReplySegment]:
        """What was heard when `played_ms` of the sound were played: the words that were spoken to their end.
        Where a piece's word times or length are not known, the words are estimated in proportion to the characters.
        Text that is only shown counts as heard together with what precedes it.
        """
        kept: list[ReplySegment] = []
        rate_ms = self._ms_per_character()
        end_ms = 0
        for piece in sorted(self._segments):
            text = self._segments[piece].text
            if piece in self._spoken:
                start_ms, audio_ms = self._sounds.get(piece) or (end_ms, round(len(text) * rate_ms))
                end_ms = start_ms + audio_ms
                part = self._heard_of(piece, text, played_ms - start_ms, audio_ms) if played_ms < end_ms else text
                if part.rstrip() != text.rstrip():
                    kept += [replace(self._segments[piece], text=part)] if part else []
                    break
            if text:
                kept.append(self._segments[piece])
        return kept

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
        if played_ms > word.start_ms and max(text[begin:end]) >= OWN_WORD:  # written without spaces: many words in one
            length = (end - begin) * (played_ms - word.start_ms) // max(1, word.end_ms - word.start_ms)
            return text[:begin] + _whole_words(text[begin:end], length)
        return text[:begin].rstrip()

    def _ms_per_character(self) -> float:
        """Speaking rate of the other pieces, without the pauses around the speech where word times are known."""
        characters = sum(len(self._segments[piece].text) for piece in self._sounds if piece in self._segments)
        speech_ms = sum(self._speech_ms(piece) for piece in self._sounds)
        return speech_ms / characters if characters and speech_ms else MS_PER_CHARACTER

    def _speech_ms(self, piece: int) -> int:
        words = self._words.get(piece)
        return words[-1].end_ms - words[0].start_ms if words else self._sounds[piece][1]


def _word_spans(text: str) -> list[tuple[int, int]]:
    """Begin and end index of each word, split at spaces."""
    return [word.span() for word in re.finditer(r"\S+", text)]


def _whole_words(text: str, length: int) -> str:
    """The words of `text` that end within its first `length` characters."""
    while 0 < length < len(text) and not (text[length].isspace() or text[length - 1] >= OWN_WORD):
        length -= 1
    return text[:length]


# ---- the words that a voice reports -----------------------------------------------------------------


def as_written(text: str, spoken: Sequence[SpokenWord]) -> tuple[SpokenWord, ...]:
    """All words of `text` (split at spaces), in order, with the times of what was `spoken` for them. Empty if nothing
    was spoken, or if spaces do not separate the words of the text."""
    written = text.split()
    if not spoken or not written or any(OWN_WORD <= letter < _EMOJI for letter in text):
        return ()
    if len(written) == len(spoken):
        return tuple(
            SpokenWord(word, heard.start_ms, heard.end_ms, heard.estimated)
            for word, heard in zip(written, spoken, strict=True)
        )
    found: list[SpokenWord] = []
    ours, theirs = [_bare(word) for word in written], [_bare(word.text) for word in spoken]
    for _, start, end, from_, to in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if start == end:
            if found:  # unmatched spoken words belong to the word before
                last = found[-1]
                found[-1] = SpokenWord(last.text, last.start_ms, spoken[to - 1].end_ms, last.estimated)
        else:
            found += _over(written[start:end], spoken[from_:to], found[-1].end_ms if found else spoken[0].start_ms)
    return tuple(found)


def _over(written: Sequence[str], spoken: Sequence[SpokenWord], now_ms: int) -> list[SpokenWord]:
    """Spread the written words over the time of the spoken ones: one by one if their numbers are equal, else in
    proportion to their length."""
    if not spoken:
        return [SpokenWord(word, now_ms, now_ms, True) for word in written]
    if len(written) == len(spoken):
        pairs = zip(written, spoken, strict=True)
        return [SpokenWord(word, heard.start_ms, heard.end_ms, heard.estimated) for word, heard in pairs]
    start_ms, length_ms = spoken[0].start_ms, spoken[-1].end_ms - spoken[0].start_ms
    whole, before, found = sum(map(len, written)), 0, []
    for word in written:
        after = before + len(word)
        begins_ms, ends_ms = start_ms + length_ms * before // whole, start_ms + length_ms * after // whole
        found.append(SpokenWord(word, begins_ms, ends_ms, len(written) > 1 or spoken[0].estimated))
        before = after
    return found


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
