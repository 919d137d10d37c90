"""The caller's side of a call whose agent is elsewhere: they hear music, and then the other person."""

import asyncio
from collections.abc import Callable

from voi.audio.pcm import SAMPLE_BYTES
from voi.tasks import Tasks
from voi.transports.telephone.colleague import Colleague
from voi.transports.telephone.line import PhoneLine
from voi.transports.telephone.relay import Relay

MUSIC_ID = -1
"""The message id of music on a line, which is none of a conversation's."""
LEAD_S, CHUNK_S = 0.4, 0.2
"""Music is given to the line so long before it is heard, and so much of it at a time."""


class WaitingCaller:
    """`line`: the caller's. `heard_rate_hz`: of the sound that comes from them. `tasks` own the music."""

    def __init__(self, line: PhoneLine, heard_rate_hz: int, tasks: Tasks) -> None:
        self._line = line
        self._heard_rate_hz = heard_rate_hz
        self._tasks = tasks
        self._playing: asyncio.Task[None] | None = None
        self._to_colleague: Relay | None = None
        self._from_colleague: Relay | None = None
        self._press: Callable[[str], object] = lambda key: None

    def play(self, music: bytes) -> None:
        """Music from now on, again and again."""
        self._playing = self._tasks.start(self._play(music), "hold music")

    async def _play(self, music: bytes) -> None:
        loop, rate_hz = asyncio.get_running_loop(), self._line.rate_hz
        size = round(CHUNK_S * rate_hz) * SAMPLE_BYTES
        at, given_until_s = 0, loop.time()
        while True:
            chunk = music[at : at + size]
            at = 0 if at + size >= len(music) else at + size
            self._line.play(MUSIC_ID, chunk)
            given_until_s += len(chunk) / (SAMPLE_BYTES * rate_hz)
            await asyncio.sleep(max(0.0, given_until_s - LEAD_S - loop.time()))

    def _stop_music(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.cancel()
            self._line.clear(MUSIC_ID)

    def connect(self, colleague: Colleague) -> None:
        """The two hear each other from now on, and each other's keys."""
        self._stop_music()
        self._to_colleague = Relay(self._heard_rate_hz, colleague.line)
        self._from_colleague = Relay(colleague.line.rate_hz, self._line)
        self._press = colleague.line.press
        colleague.on_sound = self._from_colleague.push
        colleague.on_key = self._line.press

    def sound(self, pcm: bytes) -> None:
        """From the caller. While they hear music, nobody listens."""
        if self._to_colleague is not None:
            self._to_colleague.push(pcm)

    def key(self, key: str) -> None:
        self._press(key)

    def close(self) -> None:
        """Nothing is heard any more. Safe to call twice."""
        self._stop_music()
        if self._from_colleague is not None:
            self._from_colleague.close()
        self._to_colleague = self._from_colleague = None
        self._press = lambda key: None
