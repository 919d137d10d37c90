"""Clients that mean no good: they cost nothing but their own connection."""

import asyncio
import json
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("wyoming")

from wyoming.asr import Transcribe, TranscriptStop
from wyoming.audio import AudioStop
from wyoming.event import Event
from wyoming.handle import Handled
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop
from wyoming.wake import Detect

from tests.fakes.engines import FakeLlm, silence, tone
from tests.transports.wyoming.served import Served, engines, sound, wyoming_serving
from voi.transports.wyoming import connection, listener, outlet
from voi.transports.wyoming.describing import info
from voi.transports.wyoming.home import Home
from voi.transports.wyoming.wire import encode

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch


async def sent(served: Served, data: bytes, wait_s: float = 5.0) -> bytes:
    """What the server answers, until it closes the connection or is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.listener.port)
    got = b""
    try:
        writer.write(data)
        async with asyncio.timeout(wait_s):
            while piece := await reader.read(65_536):
                got += piece
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return got


def header(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


START = header(type="audio-start", data={"rate": 16_000, "width": 2, "channels": 1})
WRONG = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xff\xfe\n",
    b"[1, 2]\n",
    b"[" * 60_000 + b"\n",
    b"x" * 70_000,
    header(data={}),
    header(type=7),
    header(type="x" * 100),
    header(type="ping", data=[1]),
    header(type="ping", data_length=-1),
    header(type="ping", data_length=True),
    header(type="ping", data_length=1e9),
    header(type="ping", data_length=70_000),
    header(type="audio-chunk", payload_length=2**40),
    header(type="ping", data_length=2) + b"{]",
    header(type="ping", data_length=4) + b"null",
    header(type="ping", data={"text": {"a": 1}}),
    header(type="audio-start", data={"rate": 16_000, "width": 2}),
    header(type="audio-start", data={"rate": 10**30, "width": 2, "channels": 1}),
    header(type="audio-start", data={"rate": 16_001, "width": 2, "channels": 1}),
    header(type="audio-start", data={"rate": 16_000, "width": 4, "channels": 1}),
    START
    + header(type="audio-chunk", data={"rate": 8_000, "width": 2, "channels": 1}),
    header(type="audio-chunk", data={"rate": 16_000, "width": 2, "channels": 1}, payload_length=3) + b"abc",
    header(type="audio-chunk", data={"rate": 8_000, "width": 2, "channels": 1}, payload_length=2**20) + bytes(2**20),
    header(type="transcribe", data={"language": "klingon!"}),
    header(type="transcribe", data={"name": "nobody"}) + START,
    header(type="synthesize"),
    header(type="synthesize", data={"text": ["a"]}),
    header(type="synthesize", data={"text": "a" * 5_000}),
    header(type="synthesize", data={"text": "…"}),
    header(type="synthesize", data={"text": "<b/>", "text_format": "ssml"}),
    header(type="synthesize", data={"text": "Hi.", "voice": "anna"}),
    header(type="transcript", data={"text": None}),
    header(type="transcript", data={"text": "Hi.", "context": "01J"}),
    b'{"type":"transcript","data":{"text":"Hi.","context":{"a":' + b"[" * 300 + b"]" * 300 + b"}}}\n",
    header(type="detect", data={"names": "x"}),
    header(type="detect", data={"names": ["x"]}) + START,
    header(type="synthesize-start") + header(type="transcript", data={"text": "Hi."}),
]  # fmt: skip


async def test_each_mistake_is_named_and_ends_its_connection(tmp_path: Path, monkeypatch: Patch) -> None:
    async with wyoming_serving(tmp_path, monkeypatch, engines(), wake_words=["hey voi"]) as served:
        for data in WRONG:
            got = await sent(served, data)
            assert b'{"type":"error"' in got, data[:100]
        await served.settled()
        assert (await served.ask(Synthesize("Hi."), until=AudioStop))[-1].type == "audio-stop"


async def test_a_flood_of_small_events_leaves_time_to_others(tmp_path: Path, monkeypatch: Patch) -> None:
    """Each event is handled in a turn of the event loop of its own."""
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served, served.client() as client:
        assert client._writer is not None
        turns, told = 0, asyncio.Event()
        counts: list[int] = []

        async def others() -> None:
            nonlocal turns
            while not told.is_set():
                turns += 1
                await asyncio.sleep(0)

        def counted(home: Home) -> Any:
            counts.append(turns)
            if len(counts) == 500:
                told.set()
            return info(home)

        monkeypatch.setattr("voi.transports.wyoming.connection.info", counted)
        other = asyncio.ensure_future(others())
        client._writer.write(header(type="describe") * 500)
        await asyncio.wait_for(told.wait(), 60)
        await other
    assert len(set(counts)) > 450


async def test_unknown_events_are_ignored(tmp_path: Path, monkeypatch: Patch) -> None:
    stray = [header(type=kind) for kind in ("audio-stop", "synthesize-stop", "synthesize-chunk", "run-pipeline", "x")]
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served:
        got = await sent(served, b"".join(stray) + header(type="ping", data={"text": "here"}), 0.3)
        assert got.count(b'"type"') == 1
        assert b"here" in got


def a_session() -> list[bytes]:
    """Everything that a client may say, an event each."""
    said = [
        Transcribe(language="en"), *sound(tone(200) + silence(100)), Synthesize("Hello there."), SynthesizeStart(),
        SynthesizeChunk("One."), SynthesizeStop(), Detect(["hey voi"]), *sound(tone(200)), Handled("x"),
    ]  # fmt: skip
    events = [each.event() for each in said]
    events += [Event("transcript", {"text": "Hi.", "context": {"conversation_id": "1"}}), Event("describe")]
    return [encode(event) for event in events]


def mutations(seed: int) -> Callable[[bytes], bytes]:
    chance = random.Random(seed)

    def mutated(data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(changed))
            match chance.randrange(4):
                case 0:
                    changed[at] = chance.randrange(256)
                case 1:
                    del changed[at : at + chance.randint(1, 40)]
                case 2:
                    changed[at:at] = chance.randbytes(chance.randint(1, 40))
                case 3:
                    changed[at:at] = changed[at : at + chance.randint(1, 200)]
            if not changed:
                changed += b"\n"
        return bytes(changed)

    return mutated


async def test_ten_thousand_mutated_events(tmp_path: Path, monkeypatch: Patch) -> None:
    """In pieces of any length, while another client is served."""
    monkeypatch.setattr(listener, "CONNECTIONS_PER_ADDRESS", 1_000)
    monkeypatch.setattr(listener, "CONNECTIONS_MAX", 1_000)
    chance, mutated, session = random.Random(2), mutations(1), a_session()
    some = engines(FakeLlm("Fine.", first_s=0, token_s=0))
    async with wyoming_serving(tmp_path, monkeypatch, some, wake_words=["hey voi"]) as served:

        async def attack(events: list[bytes]) -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", served.listener.port)
            try:
                for event in events:
                    cut = chance.randrange(len(event))
                    writer.write(event[:cut])
                    await asyncio.sleep(0)
                    writer.write(event[cut:])
                await asyncio.sleep(0.01)
                if chance.random() < 0.3:
                    writer.transport.abort()
                await writer.drain()
            except ConnectionError:
                pass
            finally:
                writer.close()

        made = 0
        while made < 10_000:
            attacks = []
            for _ in range(40):
                order = [chance.choice(session) for _ in range(10)]
                attacks.append(attack([mutated(each) if chance.random() < 0.9 else each for each in order]))
                made += 10
            await asyncio.gather(*attacks)
        got = await served.ask(*sound(tone(1_000) + silence(500)), until=TranscriptStop)
        assert got[-1].type == "transcript-stop"
        await served.settled()
        vad = some.vad
        assert (some.stt.open_streams, vad.open_streams) == (0, 0)  # type: ignore[attr-defined]


async def test_silent_and_slow_clients_are_sent_away(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(connection, "IDLE_TIMEOUT_S", 1.5)
    monkeypatch.setattr(connection, "EVENT_TIMEOUT_S", 1.5)
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        half_said = b"".join(encode(each.event()) for each in sound(tone(100))[:-1])
        starts = (b"", b'{"type": "ping"', half_said, encode(SynthesizeStart().event()))
        await asyncio.gather(*(sent(served, start, 30.0) for start in starts))
        assert loop.time() - began_s < 20  # of 30, also on a busy machine
        reader, writer = await asyncio.open_connection("127.0.0.1", served.listener.port)
        for _ in range(1_000):  # a byte now and then is no event
            writer.write(b" ")
            await asyncio.sleep(0.02)
            if reader.at_eof() or reader.exception():  # a reset, where another byte came after the end
                break
        assert reader.at_eof() or reader.exception()
        writer.close()
        await served.settled()
        assert served.counted("connection", "refused") >= 2
        assert served.counted("asr", "refused") == 1


async def test_a_client_that_does_not_read(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(outlet, "TAKING_TIMEOUT_S", 0.5)
    monkeypatch.setattr(connection, "FAREWELL_TIMEOUT_S", 0.2)
    some = engines()
    some.tts["voice"].speed, some.tts["voice"].first_s = 1e6, 0.0  # type: ignore[attr-defined]
    async with wyoming_serving(tmp_path, monkeypatch, some) as served:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", served.listener.port))
        await asyncio.get_running_loop().sock_sendall(deaf, encode(Synthesize("Word word word. " * 250).event()))
        await served.until(lambda: served.listener.connections)
        await served.settled()
        deaf.close()
        assert served.counted("tts", "refused") == 1


async def test_sound_faster_than_speech_waits(tmp_path: Path, monkeypatch: Patch) -> None:
    """The first two minutes are taken at once; the others are served meanwhile."""
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.listener.port)
        chunk = sound(bytes(32_000), 32_000)[1].event()
        writer.write(encode(chunk) * 400)
        await asyncio.sleep(1.0)
        assert writer.transport.get_write_buffer_size() > 1_000_000  # of 12.8 MB
        assert (await served.ask(Synthesize("Hi."), until=AudioStop))[-1].type == "audio-stop"
        assert not reader.at_eof()
        writer.transport.abort()


async def test_connections_are_counted(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(listener, "CONNECTIONS_PER_ADDRESS", 3)
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served:
        there = [await asyncio.open_connection("127.0.0.1", served.listener.port) for _ in range(3)]
        await served.until(lambda: served.listener.connections == 3)
        assert await sent(served, b"", 1.0) == b""
        assert served.counted("connection", "refused") == 1
        for _, writer in there:
            writer.close()
        await served.settled()
        assert (await served.ask(Synthesize("Hi."), until=AudioStop))[-1].type == "audio-stop"


async def test_strangers_are_sent_away(tmp_path: Path, monkeypatch: Patch) -> None:
    async with wyoming_serving(tmp_path, monkeypatch, engines(), allow=["192.0.2.0/24"]) as served:
        assert await sent(served, header(type="describe"), 2.0) == b""
        assert served.counted("connection", "refused") == 1
