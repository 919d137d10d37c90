"""One reply's sound: what waits to be sent and how loud, what was sent and may be sent again, and what was heard."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from voi.audio.pcm import SAMPLE_BYTES, from_scaled, to_int16
from voi.core.actions import DuckLevel

GAINS_DB: dict[DuckLevel, float] = {"soft": -6.0, "deep": -20.0}
"""Soft: still easy to follow. Deep: below the voice of the person who speaks; it counts as not heard."""
RAMP_MS = 20
"""The volume changes this slowly, because a sudden step is heard as a click."""
KEPT_MS = 1_200
"""How much sound from before a duck is kept, to go back to the beginning of a word."""
REPEATED_MAX_MS = 4_000
"""How much sound is sent a second time at most."""
VALLEY_MS = 500
"""If no word times are known, the quietest place within this distance is taken for the beginning of a word."""
_FRAME_MS = 20


class _Gain:
    """The gain of one stream of sound at `rate_hz`."""

    __slots__ = ("_now", "_step", "_target")

    def __init__(self, rate_hz: int) -> None:
        self._now = self._target = 1.0
        self._step = 1_000 / (RAMP_MS * rate_hz)
        """Largest change of the gain from one sample to the next: from 0 to 1 within `RAMP_MS`."""

    def set(self, gain_db: float) -> None:
        """Ramp to that gain from the next sample on; 0 dB leaves the sound as it is."""
        self._target = 10 ** (gain_db / 20)

    def apply(self, pcm: bytes) -> bytes:
        """Take the next sound, s16le mono, and return it with the gain applied."""
        if self._now == self._target == 1.0:
            return pcm
        samples = to_int16(pcm)
        distance = self._target - self._now
        steps = np.minimum(np.arange(1, len(samples) + 1) * self._step, abs(distance))
        gains = self._now + np.sign(distance) * steps
        if len(samples):
            self._now = self._target if steps[-1] >= abs(distance) else float(gains[-1])
        return from_scaled(samples * gains)


@dataclass(slots=True)
class _Sent:
    """A stretch of sent sound: when it begins to be heard, where it lies in the reply, and at which volume."""

    start_s: float
    at_bytes: int
    size_bytes: int
    loud: bool
    given_bytes: int
    """How much of the reply's sound was given to the door before it, what was sent twice counted twice."""


