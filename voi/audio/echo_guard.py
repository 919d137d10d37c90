"""Keeps the agent's own voice, which comes back over a telephone line, from being taken for the caller's.

It is a gate, no canceller: sound that the echo of what was played explains is silenced, and other sound goes through
as it is, with what little echo is in it. So it needs no library, does nothing to a caller's voice, and stands what
defeats a linear canceller: codecs, lost packets, a telephone's loudspeaker.

1. Where the echo is: the normalized cross-correlation of the caller's newest quarter of a second with what was played
   in the 600 ms before (by FFT, with pre-emphasis, so that voices of the same pitch do not resemble each other). Two
   voices had at most 0.33 there, in 1,186 comparisons of recordings; an echo has 0.4 to 1.
2. How loud it is: the ratio of both powers in each of 16 bands, as it was while that correlation was high.
3. Each 20 ms: the caller's power beyond the echo expected in each band, as a share of all. What is little is echo.

While the agent is silent, and the last of its sound is 700 ms ago, nothing is computed.
"""

import logging

import numpy as np
from numpy.typing import NDArray

from voi.audio.framing import Framer
from voi.audio.resample import Resampler

RATE_HZ = 16_000
WORK_HZ = 8_000
FRAME_SAMPLES = 160  # 20 ms at WORK_HZ
FRAME_BYTES = FRAME_SAMPLES * 2 * 2  # of the caller's sound, at RATE_HZ
REACH_SAMPLES = 4_800  # 600 ms: the longest delay of an echo
WINDOW_SAMPLES = 2_048  # 256 ms: what is compared
SPECTRUM_SAMPLES = 256  # 32 ms
PAST_SAMPLES = 8_000
"""So much of what was played is kept, longer than REACH_SAMPLES + WINDOW_SAMPLES."""
KEPT_SAMPLES = 4 * WORK_HZ
TAIL_SAMPLES = REACH_SAMPLES + 800
"""So long after the agent's last sound an echo may still come, with the room's."""
JOIN_SAMPLES = WORK_HZ // 100
"""What the line plays no further than this from the end of what it played before goes on with it."""
RESYNC_SAMPLES = WORK_HZ // 10
"""A jump of the caller's sound against the clock, after which the two are aligned again."""
QUIET = 24.0
"""Root mean square (16 bit) of a frame in which nobody speaks."""
SURE, LIKELY = 0.6, 0.4
"""Correlations: one is enough; two at the same place are."""
SAME_SAMPLES = 12
SEARCH_FRAMES, SEARCH_LOCKED_FRAMES = 3, 25
"""How often it is looked where the echo is: until it is known or when something else is heard, and after that."""
MARGIN = 3.0
"""The echo of a moment may be this much stronger than expected (5 dB)."""
ROOM_DECAY = 0.4
"""What is left of a room's echo after 20 ms."""
CALLER_SHARE = 0.35
"""With more of a frame's power than this beyond the echo, it is the caller's."""
OPENS_FRAMES, CLOSES_FRAMES = 2, 25
"""It takes 40 ms of the caller to open the gate, and half a second without them to close it."""
PRE_EMPHASIS = 0.9
_EDGES = np.unique(np.geomspace(5, 110, 17).astype(np.intp))  # bins of 31 Hz: 150 to 3400 Hz
_HANN = np.hanning(SPECTRUM_SAMPLES).astype(np.float32)
_SILENCE = bytes(FRAME_BYTES)

Floats = NDArray[np.float32]

log = logging.getLogger(__name__)


