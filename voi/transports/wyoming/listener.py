"""Wyoming over TCP, as Home Assistant speaks it: Voi hears, speaks, answers and waits for wake words."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from functools import partial
from typing import Any

from voi.errors import ConfigError
from voi.tasks import Tasks
from voi.transports.listeners import DoorServices, check_agent
from voi.transports.wyoming.allowed import Allowed
from voi.transports.wyoming.connection import READ_BYTES, WyomingConnection
from voi.transports.wyoming.discovery import Discovery
from voi.transports.wyoming.home import Dialogues, Home
from voi.transports.wyoming.options import options_of
from voi.transports.wyoming.outcomes import STRANGERS, Outcomes

CONNECTIONS_MAX = 128
CONNECTIONS_PER_ADDRESS = 64

log = logging.getLogger(__name__)


class WyomingListener:
    """`Listener`. The options are those of VOI_LISTENERS; docs/wyoming.md says what they mean. Raises ConfigError."""

    check = staticmethod(options_of)

    def __init__(self, services: DoorServices, **given: Any) -> None:
        options = self._options = options_of(**given)
        self._allowed = Allowed(options.allow)
        out_of_call = services.out_of_call
        if out_of_call is None:
            raise ConfigError("VOI_LISTENERS: wyoming: this server has no engines for it.")
        check_agent("wyoming", options.agent, out_of_call.config().agents)
        self._home = Home(
            services.calls, out_of_call, Outcomes(partial(out_of_call.count, "wyoming")), Dialogues(time.monotonic),
            options.app, options.agent, options.spellings(),
        )  # fmt: skip
        self._tasks = Tasks()
        self._from: Counter[str] = Counter()
        """Connections by address."""
        self._server: asyncio.Server | None = None
        self._discovery = Discovery(options.name) if options.zeroconf else None

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """How many there are now."""
        return self._from.total()

    async def start(self) -> None:
        options = self._options
        self._server = await asyncio.start_server(self._met, options.host, options.port, limit=READ_BYTES)
        log.info("Wyoming listens on %s, port %d", options.host, self.port)
        if self._discovery is not None:
            await self._discovery.start(options.host, self.port)

    async def close(self) -> None:
        if self._discovery is not None:
            await self._discovery.close()
        if self._server is not None:
            self._server.close()
        await self._tasks.close()

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if why := self._why_not(address):
            self._home.outcomes.refused(STRANGERS, address, why)
            writer.transport.abort()
            return
        self._from[address] += 1
        self._tasks.start(self._serve(reader, writer, address), "Wyoming connection")

    def _why_not(self, address: str) -> str:
        if not self._allowed.has(address):
            return "its address is not among those of `allow`"
        if self._from[address] >= CONNECTIONS_PER_ADDRESS or self.connections >= CONNECTIONS_MAX:
            return "there are too many connections"
        return ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        try:
            await WyomingConnection(self._home, reader, writer, address).serve()
        finally:
            self._from[address] -= 1
            if self._from[address] <= 0:
                del self._from[address]
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
