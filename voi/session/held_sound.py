"""Holds the sound of a speech-to-speech model until its transcript has passed the guard."""

from collections import deque

from voi.core.guard import PatternGuard


class HeldSound:
    """`feed` words and their sound as they arrive, get what is safe; `close` gives the rest. Sans-I/O.

    Sound is released when all words up to its end are safe. After a denial nothing is released.
    """

    __slots__ = ("_fed", "_guard", "_held", "_passed")

    def __init__(self, guard: PatternGuard | None) -> None:
        self._guard = guard
        self._held: deque[tuple[int, bytes]] = deque()
        """Held sound, each part with how many characters of the transcript must be safe before its release."""
        self._fed = 0
        self._passed = 0

    @property
    def denied(self) -> bool:
        return self._guard is not None and self._guard.denied

    def feed(self, text: str, pcm: bytes) -> tuple[str, bytes]:
        """Take the next words and sound (PCM); return the text and sound that are safe now."""
        if self._guard is None:
            return text, pcm
        self._fed += len(text)
        self._held.append((self._fed, pcm))
        return self._pass(self._guard.feed(text))

    def close(self) -> tuple[str, bytes]:
        """End of the reply: return the remaining text and sound. Empty after a denial."""
        return self._pass(self._guard.close()) if self._guard else ("", b"")

    def _pass(self, text: str) -> tuple[str, bytes]:
        self._passed += len(text)
        if self.denied:
            self._held.clear()
        pcm = bytearray()
        while self._held and self._held[0][0] <= self._passed:
            pcm += self._held.popleft()[1]
        return text, bytes(pcm)
