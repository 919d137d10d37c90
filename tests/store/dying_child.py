"""Tells the store a message every 5 ms, and says on standard output which, until it is killed."""

import asyncio
import itertools
import sys

from tests.store.calls import began
from tests.store.conftest import KEY, Counts
from voi.store.entries import WordsShown
from voi.store.store import Store
from voi.store.writer import Writer


async def main(url: str) -> None:
    store = Store(url, (KEY,))
    await store.open()
    writer = Writer(store, Counts())
    running = asyncio.create_task(writer.run())
    writer.put(began())
    for number in itertools.count():
        writer.put(WordsShown("c1", number, "user", number, f"message {number}"))
        print(number, flush=True)
        await asyncio.sleep(0.005)
        assert not running.done()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
