"""Servers that make calls, in virtual time: the real queue over SQLite in memory, a dialer and sessions that are not
real. `crash` ends a server as `kill -9` does; the next one finds what it left in the store."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from tests.fakes.dialer import FakeDialer
from tests.server.fakes import FakeSession
from voi.calls.admission import Admission
from voi.calls.calls import Calls
from voi.calls.services import Services
from voi.config.agents import Agent
from voi.config.outgoing import OutgoingSettings
from voi.config.phones import Phones
from voi.core.end_reason import EndReason
from voi.errors import StoreError
from voi.store.keys import Keys
from voi.store.schema import metadata
from voi.tasks import Tasks
from voi.transports.telephone.outgoing.order import CallOrder
from voi.transports.telephone.outgoing.order_store import OrderStore
from voi.transports.telephone.outgoing.runner import OutgoingCalls

NOON_MS = 1_796_040_000_000
"""UTC, on a day of November 2026."""
LATE_MS = NOON_MS + (11 * 60 + 58) * 60_000
"""23:58."""


class MemoryStore:
    """What `OrderStore` needs of a `Store`, without threads. `fails`: every transaction does. `slow_s`: how long each
    takes."""

    def __init__(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        self._connection = engine.connect()
        metadata.create_all(self._connection)
        self._connection.commit()
        self.keys = Keys(())
        self.fails = False
        self.slow_s: Callable[[], float] = lambda: 0.0

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        if self.fails:
            raise StoreError("The store is away.")
        with self._connection.begin():
            yield self
        await asyncio.sleep(self.slow_s())

    reading = writing

    @property
    def dialect(self) -> Any:
        return self._connection.dialect

    async def execute(self, *what: Any) -> Any:
        return self._connection.execute(*what)

    def _read(self, query: str) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = [dict(row._mapping) for row in self._connection.exec_driver_sql(query)]
        self._connection.commit()
        return rows

    def states(self) -> Counter[str]:
        return Counter(row["state"] for row in self._read("SELECT state FROM call_orders"))

    def rows(self) -> list[Mapping[str, Any]]:
        return self._read("SELECT * FROM call_orders ORDER BY position")

    def books(self) -> Mapping[str, Any]:
        return next(iter(self._read("SELECT * FROM call_accounts")), {"calls": 0, "spent_ms": 0})


class Talk(FakeSession):
    def adapt(self, change: Any) -> None: ...

    def part(self, reason: EndReason, words: str = "") -> None:
        self.end(reason, words)


class Metrics:
    """`OutgoingMetrics` and `CallMetrics`."""

    def __init__(self) -> None:
        self.over: Counter[str] = Counter()
        self.refused_orders: Counter[str] = Counter()
        self.waiting: Mapping[str, int] = {}
        self.left: Mapping[str, tuple[int, int]] = {}

    def order_over(self, outcome: str) -> None:
        self.over[outcome] += 1

    def order_refused(self, reason: str) -> None:
        self.refused_orders[reason] += 1

    def orders_waiting(self, counts: Mapping[str, int], left: Mapping[str, tuple[int, int]]) -> None:
        self.waiting, self.left = counts, left

    def order_taken(self) -> None: ...

    def call_taken_by(self, taken_by: str, why: str) -> None: ...

    def line_fault(self, fault: str) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class OrderWorld:
    """`outgoing`: fields of phones.json's `outgoing`, and `account`: of its one account."""

    def __init__(self, dialer: FakeDialer, places: int = 10, began_ms: int = NOON_MS, **outgoing: Any) -> None:
        account = {"calls_per_second": 50, "calls_at_once": 3, **outgoing.pop("account", {})}
        given = {"accounts": {"desk": account}, "allow": ["+49*"], **outgoing}
        self.config = SimpleNamespace(
            agents={"ada": Agent(llm_model="m")}, agent=lambda name: Agent(llm_model="m"),
            phones=Phones(public_url="https://x.example", outgoing=OutgoingSettings.model_validate(given)),
        )  # fmt: skip
        self.dialer = dialer
        self._began_ms = began_ms
        self.store = MemoryStore()
        self.places = places
        self.metrics = Metrics()
        self.told: list[str] = []
        self.loop = asyncio.get_running_loop()
        self._began_s = self.loop.time()
        self.begin()

    def now_ms(self) -> int:
        return self._began_ms + round((self.loop.time() - self._began_s) * 1_000)

    def begin(self) -> None:
        """A server starts."""
        self.sessions: list[Talk] = []
        admission = Admission(self.places)
        admission.open()
        services = Services(SimpleNamespace(current=self.config), self._open, self.metrics, Tasks())  # type: ignore[arg-type]
        self.calls = Calls(admission, services)
        self._order_store = OrderStore(self.store)  # type: ignore[arg-type]
        self.outgoing = OutgoingCalls(
            self.calls, lambda: self.config, self._order_store, self.metrics,  # type: ignore[arg-type, return-value]
            lambda order_id, webhook: self.told.append(order_id), clock_ms=self.now_ms,
        )  # fmt: skip
        self.calls.on_over = self.outgoing.over
        self.dialers = {"desk": self.dialer}
        self.outgoing.dialers.sources.append(self.dialers.get)
        self._running = self.loop.create_task(self.outgoing.run())

    def _open(self, conversation_id: str, line: Any, agent: Any, config: Any, options: Any, **_: Any) -> Any:
        self.sessions.append(Talk(conversation_id, line, agent, options))
        return self.sessions[-1]

    async def order(self, to: str = "+4930123456", **fields: Any) -> str:
        kept, _ = await self.outgoing.order("shop", CallOrder(to=to, account="desk", agent="ada", **fields))
        return kept.id

    async def crash(self) -> None:
        """The server dies: nothing that it would do at its end is done."""
        old, away = self.outgoing, self.store
        tasks = [self._running, *old._tasks, *self.calls.services.tasks]
        self._order_store._store = None  # type: ignore[assignment]  # it writes nothing any more
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert away is self.store
        self.begin()

    async def restart(self) -> None:
        """The server is stopped in order, and another one starts."""
        self.outgoing.stop()
        await self.calls.drain(0.05, asyncio.Event())
        await self.outgoing.close()
        self._running.cancel()
        self.begin()

    async def close(self) -> None:
        self.dialer.freed.set()
        self._running.cancel()
        await self.calls.drain(0, asyncio.Event())
        await self.outgoing.close()

    def row(self, order_id: str) -> Mapping[str, Any]:
        return next(row for row in self.store.rows() if row["id"] == order_id)

    def outcome(self, order_id: str) -> Any:
        return self.row(order_id)["outcome"]
