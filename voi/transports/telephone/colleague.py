"""The line to a colleague who is asked whether they take a call: what is said to them, and what they answer."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

from voi.audio.pcm import SAMPLE_BYTES
from voi.audio.resample import Resampler
from voi.config.transfers import CallTransfer
from voi.transports.telephone.dialing import AnsweredCall

SPOKEN_ID = 1
TAIL_S = 0.3
"""The colleague's telephone still plays so long what has left; until then their echo is not listened to."""
PLAYED_GRACE_S = 3.0
"""A line that does not report the end of what it was given is believed so much later."""
AHEAD_MAX_S = 2.0
"""A line is given so much ahead."""
_WORD = re.compile(r"[^\W_]+")


class Colleague:
    """`LineListener` of that line. `release` ends the call and gives back what it holds."""

    def __init__(self, call: AnsweredCall, release: Callable[[], None]) -> None:
        self.line = call.line
        self.signalling = call.signalling
        self.gone_why: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when they have hung up, or no sound comes from them any more."""
        self.on_sound: Callable[[bytes], None] = lambda pcm: None
        self.on_key: Callable[[str], object] = lambda key: None
        self._release = release
        self._played_bytes = 0
        self._played = asyncio.Event()
        self._closed = False

    def open(self) -> None:
        """Hear from now on what comes."""
        self.line.open(self)

    async def say(self, sound: AsyncIterator[bytes], rate_hz: int) -> None:
        """Say it, and return when it was heard. Raises what `sound` raises. Cancelled: they hear no more of it."""
        resampler = Resampler(rate_hz, self.line.rate_hz) if rate_hz != self.line.rate_hz else None
        loop = asyncio.get_running_loop()
        bytes_per_s = self.line.rate_hz * SAMPLE_BYTES
        self._played_bytes = given = 0
        began_s = loop.time()
        try:
            async for pcm in sound:
                piece = resampler.push(pcm) if resampler is not None else pcm
                given += len(piece)
                self.line.play(SPOKEN_ID, piece)
                ahead_s = given / bytes_per_s - (loop.time() - began_s)
                await asyncio.sleep(max(0.0, ahead_s - AHEAD_MAX_S))
            if resampler is not None and (rest := resampler.flush()):
                given += len(rest)
                self.line.play(SPOKEN_ID, rest)
            self.line.finish(SPOKEN_ID)
            latest_s = began_s + given / bytes_per_s + PLAYED_GRACE_S
            while self._played_bytes < given and (left_s := latest_s - loop.time()) > 0:
                self._played.clear()
                try:
                    async with asyncio.timeout(left_s):
                        await self._played.wait()
                except TimeoutError:
                    break
            await asyncio.sleep(TAIL_S)
        except BaseException:
            self.line.clear(SPOKEN_ID)
            raise

    def lost(self, why: str) -> None:
        """The call is over from their side."""
        if not self.gone_why.done():
            self.gone_why.set_result(why)

    def close(self) -> None:
        """End the call. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self.on_sound, self.on_key = lambda pcm: None, lambda key: None
            self.lost("ended here")
            self._release()

    # ---- from the line ------------------------------------------------------------------------------

    def sound(self, pcm: bytes) -> None:
        self.on_sound(pcm)

    def key(self, key: str) -> None:
        self.on_key(key)

    def played(self, message_id: int, size_bytes: int) -> None:
        if message_id == SPOKEN_ID:
            self._played_bytes = size_bytes
            self._played.set()

    def fault(self, fault: str) -> None:
        pass

    def gone(self, why: str) -> None:
        self.lost(why)


def verdict_of(transfer: CallTransfer, said: str) -> bool | None:
    """What those words are: True: they take the call; False: they refuse; None: neither. Words of both refuse."""
    words = " ".join(_WORD.findall(said.casefold()))
    if _has_any(words, transfer.refuse_words):
        return False
    return True if _has_any(words, transfer.accept_words) else None


def _has_any(words: str, known: tuple[str, ...]) -> bool:
    return any(f" {' '.join(_WORD.findall(each.casefold()))} " in f" {words} " for each in known)
