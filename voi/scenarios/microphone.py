"""A microphone that is given its sound: it sends in real time what is to be said, and else silence."""

import asyncio
from contextlib import suppress

from voi.audio.pcm import ms_to_bytes, silence
from voi.client import INPUT_RATE_HZ, VoiClient
from voi.errors import VoiError

FRAME_MS = 20


class Microphone:
    """Of one client. `run` is the body of a task. `always` False: nothing is sent while nothing is said."""

    def __init__(self, client: VoiClient, *, always: bool = True) -> None:
        self._client = client
        self._always = always
        self._left = b""
        self._said = asyncio.Event()

    async def say(self, pcm: bytes) -> None:
        """Say that (s16le mono at 16 kHz), and return when it was sent, or the connection is gone."""
        self._said.clear()
        self._left += pcm
        if self._client.close_code is None:
            await self._said.wait()

    async def run(self) -> None:
        frame_bytes, quiet = ms_to_bytes(FRAME_MS, INPUT_RATE_HZ), silence(FRAME_MS, INPUT_RATE_HZ)
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        try:
            with suppress(VoiError, OSError):
                while self._client.close_code is None:
                    frame, self._left = self._left[:frame_bytes], self._left[frame_bytes:]
                    if frame or self._always:
                        await self._client.send_audio(frame.ljust(frame_bytes, b"\0") if frame else quiet)
                    if not self._left:
                        self._said.set()
                    next_s += FRAME_MS / 1_000
                    await asyncio.sleep(max(0.0, next_s - loop.time()))
        finally:
            self._said.set()
