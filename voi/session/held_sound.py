"""Sound of a model that speaks by itself, held until the transcript of it has passed the guard."""

from collections import deque

from voi.core.guard import PatternGuard


class HeldSound:
    """`feed` words and their sound as they come, get what is safe; `close` gives the rest. Sans-I/O.

    Sound goes out when all words up to its end are safe. From a denial on, nothing does.
    """

    __slots__ = ("_fed", "_guard", "_held", "_passed")

    def __init__(self, guard: PatternGuard | None) -> None:
        self._guard = guard
        self._held: deque[tuple[int, bytes]] = deque()
        """Sound, and how many characters of the transcript must be safe before it goes out."""
        self._fed = 0
        self._passed = 0

    @property
    def denied(self) -> bool:
        return self._guard is not None and self._guard.denied

    def feed(self, text: str, pcm: bytes) -> tuple[str, bytes]:
        """Text and sound that are safe now."""
        if self._guard is None:
            return text, pcm
        self._fed += len(text)
        self._held.append((self._fed, pcm))
        return self._pass(self._guard.feed(text))

    def close(self) -> tuple[str, bytes]:
        """The reply is over."""
        return self._pass(self._guard.close()) if self._guard else ("", b"")

    def _pass(self, text: str) -> tuple[str, bytes]:
        self._passed += len(text)
        if self.denied:
            self._held.clear()
        pcm = bytearray()
        while self._held and self._held[0][0] <= self._passed:
            pcm += self._held.popleft()[1]
        return text, bytes(pcm)
