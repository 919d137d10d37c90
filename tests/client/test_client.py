"""The client against a server that does what a test tells it to."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from voi.calls.proof import Proof
from voi.client import (
    ErrorEvent,
    MessageEvent,
    VoiClient,
)
from voi.client import client as voi_client
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.server.certificate import write_self_signed
from voi.transports.voi_ws import from_client, wire

TOKEN = "a.b+c/d=="
Puppet = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def serving(puppet: Puppet, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that accepts, keeps the query and the init frame in `asked`, and then is the puppet."""

    async def accept(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        asked["token"] = request.query["token"]
        asked["init"] = await socket.receive_bytes()
        await puppet(socket)
        return socket

    asked.clear()
    app = web.Application()
    app.router.add_get("/ws", accept)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws"
    finally:
        await runner.cleanup()


asked: dict[str, Any] = {}


def connect(url: str, **more: Any) -> AbstractAsyncContextManager[VoiClient]:
    return VoiClient.connect(url, **{"token": TOKEN, "agent_name": "echo", "timeout_s": 2.0, **more})


async def ready(socket: web.WebSocketResponse) -> None:
    await socket.send_bytes(wire.init_done("echo"))


async def test_init_and_what_comes_before_it_is_done() -> None:
    async def puppet(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(wire.message(0, "assistant", "early"))
        await ready(socket)

    async with (
        serving(puppet) as url,
        connect(
            url,
            mode="call",
            agent_config="{}",
            init_greeting=False,
            lowers_sound=True,
            person="anna",
            proof=Proof.NUMBER,
        ) as voi,
    ):
        assert [event async for event in voi] == [MessageEvent(0, "assistant", "early")]
        assert voi.close_code == 1000
    assert asked["token"] == TOKEN
    options = CallOptions(mode="call", greet=False, lowers_sound=True)
    assert from_client.parse(asked["init"]) == from_client.Init(
        "echo", "{}", options, person="anna", proof=Proof.NUMBER
    )


async def test_every_message_of_the_person() -> None:
    got: list[from_client.ClientMessage] = []
    frames: list[bytes] = []

    async def puppet(socket: web.WebSocketResponse) -> None:
        await ready(socket)
        async for frame in socket:
            frames.append(frame.data)
            got.append(from_client.parse(frame.data))

    async with serving(puppet) as url, connect(url) as voi:
        await voi.send_audio(b"\1\2")
        await voi.send_text("grüß dich")
        await voi.send_image("data:image/png;base64,AA==")
        await voi.create_response()
        await voi.interrupt("7", 930)
        await voi.interrupt(None, None)
        await voi.invoke_llm("m", "p", [{"role": "user", "content": "c"}])
    assert got == [
        from_client.Audio(b"\1\2"),
        from_client.TypedText("grüß dich"),
        from_client.ImageUrl("data:image/png;base64,AA=="),
        from_client.CreateResponse(),
        from_client.Interrupt(7, 930),
        from_client.Interrupt(None, None),
        from_client.InvokeLlm("m", "p", ({"role": "user", "content": "c"},)),
    ]
    assert frames[0] == b'\x00\x00\x00\x10{"type":"audio"}\1\2'
    assert frames[3] == b'\x00\x00\x00\x1a{"type":"create_response"}'


async def test_events_and_the_end() -> None:
    async def puppet(socket: web.WebSocketResponse) -> None:
        await ready(socket)
        await socket.send_bytes(wire.error("oh"))
        await socket.close(code=1008, message=b"too much")

    async with serving(puppet) as url, connect(url) as voi:
        assert [event async for event in voi] == [ErrorEvent("oh")]
        assert (voi.close_code, voi.close_reason) == (1008, "too much")
        with pytest.raises(ClientError, match="is gone"):
            await voi.send_text("hello?")


async def test_a_refusal_is_told_in_the_servers_words() -> None:
    async def puppet(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(wire.error("Token validation error: the token has expired."))
        await socket.close(code=1008)

    async with serving(puppet) as url:
        with pytest.raises(ClientError, match=r"refused: Token validation error: the token has expired\."):
            await enter(connect(url))


async def enter(connection: AbstractAsyncContextManager[VoiClient]) -> None:
    async with connection:
        raise AssertionError("connected")


async def test_closing_without_a_word_or_saying_nothing_or_text() -> None:
    async def silent(socket: web.WebSocketResponse) -> None:
        await socket.receive()

    async def closing(socket: web.WebSocketResponse) -> None:
        await socket.close(code=1011, message=b"broken")

    async def texting(socket: web.WebSocketResponse) -> None:
        await socket.send_str("hi")

    for puppet, words in ((silent, "did not begin"), (closing, "1011 broken"), (texting, "sent text")):
        async with serving(puppet) as url:
            with pytest.raises(ClientError, match=words):
                await enter(connect(url, timeout_s=0.1))


@pytest.mark.parametrize("resume", [True, False])
async def test_a_connection_that_is_lost_before_the_answer(resume: bool) -> None:
    """A proxy that is reloaded cuts it, and nothing was said yet: who comes back asks again, once."""
    arrived = []

    async def cut(socket: web.WebSocketResponse, times: int) -> None:
        arrived.append(socket)
        if len(arrived) <= times:
            assert socket._req is not None
            assert socket._req.transport is not None
            socket._req.transport.abort()
        else:
            await ready(socket)
            await socket.receive()

    async with serving(lambda socket: cut(socket, 1)) as url:
        if resume:
            async with connect(url, resume=True) as voi:
                assert (voi.close_code, len(arrived)) == (None, 2)
        else:
            with pytest.raises(ClientError, match="connection"):
                await enter(connect(url))
            assert len(arrived) == 1
    arrived.clear()
    async with serving(lambda socket: cut(socket, 9)) as url:
        with pytest.raises(ClientError, match="connection"):
            await enter(connect(url, resume=resume))
    assert len(arrived) == 1 + resume


async def test_addresses_that_lead_nowhere_do_not_tell_the_token() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        closed = f"ws://127.0.0.1:{taken.getsockname()[1]}/ws"
        async with serving(ready) as url:
            for address, words in (
                (closed, r"Nothing answers at ws://127\.0\.0\.1:\d+/ws .*voi serve"),
                (url + "x", "answered 404"),
                (url.replace("ws:", "http:"), "not a WebSocket address"),
                ("nonsense", "not a WebSocket address"),
                ("ws://", "not a WebSocket address"),
                (url.replace("ws:", "wss:"), "does not speak TLS|not trusted|Nothing answers"),
            ):
                with pytest.raises(ClientError, match=words) as caught:
                    await enter(connect(address))
                assert TOKEN not in str(caught.value)
                assert "token=" not in str(caught.value)


async def test_tls_is_verified_unless_told_otherwise(tmp_path: Path) -> None:
    certificate, key = write_self_signed(tmp_path, [], days=1)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def puppet(socket: web.WebSocketResponse) -> None:
        await ready(socket)

    async with serving(puppet, context) as url:
        with pytest.raises(ClientError, match=r"certificate of .* not trusted .*--insecure"):
            await enter(connect(url))
        with pytest.raises(ClientError, match=r"hangs up at once\. Is it wss://"):
            await enter(connect(url.replace("wss:", "ws:")))
        async with connect(url, insecure=True) as voi:
            assert [event async for event in voi] == []


async def test_a_server_that_does_not_answer_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voi_client, "CLOSE_TIMEOUT_S", 0.05)
    gate = asyncio.Event()

    async def puppet(socket: web.WebSocketResponse) -> None:
        await ready(socket)
        await gate.wait()

    async with serving(puppet) as url:
        async with connect(url) as voi:
            pass
        assert "did not answer the close" in voi.close_reason
        gate.set()
