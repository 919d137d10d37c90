"""Finds what Asterisk has of ours that belongs to no call: after a lost connection, a restart of Voi, or a request that
failed."""

import asyncio
import logging
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from voi.transports.ari.failure import AriError
from voi.transports.ari.leg import BRIDGE, OURS
from voi.transports.ari.operations import Operations

log = logging.getLogger(__name__)

GRACE_S = 3.0
"""What nobody knows is looked at once more after this time: its event may be under way."""
EVERY_S = 60.0
ENDED_AT_ONCE = 200
"""So many are ended in one go; the others have to wait."""


class Orphans:
    """`known` returns the ids of all channels and bridges that belong to calls. `lost` is told the ids of all channels
    that Asterisk has."""

    def __init__(
        self, operations: Operations, name: str, apps: tuple[str, ...], known: Callable[[], AbstractSet[str]],
        lost: Callable[[frozenset[str]], None], count: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self._operations = operations
        self._name = name
        self._apps = apps
        self._bridges = tuple(f"{OURS}{BRIDGE}{app}-" for app in apps)
        self._known = known
        self._lost = lost
        self._count = count

    async def run(self) -> None:
        """Now, and from time to time until cancelled."""
        while True:
            try:
                await self.look()
            except AriError as error:
                self._count("orphan", error.kind)
                log.warning("Asterisk %s: orphaned calls could not be looked for: %s", self._name, error)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Raises AriError."""
        before = self._known()
        there = await self._operations.channels()
        gone = before - there
        if gone:
            self._lost(there | (self._known() - before))
        first = await self._unknown()
        if not any(first):
            return
        await asyncio.sleep(GRACE_S)
        channels, bridges = (now & then for now, then in zip(await self._unknown(), first, strict=True))
        for channel in sorted(channels)[:ENDED_AT_ONCE]:
            await self._operations.hang_up(channel)
            self._count("orphan", "channel")
        for bridge in sorted(bridges)[:ENDED_AT_ONCE]:
            await self._operations.end_bridge(bridge)
            self._count("orphan", "bridge")
        if channels or bridges:
            log.warning("Asterisk %s: ended %d channels and %d bridges that belonged to no call", self._name,
                        len(channels), len(bridges))  # fmt: skip

    async def _unknown(self) -> tuple[AbstractSet[str], AbstractSet[str]]:
        channels: set[str] = set()
        for app in self._apps:
            try:
                channels |= await self._operations.app_channels(app)
            except AriError as error:
                if error.status != 404:
                    raise
        bridges = {each for each in await self._operations.bridges() if each.startswith(self._bridges)}
        known = self._known()
        return channels - known, bridges - known
