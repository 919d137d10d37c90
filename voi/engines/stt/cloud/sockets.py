"""The open WebSockets of an ear. One is opened when an utterance begins, while sound waits, or comes from the pool.
After an utterance the service is made to forget it, and the socket waits for the next one; it is closed soon, since
connection time is billed.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Literal, Protocol

from voi.engines.base import SttOptions
from voi.engines.cloud.client import CloudSocket
from voi.engines.stt.cloud.ear_script import EarHabits, EarScript, now_s
from voi.engines.stt.cloud.ear_socket import EarSocket
from voi.errors import EngineError
from voi.tasks import Tasks

IDLE_S = 20.0
READY_S = 5.0
"""Longest wait for a service to say that it takes sound."""
SOCKETS_MAX = 512

log = logging.getLogger(__name__)


class Connects(Protocol):
    """A `CloudClient`, or what makes connections in its place."""

    async def connect(self, url: str) -> CloudSocket: ...

    async def close(self) -> None: ...


class EarSockets:
    """The open sockets of one engine. `idle_s`: how long one waits for the next utterance. `at_once`: the plan's limit
    of sockets; idle ones make room."""

    def __init__(
        self,
        habits: EarHabits,
        script: Callable[[SttOptions], EarScript],
        client: Connects,
        *,
        idle_s: float = IDLE_S,
        at_once: int | None = None,
    ) -> None:
        self.habits, self.script = habits, script
        self.tasks = Tasks()
        self.troubles: Counter[str] = Counter()
        """"lost_connection": in mid-utterance. "late_final": an utterance went on without its final text."""
        self._client, self._idle_s, self._at_once = client, idle_s, at_once or SOCKETS_MAX
        self._sockets: dict[EarSocket, Literal[True]] = {}
        self._idle: list[EarSocket] = []
        self._settling: dict[EarSocket, None] = {}
        self._connecting = 0
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        await self.tasks.close()
        await asyncio.gather(*(self._end(socket) for socket in list(self._sockets)))

    async def warm(self) -> None:
        """Have a socket ready for the first utterance. Raises EngineError."""
        self.give_back(await self.take(SttOptions()))

    async def take(self, options: SttOptions) -> "EarSocket":
        """A socket that takes sound. Raises EngineError."""
        if self._closed:
            raise EngineError(f"{self.habits.name} is closed.")
        script = self.script(options)
        key = (script.address, tuple(script.begin()))
        for socket in reversed(self._idle):
            if socket.key == key:
                self._idle.remove(socket)
                return socket
        if len(self._sockets) + self._connecting >= self._at_once:
            unused = [*self._idle, *self._settling]
            if not unused:
                raise EngineError(
                    f"{self.habits.name} takes {self._at_once} connections at once, and all are in use.", retryable=True
                )
            self._leave(unused[0])
        self._connecting += 1
        try:
            socket = EarSocket(await self._client.connect(script.address), script, key, self.habits)
        finally:
            self._connecting -= 1
        self._sockets[socket] = True
        self.tasks.start(self._serve(socket), f"a socket of {self.habits.name}")
        try:
            for message in key[1]:
                await socket.send(message)
            async with asyncio.timeout(READY_S):
                await socket.ready.wait()
        except TimeoutError:
            await self._end(socket)
            raise EngineError(f"{self.habits.name} did not begin within {READY_S:g} s.", retryable=True) from None
        except (EngineError, asyncio.CancelledError):
            self._leave(socket)
            raise
        if socket.lost is not None:
            raise socket.lost
        return socket

    def give_back(self, socket: "EarSocket") -> None:
        """The utterance is over."""
        socket.owner = None
        if socket.lost is not None or self._closed:
            return
        if not socket.unanswered:
            self._keep(socket)
        else:
            self.tasks.start(self._settle(socket), f"a socket of {self.habits.name} after an utterance")

    async def _settle(self, socket: "EarSocket") -> None:
        self._settling[socket] = None
        clean = False
        try:
            await socket.forget_utterance()
            clean = not socket.unanswered
        except EngineError:
            log.debug("%s: a connection was lost after an utterance", self.habits.name)
        finally:
            self._settling.pop(socket, None)
            if not clean:
                self._leave(socket)
        if clean:
            self._keep(socket)

    def _keep(self, socket: "EarSocket") -> None:
        socket.idle_since_s = now_s()
        if socket.idle_since_s - socket.opened_s > self.habits.life_s or self._idle_s <= 0:
            self._leave(socket)
        elif socket.lost is None:
            self._idle.append(socket)

    def _leave(self, socket: "EarSocket") -> None:
        """Close it without waiting for that."""
        if not self._closed and self._forget(socket):
            self.tasks.start(socket.end(), f"the end of a socket of {self.habits.name}")

    async def _serve(self, socket: "EarSocket") -> None:
        beats = self.tasks.start(self._beat(socket), f"the heartbeat of {self.habits.name}")
        try:
            await socket.read()
        finally:
            beats.cancel()
            if not self._closed:
                await self._end(socket)

    async def _beat(self, socket: "EarSocket") -> None:
        while True:
            await asyncio.sleep(self.habits.keep_alive_s)
            if socket in self._idle and now_s() - socket.idle_since_s > self._idle_s:
                self._leave(socket)
                return
            if socket.ready.is_set() and now_s() - socket.sent_s >= 0.9 * self.habits.keep_alive_s:
                try:
                    await socket.keep_alive()
                except EngineError:
                    return  # the reader finds out as well

    async def _end(self, socket: "EarSocket") -> None:
        if self._forget(socket):
            await socket.end()

    def _forget(self, socket: "EarSocket") -> bool:
        """False: it is being closed already."""
        if socket in self._idle:
            self._idle.remove(socket)
        self._settling.pop(socket, None)
        return self._sockets.pop(socket, False)
