"""An Asterisk that is slow, refuses, tells things twice and out of order, and loses channels in between: a call ends or
goes on, nothing of it stays, and the next one is answered."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.asterisk import FakeAsterisk, FakeChannel
from tests.server.serving import fake_engines, serving
from tests.transports.ari.test_served import GREETING_MS, calls_now, connected, counted, empty, loud, until, write_pbx
from voi.transports.ari.rest import AriClient
from voi.transports.telephone.dialing import Dial, NotAnswered

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch
SETUP = ("POST bridges", "POST externalMedia", "POST answer", "POST addChannel")
"""What Voi asks for between a call's first event and its conversation."""


@asynccontextmanager
async def answering(tmp_path: Path, monkeypatch: Patch, **more: Any) -> AsyncIterator[tuple[FakeAsterisk, Any]]:
    """An Asterisk, and a server that waits a second for its answers and looks for orphans all the time."""
    monkeypatch.setattr(AriClient.__init__, "__defaults__", (1.0,))
    monkeypatch.setattr("voi.transports.ari.orphans.EVERY_S", 0.3)
    monkeypatch.setattr("voi.transports.ari.orphans.GRACE_S", 0.2)
    monkeypatch.setattr("voi.transports.ari.link.FIRST_WAIT_S", 0.1)
    monkeypatch.setattr("voi.transports.ari.leg.STARTED_S", 1.0)
    monkeypatch.setattr("voi.transports.ari.media.COME_S", 1.0)
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, **more)
        async with serving(tmp_path, monkeypatch, fake_engines("one two three"), disclose=()) as running:
            await connected(pbx)
            yield pbx, running


async def is_answered(pbx: FakeAsterisk, running: Any) -> None:
    """A call of somebody else's: it is greeted, and leaves nothing."""
    await until(lambda: pbx.sockets)
    channel = pbx.ring()
    await until(lambda: loud(channel) > 5)
    channel.hang_up()
    await empty(pbx, running)


@pytest.mark.parametrize("status", [404, 409, 500])
@pytest.mark.parametrize("operation", SETUP)
async def test_a_refusal_ends_that_call_alone(operation: str, status: int, tmp_path: Path, monkeypatch: Patch) -> None:
    async with answering(tmp_path, monkeypatch) as (pbx, running):
        talking = pbx.ring()
        await until(lambda: loud(talking))
        pbx.refuse[operation] = status
        refused = pbx.ring()
        await until(lambda: not refused.alive)
        pbx.refuse.clear()
        outcome = "setup_failed" if status == 500 else "left_early"
        assert counted(running, "call", outcome) == 1
        await until(lambda: len(pbx.channels) == 2 and len(pbx.bridges) == 1)
        assert talking.alive
        talking.hang_up()
        await empty(pbx, running)
        await is_answered(pbx, running)


