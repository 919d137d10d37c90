"""Texts spoken over HTTP, over real sockets: at once, within limits, and for nobody who has gone."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from fastapi import FastAPI
from uvicorn.server import ServerState

from tests.fakes.engines import FakeTts
from voi.audio.wav import ENDLESS_BYTES, header
from voi.config.config import Config
from voi.config.tts_models import TtsModel
from voi.engines.base import AS_IT_IS, Tts
from voi.engines.info import TtsInfo
from voi.engines.tts.adapter import TtsAdapter
from voi.engines.tts.espeak import Espeak
from voi.errors import EngineError
from voi.server import speech as module
from voi.server.http import HttpProtocol, WaitingConnections
from voi.server.speech import SpeechService, speech_router

HEADER = header(ENDLESS_BYTES, 24_000)


class Endless(FakeTts):
    """Speaks as fast as it is listened to, without end."""

    async def stream(self, text: str, voice: Any) -> AsyncIterator[bytes]:
        self.open_streams += 1
        try:
            while True:
                yield bytes(48_000)
                await asyncio.sleep(0)
        finally:
            self.open_streams -= 1


class Breaking(FakeTts):
    """Fails after its first sound."""

    async def stream(self, text: str, voice: Any) -> AsyncIterator[bytes]:
        yield bytes(4_800)
        raise EngineError("It broke.")


class RunningServer:
    def __init__(self, port: int) -> None:
        self.port = port
        self.writers: list[asyncio.StreamWriter] = []

    async def send(self, body: Any, voice: str = "anna", kind: str = "application/json") -> asyncio.StreamReader:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(self.writer)
        head = f"POST /voices/{voice}/speech HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
        self.writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        return reader

    async def ask(self, body: Any, voice: str = "anna", kind: str = "application/json") -> tuple[int, bytes, bool]:
        """Status, body, and whether the body is whole."""
        reader = await self.send(body, voice, kind)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        rest = await asyncio.wait_for(reader.read(), 60)
        self.writer.close()
        status = int(head.split()[1])
        if b"chunked" not in head:
            return status, rest, True
        got = b""
        while (size := int(rest.partition(b"\r\n")[0] or b"-1", 16)) > 0:
            start = rest.index(b"\r\n") + 2
            got, rest = got + rest[start : start + size], rest[start + size + 2 :]
        return status, got, size == 0


@contextlib.asynccontextmanager
async def serving(tts: dict[str, Tts] | None, **models: TtsModel) -> AsyncIterator[RunningServer]:
    config = Config(agents={}, control_agents={}, completeness_agents={}, tts_models=models)
    app = FastAPI()
    app.include_router(speech_router(SpeechService(lambda: config, lambda: tts), lambda _: None))
    http = uvicorn.Config(app, log_config=None, lifespan="off")
    http.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HttpProtocol(http, state, {}, waiting=WaitingConnections()), "127.0.0.1", 0
    )
    running = RunningServer(server.sockets[0].getsockname()[1])
    try:
        yield running
    finally:
        server.close()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        for writer in running.writers:
            writer.transport.abort()
        for connection in list(state.connections):
            connection.transport.abort()  # type: ignore[union-attr]


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not seen():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_text_is_a_wav_file_that_begins_at_once() -> None:
    espeak = Espeak(voices=["en-us", "de"])
    await espeak.warm_up()
    async with serving({"espeak": TtsAdapter(espeak)}) as running:
        status, sound, whole = await running.ask({"text": "Good morning! It is *1* o'clock."}, "en-us")
        assert (status, whole, sound[:44]) == (200, True, HEADER)
        assert 48_000 < len(sound) < 480_000
        assert any(sound[44:])
        fast = await running.ask({"text": "Good morning! It is *1* o'clock.", "speed": 2}, "en-us")
        assert len(fast[1]) < 0.7 * len(sound)


async def test_sound_comes_while_the_rest_is_made_and_who_leaves_ends_the_work() -> None:
    engine = Endless()
    async with serving({"voice": engine}) as running:
        reader = await running.send({"text": "Hello."})
        await asyncio.wait_for(reader.readuntil(HEADER), 60)
        await asyncio.wait_for(reader.readexactly(48_000), 60)
        assert engine.open_streams == 1
        running.writer.transport.abort()
        await until(lambda: not engine.open_streams)
        assert (await running.ask({"text": ""}))[0] == 400


async def test_who_leaves_before_the_first_sound_ends_the_work() -> None:
    engine = FakeTts(first_s=1e6)
    async with serving({"voice": engine}) as running:
        await running.send({"text": "Hello."})
        await until(lambda: engine.open_streams)
        running.writer.transport.abort()
        await until(lambda: not engine.open_streams)


async def test_who_takes_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAKING_TIMEOUT_S", 0.05)
    engine = Endless()
    async with serving({"voice": engine}) as running:
        reader = await running.send({"text": "Hello."})
        await asyncio.wait_for(reader.readuntil(HEADER), 60)
        running.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: not engine.open_streams)
        running.writer.transport.abort()


async def test_two_at_once() -> None:
    engine = FakeTts(first_s=1e6)
    async with serving({"voice": engine}) as running:
        for _ in range(2):
            await running.send({"text": "Hello."})
        await until(lambda: engine.open_streams == 2)
        status, body, _ = await running.ask({"text": "Hello."})
        assert (status, b"try again" in body) == (429, True)
        for writer in running.writers:
            writer.transport.abort()
        await until(lambda: not engine.open_streams)
        engine.first_s = 0.0
        assert (await running.ask({"text": "Hello."}))[0] == 200


async def test_a_place_is_free_again_after_each_end() -> None:
    engine = FakeTts(first_s=0.0, speed=1e6)
    async with serving({"voice": engine}) as running:
        for text, status in (("Hello.", 200), ("...", 400), ("Hello.", 200), ("!", 400), ("Hello.", 200)):
            assert (await running.ask({"text": text}))[0] == status


async def test_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPEECH_TIMEOUT_S", 0.05)
    async with serving({"voice": FakeTts(first_s=1e6)}) as running:
        assert (await running.ask({"text": "Hello."}))[0] == 504
    async with serving({"voice": FakeTts(first_s=0.0, speed=0.1)}) as running:
        status, sound, whole = await running.ask({"text": "Hello."})
        assert (status, sound[:44], whole) == (200, HEADER, False)


async def test_an_engine_that_fails() -> None:
    async with serving({"voice": FakeTts(fault=EngineError("It is being restarted."))}) as running:
        status, body, _ = await running.ask({"text": "Hello."})
        assert (status, b"restarted" in body) == (503, True)
    async with serving({"voice": Breaking()}) as running:
        status, sound, whole = await running.ask({"text": "Hello."})
        assert (status, len(sound), whole) == (200, 44 + 4_800, False)
    async with serving(None) as running:
        assert (await running.ask({"text": "Hello."}))[0] == 503


async def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    speaks: Any = SimpleNamespace(info=TtsInfo("other", voices=("anna", "carl"), languages=("en",)))
    async with serving({"voice": FakeTts(), "other": speaks}) as running:
        for body, voice, status, says in (
            ({"text": "Hello."}, "nobody", 404, "no voice of that name"),
            ({"text": "Hello."}, "anna", 400, "voice, other have a voice"),
            ({"text": "Hello.", "model": "x"}, "anna", 404, "there are: voice, other"),
            ({"text": "Hello.", "model": "other"}, "bert", 404, "no voice of that name"),
            ({"text": "Hello.", "tone": "furious"}, "bert", 400, "no tone"),
            ({"text": "Hello.", "language": "de"}, "carl", 400, "does not speak"),
            ({"text": "Hello.", "language": "../de"}, "carl", 400, "ISO code"),
            ({"text": "Hello.", "speed": 5}, "bert", 400, "at most 4"),
            ({"text": "Hello.", "lang": "de"}, "bert", 400, "the fields are"),
            ({"text": "x" * 4_001}, "bert", 400, "4001 characters"),
            ({}, "bert", 400, "is missing"),
            (b"[", "bert", 400, "not valid JSON"),
            (b'{"text": "\\ud800"}', "bert", 400, "surrogate"),
            (b"\xff", "bert", 400, "not UTF-8"),
            (b"[" * 60_000, "bert", 400, "nested deeper"),
            (bytes(70_000), "bert", 413, "64 KiB"),
        ):
            got, told, _ = await running.ask(body, voice)
            assert (got, says in json.loads(told)["detail"]) == (status, True), told
        assert (await running.ask({"text": "Hello."}, "bert", "text/plain"))[0] == 415
        monkeypatch.setattr(module.BODY, "timeout_s", 0.02)
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"POST /voices/bert/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 9\r\n\r\n{")
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 60)
        writer.close()


async def test_a_request_that_breaks_off_is_nobodys_failure(caplog: pytest.LogCaptureFixture) -> None:
    async with serving({"voice": FakeTts(first_s=0.0)}) as running:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"POST /voices/anna/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 9\r\n\r\n{")  # fmt: skip
        await writer.drain()
        writer.close()
        assert (await running.ask({"text": "Hello."}))[0] == 200
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_client_that_names_a_voice_gets_it() -> None:
    engine = FakeTts(first_s=0.0, speed=1e6)
    engine.info = replace(engine.info, tone_voices={"neutral": "anna", "warm": "anna"})
    async with serving({"voice": engine}) as running:
        assert (await running.ask({"text": "Hello."}, "bert"))[0] == 200
        assert (await running.ask({"text": "Hello.", "tone": "warm"}, "anna"))[0] == 200
        status, body, _ = await running.ask({"text": "Hello.", "tone": "warm"}, "bert")
        assert (status, b"those of 'anna'" in body) == (400, True)
    assert [(spec.voice, spec.tone) for _, spec in engine.spoken] == [("bert", AS_IT_IS), ("anna", "warm")]


async def test_a_name_is_the_same_however_it_is_written() -> None:
    engine = FakeTts(first_s=0.0, speed=1e6)
    engine.info = replace(engine.info, voices=("Zo\u00e9",))
    async with serving({"voice": engine}) as running:
        assert (await running.ask({"text": "Hello.", "tone": "Warm"}, quote("Zoe\u0301")))[0] == 200
    assert [(spec.voice, spec.tone) for _, spec in engine.spoken] == [("Zo\u00e9", "warm")]


async def test_the_language_is_the_models_or_the_servers() -> None:
    engine = FakeTts(first_s=0.0, speed=1e6)
    async with serving({"voice": engine}, voice=TtsModel(engine="fake", language="de")) as running:
        await running.ask({"text": "Hallo."})
        await running.ask({"text": "Salut.", "language": "fr"})
    assert [spec.language for _, spec in engine.spoken] == ["de", "fr"]
