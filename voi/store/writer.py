"""Brings what calls tell into the store: a bounded queue, one task, transactions of many entries.

Nothing here can delay a call. When the store is slow, locked, full or away, entries wait; when too many wait, new ones
are lost, with one line in the log and a count. When the store is back, what waited is written.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from voi.errors import RowRefused, StoreError, VoiError
from voi.store.batch import by_conversation, write
from voi.store.entries import Began, Changed, Entry
from voi.store.store import Store

WRITE_EVERY_S = 1.0
"""A killed server loses at most what was told within this time, and the time of one transaction. A transaction costs
some milliseconds of CPU, however little it writes."""
LATER_S = 10.0
"""What changes all the time and is a sum (usage) is written after so long."""
WAITING_MAX = 20_000
WAITING_MAX_BYTES = 64 * 1024 * 1024
BATCH_MAX = 200
"""Entries of one transaction: more would hold the event loop for milliseconds."""
RETRY_S = (0.5, 1.0, 2.0, 5.0, 10.0)
CLOSE_S = 5.0
"""How long `close` tries to write the rest."""

log = logging.getLogger(__name__)


class StoreMetrics(Protocol):
    """Counters of the store. The server has them."""

    def store_failed(self) -> None:
        """A transaction failed."""

    def store_lost(self, entries: int) -> None:
        """That many entries will never be written."""


class Writer:
    """Call `put` on the event loop; `run` in a task that the server owns; `close` at the end."""

    def __init__(self, store: Store, metrics: StoreMetrics, write_every_s: float = WRITE_EVERY_S) -> None:
        self._store = store
        self._metrics = metrics
        self._write_every_s = write_every_s
        self._waiting: dict[object, Entry] = {}
        self._waiting_bytes = 0
        self._later: dict[object, Callable[[], Entry]] = {}
        self._later_timer: asyncio.TimerHandle | None = None
        self._key_ids: dict[str, str] = {}
        self._arrived = asyncio.Event()
        self._all_written = asyncio.Event()
        self._all_written.set()
        self._hurry = asyncio.Event()
        self._failures = 0
        self._lost = 0
        """Entries lost since the store last worked."""
        self._given_up = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._later)

    def put(self, entry: Entry) -> None:
        """Have it written soon. Never blocks, never raises. An entry that finds no room is lost."""
        before = self._waiting.get(entry.key)
        if isinstance(entry, Changed) and isinstance(before, Changed):
            before.values |= entry.values
            before.last |= entry.last
            return
        grows = entry.size - (before.size if before else 0)
        if self._given_up or (grows > 0 and not self._has_room(grows, new=before is None)):
            self._lose([entry])
            return
        self._waiting[entry.key] = entry
        self._waiting_bytes += grows
        self._all_written.clear()
        self._arrived.set()

    def put_later(self, key: object, make: Callable[[], Entry]) -> None:
        """Have the entry that `make` then returns written within `LATER_S`. The newest `make` of a key counts."""
        self._later[key] = make
        self._all_written.clear()
        if self._later_timer is None:
            self._later_timer = asyncio.get_running_loop().call_later(LATER_S, self._put_what_is_later)

    def _put_what_is_later(self) -> None:
        if self._later_timer is not None:
            self._later_timer.cancel()
            self._later_timer = None
        later, self._later = self._later, {}
        for make in later.values():
            self.put(make())
        self._arrived.set()

    def _has_room(self, grows: int, *, new: bool) -> bool:
        return len(self._waiting) + new <= WAITING_MAX and self._waiting_bytes + grows <= WAITING_MAX_BYTES

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._arrived.wait()
            await self._pause(RETRY_S[min(self._failures, len(RETRY_S)) - 1] if self._failures else self._write_every_s)
            self._arrived.clear()
            while self._waiting:
                if not await self._write_some():
                    break
                await asyncio.sleep(0)  # calls go first
            if self._waiting:
                self._arrived.set()
            elif not self._later:
                self._all_written.set()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return
        if self._failures:
            await asyncio.sleep(self._write_every_s)

    async def close(self, timeout_s: float = CLOSE_S) -> None:
        """Write the rest, as far as that is possible in the time. `run` goes on until it is cancelled."""
        self._hurry.set()
        self._put_what_is_later()
        try:
            async with asyncio.timeout(timeout_s):
                await self._all_written.wait()
        except TimeoutError:
            self._lose(list(self._waiting.values()))
            self._waiting.clear()

    # ---- writing ------------------------------------------------------------------------------------

    async def _write_some(self) -> bool:
        """Write the oldest entries. False: the store failed, and they keep waiting."""
        batch = self._take()
        try:
            await self._store.open()
            await self._write(batch)
        except RowRefused:
            if not await self._write_apart(batch):
                return False
        except StoreError as error:
            self._put_back(batch)
            self._failed(error)
            return False
        except VoiError as error:
            self._give_up(batch, error)
            return False
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        self._works()
        return True

    async def _write(self, batch: list[Entry]) -> None:
        key_ids = dict(self._key_ids)
        store = self._store
        async with store.writing() as connection:
            await write(connection, store.keys, batch, key_ids)
        self._key_ids = key_ids
        began = [entry for entry in batch if isinstance(entry, Began)]
        for each in began:
            if not each.data_key.done():
                async with store.reading() as connection:
                    each.data_key.set_result(await store.keys.find(connection, key_ids[each.conversation_id]))
        for entry in batch:
            if isinstance(entry, Changed) and entry.last:
                self._key_ids.pop(entry.conversation_id, None)

    async def _write_apart(self, batch: list[Entry]) -> bool:
        """Write each conversation's entries separately, because the database refused a value of one. False: the store
        failed meanwhile."""
        works = True
        for entries in by_conversation(batch):
            try:
                await self._write(entries)
            except RowRefused as refused:
                log.error("the store refuses what conversation %s told: %s", entries[0].conversation_id, refused)
                self._metrics.store_failed()
                self._lose(entries)
            except StoreError as error:
                self._put_back(entries)
                self._failed(error)
                works = False
        return works

    def _take(self) -> list[Entry]:
        keys = [key for key, _ in zip(self._waiting, range(BATCH_MAX), strict=False)]
        batch = [self._waiting.pop(key) for key in keys]
        self._waiting_bytes -= sum(entry.size for entry in batch)
        return batch

    def _put_back(self, batch: list[Entry]) -> None:
        """Put the entries back before those that came since. A newer entry with the same key wins."""
        came = self._waiting
        self._waiting = {entry.key: entry for entry in batch}
        for key, entry in came.items():
            before = self._waiting.get(key)
            if isinstance(entry, Changed) and isinstance(before, Changed):
                before.values |= entry.values
                before.last |= entry.last
            else:
                self._waiting[key] = entry
        self._waiting_bytes = sum(entry.size for entry in self._waiting.values())

    # ---- trouble ------------------------------------------------------------------------------------

    def _failed(self, error: StoreError) -> None:
        self._metrics.store_failed()
        self._failures += 1
        if self._failures == 1:
            log.error("conversations are not stored at the moment, and wait: %s", error)

    def _works(self) -> None:
        if self._failures:
            lost = f"; {self._lost} entries were lost" if self._lost else ""
            log.warning("the store works again%s", lost)
        self._failures = self._lost = 0

    def _lose(self, entries: list[Entry]) -> None:
        if not entries:
            return
        if not self._lost:
            log.error("the store does not keep up: from now on what conversations tell is lost")
        self._lost += len(entries)
        self._metrics.store_lost(len(entries))
        for entry in entries:
            if isinstance(entry, Began) and not entry.data_key.done():
                entry.data_key.set_exception(StoreError("The conversation's key could not be stored."))

    def _give_up(self, batch: list[Entry], error: VoiError) -> None:
        log.error("conversations are not stored: %s", error)
        self._metrics.store_failed()
        self._given_up = True
        lost = [*batch, *self._waiting.values()]
        self._waiting.clear()
        self._waiting_bytes = 0
        self._lose(lost)
