"""Where connections arrive, and who is there. Shutting down begins and ends here."""

import asyncio
import logging
from typing import Any

from voi.server.caller import Caller, Desk
from voi.transports.websocket import Request, WebSocket

log = logging.getLogger(__name__)

LEAVING = "The server is shutting down."
FAREWELL_TIMEOUT_S = 5.0
"""How long conversations that were told to end may take for it."""


class Reception:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ended = 0
        """Connections that are gone."""
        self._callers: set[Caller] = set()

    def meet(self, socket: WebSocket, request: Request) -> "_Visit":
        """`voi.transports.websocket.Accept` for the path /ws."""
        caller = Caller(self.desk, socket, request)
        caller.arrive()
        self._callers.add(caller)
        return _Visit(self, caller)

    def forget(self, caller: Caller) -> None:
        self._callers.discard(caller)
        self.ended += 1

    async def drain(self, grace_s: float, hurry: asyncio.Event) -> None:
        """Refuse newcomers, give conversations `grace_s` (less when `hurry` is set), then end those that are left."""
        self.desk.admission.close(LEAVING)
        for caller in [caller for caller in self._callers if not caller.in_conversation]:
            caller.end(LEAVING)
        if len(self.desk.tasks):
            log.info("Waiting up to %g s for %d conversations to end", grace_s, len(self.desk.tasks))
            await self._quiet(grace_s, hurry)
        for caller in list(self._callers):
            caller.end(LEAVING)
        await self._quiet(FAREWELL_TIMEOUT_S, asyncio.Event())
        await self.desk.tasks.close()

    async def _quiet(self, timeout_s: float, hurry: asyncio.Event) -> None:
        """Wait for the last conversation, for the time to pass, or for somebody in a hurry."""
        waits: set[asyncio.Task[Any]] = {
            asyncio.create_task(self.desk.tasks.join()),
            asyncio.create_task(hurry.wait()),
        }
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)


class _Visit:
    """The caller's connection, which the reception forgets when it is lost."""

    __slots__ = ("_reception", "caller", "received")

    def __init__(self, reception: Reception, caller: Caller) -> None:
        self._reception = reception
        self.caller = caller
        self.received = caller.received

    def lost(self) -> None:
        self._reception.forget(self.caller)
        self.caller.lost()
