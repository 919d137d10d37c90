"""A whole server on a loopback port, and a person who talks to it over a real socket."""

import asyncio
import contextlib
import gc
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest

from tests.fakes.engines import FakeStt, FakeTts, FakeVad
from tests.server.fakes import API_KEY, SECRET
from tests.transports.raw_client import BINARY, CLOSE, PING, PONG, RawClient
from voi.config.settings import Settings, load_settings
from voi.engines.llm.echo import Echo
from voi.engines.startup import Engines
from voi.server import run
from voi.server.auth import issue_token
from voi.transports.voi_ws import wire

AGENTS = {
    "echo": {
        "llm_model": "echo",
        "voices": {"character": {"model": "voice"}},
        "greetings": {"choices": ["Hello there my friend."]},
    },
    "mute": {"llm_model": "echo"},
}


def fake_engines(*heard: str, **tts: Any) -> Engines:
    """`heard`: what the person says, utterance by utterance, a word for 200 ms of voice."""
    return Engines(vad=FakeVad(), stt=FakeStt(*heard), turn=None, llm=Echo(), tts={"voice": FakeTts(**tts)})


def write_config(folder: Path, engine: str = "espeak") -> None:
    (folder / "agents.json").write_text(json.dumps(AGENTS))
    (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": engine}}))


class RunningServer:
    def __init__(self, settings: Settings) -> None:
        self.port = 0
        self.task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        self.progress: list[str] = []
        self.server = run.Server(settings, self.progress.append, self.on_ready)

    def on_ready(self, address: str) -> None:
        self.port = urlsplit(address).port or 0
        self.ready.set()

    async def http(
        self, method: str, path: str, headers: str = "", json_body: Any = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = b"" if json_body is None else json.dumps(json_body).encode()
        if sent:
            headers += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n".encode() + sent)
        head, _, body = (await asyncio.wait_for(reader.read(), 60)).partition(b"\r\n\r\n")
        writer.close()
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        return int(lines[0].split()[1]), fields, body


@contextlib.asynccontextmanager
async def serving(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engines: Engines | Callable[..., Any] | None = None,
    **settings: Any,
) -> AsyncIterator[RunningServer]:
    """`engines` None: the real ones."""
    monkeypatch.chdir(tmp_path)
    if not (tmp_path / "agents.json").exists():
        write_config(tmp_path)
    if isinstance(engines, Engines):

        async def start(config: Any, settings: Settings, on_progress: Callable[[str], None]) -> Engines:
            on_progress("STT fake: ready in 0.00 s")
            return engines

        monkeypatch.setattr(run, "start_engines", start)
    elif engines is not None:
        monkeypatch.setattr(run, "start_engines", engines)
    settings.setdefault("admit_by_load", False)  # others on the machine that tests must not refuse calls
    settings.setdefault("store", "off")
    given = load_settings(token_secret_key=SECRET, api_key=API_KEY, port=0, shutdown_grace_s=0.05, **settings)
    thresholds = gc.get_threshold()
    # What the tests have loaded is frozen already (tests/conftest.py). Thawing this server's objects at its end would
    # thaw that too, and each server that starts would look half a second for garbage in it.
    monkeypatch.setattr(gc, "freeze", lambda: None)
    running = RunningServer(given)
    running.task = asyncio.create_task(running.server.serve())
    try:
        if engines is None or isinstance(engines, Engines):
            await asyncio.wait_for(running.ready.wait(), 30)
        yield running
    finally:
        RawClient.drop_all()
        running.server.stop()
        await asyncio.wait_for(running.task, 20)
        gc.set_threshold(*thresholds)


class Person:
    """Says things and keeps what comes back."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self.log: list[dict[str, Any]] = []
        """Metadata of all frames, in order."""
        self.sound: dict[str, bytes] = {}
        """By speech id."""
        self.texts: dict[int, str] = {}
        """What the window shows, by message id."""
        self.closed: int | None = None

    @classmethod
    async def connected(
        cls, port: int, *, narrow: bool = False, tls: ssl.SSLContext | None = None, token: str = ""
    ) -> Self:
        token = token or issue_token("test", SECRET)
        return cls(await RawClient.connect(port, f"/ws?token={token}", narrow=narrow, tls=tls))

    @classmethod
    async def arrive(
        cls,
        port: int,
        agent: str = "echo",
        mode: str = "chat",
        *,
        narrow: bool = False,
        tls: ssl.SSLContext | None = None,
        **init: Any,
    ) -> Self:
        person = await cls.connected(port, narrow=narrow, tls=tls)
        person.say("init", agent_name=agent, agent_config=None, mode=mode, **init)
        await person.until(lambda: person.status("init_done"))
        return person

    def say(self, kind: str, payload: bytes = b"undefined", **fields: Any) -> None:
        self.client.send(BINARY, wire.join({"type": kind, **fields}, payload))

    def speak(self, pcm: bytes, chunk_bytes: int = 8192) -> None:
        """All at once, in the browser client's pieces."""
        for start in range(0, len(pcm), chunk_bytes):
            self.say("audio", pcm[start : start + chunk_bytes])

    def status(self, name: str) -> int:
        """How often it was announced."""
        return sum(entry.get("status") == name for entry in self.log)

    @property
    def errors(self) -> list[str]:
        return [entry["error"] for entry in self.log if entry["type"] == "error"]

    async def until(self, seen: Callable[[], object], timeout_s: float = 60.0) -> None:
        """Read frames until that is so, or the connection ends."""
        deadline_s = time.monotonic() + timeout_s
        while not seen():
            opcode, payload = await self.client.receive(max(0.01, deadline_s - time.monotonic()))
            if opcode == PING:
                self.client.send(PONG, payload)
            elif opcode == CLOSE:
                self.closed = int.from_bytes(payload[:2], "big")
                return
            else:
                self._take(payload)

    def _take(self, frame: bytes) -> None:
        metadata, payload = wire.split(frame)
        self.log.append(metadata)
        match metadata["type"]:
            case "audio":
                speech_id = metadata["speech_id"]
                self.sound[speech_id] = self.sound.get(speech_id, b"") + payload
            case "message":
                self.texts[metadata["id"]] = "".join(part.get("text", "") for part in metadata["content"])
