"""Against a server of ours that must mostly not be contacted."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from voi.dialogue import Message
from voi.engines.llm import pictures
from voi.engines.llm.pictures import LOST, Pictures
from voi.errors import EngineError
from voi.server.certificate import write_self_signed

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
AS_DATA = f"data:image/png;base64,{b64encode(PNG).decode()}"


class Server:
    """Serves `body` to each that connects, and counts them."""

    def __init__(self) -> None:
        self.head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        self.body: bytes = PNG
        self.hang = False
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            if self.hang:
                await reader.read()
            writer.write(self.head.encode() + self.body)
            await writer.drain()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> asyncio.Task[None]:
        self.connections += 1
        return asyncio.ensure_future(self.serve(reader, writer))


class Resolver(AbstractResolver):
    """Every name is this machine, as in a rebinding attack."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET):  # type: ignore[no-untyped-def]
        entry = ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        return [entry]

    async def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_self_signed(tmp_path_factory.mktemp("tls"), ["localhost"], 1)


@pytest.fixture
async def server(tls: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls)
    fake = Server()
    async with await asyncio.start_server(fake.accept, "127.0.0.1", 0, ssl=context) as listening:
        fake.port = listening.sockets[0].getsockname()[1]
        connector = partial(aiohttp.TCPConnector, resolver=Resolver(), ssl=False)
        monkeypatch.setattr(pictures.aiohttp, "TCPConnector", connector)  # type: ignore[attr-defined]
        yield fake


@pytest.fixture
def as_if_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "is_public", lambda address: True)


@pytest.fixture
async def shelf() -> AsyncIterator[Pictures]:
    kept = Pictures()
    yield kept
    await kept.close()


def about(*urls: str) -> tuple[Message, ...]:
    return (Message("system", "Be kind."), Message("user", "Look.", urls))


async def test_a_name_that_leads_to_a_private_address_is_not_followed(server: Server, shelf: Pictures) -> None:
    with pytest.raises(EngineError, match="could not be loaded"):
        await shelf.inlined(about(f"https://rebound.example:{server.port}/cat.png"))
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_no_spelling_of_this_machine_is_contacted(
    server: Server, shelf: Pictures, monkeypatch: pytest.MonkeyPatch, host: str, scheme: str
) -> None:
    """Even where the address's form is not looked at."""
    monkeypatch.setattr(pictures, "checked_picture_url", lambda url: url)
    with pytest.raises(EngineError):
        await shelf.inlined(about(f"{scheme}://{host}:{server.port}/cat.png"))
    assert server.connections == 0


@pytest.mark.usefixtures("as_if_public")
async def test_a_picture_is_fetched_once(server: Server, shelf: Pictures) -> None:
    url = f"https://a.example:{server.port}/cat.png"
    for _ in range(2):
        found = await shelf.inlined(about(url, AS_DATA))
        assert found == about(AS_DATA, AS_DATA)
    assert server.connections == 1


async def test_addresses_that_are_not_its_own_stay(server: Server) -> None:
    shelf = Pictures(("http",))
    messages = about(f"https://a.example:{server.port}/cat.png", AS_DATA)
    assert await shelf.inlined(messages) == messages
    with pytest.raises(EngineError, match="could not be loaded"):
        await shelf.inlined(about(f"http://rebound.example:{server.port}/cat.png"))
    assert server.connections == 0
    await shelf.close()


async def test_without_addresses_nothing_changes(shelf: Pictures) -> None:
    assert await shelf.inlined(about(AS_DATA)) == about(AS_DATA)
    assert await shelf.inlined(()) == ()


@pytest.mark.usefixtures("as_if_public")
@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("HTTP/1.1 302 Found\r\nLocation: https://b.example/\r\n\r\n", b""),
        ("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n", PNG),
        ("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n", b'{"secret": 1}'),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", PNG + bytes(5_000)),
        ("nonsense\r\n\r\n", PNG),
    ],
    ids=["redirect", "forbidden", "no picture", "too large", "not HTTP"],
)
async def test_what_is_no_picture(
    server: Server, shelf: Pictures, monkeypatch: pytest.MonkeyPatch, head: str, body: bytes
) -> None:
    monkeypatch.setattr(pictures, "PICTURE_MAX_BYTES", 4_000)
    server.head, server.body = head, body
    with pytest.raises(EngineError, match="could not be loaded"):
        await shelf.inlined(about(f"https://a.example:{server.port}/cat.png"))
    assert server.connections == 1


@pytest.mark.usefixtures("as_if_public")
async def test_a_server_that_hangs_is_not_waited_for(
    server: Server, shelf: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "FETCH_TIMEOUT_S", 0.05)
    server.hang = True
    with pytest.raises(EngineError):
        await shelf.inlined(about(f"https://a.example:{server.port}/cat.png"))


@pytest.mark.usefixtures("as_if_public")
async def test_a_lost_picture_fails_one_answer_and_no_later_one(server: Server, shelf: Pictures) -> None:
    server.body = b"gone"
    url = f"https://a.example:{server.port}/cat.png"
    with pytest.raises(EngineError):
        await shelf.inlined(about(url))
    later = (*about(url, AS_DATA), Message("assistant", "Sorry."), Message("user", "Go on."))
    found = await shelf.inlined(later)
    assert (found[1].text, found[1].image_urls) == (f"Look.\n{LOST}", (AS_DATA,))
    assert found[2:] == later[2:]
    assert server.connections == 1, "it is not tried again for every answer"
    server.body = PNG
    assert await shelf.inlined(about(url)) == about(AS_DATA), "given again it is"


@pytest.mark.usefixtures("as_if_public")
async def test_memory_is_bounded(server: Server, shelf: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "CACHE_MAX_CHARACTERS", 2 * len(AS_DATA))
    monkeypatch.setattr(pictures, "FAILURES_MAX", 1)
    for name in "abc":
        await shelf.inlined(about(f"https://{name}.example:{server.port}/cat.png"))
    assert len(shelf._cache) == 2
    server.body = b""
    for name in "de":
        with pytest.raises(EngineError):
            await shelf.inlined(about(f"https://{name}.example:{server.port}/cat.png"))
    assert len(shelf._failed) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PNG, "png"), (b"\xff\xd8\xff\xe0", "jpeg"), (b"GIF89a", "gif"), (b"RIFF1234WEBPVP8 ", "webp"),
        (b"<svg", None), (b"RIFF1234WAVE", None), (b"", None),
    ],
)  # fmt: skip
def test_kinds(body: bytes, kind: str | None) -> None:
    if kind:
        assert pictures._kind(body) == kind
    else:
        with pytest.raises(ValueError, match="no picture"):
            pictures._kind(body)
