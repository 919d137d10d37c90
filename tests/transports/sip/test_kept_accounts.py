"""Accounts of the store at several servers: one uses them, all show and change them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest

pytest.importorskip("sqlalchemy")

from voi.config.sip_accounts import SipAccount
from voi.errors import ClientError, NameTaken, StoreError
from voi.store import phone_accounts as table
from voi.store.store import Store
from voi.transports.sip.account_calls import CallUnderWay
from voi.transports.sip.account_status import NoSuchAccount
from voi.transports.sip.kept_accounts import SHADOWED, UNREADABLE, KeptAccounts
from voi.transports.sip.registration import AccountState

NOW_MS = 1_796_040_000_000
ACCOUNT = SipAccount(server=("pbx.test",), user="voi", password="planted-password")


class FakeSip:
    """`SipService`, as far as it is asked: all that it is given is registered at once."""

    def __init__(self, kept: KeptAccounts) -> None:
        self._kept = kept
        self.states: dict[str, AccountState] = {}
        self.under_way: dict[str, list[CallUnderWay]] = {}

    async def renew(self) -> None:
        self.states = {name: AccountState("registered", 1.0) for name in self._kept.mine}


class Machine:
    """Servers that share a store, and its clock."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now_ms = NOW_MS
        self.of_file: dict[str, SipAccount] = {}
        self.stores: list[Store] = []

    async def server(self, *, sip: bool = True, shared: bool = True) -> KeptAccounts:
        store = Store(self.url, ("k" * 32,))
        await store.open()
        self.stores.append(store)
        made = KeptAccounts(store, lambda: self.of_file, shared=shared, clock_ms=lambda: self.now_ms)
        if sip:
            made.sip = cast(Any, FakeSip(made))
        return made


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    made = Machine(f"sqlite:{tmp_path}/voi.db")
    yield made
    for store in made.stores:
        await store.close()


async def states(server: KeptAccounts) -> dict[str, tuple[str, str]]:
    return {each.name: (each.status.state.name, each.status.state.reason) for each in await server.listed()}


def with_agent(name: str) -> Callable[[SipAccount | None], SipAccount]:
    return lambda before: cast(SipAccount, before).model_copy(update={"agent": name})


async def test_a_change_at_one_server_is_followed_by_the_one_with_sip(machine: Machine) -> None:
    phone, web = await machine.server(), await machine.server(sip=False)
    await web.add("desk", ACCOUNT, started=True)
    assert await states(web) == {"desk": ("starting", "no server with SIP has it yet")}
    await phone.follow()
    assert phone.mine == {"desk": ACCOUNT}
    assert await states(web) == await states(phone) == {"desk": ("registered", "")}
    before = phone.mine
    await phone.follow()
    assert phone.mine is before, "nothing has changed"
    await web.change("desk", with_agent("ada"))
    assert await states(web) == {"desk": ("starting", "")}
    await phone.follow()
    assert phone.mine["desk"].agent == "ada"
    assert phone.mine["desk"].password == "planted-password"
    assert await states(web) == {"desk": ("registered", "")}
    await web.change("desk", lambda before: None, started=False)
    assert await states(web) == {"desk": ("stopped", "")}
    await phone.follow()
    assert phone.mine == {}
    await phone.change("desk", lambda before: None, started=True)
    assert phone.mine, "where it was asked, it is done"
    await web.delete("desk")
    await phone.follow()
    assert (phone.mine, await states(web)) == ({}, {})


async def test_calls_are_shown_everywhere_also_of_a_stopped_account(machine: Machine) -> None:
    phone, web = await machine.server(), await machine.server(sip=False)
    await phone.add("desk", ACCOUNT, started=True)
    cast(FakeSip, phone.sip).under_way["desk"] = [CallUnderWay("in", "talking", 5.0, "c1")]
    await phone.change("desk", lambda before: None, started=False)
    (listed,) = await web.listed()
    assert (listed.status.state.name, [call.id for call in listed.status.calls]) == ("stopped", ["c1"])


async def test_another_server_takes_over_what_a_dead_one_had(machine: Machine) -> None:
    one, two = await machine.server(), await machine.server()
    await one.add("desk", ACCOUNT, started=True)
    await two.follow()
    assert (list(one.mine), list(two.mine)) == (["desk"], [])
    machine.now_ms += table.CLAIM_MS - 1_000
    await one.follow()
    await two.follow()
    assert (list(one.mine), list(two.mine)) == (["desk"], []), "the claim was renewed"
    machine.now_ms += table.CLAIM_MS + 1
    await two.follow()
    assert list(two.mine) == ["desk"]
    await one.follow()
    assert list(one.mine) == [], "it is back, and has lost it"
    await two.leave()
    await two.follow()
    await one.follow()
    assert list(one.mine) == ["desk"], "one that leaves gives it back at once"


