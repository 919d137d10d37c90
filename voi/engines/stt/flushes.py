"""The waiting flushes of one utterance, and the error of an STT engine that is too slow for its callers."""

import asyncio
from collections.abc import Callable

from voi.errors import EngineError

LONGEST_BUFFER_MS = 600_000
"""Most sound of one utterance that waits to be transcribed."""
FLUSH_DEADLINE_S = 30.0


def too_far_behind() -> EngineError:
    """The error for more sound than `LONGEST_BUFFER_MS`."""
    minutes = LONGEST_BUFFER_MS // 60_000
    return EngineError(f"Speech recognition is {minutes} minutes behind: too many people talk at once.", retryable=True)


class Flushes:
    """The waiting flushes of one utterance. Positions in its sound are in the engine's own unit."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    async def until(self, target: int, wake: Callable[[], None]) -> None:
        """Wait until the sound is transcribed up to `target`, or the utterance ends. `wake`: called once the flush is
        noted. Raises EngineError after `FLUSH_DEADLINE_S`, and the error of `interrupt`."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (target, done)
        self._waiting.append(entry)
        wake()
        try:
            async with asyncio.timeout(FLUSH_DEADLINE_S):
                await done
        except TimeoutError:
            raise EngineError(
                f"Speech recognition took longer than {FLUSH_DEADLINE_S:g} s; too many people talk at once.",
                retryable=True,
            ) from None
        finally:
            self._waiting.remove(entry)

    def reached(self, position: int) -> None:
        """The sound is transcribed up to that position."""
        for target, done in self._waiting:
            if position >= target and not done.done():
                done.set_result(None)

    def interrupt(self, error: EngineError) -> None:
        """All waiting flushes raise this error."""
        for _, done in self._waiting:
            if not done.done():
                done.set_exception(error)

    def end(self) -> None:
        """The utterance has ended: nothing waits any longer."""
        for _, done in self._waiting:
            if not done.done():
                done.set_result(None)
