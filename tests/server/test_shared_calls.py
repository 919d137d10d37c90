"""Calls of other servers, asked for over HTTP."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import some_calls
from voi.calls.ringing import NotRinging, RingDecision
from voi.errors import StoreError
from voi.server.shared_calls import SharedCalls

needs_store = pytest.mark.skipif(importlib.util.find_spec("sqlalchemy") is None, reason="needs the store's packages")


class NoStore:
    """Fails whoever asks it."""


@pytest.mark.parametrize("call_id", ["x" * 201, "c1\0"])
def test_the_store_is_not_asked_for_what_can_be_no_call(call_id: str) -> None:
    @in_virtual_time
    async def run() -> None:
        shared = SharedCalls(some_calls(None), NoStore())  # type: ignore[arg-type]
        for ask in (shared.hang_up, shared.answer):
            with pytest.raises(NotRinging):
                await ask(call_id)

    run()


class Server:
    """One of two servers that share a store. `writes` False: its answers cannot be written."""

    def __init__(self, store: Any) -> None:
        self._store, self.writes = store, True
        self.calls = some_calls(None)  # type: ignore[arg-type]
        self.shared = SharedCalls(self.calls, self)  # type: ignore[arg-type]
        self.decided: list[RingDecision | None] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def writing(self) -> Any:
        if not self.writes:
            raise StoreError("The store cannot be written.")
        return self._store.writing()

    async def ring(self, call_id: str) -> None:
        """A call rings until somebody decides, and is then what they decided."""
        with self.calls.ringing.ring(call_id, "desk", "+4930123456") as call:
            self.decided.append(await call.decided(10.0))
            call.came_to()


@asynccontextmanager
async def two_servers(folder: Path) -> AsyncIterator[tuple[Server, Server]]:
    from voi.store.store import Store

    stores = [Store(f"sqlite:{folder}/voi.db") for _ in range(2)]
    for store in stores:
        await store.open()
    servers = Server(stores[0]), Server(stores[1])
    loops = [asyncio.ensure_future(server.shared.run()) for server in servers]
    try:
        yield servers
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for store in stores:
            await store.close()


async def listed(server: Server) -> list[str]:
    for _ in range(100):
        if found := [call.id for call in await server.shared.ringing()]:
            return found
        await asyncio.sleep(0.05)
    return []


@needs_store
async def test_a_call_that_rings_at_one_server_is_taken_at_another(tmp_path: Path) -> None:
    async with two_servers(tmp_path) as (one, two):
        ringing = asyncio.ensure_future(one.ring("c1"))
        assert await listed(two) == ["c1"]
        (shown,) = await two.shared.ringing()
        assert (shown.account, shown.caller) == ("desk", "+4930123456")
        await two.shared.answer("c1")
        await ringing
        assert one.decided == ["answer"]
        with pytest.raises(NotRinging):
            await two.shared.answer("c1")


@needs_store
async def test_a_call_is_refused_at_another_server_for_the_reason_given(tmp_path: Path) -> None:
    async with two_servers(tmp_path) as (one, two):
        ringing = asyncio.ensure_future(one.ring("c1"))
        assert await listed(two) == ["c1"]
        await two.shared.refuse("c1", "declined")
        await ringing
        assert one.decided == ["declined"]


@needs_store
async def test_what_was_done_is_not_done_again_when_it_could_not_be_told(tmp_path: Path) -> None:
    async with two_servers(tmp_path) as (one, two):
        done: list[str] = []

        async def do(call_id: str, what: str) -> None:
            done.append(what)

        one.shared._do = do  # type: ignore[method-assign]
        ringing = asyncio.ensure_future(one.ring("c1"))
        assert await listed(two) == ["c1"]
        one.writes = False
        asked = asyncio.ensure_future(two.shared.answer("c1"))
        await asyncio.sleep(1.2)  # it looks, and looks again
        assert list(one.shared._untold.values()) == [""]
        one.writes = True
        await asked
        assert done == ["answer"]
        assert not one.shared._untold
        ringing.cancel()