async def test_an_account_is_renewed_by_whoever_has_it_without_a_write_each_time(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await machine.server(shared=False)
    written: list[str] = []
    claim = table.claim_accounts
    monkeypatch.setattr(
        table,
        "claim_accounts",
        lambda connection, server, now: (written.append(server), claim(connection, server, now))[1],
    )
    await server.follow()
    assert not written
    await server.add("desk", ACCOUNT, started=True)
    for _ in range(10):
        machine.now_ms += 1_000
        await server.follow()
    assert len(written) == 2


async def test_an_account_that_cannot_be_read(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    server = await machine.server()
    await server.add("desk", ACCOUNT, started=False)
    async with machine.stores[0].writing() as connection:
        await table.change_account(connection, machine.stores[0].keys, "desk", details='{"user": 1}', started=True)
    await server.follow()
    assert (server.mine, await states(server)) == ({}, {"desk": ("unusable", UNREADABLE)})
    assert f"the telephone account desk: {UNREADABLE}" in caplog.text
    seen: list[object] = []

    def changed(before: SipAccount | None) -> SipAccount:
        seen.append(before)
        return ACCOUNT

    await server.change("desk", changed)
    assert seen == [None]
    assert await states(server) == {"desk": ("registered", "")}


async def test_an_account_of_the_file_goes_before_one_of_the_store(machine: Machine) -> None:
    server = await machine.server()
    await server.add("desk", ACCOUNT, started=True)
    machine.of_file["desk"] = ACCOUNT
    assert [(each.from_file, each.status.state.reason) for each in await server.listed()] == [
        (True, ""), (False, SHADOWED)
    ]  # fmt: skip
    await server.delete("desk")
    with pytest.raises(NameTaken, match=r"of phones\.json"):
        await server.delete("desk")
    with pytest.raises(NameTaken, match=r"of phones\.json"):
        await server.change("desk", with_agent("ada"))
    with pytest.raises(NameTaken, match=r"of phones\.json"):
        await server.add("desk", ACCOUNT, started=True)


async def test_what_is_not_there(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    server = await machine.server()
    for name in ("nobody", "No Name\0"):
        with pytest.raises(NoSuchAccount):
            await server.delete(name)
        with pytest.raises(NoSuchAccount):
            await server.change(name, with_agent("ada"))
    await server.add("desk", ACCOUNT, started=True)
    with pytest.raises(NameTaken):
        await server.add("desk", ACCOUNT, started=True)
    monkeypatch.setattr(table, "ACCOUNTS_MAX", 1)
    with pytest.raises(ClientError, match="which is the most"):
        await server.add("other", ACCOUNT, started=True)


async def test_while_the_store_is_away_accounts_stay(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = await machine.server()
    await server.add("desk", ACCOUNT, started=True)
    reading = machine.stores[0].reading

    def fails() -> Any:
        raise StoreError("away")

    monkeypatch.setattr(machine.stores[0], "reading", fails)
    for _ in range(3):
        await server.follow()
    assert list(server.mine) == ["desk"]
    assert caplog.text.count("what it said last counts") == 1
    monkeypatch.setattr(machine.stores[0], "reading", reading)
    await server.follow()


async def test_it_looks_again_and_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voi.transports.sip.kept_accounts.LOOK_EVERY_S", 0.001)
    server, web = await machine.server(), await machine.server(sip=False)
    running = asyncio.ensure_future(server.run())
    await web.add("desk", ACCOUNT, started=True)
    async with asyncio.timeout(60):
        while not server.mine:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])


async def test_no_secret_is_logged(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = await machine.server()
    await server.add("desk", ACCOUNT, started=True)
    await server.change("desk", with_agent("ada"))
    assert "planted-password" not in caplog.text + repr(await server.listed())


async def test_secrets_are_told_to_the_log_before_anything_can_be_logged(machine: Machine) -> None:
    hidden: list[str] = []
    store = (await machine.server(sip=False))._store
    web = KeptAccounts(store, dict, shared=True, clock_ms=lambda: machine.now_ms, hide=hidden.extend)
    await web.add("desk", ACCOUNT, started=True)
    assert hidden == ["planted-password"]
    await web.change("desk", lambda before: ACCOUNT.model_copy(update={"secret": "another-secret"}))
    assert hidden[-1] == "another-secret"
    found: list[str] = []
    phone = KeptAccounts(store, dict, shared=True, clock_ms=lambda: machine.now_ms, hide=found.extend)
    phone.sip = cast(Any, FakeSip(phone))
    await phone.follow()
    assert found == ["planted-password", "another-secret"]
