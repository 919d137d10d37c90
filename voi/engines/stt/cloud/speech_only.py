"""The voice of one utterance without its long pauses, for services that are given whole recordings: they bill by
length, and invent words in silence. Pure."""

from voi.engines.stt.cloud.heard import SoundClock
from voi.engines.stt.segments import BYTES_PER_MS, ROLL_MS

ROLL_BYTES = ROLL_MS * BYTES_PER_MS


class SpeechOnly:
    """Keeps `ROLL_MS` before and after all speech."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.voiced_bytes = 0
        self.clock = SoundClock()
        """From times in `pcm` to those of the utterance."""
        self._fed_bytes = 0
        self._quiet_bytes = ROLL_BYTES
        self._roll = bytearray()

    def feed(self, pcm: bytes, *, speech: bool) -> None:
        at = self._fed_bytes
        self._fed_bytes += len(pcm)
        if speech:
            self.voiced_bytes += len(pcm)
            at -= len(self._roll)
            pcm = bytes(self._roll) + pcm
            self._roll.clear()
            self._quiet_bytes = 0
        else:
            room = max(0, ROLL_BYTES - self._quiet_bytes)
            self._roll += pcm[room:]
            del self._roll[:-ROLL_BYTES]
            pcm = pcm[:room]
            self._quiet_bytes += len(pcm)
        if pcm:
            self.clock.mark(len(self.pcm) // BYTES_PER_MS, at // BYTES_PER_MS)
            self.pcm += pcm
