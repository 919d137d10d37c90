"""A person who talks to a server over RTVI, as pipecat's JavaScript client does."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Self

from tests.server.fakes import SECRET
from tests.transports.raw_client import BINARY, CLOSE, PING, PONG, TEXT, RawClient
from tests.transports.rtvi.fakes import FakeRtviSocket
from voi.server.auth import issue_token
from voi.transports.rtvi import frames

FRAME_BYTES = 1_024
"""The client's recorder gives 512 samples at a time."""


class RtviPerson(FakeRtviSocket):
    def __init__(self, client: RawClient) -> None:
        super().__init__()
        self.client = client
        self.at_s: list[float] = []
        """When each entry of `log` came."""

    @classmethod
    async def connected(cls, port: int, query: str = "agent=echo") -> Self:
        return cls(await RawClient.connect(port, f"/rtvi?{query}&token={issue_token('test', SECRET)}"))

    @classmethod
    async def arrive(cls, port: int, query: str = "agent=echo") -> Self:
        person = await cls.connected(port, query)
        person.say("client-ready", {"version": "2.1.0", "about": {"library": "test"}})
        await person.until(lambda: person.data("bot-ready"))
        return person

    def say(self, kind: str, data: Any = None, message_id: str = "m1") -> None:
        text = json.dumps({"label": "rtvi-ai", "type": kind, "id": message_id, "data": data})
        self.client.send(BINARY, frames.message(text.encode()))

    def speak(self, pcm: bytes) -> None:
        """All at once."""
        for start in range(0, len(pcm), FRAME_BYTES):
            self.client.send(BINARY, frames.sound(pcm[start : start + FRAME_BYTES], 16_000))

    async def speak_live(self, pcm: bytes) -> None:
        """In real time, reading what comes meanwhile."""
        from_s = time.monotonic()
        for at, start in enumerate(range(0, len(pcm), FRAME_BYTES)):
            self.client.send(BINARY, frames.sound(pcm[start : start + FRAME_BYTES], 16_000))
            await self.listen(from_s + (at + 1) * 0.032 - time.monotonic())

    async def listen(self, wait_s: float) -> None:
        """Read what comes within that time."""
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
        self.at_s += [time.monotonic()] * (len(self.log) - len(self.at_s))

    def text(self, kind: str) -> str:
        return " ".join(data["text"].strip() for data in self.data(kind))

    def finals(self) -> list[str]:
        return [data["text"] for data in self.data("user-transcription") if data["final"]]
