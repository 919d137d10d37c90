"""HTTP's hostile side: connections that never come to the point."""

import asyncio
from pathlib import Path

import pytest

from tests.server.fakes import API_KEY
from tests.server.serving import fake_engines, serving
from voi.server import http

pytestmark = pytest.mark.integration


async def hangs_up(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 5) == b""
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
            assert b"running" in await asyncio.wait_for(reader.readuntil(b"}"), 5)
        assert await hangs_up(reader)
        writer.close()
        assert (await running.http("GET", "/"))[0] == 200


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
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 400")
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
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 400")
        writer.close()
