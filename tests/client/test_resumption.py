"""The client that comes back by itself, against a server that does what a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSCloseCode, web

from voi.client import ErrorEvent, MessageEvent, ResumedEvent, StatusEvent, VoiClient
from voi.client import client as voi_client
from voi.errors import ClientError
from voi.transports.voi_ws import wire

Puppet = Callable[[web.WebSocketResponse], Awaitable[None]]
DONE = wire.init_done("echo", "the-id", 5)


class Server:
    """Each connection is one of the puppets, the last over and over. Keeps the first message of each."""

    def __init__(self, *puppets: Puppet) -> None:
        self.puppets = list(puppets)
        self.first: list[dict[str, Any]] = []
        self.url = ""

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.first.append(wire.split(await socket.receive_bytes())[0])
        await (self.puppets.pop(0) if len(self.puppets) > 1 else self.puppets[0])(socket)
        return socket


@asynccontextmanager
async def serving(*puppets: Puppet) -> AsyncIterator[Server]:
    server = Server(*puppets)
    app = web.Application()
    app.router.add_get("/ws", server.accept)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    server.url = f"ws://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/ws"  # type: ignore[attr-defined]
    try:
        yield server
    finally:
        await runner.cleanup()


def connect(server: Server, **more: Any) -> Any:
    return VoiClient.connect(server.url, token="t", agent_name="echo", timeout_s=2.0, resume=True, **more)


async def drop(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport  # type: ignore[union-attr]
    assert transport is not None
    transport.abort()


def begins(*frames: bytes, then: Puppet = drop) -> Puppet:
    async def puppet(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(DONE)
        for frame in frames:
            await socket.send_bytes(frame)
        await asyncio.sleep(0.05)
        await then(socket)

    return puppet


def resumes(sent: int, *frames: bytes, messages: int = 0, audio_bytes: int = 0) -> Puppet:
    async def puppet(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(wire.resumed(sent, messages, audio_bytes))
        for frame in frames:
            await socket.send_bytes(frame)
        await socket.close()

    return puppet


async def closes(socket: web.WebSocketResponse, code: int = 4004) -> None:
    await socket.send_bytes(wire.error("There is no such conversation."))
    await socket.close(code=code)


async def test_it_asks_says_what_it_has_and_goes_on() -> None:
    hi, there = wire.message(0, "assistant", "hi"), wire.message(0, "assistant", "hi there")
    async with serving(begins(hi), resumes(2, there)) as server, connect(server) as voi:
        events = [event async for event in voi]
        assert server.first[0]["resumable"] is True
        assert server.first[1] == {"type": "resume", "resume_id": "the-id", "received": 2}
        assert events[0] == MessageEvent(0, "assistant", "hi")
        assert isinstance(events[1], ResumedEvent)
        assert events[2:] == [MessageEvent(0, "assistant", "hi there")]
        assert voi.close_code == 1000


async def test_it_does_not_ask_unless_told_to() -> None:
    async with serving(begins()) as server:
        async with VoiClient.connect(server.url, token="t", agent_name="echo") as voi:
            assert [event async for event in voi] == []
        assert "resumable" not in server.first[0]
        assert len(server.first) == 1


async def test_what_did_not_arrive_is_sent_again_and_what_is_said_meanwhile_too() -> None:
    got: list[bytes] = []
    gate = asyncio.Event()

    async def slow(socket: web.WebSocketResponse) -> None:
        gate.set()
        await asyncio.sleep(0.1)
        await socket.send_bytes(wire.resumed(1, 1, 4))
        async for frame in socket:
            got.append(frame.data)
            if len(got) == 3:
                break
        await socket.close()

    async with serving(begins(), slow) as server, connect(server) as voi:
        await voi.send_audio(b"abcd")
        await voi.send_text("one")
        await voi.send_audio(b"efgh")
        events = asyncio.create_task(anext(voi))
        await gate.wait()
        await voi.send_audio(b"ij")
        await voi.create_response()
        assert isinstance(await events, ResumedEvent)
        await voi.send_text("two")
        assert [event async for event in voi] == []
        with pytest.raises(ClientError, match="is gone"):
            await voi.send_text("three")
    assert [wire.split(frame) for frame in got] == [
        ({"type": "audio"}, b"efghij"),
        ({"type": "create_response"}, b""),
        ({"type": "text", "content": "two"}, b""),
    ]


@pytest.mark.parametrize("code", [WSCloseCode.GOING_AWAY, 1012])
async def test_a_restart_is_no_end(code: int) -> None:
    async def leave(socket: web.WebSocketResponse) -> None:
        await socket.close(code=code)

    async with serving(begins(then=leave), resumes(1)) as server, connect(server) as voi:
        assert isinstance(await anext(voi), ResumedEvent)


async def test_it_tries_again_and_again_while_the_server_is_full_or_starting() -> None:
    async def full(socket: web.WebSocketResponse) -> None:
        await closes(socket, 1013)

    async with serving(begins(), full, full, resumes(1)) as server, connect(server) as voi:
        assert isinstance(await anext(voi), ResumedEvent)
        assert len(server.first) == 4


@pytest.mark.parametrize("code", [1000, 1008, 1011, 4004])
async def test_an_end_is_an_end(code: int) -> None:
    async def end(socket: web.WebSocketResponse) -> None:
        await socket.close(code=code)

    async with serving(begins(then=end)) as server, connect(server) as voi:
        assert [event async for event in voi] == []
        assert (voi.close_code, len(server.first)) == (code, 1)
    async with serving(begins(), lambda socket: closes(socket, code)) as server, connect(server) as voi:
        assert [event async for event in voi] == []
        assert (voi.close_code, voi.close_reason, len(server.first)) == (code, "There is no such conversation.", 2)


async def test_it_gives_up_when_the_server_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voi_client, "BACK_OFF_S", (0.0, 0.05))

    async def short(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(wire.init_done("echo", "the-id", 0.3))
        await drop(socket)

    async def gone(socket: web.WebSocketResponse) -> None:
        await drop(socket)

    async with serving(short, gone) as server, connect(server) as voi:
        assert [event async for event in voi] == []
        assert (voi.close_code, voi.close_reason) == (1006, "the connection was lost and did not come back in time")
        assert 2 <= len(server.first) <= 8


async def test_a_server_that_knows_nothing_of_it() -> None:
    async def old(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(wire.init_done("echo"))
        await socket.send_bytes(wire.error("oh"))
        await asyncio.sleep(0.05)
        await drop(socket)

    async with serving(old) as server, connect(server) as voi:
        assert await anext(voi) == ErrorEvent("oh")
        assert [event async for event in voi] == []
        assert len(server.first) == 1


async def test_a_cut_in_the_middle_of_coming_back() -> None:
    async def half(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(wire.resumed(1, 0, 0))
        await socket.send_bytes(wire.status("response_created"))
        await asyncio.sleep(0.05)
        await drop(socket)

    async with serving(begins(), half, resumes(2)) as server, connect(server) as voi:
        events = [event async for event in voi]
        assert [type(event) for event in events] == [ResumedEvent, StatusEvent, ResumedEvent]
        assert [each.get("received") for each in server.first] == [None, 1, 2]
    assert "the-id" not in json.dumps(server.first[0])


async def test_what_came_behind_a_ping_that_cannot_be_answered_is_read() -> None:
    gone = asyncio.Event()

    async def pings(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(DONE)
        await socket.ping(b"are you there?")
        await socket.send_bytes(wire.status("response_created"))
        await asyncio.sleep(0.05)
        await drop(socket)
        gone.set()

    async with serving(pings, resumes(2)) as server, connect(server) as voi:
        await gone.wait()
        await asyncio.sleep(0.05)
        events = [event async for event in voi]
        assert [type(event) for event in events] == [StatusEvent, ResumedEvent]
        assert server.first[1]["received"] == 2
