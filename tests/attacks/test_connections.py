"""Connections that only take up room, and requests that are none."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller, running_server
from tests.server.fakes import API_KEY
from tests.server.serving import Person

pytestmark = pytest.mark.integration

DESCRIPTORS = 400
SOCKETS = 1_000
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
DRIBBLE = b"POST /integrations/app HTTP/1.1\r\nHost: x\r\nAPI-Key: wrong\r\nContent-Length: 1000\r\n\r\nx"
UPGRADE = (
    b"GET /ws?token=none HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedServer]:
    """One with few file descriptors: a thousand sockets are more than it has."""
    with running_server(tmp_path_factory.mktemp("attacked"), descriptors=DESCRIPTORS) as running:
        yield running


async def connected(port: int, said: bytes) -> Line | None:
    """None: the server hung up at once."""
    try:
        line = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 5)
        line[1].write(said)
    except (OSError, TimeoutError):
        return None
    return line


@contextlib.asynccontextmanager
async def silent_sockets(port: int, said: bytes, count: int = SOCKETS) -> AsyncIterator[list[Line]]:
    lines: list[Line] = []
    try:
        for start in range(0, count, 50):
            made = await asyncio.gather(*(connected(port, said) for _ in range(start, min(count, start + 50))))
            lines += [line for line in made if line]
        yield lines
    finally:
        for _, writer in lines:
            writer.transport.abort()


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HT", HEALTH + b"\r\n", DRIBBLE, UPGRADE],
    ids=["nothing", "half a head", "a request and a bare line break", "a body that does not come", "no token"],
)
async def test_a_thousand_silent_sockets(said: bytes, server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server), silent_sockets(server.port, said):
        assert await server.health() == 200
        late = await Person.arrive(server.port, init_greeting=False)
        late.say("text", content="Hi.")
        late.say("create_response")
        await late.until(lambda: late.status("response_done"))
        assert late.closed is None
        late.client.drop()


async def test_a_flood_of_connections_does_not_starve_who_has_a_token(server: AttackedServer) -> None:
    """New silent ones come without a pause while somebody tries to get in."""
    stop = asyncio.Event()

    async def flood() -> None:
        while not stop.is_set():
            async with silent_sockets(server.port, b"", 200):
                await asyncio.sleep(0)

    async with beside_a_healthy_caller(server):
        flooding = [asyncio.create_task(flood()) for _ in range(2)]
        for _ in range(3):
            late = await Person.arrive(server.port, init_greeting=False)
            assert await server.health() == 200
            late.client.drop()
        stop.set()
        await asyncio.gather(*flooding)


REQUESTS = {
    "pipelined": HEALTH * 7_000,
    "pipelined line by line": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"\r\nX: ".join([b"y"] * 10_000),
    "a long path": b"GET /" + b"a/" * 30_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long query": b"GET /ws?" + b"token=" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "escapes": b"GET /" + b"%2e%2e%2f" * 6_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many hosts": b"GET / HTTP/1.1\r\n" + b"Host: x\r\n" * 5_000 + b"\r\n",
    "chunks of a byte": b"POST /integrations/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1\r\na\r\n" * 50_000,
    "TLS": b"\x16\x03\x01" + bytes(60_000),
    "upgrades": UPGRADE * 300,
    "a request before an upgrade": HEALTH + UPGRADE,
    "an old version": UPGRADE.replace(b"Version: 13", b"Version: 8"),
    "two keys": UPGRADE.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
    "no host": UPGRADE.replace(b"Host: x\r\n", b""),
    "a token of points": UPGRADE.replace(b"token=none", b"token=" + b"." * 4_000),
    "a nested token": UPGRADE.replace(b"token=none", b"token=" + b"W1tb" * 900 + b".e30.x"),
    "forwarded": b"GET / HTTP/1.1\r\nHost: x\r\nForwarded: " + b'for="_a";' * 6_000 + b"\r\n\r\n",
    "a form without an end": b"POST /voices HTTP/1.1\r\nHost: x\r\nAPI-Key: " + API_KEY.encode()
    + b"\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000000\r\n\r\n"
    + b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 20_000,
}  # fmt: skip


async def test_requests(server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server) as beside:
        for name, request in REQUESTS.items():
            lines = [await connected(server.port, request) for _ in range(3)]
            await asyncio.sleep(0.2)
            for line in lines:
                if line:
                    line[1].transport.abort()
            await beside.looked(name)
        assert await server.health() == 200


def voice_of(channels: int, bits: int, codec: int) -> bytes:
    """A request to clone a voice from a WAV file of that kind."""
    block = max(1, channels * bits // 8)
    head = struct.pack(
        "<IHHIIHH", 16, codec, channels, 24_000, min(2**32 - 1, 24_000 * block), min(65_535, block), bits
    )
    sound = bytes(200_000)
    wav = b"RIFF" + struct.pack("<I", len(sound) + 36) + b"WAVEfmt " + head + b"data" + struct.pack("<I", len(sound))
    body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n'
    body += b'--x\r\nContent-Disposition: form-data; name="sample"; filename="a.wav"\r\n\r\n' + wav + sound
    body += b"\r\n--x--\r\n"
    head_lines = f"POST /voices HTTP/1.1\r\nHost: x\r\nAPI-Key: {API_KEY}\r\nConnection: close\r\n"
    head_lines += f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    return head_lines.encode() + body


async def test_voices_of_impossible_sound(server: AttackedServer) -> None:
    """A WAV of eight channels and more once killed the process."""
    async with beside_a_healthy_caller(server) as beside:
        for channels, bits, codec in (
            (8, 16, 1),
            (255, 16, 1),
            (65_535, 16, 1),
            (1, 0, 1),
            (1, 16, 0x7777),
            (0, 16, 1),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(voice_of(channels, bits, codec))
            answer = await asyncio.wait_for(reader.read(), 20)
            assert int(answer.split()[1]) == 400, answer
            assert b"a.wav: " in answer, "the file was looked at"
            writer.close()
            await beside.looked(f"{channels} channels of {bits} bits, codec {codec}")


async def test_a_token_that_never_ends(server: AttackedServer) -> None:
    """`exp` = 10^30 is no time."""
    import jwt

    from tests.server.fakes import SECRET
    from tests.transports.raw_client import RawClient

    for claims in ({"exp": 10**30}, {"exp": 1e308}, {"exp": "9" * 400}, {"expire": "9" * 400}, {"exp": -(10**30)}):
        token = jwt.encode({"app": "test", **claims}, SECRET, algorithm="HS256")
        person = Person(await RawClient.connect(server.port, f"/ws?token={token}"))
        await person.until(lambda person=person: person.closed)
        assert person.closed == 1008, claims
        assert person.errors, claims
