"""Puts a caller's sounds in their order, and fills gaps, so that the time of speech stays right."""

from collections.abc import Callable

HELD_MAX = 2
"""So many sounds wait for one that is missing: 40 ms."""
FILLED_MAX = 50
"""So many missing sounds are replaced by silence: one second."""


class SoundOrder:
    """`on_lost` is told how many sounds never came, or came too late."""

    def __init__(self, on_lost: Callable[[int], None]) -> None:
        self._on_lost = on_lost
        self._next: int | None = None
        self._held: dict[int, bytes] = {}

    def push(self, chunk: int | None, pcm: bytes) -> bytes:
        """Take the sound with that number; None: it has none. Returns the sound that is due."""
        if chunk is None:
            return pcm
        if self._next is None:
            self._next = chunk
        if chunk < self._next or chunk in self._held:
            self._on_lost(1)
            return b""
        self._held[chunk] = pcm
        due = self._whole()
        if len(self._held) > HELD_MAX:
            first = min(self._held)
            missing = first - self._next
            self._on_lost(missing)
            due += bytes(len(self._held[first])) * min(missing, FILLED_MAX)
            self._next = first
            due += self._whole()
        return due

    def _whole(self) -> bytes:
        assert self._next is not None
        due = b""
        while self._next in self._held:
            due += self._held.pop(self._next)
            self._next += 1
        return due
