"""The guard's second look, at the words as the voice says them: "$5" is denied by "five dollars", "Dr. Who" by "doctor
who". The voice says those very words, so they are made once."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from voi.core.guard import PatternGuard
from voi.dialogue import ReplySegment, SpokenWords
from voi.text.speakable import speakable

_CACHED_MAX = 64
_PREPARED: set[tuple[tuple[str, ...], str]] = set()


class SpokenGuard:
    """`feed` pieces, get those that can be part of no denied phrase, with the words that are spoken; `close` gives the
    rest. `language`: the one in which the text is spoken. Pieces are read in a thread, since one takes up to a
    millisecond; await each call before the next."""

    __slots__ = ("_guard", "_held", "_language", "_phrases", "_safe_characters")

    def __init__(self, phrases: Iterable[str], language: str) -> None:
        self._phrases = tuple(phrases)
        self._language = language
        self.start_over()

    def start_over(self) -> None:
        """Forget the pieces so far: they were a thought."""
        self._guard = PatternGuard(_as_spoken(self._phrases, self._language))
        self._held: deque[tuple[ReplySegment, int]] = deque()
        """Pieces that are not released yet, with the length of their spoken text."""
        self._safe_characters = 0
        """How many characters of the held pieces' spoken text are safe."""

    @property
    def denied(self) -> bool:
        return self._guard.denied

    async def feed(self, pieces: Sequence[ReplySegment]) -> list[ReplySegment]:
        return await asyncio.to_thread(self._read, pieces) if pieces else []

    def _read(self, pieces: Sequence[ReplySegment]) -> list[ReplySegment]:
        released = []
        for piece in pieces:
            words = speakable(piece.text.strip(), self._language).strip()
            spoken = f" {words} "
            self._held.append((replace(piece, spoken=SpokenWords(words, self._language)), len(spoken)))
            released += self._released(self._guard.feed(spoken))
        return released

    def close(self) -> list[ReplySegment]:
        return self._released(self._guard.close())

    def _released(self, safe: str) -> list[ReplySegment]:
        self._safe_characters += len(safe)
        pieces = []
        while self._held and self._safe_characters >= self._held[0][1]:
            piece, length = self._held.popleft()
            self._safe_characters -= length
            pieces.append(piece)
        return pieces


async def prepare(phrases: Sequence[str], language: str) -> None:
    """Build what all guards with these phrases share. Hundreds of phrases take 0.2 s, which the event loop cannot
    spare."""
    key = (tuple(phrases), language)
    if key not in _PREPARED:
        await asyncio.to_thread(lambda: (PatternGuard(phrases), SpokenGuard(phrases, language)))
        if len(_PREPARED) >= _CACHED_MAX:
            _PREPARED.clear()
        _PREPARED.add(key)


@lru_cache(maxsize=_CACHED_MAX)
def _as_spoken(phrases: tuple[str, ...], language: str) -> tuple[str, ...]:
    return (*phrases, *(speakable(phrase, language) for phrase in phrases))
