"""Holds the sound of a speech-to-speech model until the words that may be in it have passed the guard.

Such a model tells its words without times, and may tell them late. But no voice speaks faster than some 20 letters a
second: when so many letters have passed, the sound up to the time that they take at least holds no other words.
"""

from collections import deque

from voi.audio.pcm import SAMPLE_BYTES

LETTERS_PER_S_MAX = 20
"""The fastest speech, over an answer from its beginning. Models speak some 14 letters a second, so words have to be
told half as fast again as they are spoken, or their sound waits. For a phrase to be heard before it is found, the voice
would have to be faster by the whole length of the phrase."""
START_MS = 500
"""So much has to be safe before the first sound is let out, so that it does not stop in its first word."""
WEIGHT_WITHOUT_SPACES = 3
"""Letters that a character counts for where a script needs fewer of them (CJK)."""
_FIRST_WITHOUT_SPACES, _EMOJI = "\u2e80", "\U0001f000"


class HeldSound:
    """`feed` sound and tell which words `passed`, get the sound that is safe; `close` gives the rest. Sans-I/O.

    `rate_hz`: of the sound, s16le mono. `speed`: how much faster than usual the voice speaks.
    """

    __slots__ = ("_bytes_per_letter", "_held", "_out_bytes", "_safe_bytes", "_start_bytes")

    def __init__(self, rate_hz: int, speed: float = 1.0, start_ms: int = START_MS) -> None:
        self._start_bytes = start_ms * rate_hz * SAMPLE_BYTES // 1_000
        self._bytes_per_letter = rate_hz * SAMPLE_BYTES / (LETTERS_PER_S_MAX * max(1.0, speed))
        self._held: deque[bytes] = deque()
        self._safe_bytes = 0.0
        """The sound up to here may be heard."""
        self._out_bytes = 0

    def feed(self, pcm: bytes) -> bytes:
        """Take the next sound; return what is safe now."""
        if pcm:
            self._held.append(pcm)
        return self._let_out()

    def passed(self, text: str) -> bytes:
        """These words, which follow those before, may be heard. Return the sound that is safe now."""
        self._safe_bytes += letters_in(text) * self._bytes_per_letter
        return self._let_out()

    def close(self) -> bytes:
        """All words have passed: return the rest of the sound."""
        rest = b"".join(self._held)
        self._held.clear()
        self._out_bytes += len(rest)
        return rest

    def drop(self) -> None:
        """Forget the sound that is held."""
        self._held.clear()

    def _let_out(self) -> bytes:
        out = bytearray()
        if not self._out_bytes and min(self._safe_bytes, sum(map(len, self._held))) < self._start_bytes:
            return b""
        while self._held and (room := (int(self._safe_bytes) & ~1) - self._out_bytes) > 0:
            pcm = self._held.popleft()
            out += pcm[:room]
            self._out_bytes += len(pcm[:room])
            if len(pcm) > room:
                self._held.appendleft(pcm[room:])
        return bytes(out)


def letters_in(text: str) -> int:
    """Letters and digits of the text; a character of a script without spaces counts for several."""
    return sum(
        WEIGHT_WITHOUT_SPACES if _FIRST_WITHOUT_SPACES <= letter < _EMOJI else 1 for letter in text if letter.isalnum()
    )