@pytest.mark.parametrize("operation", [*SETUP, "DELETE channels", "DELETE bridges"])
async def test_no_answer_in_time(operation: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """It is carried out all the same, later: what comes of it is found among the orphans."""
    async with answering(tmp_path, monkeypatch) as (pbx, running):
        pbx.slow[operation] = 1.5
        channel = pbx.ring()
        if operation.startswith("DELETE"):
            await until(lambda: loud(channel))
            (call,) = running.server.calls
            call.hang_up()
        await until(lambda: calls_now(running) == 0 and not channel.alive)
        await asyncio.sleep(1.0)
        pbx.slow.clear()
        await empty(pbx, running)
        await is_answered(pbx, running)


@pytest.mark.parametrize("operation", ["DELETE channels", "DELETE bridges"])
async def test_what_cannot_be_cleared_away_is_cleared_away_later(
    operation: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    async with answering(tmp_path, monkeypatch) as (pbx, running):
        channel = pbx.ring()
        await until(lambda: loud(channel))
        pbx.refuse[operation] = 500
        (call,) = running.server.calls
        call.hang_up()
        await until(lambda: calls_now(running) == 0)
        await asyncio.sleep(0.5)
        assert pbx.channels or pbx.bridges
        pbx.refuse.clear()
        await empty(pbx, running)


async def test_an_asterisk_that_is_slow_but_answers(tmp_path: Path, monkeypatch: Patch) -> None:
    """Its events come long before its answers."""
    async with answering(tmp_path, monkeypatch, outgoing={"endpoint": "Local/{number}@out"}) as (pbx, running):
        pbx.slow_s = 0.4
        await is_answered(pbx, running)
        gone: list[str] = []
        await until(lambda: running.server.asterisk.dialer("pbx"))
        dialer = running.server.asterisk.dialer("pbx")
        answered = await dialer.dial(Dial("+4930555555", ring_timeout_s=5), lambda: None, lambda: gone.append("gone"))
        assert answered.line.rate_hz == 8_000
        pbx.channels[pbx.originated[0]["channelId"]].hang_up()
        await until(lambda: gone == ["gone"])
        await empty(pbx, running)
        assert counted(running, "call", "answered") == 1


@pytest.mark.parametrize("dies", ["caller", "sound"])
@pytest.mark.parametrize("operation", SETUP)
async def test_a_channel_dies_in_between(operation: str, dies: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with answering(tmp_path, monkeypatch) as (pbx, running):
        struck: list[str] = []

        def strike(asked: str) -> None:
            if asked == operation and not struck:
                victims = [each for each in pbx.channels.values() if (each.media is not None) == (dies == "sound")]
                if victims:
                    struck.append(operation)
                    pbx.end(victims[0])

        pbx.on_asked = strike
        channel = pbx.ring()
        if dies == "sound" and operation in ("POST bridges", "POST externalMedia"):
            await until(lambda: loud(channel))  # there was none yet
            channel.hang_up()
        await until(lambda: not channel.alive)
        pbx.on_asked = lambda asked: None
        await empty(pbx, running)
        await is_answered(pbx, running)


async def test_the_events_are_lost_while_a_call_is_set_up(tmp_path: Path, monkeypatch: Patch) -> None:
    """Nobody tells that the channel for its sound is there: that call ends, and is not left in silence."""
    async with answering(tmp_path, monkeypatch) as (pbx, running):
        pbx.late_start_s = 0.3
        channel = pbx.ring()
        await until(lambda: "POST channels/externalMedia" in pbx.asked)
        socket, pbx.sockets = pbx.sockets[0], []
        await until(lambda: not channel.alive or loud(channel))
        pbx.sockets.append(socket)
        await pbx.drop_events()
        await empty(pbx, running)
        await is_answered(pbx, running)


async def test_the_end_comes_before_the_beginning(tmp_path: Path, monkeypatch: Patch) -> None:
    async with answering(tmp_path, monkeypatch) as (pbx, running):
        channel = FakeChannel(pbx, "1700000000.77")
        pbx.event("ChannelDestroyed", channel=channel.json(), cause=16)
        pbx.event("StasisEnd", channel=channel.json())
        pbx.event("StasisStart", channel=channel.json(), args=[])
        await until(lambda: counted(running, "call", "left_early") == 1)
        await empty(pbx, running)
        await is_answered(pbx, running)


@pytest.mark.parametrize("way", ["rtp", "audiosocket", "websocket"])
async def test_forty_calls_in_disorder(way: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """Events come twice and in any order, channels are announced late, and people hang up whenever they like."""
    async with answering(tmp_path, monkeypatch, media=way) as (pbx, running):
        chance = random.Random(5)
        pbx.twice, pbx.disorder_s, pbx.late_start_s, pbx.slow_s = True, 0.08, 0.05, 0.01
        patient = [pbx.ring() for _ in range(4)]
        for _ in range(36):
            hasty = pbx.ring()
            asyncio.get_running_loop().call_later(chance.random() * 0.5, hasty.hang_up)
            await asyncio.sleep(0.03)
        await until(lambda: all(loud(each) * 20 >= GREETING_MS for each in patient), 60)
        for each in patient:
            each.hang_up()
        await empty(pbx, running)
        pbx.twice, pbx.disorder_s = False, 0.0
        await is_answered(pbx, running)


async def test_calls_that_voi_makes_in_disorder(tmp_path: Path, monkeypatch: Patch) -> None:
    outgoing = {"endpoint": "Local/{number}@out"}
    async with answering(tmp_path, monkeypatch, outgoing=outgoing) as (pbx, running):
        pbx.twice, pbx.disorder_s, pbx.late_start_s = True, 0.08, 0.05
        await until(lambda: running.server.asterisk.dialer("pbx"))
        dialer = running.server.asterisk.dialer("pbx")
        gone: list[int] = []
        dial = Dial("+4930555555", ring_timeout_s=5)
        calls = [dialer.dial(dial, lambda: None, lambda number=n: gone.append(number)) for n in range(8)]  # type: ignore[misc]
        await asyncio.gather(*calls)
        for asked in pbx.originated:
            pbx.channels[asked["channelId"]].hang_up()
        await until(lambda: sorted(gone) == list(range(8)))
        await empty(pbx, running)
        for operation in ("POST channels", *SETUP[:2], SETUP[3]):
            pbx.refuse = {operation: 500}
            with pytest.raises(NotAnswered):
                await dialer.dial(dial, lambda: None, lambda: None)
            pbx.refuse = {}
            await empty(pbx, running)
