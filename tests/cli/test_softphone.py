"""An agent on a telephone application that is a list of calls, in virtual time."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from voi.cli.gnome_calls import DesktopCall, DesktopCallState
from voi.cli.softphone import START_S, Softphone
from voi.errors import ClientError

ACTIVE, CALLING, INCOMING, OVER = (
    DesktopCallState.ACTIVE, DesktopCallState.CALLING, DesktopCallState.INCOMING, DesktopCallState.DISCONNECTED,
)  # fmt: skip


class FakeGnomeCalls:
    def __init__(self, *calls: DesktopCall) -> None:
        self.now = list(calls)
        self.did: list[str] = []
        self.online = True
        self.there = True
        self.takes_calls = True

    def set(self, path: str, state: DesktopCallState) -> None:
        self.now = [replace(each, state=state) if each.path == path else each for each in self.now]

    async def calls(self) -> list[DesktopCall]:
        if not self.there:
            raise ClientError("not there")
        return self.now

    async def can_dial(self, address: str) -> bool:
        return self.online

    async def dial(self, address: str) -> None:
        self.did.append(f"dial {address}")
        if self.takes_calls:
            self.now.append(DesktopCall(f"/{len(self.now)}", CALLING, False, address))

    async def accept(self, call: DesktopCall) -> None:
        self.did.append(f"accept {call.path}")
        self.set(call.path, ACTIVE)

    async def hang_up(self, call: DesktopCall) -> None:
        self.did.append(f"hang up {call.path}")
        self.set(call.path, OVER)


class FakeTalker:
    """Talks for `talks_s`, or until it is cancelled."""

    def __init__(self, talks_s: float) -> None:
        self.talks_s = talks_s
        self.talked: list[str] = []

    async def speak(self) -> None:
        self.talked.append("began")
        try:
            await asyncio.sleep(self.talks_s)
        except asyncio.CancelledError:
            self.talked.append("cancelled")
            raise
        raise ClientError("The server ended the conversation (1000).")


def made(phone: FakeGnomeCalls, talker: FakeTalker, ring_timeout_s: float = 20) -> Softphone:
    given: Any = phone
    return Softphone(given, lambda: talker, ring_timeout_s)  # type: ignore[arg-type,return-value]


@in_virtual_time
async def test_the_agent_talks_once_they_have_answered_and_ends_the_call() -> None:
    phone, talker = FakeGnomeCalls(DesktopCall("/old", OVER, False, "")), FakeTalker(5)
    calling = asyncio.create_task(made(phone, talker).call("sip:a@b"))
    await asyncio.sleep(3)
    assert talker.talked == []
    phone.set("/1", ACTIVE)
    await calling
    assert (phone.did, talker.talked) == (["dial sip:a@b", "hang up /1"], ["began"])


@in_virtual_time
async def test_the_other_side_hangs_up() -> None:
    phone, talker = FakeGnomeCalls(), FakeTalker(1_000)
    calling = asyncio.create_task(made(phone, talker).call("sip:a@b"))
    await asyncio.sleep(1)
    phone.set("/0", ACTIVE)
    await asyncio.sleep(10)
    phone.now = []
    await calling
    assert (phone.did, talker.talked) == (["dial sip:a@b"], ["began", "cancelled"])


@in_virtual_time
async def test_calls_that_do_not_come_about() -> None:
    phone, talker = FakeGnomeCalls(), FakeTalker(1)
    with pytest.raises(ClientError, match="Nobody answered within 20 s"):
        await made(phone, talker).call("sip:a@b")
    assert phone.did == ["dial sip:a@b", "hang up /0"]
    calling = asyncio.create_task(made(phone := FakeGnomeCalls(), talker).call("sip:a@b"))
    await asyncio.sleep(1)
    phone.set("/0", OVER)
    with pytest.raises(ClientError, match="was not answered"):
        await calling
    phone = FakeGnomeCalls()
    phone.takes_calls = False
    with pytest.raises(ClientError, match="did not dial"):
        await made(phone, talker).call("sip:a@b")
    phone.online = False
    with pytest.raises(ClientError, match="no account"):
        await made(phone, talker).call("sip:a@b")
    assert talker.talked == []


@in_virtual_time
async def test_it_waits_for_the_application() -> None:
    phone = FakeGnomeCalls()
    phone.there = False
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(ClientError, match="not there"):
        await made(phone, FakeTalker(1)).call("sip:a@b")
    assert asyncio.get_running_loop().time() - began_s >= START_S


@in_virtual_time
async def test_calls_that_come_in_are_answered_one_after_the_other() -> None:
    phone, talker = FakeGnomeCalls(DesktopCall("/0", INCOMING, True, "sip:x@y")), FakeTalker(3)
    answering = asyncio.create_task(made(phone, talker).answer_all())
    await asyncio.sleep(1)
    phone.now.append(DesktopCall("/1", INCOMING, True, "sip:z@y"))
    await asyncio.sleep(10)
    answering.cancel()
    assert phone.did == ["accept /0", "hang up /0", "accept /1", "hang up /1"]
    assert talker.talked == ["began"] * 2