class EchoGuard:
    """The guard of one call. The caller's sound is 16 kHz s16le mono; times are ms on one clock."""

    def __init__(self, now_ms: int) -> None:
        self._framer = Framer(FRAME_SAMPLES * 2)
        self._far: Floats = np.zeros(KEPT_SAMPLES, np.float32)
        """What is played, as a ring: sample n of the clock is at n modulo its length. Zeros where nothing is."""
        self._near: Floats = np.zeros(WINDOW_SAMPLES, np.float32)
        """The caller's newest sound."""
        self._at = now_ms * WORK_HZ // 1_000 // FRAME_SAMPLES * FRAME_SAMPLES
        """The clock's sample at which the next of the caller's sound is aligned."""
        self._far_end = self._at - TAIL_SAMPLES
        self._converter: Resampler | None = None
        """Of what is played, where its rate is not WORK_HZ."""
        self._taken_to = self._converted_to = 0
        """Where what it was given ends, and what it has given."""
        self._delay: int | None = None
        """In samples; None: no echo was found."""
        self._found: int | None = None
        """Where one is likely, by the search before."""
        self._gain: Floats = np.zeros(len(_EDGES), np.float32)
        """The echo's power by that of what is played, in each band."""
        self._room: Floats = np.zeros(len(_EDGES), np.float32)
        self._search_in = SEARCH_FRAMES
        self._strange = 0
        """Frames in a row that the echo does not explain."""
        self._open = 0
        """Frames for which the gate stays open."""

    def plays(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        """The caller's line plays this sound (s16le mono) from `at_ms` on. What is long past is ignored."""
        start = at_ms * WORK_HZ // 1_000
        if rate_hz != WORK_HZ:
            pcm, start = self._converted(pcm, rate_hz, start)
        far = np.frombuffer(pcm, "<i2")
        skipped = max(0, self._at - PAST_SAMPLES + FRAME_SAMPLES - start)
        far, start = far[skipped:], start + skipped
        far = far[: max(0, self._at - PAST_SAMPLES + KEPT_SAMPLES - start)]
        if len(far):
            self._far[np.arange(start, start + len(far)) % KEPT_SAMPLES] = far
            self._far_end = max(self._far_end, start + len(far))

    def _converted(self, pcm: bytes, rate_hz: int, start: int) -> tuple[bytes, int]:
        """That sound at WORK_HZ, but for its last 3 ms, which come with what follows, and where it begins. `start`:
        sample of the clock."""
        converter = self._converter
        if converter is None or converter.in_rate_hz != rate_hz or abs(start - self._taken_to) > JOIN_SAMPLES:
            converter = self._converter = Resampler(rate_hz, WORK_HZ)
            self._converted_to = start
        self._taken_to = start + len(pcm) // 2 * WORK_HZ // rate_hz
        begins, sound = self._converted_to, converter.push(pcm)
        self._converted_to += len(sound) // 2
        return sound, begins

    def stops(self) -> None:
        """The line plays nothing more of what was announced. The echo of what was played is still to come."""
        self._converter = None
        ahead = np.arange(self._at, self._at - PAST_SAMPLES + KEPT_SAMPLES) % KEPT_SAMPLES
        self._far[ahead] = 0
        self._far_end = min(self._far_end, self._at)

    def clean(self, pcm: bytes, now_ms: int) -> bytes:
        """The caller's sound that has just come, with silence for the agent's echo. Gives whole frames of 20 ms; a rest
        waits for more. `now_ms`: when it came."""
        frames = self._framer.push(pcm)
        behind = now_ms * WORK_HZ // 1_000 - self._at - len(frames) * FRAME_SAMPLES
        if abs(behind) > RESYNC_SAMPLES:
            self._skip(behind // FRAME_SAMPLES)
        return b"".join(self._clean(frame) for frame in frames)

    # ---- one frame ----------------------------------------------------------------------------------

    def _skip(self, frames: int) -> None:
        if frames >= KEPT_SAMPLES // FRAME_SAMPLES:
            self._far[:] = 0
            self._at += frames * FRAME_SAMPLES
        elif frames < 0:
            self._at += frames * FRAME_SAMPLES
        else:
            for _ in range(frames):
                self._advance()
        self._near[:] = 0

    def _advance(self) -> None:
        oldest = (self._at - PAST_SAMPLES) % KEPT_SAMPLES
        self._far[oldest : oldest + FRAME_SAMPLES] = 0  # its place is that of what is played later
        self._at += FRAME_SAMPLES

    def _clean(self, frame: bytes) -> bytes:
        self._advance()
        if self._at > self._far_end + TAIL_SAMPLES:
            self._strange = self._open = 0
            return frame
        both = np.frombuffer(frame, "<i2").astype(np.float32)
        near = (both[::2] + both[1::2]) * np.float32(0.5)
        self._near[:-FRAME_SAMPLES] = self._near[FRAME_SAMPLES:]
        self._near[-FRAME_SAMPLES:] = near
        if float(near @ near) < FRAME_SAMPLES * QUIET * QUIET:
            return frame if self._delay is None or self._opened(strange=False) else _SILENCE
        self._search_in -= 1
        if self._search_in <= 0:
            self._search()
        if self._delay is None:
            return frame
        return frame if self._opened(strange=self._share() > CALLER_SHARE) else _SILENCE

    def _opened(self, *, strange: bool) -> bool:
        self._strange = self._strange + 1 if strange else 0
        self._open = CLOSES_FRAMES if self._strange >= OPENS_FRAMES else max(0, self._open - 1)
        if strange:
            self._search_in = min(self._search_in, SEARCH_FRAMES)
        return self._open > 0

    def _share(self) -> float:
        """How much of the newest frame's power is beyond the echo."""
        assert self._delay is not None
        heard = _powers(self._near[-SPECTRUM_SAMPLES:])
        played = _powers(self._played(self._at - self._delay, SPECTRUM_SAMPLES))
        self._room = np.maximum(played, self._room * np.float32(ROOM_DECAY))
        beyond = np.maximum(heard - self._gain * self._room * np.float32(MARGIN), 0)
        return float(beyond.sum() / (heard.sum() + 1.0))

    def _played(self, end: int, samples: int) -> Floats:
        """What was played until `end`."""
        start = (end - samples) % KEPT_SAMPLES
        if start + samples <= KEPT_SAMPLES:
            return self._far[start : start + samples]
        return np.concatenate((self._far[start:], self._far[: start + samples - KEPT_SAMPLES]))

    # ---- where the echo is --------------------------------------------------------------------------

    def _search(self) -> None:
        near = _emphasized(self._near)
        far = _emphasized(self._played(self._at, WINDOW_SAMPLES + REACH_SAMPLES))
        size = 8_192
        spectrum = np.fft.rfft(far, size) * np.conj(np.fft.rfft(near, size))
        likeness = np.fft.irfft(spectrum, size)[: REACH_SAMPLES + 1]
        sums = np.concatenate((np.zeros(1), np.cumsum(far.astype(np.float64) ** 2)))
        powers = sums[WINDOW_SAMPLES:] - sums[:-WINDOW_SAMPLES]
        floor = 1e-3 * float(powers.max()) + 1.0
        correlation = likeness / np.sqrt(np.maximum(powers, floor) * (float(near @ near) + 1.0))
        best = int(np.abs(correlation).argmax())
        found, delay = abs(float(correlation[best])), REACH_SAMPLES - best
        again = self._found is not None and abs(self._found - delay) <= SAME_SAMPLES
        self._found = delay if found > LIKELY else None
        if found > SURE or (found > LIKELY and again):
            heard = _powers_of_all(self._near)
            played = _powers_of_all(self._played(self._at - delay, WINDOW_SAMPLES))
            gain = (heard / (played + 1.0)).astype(np.float32)
            near_by = self._delay is not None and abs(self._delay - delay) <= SAME_SAMPLES
            self._gain = np.sqrt(self._gain * gain) if near_by else gain
            if self._delay is None:
                log.info(
                    "the line gives the agent's voice back after %d ms: it is kept from the ear",
                    delay * 1_000 // WORK_HZ,
                )
            self._delay = delay
        if found > SURE:
            self._strange = self._open = 0  # it was the echo, at another place than before
        self._search_in = SEARCH_FRAMES if self._delay is None else SEARCH_LOCKED_FRAMES


def _emphasized(sound: Floats) -> Floats:
    made = sound.copy()
    made[1:] -= np.float32(PRE_EMPHASIS) * sound[:-1]
    return made


def _powers(sound: Floats) -> Floats:
    """Of SPECTRUM_SAMPLES, in the bands."""
    spectrum = np.fft.rfft(sound * _HANN)
    return np.add.reduceat(np.abs(spectrum) ** 2, _EDGES).astype(np.float32)


def _powers_of_all(sound: Floats) -> Floats:
    """Of WINDOW_SAMPLES, in the bands."""
    spectrum = np.fft.rfft(sound.reshape(-1, SPECTRUM_SAMPLES) * _HANN, axis=1)
    return np.add.reduceat((np.abs(spectrum) ** 2).sum(axis=0), _EDGES).astype(np.float32)
