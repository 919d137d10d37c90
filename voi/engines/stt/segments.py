"""One utterance's sound, cut into segments at its pauses, and how far each is transcribed. Pure: no thread, no clock.

The last segment is open: it grows and is transcribed again as a whole (words are recognized better in their sentence).
Once it is `COMMIT_MS` long, the next long pause closes it, so that a flush has only a short tail to decode.
Sound is kept from `ROLL_MS` before speech sets in until `ROLL_MS` after it ends; the rest of a pause is dropped.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

BYTES_PER_MS = 32  # 16 kHz, 16 bit
ROLL_MS = 320
PAUSE_MS = 96  # three VAD windows: worth transcribing what came before, a flush is likely to follow
COMMIT_MS = 6_000
LONGEST_MS = 15_000  # the model's quality falls beyond; see quietest()
EARLIEST_CUT_MS = 7_500

_ROLL = ROLL_MS * BYTES_PER_MS
_LONGEST = LONGEST_MS * BYTES_PER_MS


@dataclass(slots=True, eq=False)
class Segment:
    """`speech_end`: bytes of `audio` up to the end of the last speech. `text` covers the first `done_end` of them."""

    audio: bytearray = field(default_factory=bytearray)
    speech_end: int = 0
    done_end: int = 0
    text: str = ""

    @property
    def done(self) -> bool:
        return self.done_end >= self.speech_end


class SegmentedUtterance:
    """The segments in order. `closed` ones will not grow; their text moves to `confirmed` once they are transcribed."""

    def __init__(self, longest_buffer_ms: int) -> None:
        self.confirmed: list[str] = []
        self.closed: deque[Segment] = deque()
        self.open = Segment()
        self.heard = 0
        """Where speech ended last, in bytes from the start of the utterance: the target of `transcribed`."""
        self._before_open = 0
        self._quiet = 0
        self._pre_roll = bytearray()
        self._limit = longest_buffer_ms * BYTES_PER_MS
        self._closed_bytes = 0

    @property
    def transcribed(self) -> int:
        """Bytes up to which everything is transcribed, counted like `heard`."""
        if not self.closed:
            return self._before_open + self.open.done_end
        return self._before_open - self._closed_bytes + self.closed[0].done_end

    @property
    def pausing(self) -> bool:
        return self._quiet >= PAUSE_MS * BYTES_PER_MS

    @property
    def room(self) -> int:
        """Bytes that the buffer may still take."""
        return self._limit - self._closed_bytes - len(self.open.audio)

    def feed(self, pcm: bytes, speech: bool) -> None:
        segment = self.open
        if not speech:
            self._quiet += len(pcm)
            room = max(0, segment.speech_end + _ROLL - len(segment.audio)) if segment.speech_end else 0
            segment.audio += pcm[:room]
            self._pre_roll += pcm[room:]
            del self._pre_roll[:-_ROLL]
            return
        if self._quiet >= _ROLL and segment.speech_end >= COMMIT_MS * BYTES_PER_MS:
            self._close(len(segment.audio))
            segment = self.open
        segment.audio += self._pre_roll
        segment.audio += pcm
        segment.speech_end = len(segment.audio)
        self._pre_roll.clear()
        self._quiet = 0
        while len(self.open.audio) > _LONGEST:
            self._close(quietest(self.open.audio[:_LONGEST]))
        self.heard = self._before_open + self.open.speech_end

    def take(self, segment: Segment, speech_end: int, text: str) -> None:
        """Take the transcript of `segment` as it was when its speech ended at `speech_end`."""
        if speech_end > segment.speech_end:
            return  # the segment was cut while it was transcribed: this text runs over the cut
        segment.text, segment.done_end = text, speech_end
        self._settle()

    def waiting(self) -> Segment | None:
        """The first segment with speech that is not transcribed yet."""
        if self.closed:
            return self.closed[0]
        return None if self.open.done else self.open

    def _close(self, cut: int) -> None:
        """Close the open segment at `cut` bytes; what follows opens the next one."""
        old, new = self.open, Segment()
        new.audio += old.audio[cut:]
        new.speech_end = max(0, old.speech_end - cut)
        del old.audio[cut:]
        if old.speech_end > cut:
            old.speech_end, old.done_end = cut, 0
        self.closed.append(old)
        self._closed_bytes += cut
        self._before_open += cut
        self.open = new
        self._settle()

    def _settle(self) -> None:
        """Confirm the texts of closed segments, in order, as far as they are transcribed."""
        while self.closed and self.closed[0].done:
            first = self.closed.popleft()
            self._closed_bytes -= len(first.audio)
            if first.text:
                self.confirmed.append(first.text)


def quietest(audio: bytearray) -> int:
    """Offset in bytes at which to cut sound without a pause: the middle of the quietest 160 ms in its second half."""
    frame = 80 * BYTES_PER_MS // 2
    samples = np.frombuffer(audio, "<i2")[EARLIEST_CUT_MS * BYTES_PER_MS // 2 :]
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float32)
    energy = np.square(frames).mean(axis=1)
    pairs = energy[:-1] + energy[1:]
    return EARLIEST_CUT_MS * BYTES_PER_MS + (int(pairs.argmin()) + 1) * frame * 2
