"""Where Asterisk connects its AudioSockets to. A connection shows the UUID of a call that expects it, or is dropped."""

import asyncio
import logging
import uuid

from voi.config.ari_apps import AriFormat
from voi.transports.ari.audiosocket import UUID, AudioSocketReader
from voi.transports.ari.audiosocket_line import AudioSocketLine
from voi.transports.ari.expected import Expected, Told

log = logging.getLogger(__name__)

SHOW_S = 3.0
"""A connection that has not shown its UUID by then is dropped."""
STRANGERS_MAX = 64
"""So many connections may be without a call; the oldest has to go."""
BEFORE_MAX_BYTES = 64 * 1024


class AudioSocketServer:
    """`host`, `port`: where it listens; port 0: any. `form`: the sound of its calls. `stranger` is told of each
    connection that no call expects."""

    def __init__(self, host: str, port: int, form: AriFormat, stranger: Told) -> None:
        self._host, self._port, self._form = host, port, form
        self.expected: Expected[AudioSocketLine] = Expected()
        self._stranger = stranger
        self._without: dict[_Connection, None] = {}
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Raises OSError."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Connection(self), self._host, self._port)

    async def close(self) -> None:
        """Take no more connections; calls that have theirs keep it."""
        if self._server is not None:
            self._server.close()
        for each in list(self._without):
            each.drop("the server stops")

    def _met(self, connection: "_Connection") -> None:
        self._without[connection] = None
        if len(self._without) > STRANGERS_MAX:
            next(iter(self._without)).drop("too many connections show no UUID")

    def _claim(self, connection: "_Connection", shown: bytes) -> AudioSocketLine | None:
        key = str(uuid.UUID(bytes=shown)) if len(shown) == 16 else ""
        transport = connection.transport
        if transport is None or not self.expected.waits(key):
            return None
        line = AudioSocketLine(transport, self._form)
        self.expected.came(key, line)
        return line


class _Connection(asyncio.Protocol):
    def __init__(self, server: AudioSocketServer) -> None:
        self._server = server
        self.transport: asyncio.Transport | None = None
        self._reader: AudioSocketReader | None = AudioSocketReader()
        self._before_bytes = 0
        self._line: AudioSocketLine | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._timer = asyncio.get_running_loop().call_later(SHOW_S, self.drop, "it showed no UUID")
        self._server._met(self)

    def data_received(self, data: bytes) -> None:
        if self._line is not None:
            self._line.received(data)
        elif self._reader is not None:
            self._before(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settled()
        if self._line is not None:
            self._line.lost()

    def drop(self, why: str) -> None:
        """It belongs to no call."""
        self._settled()
        self._reader = None
        if self.transport is not None and not self.transport.is_closing():
            self._server._stranger(why)
            self.transport.abort()

    def _before(self, data: bytes) -> None:
        assert self._reader is not None
        self._before_bytes += len(data)
        messages = self._reader.feed(data)
        for kind, payload in messages:
            line = self._server._claim(self, payload) if kind == UUID else None
            if line is None:
                self.drop("its UUID is that of no call" if kind == UUID else "its first message is no UUID")
                return
            self._line = line
            self._settled()
            break
        if self._line is not None:
            messages.close()
            rest, self._reader = self._reader.rest, None
            if rest:
                self._line.received(rest)
        elif self._before_bytes > BEFORE_MAX_BYTES:
            self.drop("it showed no UUID")

    def _settled(self) -> None:
        self._server._without.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
