"""A socket that reads as the node's clients do, and a client over a real one."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from tests.server.fakes import SECRET
from tests.transports.raw_client import BINARY, CLOSE, PING, PONG, TEXT, RawClient
from voi.server.auth import issue_token

CHUNK_BYTES = 4_096
"""What the page's microphone sends at a time: 128 ms."""


class FakeVocalSocket:
    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.close_code = 0
        self.backlog_bytes = 0
        self.refusals = 0

    def send(self, message: bytes) -> None:
        raise AssertionError("the node sends text frames only")

    def send_text(self, message: bytes) -> None:
        if not self.close_code:
            self.log.append(json.loads(message))

    def close(self, code: int, reason: str = "") -> None:
        self.close_code = self.close_code or code

    def refuse(self) -> None:
        self.refusals += 1

    @property
    def types(self) -> list[str]:
        """Types of the frames, in order, without repetitions next to each other."""
        types = [entry["type"] for entry in self.log]
        return [kind for at, kind in enumerate(types) if not at or types[at - 1] != kind]

    @property
    def errors(self) -> list[str]:
        return [entry["error"] for entry in self.log if entry["type"] == "error"]

    def count(self, kind: str) -> int:
        return sum(entry["type"] == kind for entry in self.log)

    @property
    def sound_s(self) -> float:
        """How long the sound is that came."""
        chunks = [entry["data"] for entry in self.log if entry["type"] == "tts_stream"]
        assert all(each["format"] == "pcm_f32le" and each["sample_rate"] == 24_000 for each in chunks)
        samples = [np.frombuffer(base64.b64decode(each["chunk"]), "<f4") for each in chunks]
        assert all(np.abs(each).max(initial=0) <= 1 for each in samples)
        return sum(map(len, samples)) / 24_000


class VocalPerson(FakeVocalSocket):
    """A client of the node over a real socket."""

    def __init__(self, client: RawClient) -> None:
        super().__init__()
        self.client = client

    @classmethod
    async def connected(cls, port: int, query: str | None = None, headers: str = "") -> Self:
        query = f"token={issue_token('test', SECRET)}" if query is None else query
        return cls(await RawClient.connect(port, f"/ws/session_abc?{query}", headers))

    @classmethod
    async def arrive(cls, port: int, **config: Any) -> Self:
        person = await cls.connected(port)
        person.configure(**config)
        await person.until(lambda: person.count("call_ready"))
        return person

    def configure(self, **config: Any) -> None:
        self.say(**{"configId": "echo", "agentId": "1", "agentName": "Echo", **config})

    def say(self, **message: Any) -> None:
        self.client.send(TEXT, json.dumps(message).encode())

    def speak(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), CHUNK_BYTES):
            self.client.send(BINARY, pcm[start : start + CHUNK_BYTES])

    async def listen(self, wait_s: float) -> None:
        deadline_s = time.monotonic() + wait_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                await self._read(left_s)
            except TimeoutError:
                return

    async def until(self, seen: Callable[[], object], timeout_s: float = 60.0) -> None:
        """Read until that is so, or the connection ends."""
        deadline_s = time.monotonic() + timeout_s
        while not seen() and not self.close_code:
            await self._read(max(0.01, deadline_s - time.monotonic()))

    async def _read(self, timeout_s: float) -> None:
        try:
            opcode, payload = await self.client.receive(timeout_s)
        except asyncio.IncompleteReadError:
            opcode, payload = CLOSE, b"\x03\xee"
        if opcode == PING:
            self.client.send(PONG, payload)
        elif opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big")
        elif opcode == TEXT:
            self.send_text(payload)
        else:
            self.send(payload)
