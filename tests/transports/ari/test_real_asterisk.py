"""The same calls over the fake Asterisk and, if ASTERISK_ARI_URL names one, over a real one.

A real one needs, beside http.conf and ari.conf, a context `voi-test` in which the extension `s` answers and waits
(exten => s,1,Answer() and same => n,Echo()), and numbers lead there (exten => _+X.,1,Goto(s,1)). ASTERISK_ARI_USER and
ASTERISK_ARI_PASSWORD are those of ari.conf.
"""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.asterisk import PASSWORD, USER, FakeAsterisk
from tests.server.serving import fake_engines, serving
from tests.transports.ari.test_served import counted, until
from voi.transports.ari.operations import Operations
from voi.transports.ari.rest import AriClient
from voi.transports.telephone.dialing import Dial

URL = os.environ.get("ASTERISK_ARI_URL", "")
real = pytest.param(
    "real", marks=pytest.mark.skipif(not URL, reason="ASTERISK_ARI_URL names no real Asterisk"), id="real"
)
pytestmark = [pytest.mark.integration, pytest.mark.parametrize("which", ["fake", real])]

Patch = pytest.MonkeyPatch
ENDPOINT = "Local/s@voi-test/n"


@dataclass
class Pbx:
    """An Asterisk, seen as a client of its own sees it, and a server that is connected to it."""

    running: Any
    operations: Operations
    app: str

    @property
    def calls_now(self) -> int:
        return len(self.running.server.asterisk.running["pbx"]._live)

    async def ring(self) -> str:
        """Somebody calls. Returns the id of the channel."""
        caller = f"test-{uuid.uuid4()}"
        await self.operations.originate(caller, ENDPOINT, self.app, "", 10)
        return caller

    async def over(self) -> None:
        await until(lambda: self.running.server.admission.active == 0 and self.calls_now == 0)


@asynccontextmanager
async def connected(which: str, tmp_path: Path, monkeypatch: Patch, **more: Any) -> AsyncIterator[Pbx]:
    """Nothing of ours is left in Asterisk behind it."""
    async with AsyncExitStack() as stack:
        if which == "real":
            url, user, password = URL, os.environ["ASTERISK_ARI_USER"], os.environ["ASTERISK_ARI_PASSWORD"]
        else:
            url, user, password = (await stack.enter_async_context(FakeAsterisk())).url, USER, PASSWORD
        monkeypatch.setenv("ARI_PASSWORD", password)
        monkeypatch.setattr("voi.transports.ari.link.FIRST_WAIT_S", 0.2)
        monkeypatch.setattr("voi.transports.ari.orphans.GRACE_S", 0.5)
        app = f"voi-test-{uuid.uuid4().hex[:8]}"
        entry = {"url": url, "user": user, "password": "${ARI_PASSWORD}", "stasis": {app: {"agent": "echo"}}, **more}
        (tmp_path / "phones.json").write_text(json.dumps({"asterisk": {"pbx": entry}}))
        client = AriClient(url, user, password)
        stack.push_async_callback(client.close)
        operations = Operations(client)
        before = await operations.channels(), await operations.bridges()
        async with serving(tmp_path, monkeypatch, fake_engines("one two three"), disclose=()) as running:
            await until(lambda: counted(running, "link", "connected"))
            yield Pbx(running, operations, app)
        async with asyncio.timeout(60):
            while await operations.channels() - before[0] or await operations.bridges() - before[1]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("media", ["auto", "rtp", "audiosocket", "websocket"])
async def test_a_call(which: str, media: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with connected(which, tmp_path, monkeypatch, media=media) as pbx:
        caller = await pbx.ring()
        await until(lambda: counted(pbx.running, "call", "answered"))
        (call,) = pbx.running.server.calls
        await until(lambda: call.session is not None and call.session.dialogue())
        await pbx.operations.hang_up(caller)
        await pbx.over()


async def test_the_caller_leaves_at_any_moment(which: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with connected(which, tmp_path, monkeypatch) as pbx:
        for wait_ms in (0, 5, 10, 20, 40, 80, 160, 320):
            caller = await pbx.ring()
            await asyncio.sleep(wait_ms / 1_000)
            await pbx.operations.hang_up(caller)
        await pbx.over()
        await pbx.ring()
        await until(lambda: pbx.running.server.admission.active == 1)


async def test_the_agent_hangs_up(which: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with connected(which, tmp_path, monkeypatch) as pbx:
        caller = await pbx.ring()
        await until(lambda: counted(pbx.running, "call", "answered"))
        (call,) = pbx.running.server.calls
        await until(lambda: call.started)
        call.hang_up()
        await pbx.over()
        assert caller not in await pbx.operations.channels()


async def test_the_events_drop_in_mid_call(which: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """The call goes on; one whose end nobody told is found to be over."""
    sockets: list[Any] = []
    connect = AriClient.events

    async def kept(client: AriClient, apps: str) -> Any:
        sockets.append(await connect(client, apps))
        return sockets[-1]

    monkeypatch.setattr(AriClient, "events", kept)
    async with connected(which, tmp_path, monkeypatch) as pbx:
        caller = await pbx.ring()
        await until(lambda: counted(pbx.running, "call", "answered"))
        sockets[-1]._conn.transport.abort()  # as the network would
        await until(lambda: counted(pbx.running, "link", "connected") == 2)
        assert pbx.calls_now == 1
        assert caller in await pbx.operations.channels()
        sockets[-1]._conn.transport.abort()
        await until(lambda: not pbx.running.server.asterisk.running["pbx"].connected)
        await pbx.operations.hang_up(caller)
        await pbx.over()


async def test_what_an_earlier_voi_left_is_ended(which: str, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.ari.orphans.EVERY_S", 0.5)
    async with connected(which, tmp_path, monkeypatch) as pbx:
        bridge = f"voi-bridge-{pbx.app}-left"
        await pbx.operations.make_bridge(bridge)
        await pbx.operations.make_bridge("somebody-elses")
        async with asyncio.timeout(60):
            while bridge in await pbx.operations.bridges():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert "somebody-elses" in await pbx.operations.bridges()
        await pbx.operations.end_bridge("somebody-elses")


async def test_a_call_that_voi_makes(which: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with connected(which, tmp_path, monkeypatch, outgoing={"endpoint": "Local/{number}@voi-test/n"}) as pbx:
        await until(lambda: pbx.running.server.asterisk.dialer("pbx"))
        dialer = pbx.running.server.asterisk.dialer("pbx")
        gone: list[str] = []
        dial = Dial("+4930555555", ring_timeout_s=5)
        answered = await dialer.dial(dial, lambda: None, lambda: gone.append("gone"))
        assert answered.line.rate_hz in (8_000, 16_000)
        (live,) = pbx.running.server.asterisk.running["pbx"]._live
        await pbx.operations.hang_up(live.leg.channel)
        await until(lambda: gone == ["gone"])
        await pbx.over()
