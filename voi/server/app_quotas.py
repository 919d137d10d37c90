"""Quotas of apps against the store, so that they hold over several servers and after a restart, and their end in calls.

Every `TICK_S` what the apps may use and have used is read, and this server's calls are told. So an app may exceed its
quota by some ten seconds. While the store is away, the last read values apply.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

from voi.calls.calls import Calls
from voi.calls.quotas import Quota, QuotaKnown, Quotas
from voi.core.end_reason import EndReason
from voi.errors import StoreError
from voi.server.usages import Usages

if TYPE_CHECKING:
    from voi.store.store import Store

TICK_S = 5.0
POLITE_S = 5.0
"""A client whose app has used up its quota is told so, and the agent says goodbye when nobody speaks any more, but not
sooner than this…"""
GRACE_S = 20.0
"""…and not later than this."""
GOODBYE_S = 15.0
"""A call that has not ended this long after that is ended without more words."""

log = logging.getLogger(__name__)


class AppQuotas:
    """`store` None: there are no quotas. `clock`: monotonic seconds."""

    def __init__(
        self, quotas: Quotas, store: "Store | None", usages: Usages, calls: Calls,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._quotas = quotas
        self._store = store
        self._usages = usages
        self._calls = calls
        self._clock = clock
        self._server = uuid4().hex
        self._told = False
        """True if calls of this server are noted in the store."""
        self._warned_s: dict[str, float] = {}
        """When a call was told that its app's quota is used up, by id."""
        self._failing = False

    async def run(self) -> None:
        """Call `look` repeatedly, for ever. Call `look` once before the first call is admitted."""
        while self._store is not None:
            await asyncio.sleep(1.0 if self._warned_s else TICK_S)
            await self.look()

    async def look(self) -> None:
        """Tell the store, read it, and end the calls that have used up their quota."""
        for app in self._quotas.limited:
            for usage in self._usages.of_app(app):
                usage.tick()
        if self._store is not None and self._store.is_open:
            try:
                await self._read(self._store)
            except StoreError as error:
                if not self._failing:
                    log.error("the store has no answer about quotas; what it said last counts: %s", error)
                self._failing = True
            else:
                self._failing = False
        self._enforce()

    async def close(self) -> None:
        """Note in the store that this server has no more calls."""
        if self._store is not None and self._told:
            from voi.store.quotas import tell_calls

            try:
                async with self._store.writing() as connection:
                    await tell_calls(connection, self._server, {}, self._quotas.clock_ms())
            except StoreError as error:
                log.warning("that this server has no calls any more could not be stored: %s", error)

    async def _read(self, store: "Store") -> None:
        from voi.store.quotas import read_calls, read_quotas, tell_calls
        from voi.store.usage import day_of, read_spent

        now_ms = self._quotas.clock_ms()
        calls = Counter(call.app for call in self._calls)
        async with store.reading() as connection:
            quotas = await read_quotas(connection)
        if not quotas:
            self._quotas.learn({})
            return
        async with store.writing() as connection:
            await tell_calls(connection, self._server, {app: calls[app] for app in quotas}, now_ms)
            self._told = True
        async with store.reading() as connection:
            elsewhere = await read_calls(connection, now_ms, without=self._server)
            spent = await read_spent(connection, quotas, day_of(now_ms))
        self._quotas.learn(
            {
                app: QuotaKnown(
                    Quota(**limits), spent[app].call_ms, spent[app].day_micros / 1e6, spent[app].month_micros / 1e6,
                    elsewhere.get(app, 0),
                )
                for app, limits in quotas.items()
            }
        )  # fmt: skip

    def _enforce(self) -> None:
        now_s = self._clock()
        live = set()
        for call in self._calls:
            words = self._quotas.used_up(call.app)
            if not words or call.ending:
                continue
            live.add(call.id)
            if call.id not in self._warned_s:
                self._warned_s[call.id] = now_s
                log.warning("the conversation %s will end: %s", call.id, words)
                call.warn(f"{words} This conversation ends in a moment.")
                continue
            waited_s = now_s - self._warned_s[call.id]
            quiet = call.session is None or call.session.idle
            if waited_s >= GRACE_S + GOODBYE_S:
                call.end(EndReason.QUOTA_USED, words)
            elif waited_s >= GRACE_S or (waited_s >= POLITE_S and quiet):
                call.part(EndReason.QUOTA_USED, words)
        self._warned_s = {call_id: at_s for call_id, at_s in self._warned_s.items() if call_id in live}
