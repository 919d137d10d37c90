"""Reading ahead: in order, bounded, with errors, and without holding anybody up."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from voi.read_ahead import AHEAD_PIECES, read_ahead


async def test_everything_in_order() -> None:
    assert [piece async for piece in read_ahead(iter(range(1_000)))] == list(range(1_000))


async def test_errors_come_after_what_was_before_them() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    got = []

    async def read() -> None:
        async for piece in read_ahead(broken()):
            got.append(piece)

    with pytest.raises(ValueError, match="broken"):
        await read()
    assert got == [1]


async def test_only_so_much_ahead_and_no_more_when_nobody_reads() -> None:
    taken = 0
    ended = threading.Event()

    def endless() -> Iterator[int]:
        nonlocal taken
        try:
            while True:
                taken += 1
                yield taken
        finally:
            ended.set()

    pieces = endless()
    async with aclosing(read_ahead(pieces)) as ahead:
        await anext(ahead)
        for _ in range(200):
            await asyncio.sleep(0.001)
            if taken > AHEAD_PIECES:
                break
        assert taken <= AHEAD_PIECES + 2
    del pieces
    assert await asyncio.to_thread(ended.wait, 5)


async def test_a_read_that_never_ends_holds_nobody_up() -> None:
    release = threading.Event()

    def silent() -> Iterator[int]:
        release.wait(20)
        yield 1

    async def read() -> None:
        async for _ in read_ahead(silent()):
            pass

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await read()
    release.set()
