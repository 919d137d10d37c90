"""The connection to one Asterisk: its REST interface, its events, and the way that sound takes."""

import asyncio
import logging
from collections.abc import Callable

from voi.config.ari_apps import AsteriskServer
from voi.config.secret_refs import resolved
from voi.tasks import Tasks
from voi.transports.ari import events
from voi.transports.ari.choosing import choose_way
from voi.transports.ari.failure import AriError
from voi.transports.ari.link import EventLink
from voi.transports.ari.live_calls import LiveCalls
from voi.transports.ari.media import MediaWay
from voi.transports.ari.operations import Operations
from voi.transports.ari.orphans import Orphans
from voi.transports.ari.rest import AriClient

log = logging.getLogger(__name__)

STRANGERS_A_LINE = 100
"""Of connections for sound that no call expects, so many have one line in the log."""


class AriConnection:
    """`name`: in phones.json. `on_event` is told each event, and `on_lost` the ids of all channels that Asterisk has.
    `count` counts by kind of request and outcome. `tasks` own what runs."""

    def __init__(
        self, name: str, live: LiveCalls, on_event: Callable[[events.AriEvent], None],
        on_lost: Callable[[frozenset[str]], None], count: Callable[[str, str], None], tasks: Tasks,
    ) -> None:  # fmt: skip
        self._name, self._live = name, live
        self._on_event, self._on_lost, self._count = on_event, on_lost, count
        self._tasks = tasks
        self._client: AriClient | None = None
        self._old_clients: list[AriClient] = []
        self._operations: Operations | None = None
        self._server: AsteriskServer | None = None
        self._way: MediaWay | None = None
        self._choosing = asyncio.Lock()
        self._link: EventLink | None = None
        self._listening: asyncio.Task[None] | None = None
        self._told_strangers = 0

    @property
    def connected(self) -> bool:
        """Events come."""
        return self._link is not None and self._link.connected

    @property
    def operations(self) -> Operations:
        """What Asterisk can be asked, once `start` was called."""
        assert self._operations is not None, "start first"
        return self._operations

    def start(self, server: AsteriskServer) -> None:
        """Connect, now and again. Raises ConfigError: the password's variable is not set."""
        name = self._name
        password = str(resolved({"password": server.password}, f"phones.json: asterisk.{name}")["password"])
        self._server = server
        client = self._client = AriClient(server.url, server.user, password)
        operations = self._operations = Operations(client)
        apps = tuple(server.stasis)
        orphans = Orphans(operations, name, apps, self._live.known, self._on_lost, self._count)
        link = self._link = EventLink(client, name, apps, self._on_event, orphans.run, self._count)
        self._listening = self._tasks.start(link.run(), f"events of Asterisk {name}")
        self._tasks.start(self._choose_early(), f"sound of Asterisk {name}")

    async def stop(self) -> None:
        """Hear no more of it, and take no more sound. Calls under way keep what they have."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
            self._listening = None
        way, self._way = self._way, None
        if way is not None:
            await way.close()
        if self._client is not None:
            self._old_clients.append(self._client)  # calls under way still use it

    async def close(self) -> None:
        """All calls have ended."""
        for client in self._old_clients:
            await client.close()

    async def way(self) -> MediaWay:
        """How sound travels. Raises AriError."""
        async with self._choosing:
            if self._way is None:
                assert self._server is not None, "start first"
                self._way = await choose_way(self._server, self.operations, self._stranger)
                log.info("Asterisk %s: sound travels by %s", self._name, self._way.kind)
            return self._way

    async def _choose_early(self) -> None:
        try:
            await self.way()
        except AriError as error:
            log.warning("Asterisk %s: no way for sound yet: %s", self._name, error)

    def _stranger(self, why: str) -> None:
        self._count("media", "stranger")
        if self._told_strangers % STRANGERS_A_LINE == 0:
            log.warning(
                "Asterisk %s: a connection for sound was dropped: %s (one line for %d)", self._name, why,
                STRANGERS_A_LINE,
            )  # fmt: skip
        self._told_strangers += 1


def connection_of(server: AsteriskServer) -> tuple[object, ...]:
    """What a connection and its way for sound depend on."""
    return (
        server.url, server.user, server.password, tuple(server.stasis), server.media, server.format,
        server.websocket_client, server.listen_host, server.listen_port, server.address,
    )  # fmt: skip
