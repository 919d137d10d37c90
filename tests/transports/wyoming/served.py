"""A server with a Wyoming listener, and Wyoming's own client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad
from tests.server.serving import RunningServer, serving
from voi.audio.pcm import from_float
from voi.audio.resample import resample
from voi.audio.sample import read_sample
from voi.engines.startup import Engines
from voi.transports.wyoming.listener import WyomingListener

AGENTS: dict[str, Any] = {
    "robin": {"llm_model": "echo", "system_prompt": ["You are Robin."], "voices": {"character": {"model": "voice"}}},
    "mute": {"llm_model": "echo"},
    "guarded": {"llm_model": "echo", "control_agent": "filter"},
    "filter": {"model": "pattern_matching", "denial_phrases": ["as a language model"], "giveup_response": ["No."]},
}
WAIT_S = 20.0


def engines(llm: Any = None, stt: Any = None) -> Engines:
    stt = stt or FakeStt("one two three four five", "six seven eight")
    return Engines(FakeVad(), stt, None, llm or FakeLlm("Well. I am fine, thank you."), {"voice": FakeTts()})


class Served:
    """The server, its listener, and clients of it."""

    def __init__(self, server: RunningServer, listener: WyomingListener) -> None:
        self.server, self.listener = server, listener

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncTcpClient]:
        async with AsyncTcpClient("127.0.0.1", self.listener.port, WAIT_S, WAIT_S) as client:
            yield client

    async def ask(self, *events: Eventable, until: type[Eventable]) -> list[Event]:
        """What comes back on a connection of its own, up to an event of that kind or the end."""
        async with self.client() as client:
            for event in events:
                await client.write_event(event.event())
            return await read(client, until)

    async def until(self, so: Callable[[], object]) -> None:
        """Wait for it."""
        async with asyncio.timeout(60):
            while not so():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Wait until nothing of any client is left."""
        await self.until(lambda: not (self.listener.connections or self.active or len(self.server.server.calls)))

    @property
    def active(self) -> int:
        return self.server.server.admission.active

    def counted(self, service: str, outcome: str) -> float:
        labels = {"listener": "wyoming", "request": service, "outcome": outcome}
        return self.server.server.metrics.registry.get_sample_value("voi_listener_requests_total", labels) or 0.0


async def read(client: AsyncTcpClient, until: type[Eventable]) -> list[Event]:
    """Events up to one of that kind, or the end."""
    got: list[Event] = []
    while (event := await client.read_event()) is not None:
        got.append(event)
        if until.is_type(event.type) or event.type == "error":
            break
    return got


@contextlib.asynccontextmanager
async def wyoming_serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, some: Engines | None, tts: str = "espeak", /, **options: Any
) -> AsyncIterator[Served]:
    """`some` None: the real engines."""
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": tts}}))
    made: list[WyomingListener] = []
    start = WyomingListener.start

    async def started(self: WyomingListener) -> None:
        made.append(self)
        await start(self)

    monkeypatch.setattr(WyomingListener, "start", started)
    settings = options.pop("settings", {})
    async with serving(
        tmp_path, monkeypatch, some, listeners={"wyoming": {"port": 0, **options}}, **settings
    ) as server:
        yield Served(server, made[0])


def sound(pcm: bytes, chunk_bytes: int = 2_048, rate_hz: int = 16_000) -> list[Eventable]:
    """As Home Assistant sends it."""
    chunks = (pcm[at : at + chunk_bytes] for at in range(0, len(pcm), chunk_bytes))
    at_ms = [at * 1_000 // (2 * rate_hz) for at in range(0, len(pcm), chunk_bytes)]
    sent = [AudioChunk(rate_hz, 2, 1, chunk, ms) for chunk, ms in zip(chunks, at_ms, strict=True)]
    return [AudioStart(rate_hz, 2, 1, 0), *sent, AudioStop(len(pcm) * 1_000 // (2 * rate_hz))]


def recording(name: str) -> bytes:
    """16 kHz PCM."""
    sample = read_sample(Path(__file__).parents[2] / "data" / "audio" / name)
    return resample(from_float(sample.samples), sample.rate_hz, 16_000)


def pcm_of(events: list[Event]) -> bytes:
    """The sound in events."""
    return b"".join(event.payload or b"" for event in events if event.type == "audio-chunk")
