"""Takes pieces from something that blocks (a pipe, a decoder) without making the event loop wait, or Ctrl+C."""

import asyncio
import contextlib
import io
import threading
from collections.abc import AsyncGenerator, Iterator
from typing import TypeVar

AHEAD_PIECES = 32
T = TypeVar("T")


def standard_input() -> io.FileIO:
    """Standard input, unbuffered: a read returns what is available, and a thread that waits in a read does not keep the
    interpreter from exiting, as the lock of `sys.stdin` would."""
    return io.FileIO(0, closefd=False)


async def read_ahead(pieces: Iterator[T]) -> AsyncGenerator[T, None]:
    """The pieces, read by a daemon thread at most 32 ahead. Raises what `pieces` raises. When the caller stops, the
    thread ends after its current read, or with the process."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()
    room = threading.Semaphore(AHEAD_PIECES)
    stopped = False

    def tell(what: tuple[T] | BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the caller is gone
            loop.call_soon_threadsafe(ready.put_nowait, what)

    def work() -> None:
        try:
            for piece in pieces:
                tell((piece,))
                room.acquire()
                if stopped:
                    return
        except BaseException as error:  # raised in the caller
            tell(error)
        else:
            tell(None)

    threading.Thread(target=work, name="reading ahead", daemon=True).start()
    try:
        while (given := await ready.get()) is not None:
            if isinstance(given, BaseException):
                raise given
            room.release()
            yield given[0]
    finally:
        stopped = True
        room.release()
