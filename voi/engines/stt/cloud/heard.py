"""What a service heard of one utterance: its text so far, the sound that it has not confirmed, and two clocks. Pure.

A service counts time from the first sound on its socket. An utterance counts from its own first sound, whichever socket
heard it. Positions in sound are bytes of 16 kHz PCM.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from voi.engines.base import TimedWord, Transcript
from voi.engines.stt.segments import BYTES_PER_MS


@dataclass(frozen=True, slots=True)
class HeardText:
    """A piece of text. `final`: it follows the confirmed text and will not change; else it takes the place of what was
    tentative. `text` begins with a space where one belongs. `end_ms`: the text covers all sound up to here; None: the
    service does not say. Times are those of the socket. `turn_end`: the service's probability that the turn is over
    with that sound; None: it does not judge that."""

    text: str
    final: bool
    words: tuple[TimedWord, ...] = ()
    end_ms: int | None = None
    language: str | None = None
    turn_end: float | None = None


class Flushed:
    """The service has answered the oldest flush that it had not answered: all sound before that is confirmed."""


class EarReady:
    """Sound may be sent now."""


FLUSHED, READY = Flushed(), EarReady()


class SoundClock:
    """Turns times of a socket into those of the utterance."""

    def __init__(self) -> None:
        self._socket_ms: list[int] = []
        self._later_ms: list[int] = []

    def mark(self, socket_ms: int, utterance_ms: int) -> None:
        """Sound of the utterance at `utterance_ms` is sent now, at `socket_ms`."""
        later_ms = utterance_ms - socket_ms
        if not self._later_ms or self._later_ms[-1] != later_ms:
            self._socket_ms.append(socket_ms)
            self._later_ms.append(later_ms)

    @property
    def from_ms(self) -> int:
        """Where the utterance begins on the socket's clock."""
        return self._socket_ms[0] if self._socket_ms else 0

    def utterance_ms(self, socket_ms: int) -> int:
        if not self._later_ms:
            return 0
        at = max(0, bisect_right(self._socket_ms, socket_ms) - 1)
        return max(0, socket_ms + self._later_ms[at])


class UnconfirmedSound:
    """The sound that may have to be sent again: all that was not sent, and of the rest the newest `kept_ms`."""

    def __init__(self, kept_ms: int) -> None:
        self._kept_bytes = kept_ms * BYTES_PER_MS
        self._pcm = bytearray()
        self.start = self.sent = self.end = self.voiced_end = 0

    def feed(self, pcm: bytes, *, speech: bool) -> None:
        self._pcm += pcm
        self.end += len(pcm)
        if speech:
            self.voiced_end = self.end

    def next_frame(self, least: int, most: int) -> bytes:
        """The next sound to send, `least` to `most` bytes of whole samples; b"": there is not that much."""
        waiting = min(self.end - self.sent, most) // 2 * 2
        if waiting < max(least, 2):
            return b""
        at = self.sent - self.start
        frame = bytes(self._pcm[at : at + waiting])
        self.sent += waiting
        self._forget(self.sent - self._kept_bytes)
        return frame

    def confirm(self, position: int) -> None:
        """Sound before that position, as far as it was sent, need not be sent again."""
        self._forget(min(position, self.sent))

    def skip_to(self, position: int) -> None:
        """Never send the sound before that position, which has no speech."""
        if position > self.sent:
            self.sent = position - position % 2
            self._forget(self.sent)

    def rewind(self, position: int) -> None:
        """The socket was lost: send again from that position on, or from the oldest sound that is kept."""
        self.sent = min(self.sent, max(self.start, position))

    def _forget(self, position: int) -> None:
        if position > self.start:
            position -= position % 2
            del self._pcm[: position - self.start]
            self.start = position


class UtteranceText:
    """The text of one utterance. Times are those of the utterance."""

    def __init__(self) -> None:
        self.confirmed = self.tentative = ""
        self.confirmed_ms = 0
        """The confirmed text covers all sound up to here."""
        self.heard_ms = 0
        """All text covers the sound up to here."""
        self.language: str | None = None
        self._turn_end: tuple[int, float] | None = None
        """The newest judgement of the turn's end, and up to where the sound was heard for it."""
        self._words: list[TimedWord] = []
        self._tentative_words: list[TimedWord] = []

    def take(self, heard: HeardText, clock: SoundClock) -> None:
        words = [
            replace(each, start_ms=clock.utterance_ms(each.start_ms), end_ms=clock.utterance_ms(each.end_ms))
            for each in heard.words
        ]
        if heard.end_ms is not None:
            self.heard_ms = max(self.heard_ms, clock.utterance_ms(heard.end_ms))
        self.language = heard.language or self.language
        if heard.turn_end is not None and heard.end_ms is not None:
            self._turn_end = clock.utterance_ms(heard.end_ms), heard.turn_end
        if not heard.final:
            self.tentative, self._tentative_words = heard.text, words
            return
        self.confirmed += heard.text
        self._words += words
        self.tentative, self._tentative_words = "", []
        if heard.end_ms is not None:
            self.confirmed_ms = max(self.confirmed_ms, clock.utterance_ms(heard.end_ms))

    def confirm_up_to(self, ms: int) -> None:
        """The service has nothing more to say of the sound before."""
        self.confirmed_ms = max(self.confirmed_ms, ms)
        self.heard_ms = max(self.heard_ms, ms)

    def settle(self) -> None:
        """Nobody will say more of this sound: what is tentative counts."""
        self.confirmed += self.tentative
        self._words += self._tentative_words
        self.tentative, self._tentative_words = "", []

    def lose(self, kept_from_ms: int) -> int:
        """The socket was lost, and sound from `kept_from_ms` on can be sent again. Tentative words before that are
        kept, since nobody will hear them again. Returns from where to send again."""
        again_ms = max(kept_from_ms, self.confirmed_ms)
        kept = [word for word in self._tentative_words if word.start_ms < kept_from_ms]
        if kept:
            self.confirmed += joined(word.text for word in kept)
            self._words += kept
            again_ms = max(again_ms, kept[-1].end_ms)
            self.confirm_up_to(again_ms)
        self.tentative, self._tentative_words = "", []
        self.heard_ms = self.confirmed_ms
        return again_ms

    def growing(self) -> Transcript:
        """For `on_partial`."""
        confirmed = self.confirmed.lstrip()
        tentative = self.tentative if confirmed else self.tentative.lstrip()
        return Transcript(confirmed, tentative, self.language)

    def final(self, speech_to_ms: int) -> Transcript:
        """For `flush`. A judgement of the turn counts if it is of all speech, which ends at `speech_to_ms`."""
        text = (self.confirmed + self.tentative).strip()
        judged_to_ms, probability = self._turn_end or (-1, None)
        turn_end = probability if judged_to_ms >= speech_to_ms else None
        return Transcript(text, "", self.language, (*self._words, *self._tentative_words), turn_end)


def joined(words: Iterable[str]) -> str:
    """Words with a space before each."""
    return "".join(f" {word}" for word in words)
