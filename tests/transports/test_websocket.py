"""The WebSocket stack over real sockets, against a client that makes every frame by hand."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from picows import WSMsgType
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tests.transports.raw_client import BINARY, CLOSE, PING, PONG, TEXT, RawClient, frame
from voi.transports.forwarded import TrustedProxies
from voi.transports.upgrade import protocol_for
from voi.transports.websocket import MESSAGES_PER_TURN, Request, SocketLimits, WebSocket


class Keeper:
    """Echoes binary messages, keeps the rest."""

    def __init__(self, socket: WebSocket, request: Request) -> None:
        self.socket = socket
        self.request = request
        self.got: list[bytes | str] = []
        self.gone = asyncio.Event()
        self.losses = 0

    def received(self, message: bytes | str) -> None:
        self.got.append(message)
        if message == b"explode":
            raise RuntimeError("boom")
        if isinstance(message, bytes):
            self.socket.send(message)
        else:
            self.socket._send(WSMsgType.TEXT, message.encode("utf-8", "replace"))  # no door of ours sends text

    def lost(self) -> None:
        self.losses += 1
        self.gone.set()


class Served:
    def __init__(self, port: int, state: ServerState) -> None:
        self.port = port
        self.state = state
        self.doors: list[Keeper] = []


@asynccontextmanager
async def serving(limits: SocketLimits | None = None, proxies: tuple[str, ...] = ()) -> AsyncIterator[Served]:
    state = ServerState()
    served = Served(0, state)

    def accept(socket: WebSocket, request: Request) -> Keeper:
        if request.query == "refuse":
            raise RuntimeError("no")
        served.doors.append(Keeper(socket, request))
        return served.doors[-1]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"plain"})

    limits = limits or SocketLimits(close_wait_s=0.05)
    door = protocol_for({"/ws": accept}, limits, TrustedProxies(proxies))
    config = uvicorn.Config(app, ws=door, log_config=None)  # type: ignore[arg-type]
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.disconnect(False) if hasattr(connection.transport, "disconnect") else None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 8192, 8193, 65_535, 65_536, 300_000])
async def test_messages_of_every_length_class_come_and_go(size: int) -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port)
        assert client.status == 101
        message = bytes(range(256)) * (size // 256 + 1)
        client.send(BINARY, message[:size])
        assert await client.receive() == (BINARY, message[:size])


async def test_the_request_is_told_and_other_paths_are_404_and_plain_http_still_works() -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port, "/ws?token=a%3Db&x=1")
        client.send(PING, b"x")
        await client.receive()
        request = served.doors[0].request
        assert (request.path, request.query) == ("/ws", "token=a%3Db&x=1")
        assert request.peer == "127.0.0.1"
        assert (await RawClient.connect(served.port, "/else")).status == 404
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"plain\r\n0\r\n\r\n")


async def test_fragments_are_joined_with_control_frames_between_them() -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port)
        client.send(BINARY, b"ab", fin=False)
        client.send(PING, b"hey")
        client.send(0, b"", fin=False)
        client.send(0, b"cd")
        assert await client.receive() == (PONG, b"hey")
        assert await client.receive() == (BINARY, b"abcd")


async def test_text_is_delivered_as_text_even_with_a_character_cut_by_fragments() -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port)
        client.send(TEXT, "é".encode()[:1], fin=False)
        client.send(0, "é".encode()[1:])
        assert await client.receive() == (TEXT, "é".encode())
        assert served.doors[0].got == ["é"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(0, b"a"), 1002),
        (frame(BINARY, b"a", fin=False) + frame(BINARY, b"b"), 1002),
        (frame(BINARY, b"a", masked=False), 1002),
        (frame(BINARY, b"a", rsv=4), 1002),
        (frame(3, b"a"), 1002),
        (frame(PING, b"a" * 126), 1002),
        (frame(PING, b"", fin=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, struct.pack(">H", 1000) + b"\xff"), 1007),
        (frame(BINARY, bytes(70_000)), 1009),
        (frame(BINARY, bytes(60_000), fin=False) + frame(0, bytes(60_000)), 1009),
        (struct.pack(">BBQ", 0x82, 0xFF, 1 << 40) + b"abcd", 1009),
        (frame(BINARY, b"explode"), 1011),
    ],
    ids=["text not utf-8", "continuation of nothing", "message in a message", "not masked", "rsv", "opcode",
         "long ping", "fragmented ping", "short close", "close not utf-8", "too big", "too big in parts",
         "a terabyte", "our fault"],
)  # fmt: skip
async def test_what_is_wrong_ends_with_its_code_and_others_are_served(wrong: bytes, code: int) -> None:
    async with serving(SocketLimits(max_message_bytes=65_536, close_wait_s=0.05)) as served:
        other = await RawClient.connect(served.port)
        client = await RawClient.connect(served.port)
        client.writer.write(wrong)
        assert await client.close_code() == code
        assert await client.ends()
        await asyncio.wait_for(served.doors[1].gone.wait(), 60)
        assert served.doors[1].losses == 1
        other.send(BINARY, b"still there?")
        assert await other.receive() == (BINARY, b"still there?")


async def test_an_accept_that_fails_ends_with_1011() -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port, "/ws?refuse")
        assert await client.close_code() == 1011


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(b"", 1000), (struct.pack(">H", 1000) + b"Normal closure", 1000), (struct.pack(">H", 4000), 4000)],
)
async def test_a_goodbye_is_answered_at_once(sent: bytes, answered: int) -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port)
        client.send(CLOSE, sent)
        assert await client.close_code(5) == answered
        assert await client.ends(5)
        await asyncio.wait_for(served.doors[0].gone.wait(), 60)
        assert not served.state.connections


async def test_our_goodbye_waits_for_an_answer_but_not_for_ever() -> None:
    async with serving(SocketLimits(close_wait_s=0.1)) as served:
        polite, silent = await RawClient.connect(served.port), await RawClient.connect(served.port)
        for client, door in zip((polite, silent), served.doors, strict=True):
            client.send(PING)
            await client.receive()
            door.socket.close(1008, "é" * 100)
            door.socket.close(1000)  # the first one counts
            door.socket.send(b"dropped")
            opcode, payload = await client.receive()
            assert opcode == CLOSE
            assert payload == struct.pack(">H", 1008) + ("é" * 61).encode()
        polite.send(CLOSE, struct.pack(">H", 1008))
        polite.send(BINARY, b"too late")
        assert await polite.ends()
        assert await silent.ends()
        await asyncio.wait_for(served.doors[1].gone.wait(), 60)
        assert [door.got for door in served.doors] == [[], []]


async def test_a_client_that_vanishes_leaves_nothing_behind() -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port)
        client.send(BINARY, b"hi")
        await client.receive()
        client.drop()
        await asyncio.wait_for(served.doors[0].gone.wait(), 60)
        assert served.doors[0].losses == 1
        assert not served.state.connections
        served.doors[0].socket.send(b"into the void")
        assert served.doors[0].socket.backlog_bytes == 0


async def test_a_silent_peer_is_pinged_and_dropped_when_it_does_not_answer() -> None:
    async with serving(SocketLimits(ping_after_s=0.05)) as served:
        client = await RawClient.connect(served.port)
        for _ in range(3):
            assert await client.receive() == (PING, b"")
            client.send(PONG)
        assert not served.doors[0].losses
        assert await client.receive() == (PING, b"")
        await asyncio.wait_for(served.doors[0].gone.wait(), 60)


@pytest.mark.parametrize(("proxies", "client"), [((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.7")])
async def test_the_client_behind_a_proxy(proxies: tuple[str, ...], client: str) -> None:
    async with serving(proxies=proxies) as served:
        await RawClient.connect(served.port, headers="X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.7\r\n")
        assert served.doors[0].request.peer == client


async def test_a_flood_of_messages_is_refused() -> None:
    async with serving(SocketLimits(max_messages_per_s=20, close_wait_s=0.05)) as served:
        client = await RawClient.connect(served.port)
        client.writer.write(frame(PONG) * 100)
        client.send(PING, b"within the burst? no, one too many")
        assert await client.close_code() == 1008


async def test_messages_that_arrive_together_take_turns_with_others() -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port)
        sent = [str(number).encode() for number in range(900)]
        client.writer.write(b"".join(frame(BINARY, message) for message in sent))
        most = before = 0
        while len(served.doors[0].got) < len(sent):
            await asyncio.sleep(0)
            most = max(most, len(served.doors[0].got) - before)
            before = len(served.doors[0].got)
        assert served.doors[0].got == sent
        assert most <= 2 * MESSAGES_PER_TURN
        client.drop()


async def test_a_client_that_does_not_read_is_closed_by_size_or_by_time() -> None:
    for limits in (
        SocketLimits(max_backlog_bytes=1_000_000, close_wait_s=0.1),
        SocketLimits(max_backlog_bytes=1 << 30, stalled_after_s=0.1, close_wait_s=0.1),
    ):
        async with serving(limits) as served:
            client = await RawClient.connect(served.port)
            client.send(PING)
            await client.receive()
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            socket = served.doors[0].socket
            for _ in range(2_000):
                socket.send(bytes(10_000))
            assert socket.closed is (limits.max_backlog_bytes == 1_000_000)
            assert socket.backlog_bytes < (2_000_000 if socket.closed else 20_000_000)
            await asyncio.wait_for(served.doors[0].gone.wait(), 60)


async def test_a_client_that_talks_and_does_not_read_is_closed() -> None:
    """Little waits for it (a speaker holds back), and it is heard all the time."""
    async with serving(SocketLimits(stalled_after_s=0.1, ping_after_s=0.05, close_wait_s=0.1)) as served:
        client = await RawClient.connect(served.port, narrow=True)
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        door = served.doors[0]
        while not door.gone.is_set():
            if door.socket.backlog_bytes < 48_000:
                door.socket.send(bytes(4_800))
            if not door.socket.closed:
                client.send(BINARY, b"sound")
            await asyncio.sleep(0.005)
        assert not door.socket._paused, "this test tests nothing new"


async def test_a_client_that_reads_slowly_is_waited_for() -> None:
    """It is looked at by hand, whenever it has read a little: on a busy machine its reading could come too late."""
    async with serving(SocketLimits(stalled_after_s=600)) as served:
        client = await RawClient.connect(served.port, narrow=True)
        client.reader._limit = 2_000  # type: ignore[attr-defined]  # it stops reading while it holds twice as much
        socket = served.doors[0].socket
        socket.send(bytes(150_000))
        looks = 0
        while before := socket.backlog_bytes:
            while socket.backlog_bytes == before:
                await client.reader.read(3_000)
            socket._look_at_reader()
            looks += 1
        assert not socket.closed
        assert looks > 5, "so fast that this tests nothing"


async def test_what_a_slow_client_has_not_taken_waits_here_and_is_counted() -> None:
    """The operating system would take megabytes of it, and say nothing."""
    async with serving(SocketLimits(max_backlog_bytes=1 << 30)) as served:
        client = await RawClient.connect(served.port, narrow=True)
        client.send(PING)
        await client.receive()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(40):
            served.doors[0].socket.send(bytes(4_800))
            await asyncio.sleep(0)
        assert served.doors[0].socket.backlog_bytes > 100_000


async def test_shutdown_says_going_away() -> None:
    async with serving() as served:
        client = await RawClient.connect(served.port)
        client.send(PING)
        await client.receive()
        for connection in list(served.state.connections):
            connection.shutdown()
        assert await client.close_code() == 1001


opcodes = st.sampled_from([0, TEXT, BINARY, 3, CLOSE, PING, PONG, 11])
wild_frame: st.SearchStrategy[bytes] = st.builds(
    lambda opcode, payload, fin, rsv, masked: frame(opcode, payload, fin=fin, rsv=rsv, masked=masked),
    opcodes, st.binary(max_size=200), st.booleans(), st.sampled_from([0, 0, 0, 4]), st.sampled_from([True, False]),
)  # fmt: skip


@settings(suppress_health_check=list(HealthCheck))
@given(st.lists(wild_frame | st.binary(max_size=50), min_size=1, max_size=8), st.integers(1, 40))
def test_fuzz_frames(frames: list[bytes], piece: int) -> None:
    """Whatever arrives, in whatever pieces: the connection ends or goes on, and others are served."""

    async def run() -> None:
        async with serving(SocketLimits(close_wait_s=0.05)) as served:
            client = await RawClient.connect(served.port)
            data = b"".join(frames)
            try:
                for at in range(0, len(data), piece):
                    client.writer.write(data[at : at + piece])
                    await asyncio.sleep(0)
                client.writer.write_eof()
            except (ConnectionError, OSError, RuntimeError):
                pass
            assert await client.ends()
            await asyncio.wait_for(served.doors[0].gone.wait(), 60)
            other = await RawClient.connect(served.port)
            other.send(BINARY, b"?")
            assert await other.receive() == (BINARY, b"?")

    asyncio.run(run())


@pytest.mark.parametrize("run", [uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
def test_large_and_small_messages_keep_their_bytes_while_the_client_does_not_read(run: Callable[..., Any]) -> None:
    """picows alone mixes them up on uvloop: a queued view of its header buffer is overwritten by the next header."""

    async def stuff() -> None:
        async with serving(SocketLimits(max_backlog_bytes=1 << 30)) as served:
            client = await RawClient.connect(served.port)
            client.send(PING)
            await client.receive()
            socket = served.doors[0].socket
            sent = [bytes([at % 251]) * (5 if at % 3 else 9_000 + at) for at in range(2_000)]
            for message in sent:
                socket.send(message)
            assert socket.backlog_bytes > 0
            for message in sent:
                assert await client.receive() == (BINARY, message)
            assert socket.backlog_bytes == 0

    run(stuff())
