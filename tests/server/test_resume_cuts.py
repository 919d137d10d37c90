"""Connections that are cut at random, over real sockets: what is heard on either side is what an uncut call has."""

import asyncio
import contextlib
import json
import random
import time
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.cutter import Cutter, cutting
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, silence
from tests.server.fakes import SECRET
from tests.server.serving import Person, serving
from tests.transports.raw_client import BINARY, RawClient
from voi.client import AudioEvent, Event, MessageEvent, ResumedEvent, SpeechDoneEvent, StatusEvent, VoiClient
from voi.client import client as voi_client
from voi.engines.base import VoiceSpec
from voi.engines.startup import Engines
from voi.server.auth import issue_token
from voi.transports.resend_queue import WINDOW_BYTES

pytestmark = pytest.mark.integration

SENTENCES = 12
STORY = " ".join(f"This is sentence number {number} of a story that goes on." for number in range(SENTENCES))


class NoiseTts(FakeTts):
    """Each text has a sound of its own that repeats nowhere."""

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        async for _ in super().stream(text, voice):
            break
        samples = len(text) * self.ms_per_character * 24
        noise = np.random.default_rng(zlib.crc32(text.encode())).integers(-20_000, 20_000, samples, np.int16)
        for start in range(0, samples, 1_920):
            yield noise[start : start + 1_920].tobytes()


def engines(heard: str = "") -> Engines:
    llm = FakeLlm(STORY, token_s=0)
    return Engines(vad=FakeVad(), stt=FakeStt(heard), turn=None, llm=llm, tts={"voice": NoiseTts(ms_per_character=20)})


def write_agents(folder: Path, **fields: Any) -> None:
    agent = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, **fields}
    (folder / "agents.json").write_text(json.dumps({"teller": agent}))
    (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))


class Listener:
    """Hears one call to its end."""

    def __init__(self) -> None:
        self.sound: dict[str, bytearray] = {}
        self.texts: dict[int, str] = {}
        self.statuses: list[str] = []
        self.done: list[str] = []
        self.back_s: list[float] = []
        """How long after each reconnection the next event came."""
        self._resumed_s: float | None = None

    def take(self, event: Event) -> None:
        if self._resumed_s is not None:
            self.back_s.append(time.monotonic() - self._resumed_s)
            self._resumed_s = None
        match event:
            case AudioEvent(speech_id, payload):
                self.sound.setdefault(speech_id, bytearray()).extend(payload)
            case MessageEvent(message_id, _, text, _):
                self.texts[message_id] = text
            case StatusEvent(status):
                self.statuses.append(status)
            case SpeechDoneEvent(speech_id):
                self.done.append(speech_id)
            case ResumedEvent():
                self._resumed_s = time.monotonic()

    async def until(self, voi: VoiClient, seen: Callable[[], object], timeout_s: float = 60.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not seen():
                self.take(await anext(voi))


def joined(port: int, **options: Any) -> contextlib.AbstractAsyncContextManager[VoiClient]:
    return VoiClient.connect(
        f"ws://127.0.0.1:{port}/ws", token=issue_token("test", SECRET), agent_name="teller", init_greeting=False,
        resume=True, **options,
    )  # fmt: skip


async def cut_at_random(cutter: Cutter, chance: random.Random, times: int) -> None:
    """Three ways: both sides know, the server does not know, nobody knows until the client notices."""
    for _ in range(times):
        await asyncio.sleep(chance.uniform(0.02, 0.35))
        cutter.cut(far_side=chance.random() < 0.7)


async def tell_a_story(port: int, listener: Listener) -> None:
    async with joined(port) as voi:
        await voi.send_text("Tell me a story")
        await voi.create_response()
        await listener.until(voi, lambda: "1" in listener.done)


async def test_an_answer_that_is_cut_a_hundred_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path)
    async with serving(tmp_path, monkeypatch, engines()) as server:
        whole = Listener()
        await tell_a_story(server.port, whole)
        assert len(whole.sound["1"]) > 48_000 * 8

        async def one(seed: int) -> Listener:
            listener, chance = Listener(), random.Random(seed)
            async with cutting(server.port) as cutter:
                cuts = asyncio.create_task(cut_at_random(cutter, chance, 25))
                await tell_a_story(cutter.port, listener)
                await cuts
                assert cutter.connections > 15  # on a busy machine some cuts meet no connection
            return listener

        for heard in await asyncio.gather(*(one(seed) for seed in range(4))):
            assert heard.sound == whole.sound
            assert heard.texts == whole.texts
            assert heard.statuses == whole.statuses
            assert heard.done == whole.done
            assert max(heard.back_s) < 1


