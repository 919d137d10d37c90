"""The connection of one conversation to the model's server: made when it is wanted, made again after a loss."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from voi.config.brain import SpeechBrain
from voi.engines.speech_to_speech.socket import Connect, RealtimeSocket
from voi.errors import EngineError, VoiError
from voi.tasks import Tasks

BACKOFF_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between attempts to connect; the last one is repeated while somebody waits."""
STEADY_S = 10.0
"""A connection that is lost sooner, and on which nothing was answered, counts as an attempt that failed: servers take
connections that they close at once, for an account without credit say."""
UNASKED_ATTEMPTS = 4
"""How often it is tried after a loss while nobody waits for an answer."""
SEND_S = 10.0
"""A server that takes nothing for this long is lost."""
UNSENT_MAX_BYTES = 16 * 1024 * 1024
"""What may wait to be sent: a picture, or minutes of sound."""


class ModelConnection:
    """`on_event` is given each event of the server, `on_open` is called with a new connection, and `on_lost` with the
    reason when one is lost that was open. All are called on the event loop, and none may block. `tasks` own its work.
    """

    __slots__ = (
        "_brain", "_closed", "_connect", "_connecting", "_lost_s", "_on_event", "_on_lost", "_on_open", "_opened_s",
        "_preparing", "_reader", "_short", "_socket", "_tasks", "_unsent", "_unsent_bytes", "_wake",
    )  # fmt: skip

    def __init__(
        self,
        brain: SpeechBrain,
        connect: Connect,
        tasks: Tasks,
        on_open: Callable[[], None],
        on_event: Callable[[dict[str, Any]], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._brain = brain
        self._connect = connect
        self._tasks = tasks
        self._on_open = on_open
        self._on_event = on_event
        self._on_lost = on_lost
        self._socket: RealtimeSocket | None = None
        self._connecting = asyncio.Lock()
        self._unsent: deque[bytes] = deque()
        self._unsent_bytes = 0
        self._wake = asyncio.Event()
        self._preparing: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._opened_s = self._lost_s = 0.0
        """When the newest connection was made, and when one was lost, on the loop's clock."""
        self._short = 0
        """How many connections in a row were lost at once."""
        self._closed = False

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def prepare(self) -> None:
        """Connect in the background, so that the next answer does not wait for it. After several connections that were
        lost at once, the next one is made when it is asked for."""
        if self._short >= UNASKED_ATTEMPTS:
            return
        if not self._closed and self._socket is None and not self._connecting.locked():
            self._preparing = self._tasks.start(self._prepare(), "connecting to the speech model")

    async def _prepare(self) -> None:
        try:
            await self.ready(UNASKED_ATTEMPTS)
        except VoiError as error:
            self._tasks.log.info("no connection to the speech model yet: %s", error)

    async def ready(self, attempts: int = 1_000) -> None:
        """Wait until it is connected; the caller sets the deadline. Raises EngineError, ConfigError if that cannot
        succeed, or did not in that many attempts."""
        async with self._connecting:
            if self._socket is None and self._short:
                pause_s = BACKOFF_S[min(self._short, len(BACKOFF_S)) - 1]
                await asyncio.sleep(max(0.0, self._lost_s + pause_s - asyncio.get_running_loop().time()))
            for attempt in range(attempts):
                if self._socket is not None:
                    return
                if self._closed:
                    raise EngineError("The conversation is over.")
                try:
                    self._opened(await self._connect(self._brain))
                except EngineError as error:
                    if not error.retryable or attempt + 1 == attempts:
                        raise
                    await asyncio.sleep(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])

    def _opened(self, socket: RealtimeSocket) -> None:
        self._socket = socket
        self._opened_s = asyncio.get_running_loop().time()
        self._unsent.clear()
        self._unsent_bytes = 0
        self._reader = self._tasks.start(self._read(socket), "from the speech model")
        self._tasks.start(self._write(socket), "to the speech model")
        self._on_open()

    def works(self) -> None:
        """The server has answered on it."""
        self._short, self._opened_s = 0, float("-inf")

    def send(self, event: dict[str, Any]) -> None:
        """Send the event after those sent before. Without a connection it is dropped."""
        if self._socket is None:
            return
        data = orjson.dumps(event)
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        self._wake.set()
        if self._unsent_bytes > UNSENT_MAX_BYTES:
            self.lose("it takes what it is sent too slowly.")

    async def _write(self, socket: RealtimeSocket) -> None:
        while self._socket is socket:
            if not self._unsent:
                self._wake.clear()
                await self._wake.wait()
                continue
            data = self._unsent.popleft()
            self._unsent_bytes -= len(data)
            try:
                async with asyncio.timeout(SEND_S):
                    await socket.send(data.decode())
            except (EngineError, TimeoutError):
                self._lose(socket, "it takes nothing any more.")

    async def _read(self, socket: RealtimeSocket) -> None:
        try:
            while (data := await socket.receive()) is not None:
                if self._socket is not socket:
                    return
                try:
                    event = orjson.loads(data)
                except orjson.JSONDecodeError:
                    event = None
                if not isinstance(event, dict) or not isinstance(event.get("type"), str):
                    self._lose(socket, "it sent what is no event of the Realtime protocol.")
                    return
                self._on_event(event)
            self._lose(socket, "it closed the connection.")
        finally:
            await socket.close()

    def lose(self, why: str) -> None:
        """Give the connection up: it is of no use any more. `why`: a sentence about the server."""
        if self._socket is not None:
            self._lose(self._socket, why)

    def _lose(self, socket: RealtimeSocket, why: str) -> None:
        if self._socket is not socket:
            return
        self._drop()
        self._lost_s = asyncio.get_running_loop().time()
        self._short = self._short + 1 if self._lost_s - self._opened_s < STEADY_S else 0
        if not self._closed:
            self._on_lost(f"The connection to the speech model was lost: {why}")

    def _drop(self) -> None:
        self._socket = None
        self._unsent.clear()
        self._unsent_bytes = 0
        self._wake.set()
        reader, self._reader = self._reader, None
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()  # it closes the socket

    def close(self) -> None:
        """End it for good."""
        self._closed = True
        self._drop()
        if self._preparing is not None:
            self._preparing.cancel()
