"""A TCP proxy on the loopback that can cut connections, or let them go silent, as networks do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Cutter:
    """`port` leads to `target`. `cut` breaks all connections; `stall` has them carry nothing more and say nothing."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.refusing = False
        """New connections are dropped at once."""
        self.connections = 0
        """How many there were."""
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._stalled: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self, *, far_side: bool = True) -> None:
        """Reset the connections. `far_side` False: the server is not told."""
        for pair in list(self._pairs):
            near, far = pair
            near.transport.abort()
            if far_side:
                far.transport.abort()
            else:
                self._stalled.add(pair)
            self._pairs.discard(pair)

    def stall(self) -> None:
        """Nothing more gets through on the connections of now, and nobody is told."""
        self._stalled |= self._pairs

    def end_stalled(self) -> None:
        for pair in self._stalled:
            for writer in pair:
                writer.transport.abort()
        self._stalled.clear()

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusing:
            near.transport.abort()
            return
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            near.transport.abort()
            return
        pair = near, far
        self._pairs.add(pair)
        for source, sink in ((reader, far), (far_reader, near)):
            task = asyncio.create_task(self._pump(source, sink, pair))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter,
        pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:  # fmt: skip
        with contextlib.suppress(OSError):
            while data := await source.read(4096):
                if pair not in self._stalled:
                    sink.write(data)
                    await sink.drain()
        if pair not in self._stalled:
            self._pairs.discard(pair)
            for writer in pair:
                with contextlib.suppress(OSError):
                    writer.close()


@contextlib.asynccontextmanager
async def cutting(target: int) -> AsyncIterator[Cutter]:
    cutter = Cutter(target)
    server = await asyncio.start_server(cutter._accept, "127.0.0.1", 0)
    cutter.port = server.sockets[0].getsockname()[1]
    try:
        yield cutter
    finally:
        server.close()
        cutter.cut()
        cutter.end_stalled()
        for task in list(cutter._tasks):
            task.cancel()
