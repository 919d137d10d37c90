"""The guard's second look, at the words as the voice says them: "$5" is denied by "five dollars", "Dr. Who" by "doctor
who"."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache

from voi.core.guard import PatternGuard
from voi.dialogue import ReplySegment
from voi.text.speakable import speakable

_CACHED_MAX = 64
_PREPARED: set[tuple[tuple[str, ...], str]] = set()


class SpokenGuard:
    """`feed` pieces, get those that can be part of no denied phrase; `close` gives the rest. `language`: the one in
    which the text is spoken."""

    __slots__ = ("_guard", "_held", "_language", "_safe_characters")

    def __init__(self, phrases: Iterable[str], language: str) -> None:
        self._guard = PatternGuard(_as_spoken(tuple(phrases), language))
        self._language = language
        self._held: deque[tuple[ReplySegment, int]] = deque()
        """Pieces that are not released yet, with the length of their spoken text."""
        self._safe_characters = 0
        """How many characters of the held pieces' spoken text are safe."""

    @property
    def denied(self) -> bool:
        return self._guard.denied

    def feed(self, piece: ReplySegment) -> list[ReplySegment]:
        spoken = f" {speakable(piece.text, self._language)} "
        self._held.append((piece, len(spoken)))
        return self._released(self._guard.feed(spoken))

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
