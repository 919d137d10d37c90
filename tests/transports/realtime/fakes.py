"""A Realtime client over a real socket, that keeps every event and checks it against the SDK's types."""

import base64
import json
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Self, get_args

from tests.server.fakes import SECRET
from tests.transports.raw_client import CLOSE, PING, PONG, TEXT, RawClient
from voi.server.auth import issue_token

Json = dict[str, Any]


def _sdk_types() -> dict[str, Any]:
    """The SDK's class for each server event, by the event's type; {} without the SDK."""
    try:
        sdk = import_module("openai.types.realtime.realtime_server_event")
    except ImportError:
        return {}
    kinds = get_args(get_args(sdk.RealtimeServerEvent)[0])
    return {get_args(kind.model_fields["type"].annotation)[0]: kind for kind in kinds}


SDK_TYPES = _sdk_types()


class RealtimeClient:
    """`log`: all events that came."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self.log: list[Json] = []
        self.closed: int | None = None
        self.mistaken: set[str] = set()
        """Ids of its events that were answered with an error."""
        self.sound: dict[str, bytes] = {}
        """By item."""

    @classmethod
    async def connect(
        cls, port: int, model: str = "echo", *, key: str | None = None, headers: str = "", query: str = ""
    ) -> Self:
        key = issue_token("test", SECRET) if key is None else key
        headers = headers or f"Authorization: Bearer {key}\r\n"
        return cls(await RawClient.connect(port, f"/v1/realtime?model={model}{query}", headers))

    @classmethod
    async def arrive(cls, port: int, model: str = "echo", **session: Any) -> Self:
        """Connected, with these settings."""
        client = await cls.connect(port, model)
        await client.until("session.created")
        if session:
            client.send("session.update", session={"type": "realtime", **session})
            await client.until("session.updated")
        return client

    def send(self, kind: str, **fields: Any) -> None:
        self.client.send(TEXT, json.dumps({"type": kind, **fields}).encode())

    def speak(self, pcm: bytes, ms: int = 100) -> None:
        """PCM at 24 kHz, all at once, in pieces of `ms`."""
        size = ms * 48
        for start in range(0, len(pcm), size):
            self.send("input_audio_buffer.append", audio=base64.b64encode(pcm[start : start + size]).decode())

    def say(self, text: str, **item: Any) -> None:
        self.send(
            "conversation.item.create",
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **item},
        )

    def all(self, kind: str) -> list[Json]:
        return [event for event in self.log if event["type"] == kind]

    def last(self, kind: str) -> Json:
        return self.all(kind)[-1]

    @property
    def kinds(self) -> list[str]:
        """Types of all events, in order; of equal ones in a row, one."""
        kinds = [event["type"] for event in self.log]
        return [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]

    async def until(self, seen: str | Callable[[], object], count: int = 1, timeout_s: float = 60.0) -> Json:
        """Read until an event of that type has come `count` times since now, or that is so. Returns the newest
        event."""
        before = len(self.all(seen)) if isinstance(seen, str) else 0
        deadline_s = time.monotonic() + timeout_s
        while not (len(self.all(seen)) >= before + count if isinstance(seen, str) else seen()):
            if self.closed is not None:
                raise AssertionError(f"closed with {self.closed}: {self.log[-3:]}")
            await self.read(max(0.01, deadline_s - time.monotonic()))
        return self.log[-1]

    async def read(self, timeout_s: float = 30.0) -> None:
        try:
            opcode, payload = await self.client.receive(timeout_s)
        except TimeoutError:
            raise AssertionError(f"nothing more came after {self.kinds[-12:]}") from None
        if opcode == PING:
            self.client.send(PONG, payload)
        elif opcode == CLOSE:
            self.closed = int.from_bytes(payload[:2], "big")
        else:
            assert opcode == TEXT
            event = json.loads(payload)
            if SDK_TYPES:
                SDK_TYPES[event["type"]].model_validate(event, strict=True)
            assert event["event_id"].startswith("event_")
            self.log.append(event)
            if event["type"] == "error" and event["error"]["event_id"]:
                self.mistaken.add(event["error"]["event_id"])
            if event["type"] == "response.output_audio.delta":
                item = event["item_id"]
                self.sound[item] = self.sound.get(item, b"") + base64.b64decode(event["delta"])

    @property
    def errors(self) -> list[Json]:
        return [event["error"] for event in self.all("error")]
