"""Takes the agent's own voice out of the person's sound, for clients that play it on a loudspeaker and cancel no echo.

It is WebRTC's audio processing (AEC3), as the `livekit` package brings it (Apache-2.0). It is told what the client
plays and when, as far as the server knows; the rest of the delay (network, sound card) it finds out by itself, up to
half a second. It computes inline: 0.14 ms of CPU for 10 ms of sound.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.audio.framing import Framer
from voi.audio.resample import resample
from voi.errors import ConfigError

RATE_HZ = 16_000
FRAME_MS = 10
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1_000  # 160
FRAME_BYTES = FRAME_SAMPLES * 2
KEPT_MS = 4_000
"""Sound that is to be played within this time is kept; sound is sent half a second ahead."""
RESYNC_MS = 100
"""A jump of the person's sound against the clock, after which the two are aligned again."""


def load() -> None:
    """Load the library, which takes a second. Raises ConfigError where it is missing."""
    if find_spec("livekit") is None:
        raise ConfigError("VOI_ECHO_CANCELLER=webrtc needs livekit: `./install.sh echo`, or set it to none.")
    EchoCanceller(0)


class EchoCanceller:
    """The echo canceller of one call. The person's sound is 16 kHz s16le mono; times are ms on one clock."""

    def __init__(self, now_ms: int) -> None:
        from livekit.rtc import AudioFrame
        from livekit.rtc.apm import AudioProcessingModule

        self._frame_of: Any = AudioFrame
        self._processing: Any = AudioProcessingModule(echo_cancellation=True, high_pass_filter=True)
        self._processing.set_stream_delay_ms(0)
        self._framer = Framer(FRAME_SAMPLES)
        self._far: npt.NDArray[np.int16] = np.zeros(KEPT_MS * RATE_HZ // 1_000, np.int16)
        """The played sound as a ring buffer: sample n of the clock is at n modulo its length. Zeros where nothing is
        played."""
        self._at = now_ms * RATE_HZ // 1_000
        """The clock's sample at which the next of the person's sound is aligned."""

    def plays(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        """The client plays this sound (s16le mono) from `at_ms` on. What is already past is ignored."""
        far = np.frombuffer(resample(pcm, rate_hz, RATE_HZ) if rate_hz != RATE_HZ else pcm, "<i2")
        start = at_ms * RATE_HZ // 1_000
        skipped = max(0, self._at - start)
        far, start = far[skipped:], start + skipped
        far = far[: max(0, self._at + len(self._far) - start)]
        self._far[np.arange(start, start + len(far)) % len(self._far)] = far

    def stops(self) -> None:
        """The client plays nothing of what was announced."""
        self._far[:] = 0

    def clean(self, pcm: bytes, now_ms: int) -> bytes:
        """The person's sound that has just come, without the echo. Gives whole frames of 10 ms; a rest waits for more.
        `now_ms`: when it came."""
        frames = self._framer.push(pcm)
        behind = now_ms * RATE_HZ // 1_000 - self._at - len(frames) * FRAME_SAMPLES
        if abs(behind) > RESYNC_MS * RATE_HZ // 1_000:
            self._skip(behind)
        return b"".join(self._clean(frame) for frame in frames)

    def _skip(self, samples: int) -> None:
        if samples > 0:
            passed = np.arange(self._at, self._at + min(samples, len(self._far))) % len(self._far)
            self._far[passed] = 0
        self._at += samples

    def _clean(self, near: bytes) -> bytes:
        where = np.arange(self._at, self._at + FRAME_SAMPLES) % len(self._far)
        far = self._far[where].tobytes()
        self._far[where] = 0
        self._at += FRAME_SAMPLES
        self._processing.process_reverse_stream(self._frame_of(far, RATE_HZ, 1, FRAME_SAMPLES))
        frame = self._frame_of(near, RATE_HZ, 1, FRAME_SAMPLES)
        self._processing.process_stream(frame)
        cleaned: bytes = bytes(frame.data.cast("b"))
        return cleaned
