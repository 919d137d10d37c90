"""HTTP's hostile side: connections that never come to the point."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.server.fakes import API_KEY
from tests.server.serving import Person, fake_engines, serving
from voi.server import http
from voi.server.http import WaitingConnections

pytestmark = pytest.mark.integration


async def hangs_up(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 30) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: "],
    ids=["silent", "half a head", "half a second head"],
)
async def test_a_request_that_does_not_come(said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_TIMEOUT_S", 0.1)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(said)
        if said.count(b"\r\n\r\n"):
            assert b"running" in await asyncio.wait_for(reader.readuntil(b"}"), 30)
        assert await hangs_up(reader)
        writer.close()
        assert (await running.http("GET", "/"))[0] == 200


async def test_a_bare_line_break_is_no_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_TIMEOUT_S", 0.3)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"ready" in await asyncio.wait_for(reader.readuntil(b"}"), 30)
        for _ in range(20):
            writer.write(b"\r\n")
            await asyncio.sleep(0.05)
        assert await hangs_up(reader)
        writer.close()


@pytest.mark.parametrize("key", ["wrong", API_KEY])
async def test_a_body_that_dribbles(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REST_TIMEOUT_S", 0.2)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        head = f"POST /integrations/app HTTP/1.1\r\nHost: x\r\nAPI-Key: {key}\r\nContent-Length: 1000\r\n\r\n"
        writer.write(head.encode())
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 30)
        assert answer.startswith(b"HTTP/1.1 403" if key == "wrong" else b"HTTP/1.1 200")

        async def dribble() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.02)

        dribbling = asyncio.create_task(dribble())
        assert await hangs_up(reader)
        dribbling.cancel()
        writer.close()


async def test_silent_connections_keep_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "WAITING_MAX", 20)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await Person.arrive(running.port, init_greeting=False)
        silent = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(60)]
        person.say("text", content="hello you")
        person.say("create_response")
        await person.until(lambda: person.status("response_done"))
        assert (await running.http("GET", "/health"))[0] == 200
        dropped = await asyncio.gather(
            *(asyncio.wait_for(reader.read(), 30) for reader, _ in silent[:30]), return_exceptions=True
        )
        assert all(isinstance(one, bytes | ConnectionError) for one in dropped)
        for _, writer in silent:
            writer.close()


class Connection:
    def __init__(self) -> None:
        self.loop = SimpleNamespace(time=lambda: 1.0)
        self.transport = SimpleNamespace(get_extra_info=lambda _: None)


def test_an_address_has_only_so_many_silent_connections() -> None:
    waiting = WaitingConnections(lambda address: address == "10.0.0.1")
    connections = [cast(Any, Connection()) for _ in range(100)]
    entered = [waiting.enter(connection, "192.0.2.1") for connection in connections]
    assert entered == [True] * 64 + [False] * 36
    assert waiting.enter(connections[99], "10.0.0.1")
    waiting.leave(connections[0])
    assert waiting.enter(connections[98], "192.0.2.1")


async def answer_to(port: int, request: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


UPGRADE = (
    "GET /ws?token=x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (UPGRADE.replace("Version: 13", "Version: 8"), 426),
        (UPGRADE.replace("Sec-WebSocket-Version: 13\r\n", ""), 426),
        (UPGRADE.replace("Host: x\r\n", ""), 400),
        (UPGRADE.replace("Sec-WebSocket-Key", "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key"), 400),
        (UPGRADE.replace("GET", "POST"), 400),
    ],
)
async def test_upgrades_that_are_none(
    request_: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        answer = await answer_to(running.port, request_)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"Sec-WebSocket-Version: 13" in answer


HEALTH = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("behind", [UPGRADE, "GET / HTTP/1.1\r\n\r\n", "no HTTP\r\n\r\n"])
async def test_nothing_overtakes_an_answer(behind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        answer = await answer_to(running.port, HEALTH + behind + HEALTH)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"connection: close" in answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
        ("GET /health HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n", 400),
        ("GET /health HTTP/1.0\r\n\r\n", 200),
        ("GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 200),
        ("GET /health HTTP/1.1\r\nHost: [::1]:8765\r\nConnection: close\r\n\r\n", 200),
        ("POST /ws HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\nno chunk\r\n", 400),
    ],
)
async def test_the_host_of_a_request(
    request_: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        answer = await answer_to(running.port, request_)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert answer.count(b"HTTP/1.1 ") == 1


async def test_requests_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        answer = await answer_to(running.port, HEALTH * 6_000)
        assert http.PIPELINE_MAX <= answer.count(b"HTTP/1.1 200 ") <= http.PIPELINE_MAX + 2


async def test_an_answer_that_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "UNREAD_TIMEOUT_S", 0.1)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(HEALTH.encode())
        await asyncio.wait_for(reader.readuntil(b"}"), 30)
        assert running.server._http is not None
        (connection,) = running.server._http.server_state.connections
        connection.pause_writing()
        await asyncio.wait_for(reader.read(), 30)
        writer.close()


def test_silent_connections_do_not_keep_the_last_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (100, 100))
    waiting, dropped = WaitingConnections(), []

    def enter(name: str, descriptor: int) -> None:
        connection = cast(Any, Connection())
        connection.transport = SimpleNamespace(
            abort=lambda: dropped.append(name), get_extra_info=lambda _: SimpleNamespace(fileno=lambda: descriptor)
        )
        waiting.enter(connection, "127.0.0.1")

    for descriptor in range(20, 60):
        enter(f"low {descriptor}", descriptor)
    assert dropped == []
    for descriptor in range(68, 68 + 16):
        enter(f"high {descriptor}", descriptor)
    assert dropped == [f"low {descriptor}" for descriptor in range(20, 36)], "the oldest make room"
    enter("high 84", 84)
    enter("high 85", 85)
    assert dropped[16:] == ["high 68", "high 69"], "half of the reserve stays free"


def test_silent_connections_have_half_of_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (300, 300))
    waiting, dropped = WaitingConnections(), []
    for number in range(160):
        connection = cast(Any, Connection())
        connection.transport = SimpleNamespace(
            abort=lambda number=number: dropped.append(number), get_extra_info=lambda _: None
        )
        waiting.enter(connection, "127.0.0.1")
    assert dropped == list(range(10))


async def test_a_head_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 2 * http.MAX_HEAD_BYTES)
        assert await hangs_up(reader)
        writer.close()


async def test_garbage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 is no HTTP\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 30)).startswith(b"HTTP/1.1 400")
        writer.close()
        assert (await running.http("GET", "/health"))[0] == 200


async def test_a_body_that_comes_with_its_head_is_no_long_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        body = b'--x\r\nContent-Disposition: form-data; name="sample"; filename="a"\r\n\r\n' + bytes(
            3 * http.MAX_HEAD_BYTES
        )
        head = (
            f"POST /voices HTTP/1.1\r\nHost: x\r\nAPI-Key: {API_KEY}\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        assert (await asyncio.wait_for(reader.read(), 30)).startswith(b"HTTP/1.1 400")
        writer.close()
