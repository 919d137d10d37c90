"""Ends the wait for a voice whose sound is late, so that another one can speak in its place."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from voi.engines.base import TextSpoken
from voi.engines.fallback.choices import TooSlow


class SoundDue:
    """Watches one `Tts.speak`: after a text was given, its first sound may take `after_s`. While no text was given, and
    once a text sounds, the voice may take its time. `name`: the voice's model."""

    __slots__ = ("_after_s", "_given", "_limit", "_name", "_owed", "_sounding", "_spoken")

    def __init__(self, name: str, after_s: float) -> None:
        self._name, self._after_s = name, after_s
        self._given = self._spoken = 0
        self._owed = self._sounding = False
        self._limit: asyncio.Timeout | None = None
        """The wait under way."""

    def given(self) -> None:
        """The voice takes one more text."""
        self._given += 1
        if self._sounding or self._owed:
            return
        self._owed = True
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + self._after_s)

    async def of(self, speech: AsyncGenerator[bytes | TextSpoken, None]) -> AsyncGenerator[bytes | TextSpoken, None]:
        """The same speech. Raises TooSlow when sound is late."""
        async with aclosing(speech):
            while (item := await self._next(speech)) is not None:
                if isinstance(item, TextSpoken):
                    self._spoken += 1
                    self._sounding, self._owed = False, self._given > self._spoken
                elif item:
                    self._sounding, self._owed = True, False
                yield item

    async def _next(self, speech: AsyncGenerator[bytes | TextSpoken, None]) -> bytes | TextSpoken | None:
        try:
            async with asyncio.timeout(self._after_s if self._owed else None) as limit:
                self._limit = limit
                try:
                    return await anext(speech, None)
                finally:
                    self._limit = None
        except TimeoutError:
            if not limit.expired():
                raise
            raise TooSlow(self._name, self._after_s) from None
