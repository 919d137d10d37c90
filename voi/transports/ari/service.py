"""All Asterisks of phones.json: started, changed and ended as the file says, while the server runs."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from voi.calls.calls import Calls
from voi.config.ari_apps import AsteriskServer
from voi.config.phones import Phones
from voi.errors import ConfigError
from voi.tasks import Tasks
from voi.transports.ari.asterisk import Asterisk, CountAri
from voi.transports.telephone.consultation import RingUpOf
from voi.transports.telephone.dialing import Dialer

log = logging.getLogger(__name__)

LOOK_S = 0.5


class AsteriskService:
    """`phones` returns what phones.json says now; `count`: see `asterisk.CountAri`. `ring_up_of`: what
    rings up colleagues for calls of an Asterisk."""

    def __init__(
        self, calls: Calls, phones: Callable[[], Phones | None], count: CountAri,
        ring_up_of: RingUpOf = lambda account: None,
    ) -> None:  # fmt: skip
        self._calls = calls
        self._phones = phones
        self._count = count
        self._ring_up_of = ring_up_of
        self._tasks = Tasks()
        self._seen: Phones | None = None
        self.running: dict[str, Asterisk] = {}

    def start(self) -> None:
        """Connect to the Asterisks of phones.json, now and whenever it says otherwise. Returns at once: one that cannot
        be reached is no reason not to start."""
        self._tasks.start(self._watch(), "Asterisks of phones.json")

    async def close(self) -> None:
        """End it all. Safe to call twice, and without `start`."""
        await self._tasks.close()
        for name in list(self.running):
            await self._end(name)

    def dialer(self, name: str) -> Dialer | None:
        """What makes calls through that Asterisk; None: it is none, makes none, or is not connected now."""
        found = self.running.get(name)
        return found if found is not None and found.server.outgoing is not None and found.connected else None

    async def _watch(self) -> None:
        while True:
            phones = self._phones()
            if phones is not self._seen:
                self._seen = phones
                try:
                    await self.apply(phones.asterisk if phones is not None else {})
                except Exception:  # the Asterisks that there are go on
                    log.exception("a fault in Voi: the Asterisks of phones.json could not be changed")
            await asyncio.sleep(LOOK_S)

    async def apply(self, wanted: Mapping[str, AsteriskServer]) -> None:
        for name in [each for each in self.running if each not in wanted]:
            await self._end(name)
        for name, server in wanted.items():
            try:
                found = self.running.get(name)
                if found is None:
                    found = Asterisk(name, server, self._calls, self._phones, self._count, self._ring_up_of(name))
                    found.start()
                    self.running[name] = found
                elif found.server != server:
                    await found.change(server)
            except ConfigError as error:
                log.warning("Asterisk %s cannot be used: %s", name, error)

    async def _end(self, name: str) -> None:
        await self.running.pop(name).close()
