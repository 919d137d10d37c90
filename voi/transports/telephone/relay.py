"""Sound of one line to another, at the other's rate and clock."""

import asyncio

from voi.audio.pcm import SAMPLE_BYTES
from voi.audio.resample import Resampler
from voi.transports.telephone.line import PhoneLine

RELAYED_ID = -2
"""The message id of relayed sound on a line, which is none of a conversation's."""
CUSHION_S = 0.04
"""Silence before sound that finds the line empty, so that a packet that comes a little late makes no gap."""
AHEAD_MAX_S = 0.25
"""Sound that would be heard later than this is dropped: after a gap of the network, or where clocks drift."""


class Relay:
    """`rate_hz`: of the sound that it takes, s16le mono. It counts by our clock what the line has still to play, since
    not all lines can say so."""

    def __init__(self, rate_hz: int, to: PhoneLine) -> None:
        self._to = to
        self._resampler = Resampler(rate_hz, to.rate_hz) if rate_hz != to.rate_hz else None
        self._loop = asyncio.get_running_loop()
        self._until_s = 0.0
        self.dropped_s = 0.0
        """How much sound came too late."""

    def push(self, pcm: bytes) -> None:
        if self._resampler is not None:
            pcm = self._resampler.push(pcm)
        if not pcm:
            return
        rate_hz = self._to.rate_hz
        now_s, length_s = self._loop.time(), len(pcm) / (SAMPLE_BYTES * rate_hz)
        if self._until_s <= now_s:
            pcm = bytes(round(CUSHION_S * rate_hz) * SAMPLE_BYTES) + pcm
            self._until_s, length_s = now_s, length_s + CUSHION_S
        elif self._until_s + length_s - now_s > AHEAD_MAX_S:
            self.dropped_s += length_s
            return
        self._until_s += length_s
        self._to.play(RELAYED_ID, pcm)

    def close(self) -> None:
        self._to.clear(RELAYED_ID)
