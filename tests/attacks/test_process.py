"""What is done to the process as a whole: signals, and TLS handshakes that come to nothing."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller, running_server
from tests.server.serving import Person

pytestmark = pytest.mark.integration

SOCKETS = 300
CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(40)
"""The beginning of one; the rest does not come."""
HANDSHAKES = {
    "nothing": b"",
    "half a hello": CLIENT_HELLO,
    "plain HTTP": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "noise": os.urandom(60_000),
    "a record of the largest size": b"\x16\x03\x01\xff\xff" + bytes(65_535),
    "alerts": b"\x15\x03\x01\x00\x02\x01\x00" * 5_000,
}


async def test_signals(server: AttackedServer) -> None:
    """SIGHUP reads the configuration again, other signals mean nothing; neither ends a conversation."""
    async with beside_a_healthy_caller(server) as beside:
        for sig in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            for _ in range(50):
                server.process.send_signal(sig)
                await asyncio.sleep(0.005)
            await beside.looked(sig.name)
    assert server.process.poll() is None
    assert "SIGUSR1 has no meaning here" in server.log
    assert server.log.count("Traceback") == 0


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedServer]:
    with running_server(tmp_path_factory.mktemp("tls"), descriptors=500, tls=True) as running:
        yield running


@pytest.mark.parametrize("said", HANDSHAKES.values(), ids=list(HANDSHAKES))
async def test_handshakes_that_come_to_nothing(said: bytes, tls_server: AttackedServer) -> None:
    """More of them than the server has descriptors, and somebody with a token gets in beside them."""
    writers: list[asyncio.StreamWriter] = []
    async with beside_a_healthy_caller(tls_server):
        for _ in range(SOCKETS):
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", tls_server.port), 5)
                writer.write(said)
                writers.append(writer)
            except (OSError, TimeoutError):
                pass
        assert await tls_server.health() == 200
        late = await Person.arrive(tls_server.port, init_greeting=False, tls=tls_server.tls)
        late.say("text", content="Hi.")
        late.say("create_response")
        await late.until(lambda: late.status("response_done"))
        late.client.drop()
        for writer in writers:
            writer.transport.abort()
    assert tls_server.log.count("Traceback") == 0


async def test_a_handshake_that_takes_too_long_is_ended(tls_server: AttackedServer) -> None:
    """After 10 s, like a head of plain HTTP."""
    reader, writer = await asyncio.open_connection("127.0.0.1", tls_server.port)
    writer.write(CLIENT_HELLO)
    assert await asyncio.wait_for(reader.read(), 20) is not None
    assert reader.at_eof()
    writer.close()
