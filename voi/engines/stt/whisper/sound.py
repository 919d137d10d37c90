"""One utterance's sound in one timeline, long pauses shortened. Pure: no thread, no clock.

Sound is kept from `ROLL_MS` before speech sets in until `ROLL_MS` after it ends. Positions count the kept samples from
the first one on; `fed_ms` converts a position to the time in everything that was fed.
"""

from bisect import bisect_right

from voi.engines.stt.whisper.passes import BYTES_PER_MS

ROLL_MS = 320
PAUSE_MS = 96  # three VAD windows: worth a pass over what came before, a flush is likely to follow

_ROLL = ROLL_MS * BYTES_PER_MS
_SAMPLES_PER_MS = BYTES_PER_MS // 2


class SoundBuffer:
    """`start`, `end`, `speech_end`: positions of the first sample that is still held, of the end, and of the end of the
    last speech (0: none yet)."""

    def __init__(self) -> None:
        self.start = 0
        self.speech_end = 0
        self._audio = bytearray()
        self._pre_roll = bytearray()
        self._half = b""
        self._quiet = 0
        self._left_out = 0
        self._gaps: list[tuple[int, int]] = []  # position, and all samples left out before it

    @property
    def end(self) -> int:
        return self.start + len(self._audio) // 2

    @property
    def pausing(self) -> bool:
        return self._quiet >= PAUSE_MS * BYTES_PER_MS

    def feed(self, pcm: bytes, speech: bool) -> None:
        """Take PCM of any length; half a sample waits for its other half."""
        if self._half or len(pcm) % 2:
            pcm = self._half + pcm
            self._half = pcm[len(pcm) // 2 * 2 :]
            pcm = pcm[: len(pcm) // 2 * 2]
        if not speech:
            self._quiet += len(pcm)
            room = max(0, (self.speech_end - self.end) * 2 + _ROLL) if self.speech_end else 0
            self._audio += pcm[:room]
            self._pre_roll += pcm[room:]
            self._left_out += max(0, len(self._pre_roll) - _ROLL) // 2
            del self._pre_roll[:-_ROLL]
        elif pcm:
            if self._left_out > (self._gaps[-1][1] if self._gaps else 0):
                self._gaps.append((self.end, self._left_out))
            self._audio += self._pre_roll
            self._audio += pcm
            self._pre_roll.clear()
            self.speech_end = self.end
            self._quiet = 0

    def read(self, end: int) -> bytes:
        """The PCM from `start` to the position `end`."""
        return bytes(self._audio[: (end - self.start) * 2])

    def trim(self, position: int) -> None:
        """Drop the sound before that position."""
        position = min(max(position, self.start), self.end)
        del self._audio[: (position - self.start) * 2]
        self.start = position

    def fed_ms(self, position: int) -> int:
        """The time of this sample in ms, from the start of everything that was fed."""
        at = bisect_right(self._gaps, (position, self._left_out))
        return (position + (self._gaps[at - 1][1] if at else 0)) // _SAMPLES_PER_MS


def to_samples(ms: int) -> int:
    """Samples at Whisper's 16 kHz."""
    return ms * _SAMPLES_PER_MS


def to_ms(samples: int) -> int:
    """Milliseconds of that many samples at 16 kHz, rounded down."""
    return samples // _SAMPLES_PER_MS
