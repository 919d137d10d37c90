"""Calls to colleagues: who may be called, and what they cost their account. Over SQLite in memory, in virtual time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.dialer import FakeDialer
from tests.transports.telephone.outgoing.world import NOON_MS, MemoryStore
from voi.config.outgoing import OutgoingSettings
from voi.config.transfers import CallTransfer
from voi.transports.telephone.consultation import NotConsulted
from voi.transports.telephone.outgoing.destinations import parse_destination
from voi.transports.telephone.outgoing.dialers import Dialers
from voi.transports.telephone.outgoing.order_store import OrderStore
from voi.transports.telephone.outgoing.policy import OrderRefused
from voi.transports.telephone.outgoing.second_calls import SecondCalls

NUMBER = "+4930123456"


class Office:
    """Second calls of the account desk. `account`: its limits; `outgoing`: of phones.json, None: there is none."""

    def __init__(self, dialer: FakeDialer | None = None, *, outgoing: Any = (), stored: bool = True, **account: Any):
        self.dialer = dialer or FakeDialer()
        dialers = Dialers()
        dialers.sources.append({"desk": self.dialer}.get)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        given = None if outgoing is None else {"accounts": {"desk": account}, **dict(outgoing)}
        settings = OutgoingSettings.model_validate(given) if given is not None else None
        config = SimpleNamespace(phones=SimpleNamespace(outgoing=settings))
        self.store = MemoryStore()
        self.calls = SecondCalls(
            dialers, lambda: config, OrderStore(self.store) if stored else None,  # type: ignore[arg-type, return-value]
            lambda: NOON_MS + round((loop.time() - began_s) * 1_000),
        )  # fmt: skip

    async def ring(self, to: str = NUMBER, **fields: Any) -> Any:
        return await self.calls.of("desk")(CallTransfer(to=to, way="attended", **fields))

    async def refused(self, to: str = NUMBER) -> str:
        with pytest.raises(NotConsulted) as failed:
            await self.ring(to)
        return failed.value.outcome

    async def permitted(self, to: str = NUMBER) -> str:
        """Why a REFER to there is refused; "": it is not."""
        try:
            (await self.calls.permit("desk", parse_destination(to))).close()
        except OrderRefused as refused:
            return refused.reason
        return ""


@in_virtual_time
async def test_what_a_call_costs_is_in_the_books() -> None:
    office = Office()
    colleague = await office.ring()
    assert (office.store.books()["calls"], office.store.books()["spent_ms"]) == (1, 60_000)
    assert office.calls.under_way == 1
    await asyncio.sleep(130)
    assert office.store.books()["spent_ms"] == 180_000
    colleague.close()
    colleague.close()
    await asyncio.sleep(1)
    assert office.store.books()["spent_ms"] == pytest.approx(130_000, abs=100)
    assert office.store.books()["calls"] == 1
    assert office.calls.under_way == 0
    assert office.dialer.phones[0].closed == 1
    await office.calls.close()


@in_virtual_time
async def test_a_call_ends_when_its_account_is_used_up() -> None:
    office = Office(minutes_per_day=2)
    colleague = await office.ring()
    assert await asyncio.wait_for(asyncio.shield(colleague.gone_why), 200) == (
        "the account's minutes of today are used up"
    )
    colleague.close()
    assert await office.refused() == "not_allowed", "less than a minute is left"
    await office.calls.close()
    longest = Office(longest_minutes=1.5)
    colleague = await longest.ring()
    began_s = asyncio.get_running_loop().time()
    await colleague.gone_why
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(90, abs=1)
    colleague.close()
    await longest.calls.close()


@in_virtual_time
async def test_calls_a_day_and_at_once() -> None:
    office = Office(calls_per_day=2, calls_at_once=1)
    colleague = await office.ring()
    assert await office.refused() == "not_allowed", "one at once"
    colleague.close()
    (await office.ring()).close()
    assert await office.refused() == "not_allowed", "two a day"
    assert len(office.dialer.dials) == 2
    await office.calls.close()


@in_virtual_time
async def test_a_call_that_nobody_takes_costs_no_minute() -> None:
    office = Office(FakeDialer("busy"))
    with pytest.raises(Exception, match="busy"):
        await office.ring()
    await asyncio.sleep(0.1)
    assert (office.store.books()["spent_ms"], office.calls.under_way) == (0, 0)
    ringing = Office(FakeDialer("rings on"))
    task = asyncio.ensure_future(ringing.ring())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0.1)
    assert (ringing.store.books()["spent_ms"], ringing.calls.under_way) == (0, 0)
    for each in (office, ringing):
        each.dialer.freed.set()
        await each.calls.close()


@in_virtual_time
async def test_where_operators_send_calls_needs_no_permission_but_for_what_is_never_called() -> None:
    office = Office(outgoing={"deny": ["+4930123457"]})
    assert await office.refused("+49112") == "failed"
    assert await office.refused("+49 900 123456") == "not_allowed"
    assert await office.refused("+4930123457") == "not_allowed"
    (await office.ring("+49 (30) 123-456")).close()
    assert office.dialer.dials[0].destination == NUMBER
    await office.calls.close()
    plain = Office(outgoing=None, stored=False)
    (await plain.ring()).close()
    assert plain.calls.under_way == 0
    plain.calls.stop()
    assert await plain.refused() == "unreachable"
    await plain.calls.close()


@in_virtual_time
async def test_what_peers_ask_for_has_to_be_allowed() -> None:
    assert await Office(outgoing=None).permitted() == "off"
    assert await Office(outgoing={"allow": ["+49*"]}, stored=False).permitted() == "no_store"
    assert await Office().permitted() == "not_allowed"
    assert await Office(outgoing={"allow": ["+49*"]}, allow=["+4989*"]).permitted() == "not_allowed"
    assert await Office(outgoing={"allow": ["+49*"]}, calls_per_day=0).permitted() == "budget"
    office = Office(outgoing={"allow": ["+49*"]})
    assert await office.permitted() == ""
    assert await office.permitted("+49900123456") == "premium"
    await OrderStore(office.store).never_call(NUMBER, "agent", NOON_MS)  # type: ignore[arg-type]
    assert await office.permitted() == "never"
    office.store.fails = True
    assert await office.permitted("+4930123457") == "no_store"
