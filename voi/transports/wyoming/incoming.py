"""Sound as clients send it, as 16 kHz mono."""

import asyncio
import time
from collections.abc import Callable, Iterator

from voi.audio.pcm import SAMPLE_BYTES, from_scaled, to_int16
from voi.audio.resample import Resampler
from voi.engines.base import STT_RATE_HZ
from voi.errors import ClientError
from voi.transports.wyoming.asked import SoundAsked

BURST_S = 120.0
"""How far sound may run ahead of real time; then its client is read no faster than people speak."""

CHUNK_MAX_S = 30


class IncomingSound:
    """One stream of sound. Raises ClientError for unusual rates."""

    def __init__(self, form: SoundAsked, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate_hz, self._channels = form.rate, form.channels
        try:
            self._resampler = Resampler(form.rate, STT_RATE_HZ)
        except ValueError:
            raise ClientError(f"The sound has an unusual sample rate: {form.rate} Hz.") from None
        self._clock, self._began_s = clock, clock()
        self.taken_s = 0.0
        """How much sound came."""

    def slices(self, form: SoundAsked, payload: bytes) -> Iterator[bytes]:
        """A chunk's sound, half a second at a time. Raises ClientError if it is not what was announced."""
        if (form.rate, form.channels) != (self._rate_hz, self._channels):
            raise ClientError("audio-chunk: rate and channels are not those of audio-start.")
        if len(payload) % (SAMPLE_BYTES * self._channels):
            raise ClientError("audio-chunk: the payload ends within a sample.")
        slice_bytes = self._rate_hz // 2 * SAMPLE_BYTES * self._channels
        if len(payload) > CHUNK_MAX_S * 2 * slice_bytes:
            raise ClientError(f"audio-chunk: at most {CHUNK_MAX_S} s of sound come in one.")
        self.taken_s += len(payload) / (2 * slice_bytes)
        for start in range(0, len(payload), slice_bytes):
            pcm = payload[start : start + slice_bytes]
            if self._channels == 2:
                pcm = from_scaled(to_int16(pcm).reshape(-1, 2).mean(axis=1))
            yield self._resampler.push(pcm)

    def rest(self) -> bytes:
        """What the resampler still has, at the end."""
        return self._resampler.flush()

    @property
    def lasted_s(self) -> float:
        """Time since it began."""
        return self._clock() - self._began_s

    async def keep_pace(self) -> None:
        """Wait if the sound is too far ahead of real time; else let other tasks run."""
        ahead_s = self.taken_s - self.lasted_s - BURST_S
        await asyncio.sleep(max(0.0, ahead_s))
