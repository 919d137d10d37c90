"""Stand-ins for the two sides of a door."""

import asyncio
from typing import Any

from voi.core.facts import Fact, ImageGiven
from voi.transports.voi_ws import wire


class FakeConnection:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.backlog_bytes = 0

    def send(self, message: bytes) -> None:
        self.frames.append(message)

    def close(self, code: int, reason: str = "") -> None:
        self.closed = self.closed or (code, reason)

    @property
    def sent(self) -> list[tuple[dict[str, Any], bytes]]:
        return [wire.split(frame) for frame in self.frames]

    @property
    def errors(self) -> list[str]:
        return [metadata["error"] for metadata, _ in self.sent if metadata["type"] == "error"]

    def sound(self, speech_id: str) -> bytes:
        return b"".join(payload for metadata, payload in self.sent if metadata.get("speech_id") == speech_id)


class FakeSession:
    def __init__(self) -> None:
        self.log: list[Fact | bytes] = []
        self.llm: asyncio.Future[str] | None = None

    def hear(self, pcm: bytes) -> None:
        self.log.append(pcm)

    def tell(self, fact: Fact) -> None:
        self.log.append(fact)

    def show_picture(self, url: str) -> None:
        self.log.append(ImageGiven(url))

    async def invoke_llm(self, model: str, prompt: str, messages: list[dict[str, Any]]) -> str:
        if self.llm is not None:
            return await asyncio.shield(self.llm)
        return f"{model} on {prompt}: {len(messages)}"
