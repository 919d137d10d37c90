"""What is expected from outside and comes once, by a key: a connection of Asterisk's, or an event."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from voi.transports.ari.failure import AriError

T = TypeVar("T")

Told = Callable[[str], None]
"""Told why a call that was not expected is turned away."""


class Expected(Generic[T]):
    """What is to come from Asterisk, by a key that both sides know: each is awaited as a future."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[T]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextlib.contextmanager
    def expect(self, key: str) -> Iterator[asyncio.Future[T]]:
        """Await the future inside of the context, with a deadline. Raises AriError if it was told to fail."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        try:
            yield future
        finally:
            del self._waiting[key]
            if future.done() and not future.cancelled():
                future.exception()  # nobody may have awaited it
            future.cancel()

    def waits(self, key: str) -> bool:
        """Somebody waits for that and has not got it."""
        future = self._waiting.get(key)
        return future is not None and not future.done()

    def came(self, key: str, what: T) -> bool:
        """It has come. False: nobody waits for it."""
        if not self.waits(key):
            return False
        self._waiting[key].set_result(what)
        return True

    def failed(self, key: str, why: str) -> bool:
        """It will not come. False: nobody waits for it."""
        if not self.waits(key):
            return False
        self._waiting[key].set_exception(AriError(why, 404))
        return True