class ReplySound:
    """The sound of one reply, at `rate_hz`. All positions are bytes of the sound as it was made. `lowers_ahead`: a duck
    lowers what the client has not played yet, too.

    Where the door reports what was played (`played`), a stretch counts as heard only once that is reported, and from
    the first report on no more than the stretch after it is estimated."""

    __slots__ = (
        "_bytes_per_s",
        "_deep_bytes",
        "_gain",
        "_heard_bytes",
        "_kept",
        "_kept_bytes",
        "_kept_max",
        "_late_s",
        "_lowers_ahead",
        "_rate_hz",
        "_reported_bytes",
        "_sent",
        "_unsent",
        "_words",
        "ends_s",
        "level",
        "made_bytes",
        "message_id",
        "repeated_bytes",
        "reply",
        "roomy",
        "sent_bytes",
        "unsent_bytes",
        "whole",
    )

    def __init__(self, reply: int, rate_hz: int, *, lowers_ahead: bool = False) -> None:
        self.reply = reply
        self._lowers_ahead = lowers_ahead
        self.message_id: int | None = None
        """None while muted."""
        self._unsent: deque[bytes] = deque()
        self.unsent_bytes = 0
        """How much of the made sound was not sent yet."""
        self.made_bytes = 0
        self.sent_bytes = 0
        """Position up to which the sound was sent."""
        self.repeated_bytes = 0
        """How much of the sound was sent twice."""
        self.ends_s = 0.0
        """When the last sound that was sent will have been played."""
        self.whole = False
        """All sound was given."""
        self.level: DuckLevel | None = None
        """How far the sound is ducked; None: full volume."""
        self.roomy = asyncio.Event()
        self.roomy.set()
        self._rate_hz = rate_hz
        self._bytes_per_s = rate_hz * SAMPLE_BYTES
        self._gain = _Gain(rate_hz)
        self._sent: deque[_Sent] = deque()
        """Sent stretches that are not known to have been heard to their end."""
        self._heard_bytes = 0
        self._reported_bytes: int | None = None
        """How much of what the door was given it reported as played; None: it has not reported yet."""
        self._late_s = 0.0
        """How much later than estimated the sound is played, by the newest report."""
        self._kept: deque[bytes] = deque()
        """The newest sent sound, at full volume, as it was sent."""
        self._kept_bytes = 0
        self._kept_max = self._bytes_of(KEPT_MS)
        self._deep_bytes: int | None = None
        """Position at which the deep duck began; None: not ducked deep."""
        self._words: list[int] = []
        """Positions at which words begin."""

    def _bytes_of(self, ms: int) -> int:
        return ms * self._rate_hz // 1_000 * SAMPLE_BYTES

    # ---- in and out -------------------------------------------------------------------------------

    def put(self, pcm: bytes) -> None:
        """Take more sound, made after all that was put before."""
        if pcm:
            self._unsent.append(pcm)
            self.unsent_bytes += len(pcm)
            self.made_bytes += len(pcm)

    def clear(self) -> None:
        """Forget all sound; none of it was sent."""
        self._unsent.clear()
        self.unsent_bytes = self.made_bytes = 0

    def _taken(self, size: int) -> bytes:
        """Remove the next `size` bytes of the unsent sound."""
        parts, left = [], size
        while left:
            part = self._unsent.popleft()
            if len(part) > left:
                self._unsent.appendleft(part[left:])
                part = part[:left]
            parts.append(part)
            left -= len(part)
        self.unsent_bytes -= size
        return b"".join(parts)

    def take(self, size: int, start_s: float) -> bytes:
        """Take the next `size` bytes, with the gain applied. They begin to be heard at `start_s`."""
        pcm = self._taken(size)
        self._sent.append(_Sent(start_s, self.sent_bytes, size, self.level != "deep", self.given_bytes))
        self.sent_bytes += size
        self._keep(pcm)
        self.ends_s = start_s + size / self._bytes_per_s
        return self._gain.apply(pcm)

    def _keep(self, pcm: bytes) -> None:
        """Keep what was just sent, for `resume`, and drop what that cannot ask for any more."""
        if self._deep_bytes is None:
            pcm = pcm[-self._kept_max :]
        self._kept.append(pcm)
        self._kept_bytes += len(pcm)
        if self._deep_bytes is None:
            unneeded_bytes = self._kept_bytes - (self.sent_bytes - self._repeatable_from())
            while self._kept and len(self._kept[0]) <= unneeded_bytes:
                dropped_bytes = len(self._kept.popleft())
                self._kept_bytes -= dropped_bytes
                unneeded_bytes -= dropped_bytes

    def _repeatable_from(self) -> int:
        """Position to which a duck that began now could go back: the present word's beginning where the words up to
        here are known, else `KEPT_MS` ago. Where a duck lowers what was sent, the present word is an earlier
        one."""
        earliest = self.sent_bytes - self._kept_max
        if self._lowers_ahead:
            return earliest
        known = bisect_right(self._words, self.sent_bytes)
        return max(earliest, self._words[known - 1]) if 0 < known < len(self._words) else earliest

    @property
    def given_bytes(self) -> int:
        """How much sound the door was given, what was sent twice counted twice."""
        return self.sent_bytes + self.repeated_bytes

    @property
    def all_reported(self) -> bool:
        """The door reported all that it was given as played."""
        return self._reported_bytes is not None and self._reported_bytes >= self.given_bytes

    def begin_late(self, late_s: float | None) -> None:
        """The sound before this one was played so much later than estimated; None: there was no report yet."""
        if late_s is not None:
            self._late_s, self._reported_bytes = late_s, 0

    def played(self, given_bytes: int, now_s: float) -> float:
        """The door reports that it played so much of what it was given. Returns how much later that was than
        estimated, in seconds."""
        given_bytes = min(given_bytes, self.given_bytes)
        if given_bytes <= (self._reported_bytes or 0):
            return self._late_s
        self._reported_bytes = given_bytes
        while self._sent and self._sent[0].given_bytes + self._sent[0].size_bytes <= given_bytes:
            sent = self._sent.popleft()
            self._late_s = now_s - sent.start_s - sent.size_bytes / self._bytes_per_s
            if sent.loud:
                self._heard_bytes = max(self._heard_bytes, sent.at_bytes + sent.size_bytes)
        if self._sent and (part_bytes := given_bytes - self._sent[0].given_bytes) > 0:
            first = self._sent[0]
            self._late_s = now_s - first.start_s - part_bytes / self._bytes_per_s
            if first.loud:
                self._heard_bytes = max(self._heard_bytes, first.at_bytes + part_bytes)
        return self._late_s

    def forget_heard(self, now_s: float) -> None:
        """Replace the stretches that were heard to their end by one number."""
        while self._sent and self._sent[0].start_s + self._sent[0].size_bytes / self._bytes_per_s <= now_s:
            self._heard_bytes = max(self._heard_bytes, self._end_of(self._sent.popleft(), now_s))

    def _end_of(self, sent: _Sent, now_s: float) -> int:
        """Position up to which this stretch has been heard; 0 if it was ducked too low."""
        if not sent.loud or now_s <= sent.start_s:
            return 0
        return sent.at_bytes + min(sent.size_bytes, round((now_s - sent.start_s) * self._bytes_per_s))

    def heard_ms(self, now_s: float) -> int:
        """How far the sound was heard, in ms: up to the last sample that was played and not ducked deep."""
        now_s -= self._late_s
        unsure = list(self._sent)[:1] if self._reported_bytes is not None else self._sent
        heard = max((self._end_of(sent, now_s) for sent in unsure), default=0)
        return round(max(self._heard_bytes, heard) / self._bytes_per_s * 1_000)

    def came_back(self, away_s: float, unheard_bytes: int, from_s: float) -> float:
        """The client was away for `away_s`, in which it played what it had received. It is sent the last
        `unheard_bytes` again, and hears them from `from_s` on, or once it has played the rest. Returns when it will
        have heard all that was sent."""
        unheard_bytes = min(unheard_bytes, self.sent_bytes + self.repeated_bytes)
        later: list[_Sent] = []
        left = unheard_bytes
        while left > 0 and self._sent:
            sent = self._sent.pop()
            if sent.size_bytes > left:
                known = sent.size_bytes - left
                self._sent.append(_Sent(sent.start_s, sent.at_bytes, known, sent.loud, sent.given_bytes))
                sent = _Sent(sent.start_s, sent.at_bytes + known, left, sent.loud, sent.given_bytes + known)
            later.append(sent)
            left -= sent.size_bytes
        if left > 0:  # it was taken for heard
            first_bytes = later[-1].at_bytes if later else self.sent_bytes
            later.append(_Sent(from_s, max(0, first_bytes - left), min(left, first_bytes), loud=True, given_bytes=0))
        for sent in self._sent:
            sent.start_s -= away_s
        self.ends_s -= away_s
        if later:
            last = self._sent[-1] if self._sent else None
            self.ends_s = max(from_s, last.start_s + last.size_bytes / self._bytes_per_s if last else from_s)
            self._heard_bytes = min(self._heard_bytes, min(sent.at_bytes for sent in later))
            for sent in reversed(later):
                sent.start_s = self.ends_s
                self.ends_s += sent.size_bytes / self._bytes_per_s
                self._sent.append(sent)
        return self.ends_s

    @property
    def loud_ms(self) -> int | None:
        """From here on, in ms, the sound was ducked too low to be heard. None: it was not."""
        return None if self._deep_bytes is None else round(self._deep_bytes / self._bytes_per_s * 1_000)

    # ---- louder and lower ---------------------------------------------------------------------------

    def mark_words(self, starts_ms: Iterable[int]) -> None:
        """Note where words begin, in ms of the reply's sound. They come after those noted before."""
        self._words += (self._bytes_of(start_ms) for start_ms in starts_ms)

    def duck(self, level: DuckLevel, unheard_from_s: float | None = None) -> None:
        """Lower what is taken from now on. `unheard_from_s`: the client lowers what it plays from then on, too."""
        self.level = level
        self._gain.set(GAINS_DB[level])
        if level == "deep" and self._deep_bytes is None:
            self._deep_bytes = self.sent_bytes if unheard_from_s is None else self._lower_unheard(unheard_from_s)

    def _lower_unheard(self, now_s: float) -> int:
        """Count what is not heard at `now_s` as ducked deep. Returns the position at which that begins."""
        lowered: deque[_Sent] = deque()
        position = self.sent_bytes
        for sent in reversed(self._sent):
            heard_bytes = max(0, round((now_s - sent.start_s) * self._bytes_per_s)) // SAMPLE_BYTES * SAMPLE_BYTES
            if heard_bytes >= sent.size_bytes:
                lowered.appendleft(sent)
                continue
            position = sent.at_bytes + heard_bytes
            rest = sent.size_bytes - heard_bytes
            given_bytes = sent.given_bytes + heard_bytes
            lowered.appendleft(_Sent(max(sent.start_s, now_s), position, rest, loud=False, given_bytes=given_bytes))
            if heard_bytes:
                lowered.appendleft(_Sent(sent.start_s, sent.at_bytes, heard_bytes, sent.loud, sent.given_bytes))
        self._sent = lowered
        return position

    def resume(self) -> None:
        """Go on at full volume. Sound that was ducked deep is sent again, from the beginning of its first word."""
        deep, self._deep_bytes, self.level = self._deep_bytes, None, None
        self._gain.set(0)
        if deep is None or deep == self.sent_bytes:
            return
        back = self.sent_bytes - max(self._word_before(deep), self.sent_bytes - self._bytes_of(REPEATED_MAX_MS))
        kept = b"".join(self._kept)
        back = min(back, len(kept))
        if back:
            self._unsent.appendleft(kept[len(kept) - back :])
            self.unsent_bytes += back
        self._kept = deque((kept[: len(kept) - back],))
        self._kept_bytes = len(kept) - back
        self.sent_bytes -= back
        self.repeated_bytes += back

    def _word_before(self, position: int) -> int:
        """Position at which the word that is spoken at `position` begins."""
        if index := bisect_right(self._words, position):
            word = self._words[index - 1]
            if position - word <= self._kept_max:
                return word
        frame = self._bytes_of(_FRAME_MS)
        before = self._kept_bytes - (self.sent_bytes - position)
        start = max(0, before - self._bytes_of(VALLEY_MS))
        frames = (before - start) // frame
        if frames < 1:
            return position
        samples = to_int16(b"".join(self._kept)[before - frames * frame : before]).reshape(frames, -1)
        quietest = int(np.square(samples, dtype=np.float64).sum(1).argmin())
        return position - (frames - quietest) * frame