def words(count: int) -> str:
    return " ".join(f"word{number}" for number in range(count))


def speech(ms: int) -> bytes:
    """Voice in which no two samples in a row are those of another place."""
    noise = np.random.default_rng(7).integers(2_000, 20_000, ms * 16, np.int16)
    return noise.tobytes()


async def test_speech_that_is_cut_a_hundred_times_while_a_button_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_agents(tmp_path)
    fakes = [engines(words(100)) for _ in range(4)]
    said = speech(8_000)

    async def one(server_port: int, fake: Engines, seed: int) -> None:
        listener, chance = Listener(), random.Random(seed)
        async with cutting(server_port) as cutter, joined(cutter.port) as voi:
            cuts = asyncio.create_task(cut_at_random(cutter, chance, 25))
            hearing = asyncio.create_task(listener.until(voi, lambda: "1" in listener.done))
            for start in range(0, len(said), 640):
                await voi.send_audio(said[start : start + 640])
                await asyncio.sleep(0.02)
            await voi.create_response()
            await cuts
            await hearing
            assert cutter.connections > 15  # on a busy machine some cuts meet no connection
        heard = bytes(fake.stt.streams[0].pcm)  # type: ignore[attr-defined]
        assert len(fake.stt.streams) == 1  # type: ignore[attr-defined]
        assert heard == said
        assert listener.texts[0] == words(40)
        assert listener.statuses == ["response_created", "response_done"]

    async with contextlib.AsyncExitStack() as stack:
        servers = []
        for fake in fakes:
            servers.append(await stack.enter_async_context(serving(tmp_path, monkeypatch, fake)))
        await asyncio.gather(
            *(one(server.port, fake, seed) for seed, (server, fake) in enumerate(zip(servers, fakes, strict=True)))
        )


async def test_a_call_goes_on_in_mid_word_and_the_answer_comes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a call the voice detector runs; what the person said before and during the cut is one turn."""
    write_agents(tmp_path)
    fakes = engines(words(30))
    said = speech(4_000) + silence(4_000)
    async with serving(tmp_path, monkeypatch, fakes) as server, cutting(server.port) as cutter:
        listener = Listener()
        async with joined(cutter.port, mode="call") as voi:
            hearing = asyncio.create_task(listener.until(voi, lambda: "1" in listener.done))
            for number, start in enumerate(range(0, len(said), 640)):
                await voi.send_audio(said[start : start + 640])
                await asyncio.sleep(0.02)
                if number == 100:
                    cutter.refusing = True
                    cutter.cut()
                if number == 150:  # a second later
                    cutter.refusing = False
            await hearing
        assert listener.texts[0] == words(20)
        assert len(fakes.stt.streams) == 1  # type: ignore[attr-defined]
        assert len(fakes.llm.requests) == 1  # type: ignore[attr-defined]
        assert max(listener.back_s) < 1.0


async def test_connections_that_fall_silent_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-open ones: neither side is told. The client notices by its pings; the server may still hold the old one."""
    monkeypatch.setattr(voi_client, "RESUMING_HEARTBEAT_S", 0.4)
    write_agents(tmp_path)
    async with serving(tmp_path, monkeypatch, engines()) as server, cutting(server.port) as cutter:
        whole, heard = Listener(), Listener()
        await tell_a_story(server.port, whole)

        async def stall() -> None:
            for after_s in (1.0, 2.5, 3.5):
                await asyncio.sleep(after_s)
                cutter.stall()

        stalling = asyncio.create_task(stall())
        await tell_a_story(cutter.port, heard)
        await stalling
        assert cutter.connections == 4
        assert heard.sound == whole.sound
        assert heard.statuses == whole.statuses
        assert max(heard.back_s) < 1
        assert len(server.server.calls) <= 1, "the old connections have no calls of their own"


async def test_a_client_that_does_not_confirm_is_sent_a_bounded_amount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_agents(tmp_path)
    async with serving(tmp_path, monkeypatch, engines()) as server:
        mute = Person(await RawClient.connect(server.port, f"/ws?token={issue_token('test', SECRET)}"))
        mute.say("init", agent_name="teller", init_greeting=False, resumable=True)
        mute.say("text", content="Tell me")
        mute.say("create_response")
        sound_bytes = 0
        until_s = time.monotonic() + 9
        while time.monotonic() < until_s:
            with contextlib.suppress(TimeoutError):
                opcode, payload = await mute.client.receive(0.5)
                if opcode == BINARY:
                    sound_bytes += len(payload)  # and no ping is answered
        # it counts as away long before the window is full, and then its time stands still
        assert 48_000 < sound_bytes < WINDOW_BYTES + 2 * 48_000
        mute.client.drop()
