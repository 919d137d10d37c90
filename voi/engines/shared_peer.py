"""Engines that several servers share, as one of them uses them; `host` is the other end."""

import asyncio
from collections.abc import Callable

from voi.engines.frames import Unframer
from voi.engines.joining import NotJoined, SharedPlace, join, peer_pid
from voi.engines.peer import EnginePeer
from voi.errors import EngineError

START_WAIT_S = 10.0
"""How long the host of the engines may take to listen."""
LOOK_EVERY_S = 0.1
READ_BYTES = 256 * 1024


class SharedPeer(EnginePeer):
    """A connection to the host of shared engines. It opens when the first engine enters and closes when the last one
    leaves. `on_end` is called with a sentence that says why when it ends by itself."""

    def __init__(self, name: str, place: SharedPlace, on_end: Callable[[str], object] = lambda _: None) -> None:
        super().__init__(name)
        self._place = place
        self._on_end = on_end
        self._writer: asyncio.StreamWriter | None = None

    @property
    def host_pid(self) -> int | None:
        return peer_pid(self._writer) if self._writer else None

    async def _connect(self) -> None:
        """Raises EngineError if there is no host, or it does not have our secret."""
        reader, self._writer = await self._joined()
        self._reading = asyncio.create_task(self._read(reader, self._writer), name=f"reading {self.name}")

    async def _disconnect(self) -> None:
        """The host keeps the engines as long as others use them."""
        writer, reading, self._writer, self._reading = self._writer, self._reading, None, None
        assert writer is not None
        assert reading is not None
        self._why_ended = f"The connection to {self.name} was closed."
        writer.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        self._end_calls()

    def _transport(self) -> asyncio.WriteTransport | None:
        return self._writer.transport if self._writer else None

    async def _joined(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Wait for the host, which may be starting."""
        path = self._place.socket
        until_s = asyncio.get_running_loop().time() + START_WAIT_S
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(path, limit=READ_BYTES)
                break
            except OSError as error:
                if asyncio.get_running_loop().time() > until_s:
                    raise EngineError(f"No engines are served at {path} ({error.strerror}).", retryable=True) from error
                await asyncio.sleep(LOOK_EVERY_S)
        try:
            await join(reader, writer, self._place)
        except NotJoined:
            writer.close()
            raise
        except (OSError, EOFError, TimeoutError) as error:
            writer.close()
            raise EngineError(
                f"The engines at {path} do not answer: {type(error).__name__}.", retryable=True
            ) from error
        return reader, writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        messages = Unframer()
        why = f"The connection to the shared engines of {self.name} was lost."
        try:
            while data := await reader.read(READ_BYTES):
                for message in messages.feed(data):
                    self._take(message)
        except OSError:
            pass  # it is lost
        except ValueError:
            why = f"The shared engines of {self.name} speak nonsense."
        finally:
            writer.close()
            self._why_ended = self._why_ended if self._writer is None else why
            self._end_calls()
        if writer is self._writer:  # it ended by itself
            self._on_end(why)
