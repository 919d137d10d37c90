"""The socket over which Asterisk tells its events. It is connected again, with growing waits, for as long as it is
wanted."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

import aiohttp

from voi.errors import ClientError
from voi.transports.ari.events import AppReplaced, AriEvent, read_event
from voi.transports.ari.failure import AriError
from voi.transports.ari.rest import AriClient

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
REPLACED_WAIT_S = 60.0
"""Another client has taken our calls over: both would only take them from each other, time and again."""
LINE_EVERY = 100
"""Of messages that are no events, so many have one line."""

CountLink = Callable[[str, str], None]
"""Counts by kind of request and outcome."""


class EventLink:
    """`name`: of the Asterisk, for the log. `on_event` returns at once. `on_connected` runs beside the events
    after each connection, and is cancelled with it."""

    def __init__(
        self, client: AriClient, name: str, apps: tuple[str, ...], on_event: Callable[[AriEvent], None],
        on_connected: Callable[[], Awaitable[None]], count: CountLink,
    ) -> None:  # fmt: skip
        self._client = client
        self._name = name
        self._apps = apps
        self._on_event = on_event
        self._on_connected = on_connected
        self._count = count
        self._unread = 0
        self.connected = False

    async def run(self) -> None:
        """Until cancelled."""
        wait_s, told = FIRST_WAIT_S, ""
        while True:
            replaced = False
            try:
                socket = await self._client.events(",".join(self._apps))
            except AriError as error:
                self._count("link", error.kind)
                if str(error) != told:  # one line for one reason
                    told = str(error)
                    advice = "; are user and password those of ari.conf?" if error.kind == "unauthorized" else ""
                    log.warning("Asterisk %s: no events come: %s%s", self._name, told, advice)
            else:
                wait_s, told = FIRST_WAIT_S, ""
                self._count("link", "connected")
                log.info("Asterisk %s: connected, for %s", self._name, ", ".join(self._apps))
                replaced = await self._listen(socket)
                self._count("link", "replaced" if replaced else "lost")
                why = "another client has taken over its applications" if replaced else "the socket for events was lost"
                log.warning("Asterisk %s: %s", self._name, why)
            pause_s = REPLACED_WAIT_S if replaced else wait_s * random.uniform(0.8, 1.2)
            await asyncio.sleep(pause_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        """Until the socket is lost. True: another client has replaced us."""
        connected = asyncio.ensure_future(self._on_connected())
        self.connected = True
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    self._unreadable("it is no text")
                    continue
                try:
                    event = read_event(message.data)
                except ClientError as error:
                    self._unreadable(str(error))
                    continue
                if isinstance(event, AppReplaced) and event.app in self._apps:
                    return True
                if event is not None:
                    self._on_event(event)
            return False
        finally:
            self.connected = False
            connected.cancel()
            await asyncio.wait([connected])
            await socket.close()

    def _unreadable(self, why: str) -> None:
        self._count("link", "mistake")
        if self._unread % LINE_EVERY == 0:
            log.warning("Asterisk %s: a message was no event: %s (one line for %d such)", self._name, why, LINE_EVERY)
        self._unread += 1
