"""Carriers that open a WebSocket for each call without asking first: Exotel and Genesys, as their documentation says.
Like `media_carrier`, they play what they get in real time, and are written without a line of Voi's own."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from typing import Any, Self

from tests.fakes.media_carrier import CALLED, CALLER, FRAME_S, PUBLIC_URL, MediaLine
from tests.transports.raw_client import BINARY, CLOSE, PING, PONG, TEXT, RawClient
from voi.audio import g711

EXOTEL_PASSWORD = "password1"
GENESYS_KEY = "api-key-of-the-connector"
GENESYS_SECRET = base64.b64encode(b"secret" * 6).decode()
SOCKET_ACCOUNTS: dict[str, dict[str, Any]] = {
    "exotel": {"kind": "exotel", "password": EXOTEL_PASSWORD},
    "genesys": {"kind": "genesys", "api_key": GENESYS_KEY, "client_secret": GENESYS_SECRET},
}
PROBE = "00000000-0000-0000-0000-000000000000"


def basic(user: str = "exotel", password: str = EXOTEL_PASSWORD) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}\r\n"


def signed_request(session_id: str, secret: str = GENESYS_SECRET, **wrong: Any) -> str:
    """The headers of Genesys' upgrade request. `wrong`: values in place of the right ones."""
    path = wrong.get("path", "/telephone/genesys/media")
    headers = {
        "audiohook-organization-id": wrong.get("organization", "org-1"),
        "audiohook-session-id": session_id,
        "audiohook-correlation-id": "c-1",
        "x-api-key": wrong.get("api_key", GENESYS_KEY),
    }
    derived = {"@request-target": path, "@authority": PUBLIC_URL.partition("://")[2]}
    names = [name for name in (*derived, *headers) if name not in wrong.get("without", ())]
    nonce = wrong.get("nonce", uuid.uuid4().hex)
    created_s = int(wrong.get("at_s", time.time()))
    listed = " ".join(f'"{name}"' for name in names)
    parameters = f'({listed});keyid="{wrong.get("keyid", headers["x-api-key"])}";nonce="{nonce}";alg="hmac-sha256"'
    parameters += f";created={created_s};expires={created_s + 10}"
    base = "".join(f'"{name}": {(derived | headers)[name]}\n' for name in names)
    mac = hmac.digest(base64.b64decode(secret), f'{base}"@signature-params": {parameters}'.encode(), hashlib.sha256)
    headers |= {"signature-input": f"sig1={parameters}", "signature": f"sig1=:{base64.b64encode(mac).decode()}:"}
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


class ExotelLine(MediaLine):
    """Sends the caller's sound in 100 ms, as l16 at `rate`."""

    rate = 8_000
    _unsent = b""

    def __init__(self, kind: str, client: RawClient, call_id: str) -> None:
        super().__init__(kind, client, call_id)
        self.sizes: list[int] = []
        """Bytes of each message with sound."""

    @property
    def rate_hz(self) -> int:
        return self.rate

    @classmethod
    async def call(cls, port: int, headers: str | None = None, rate: int = 8_000) -> Self:
        path = f"/telephone/exotel/media?sample-rate={rate}"
        client = await RawClient.connect(port, path, basic() if headers is None else headers)
        line = cls("exotel", client, f"CA{uuid.uuid4().hex}")
        line.rate = rate
        line.start("")
        return line

    def start(self, ticket: str) -> None:
        self.say({"event": "connected"})
        form = {"encoding": "audio/x-raw", "sample_rate": str(self.rate), "bit_rate": "16"}
        start = {"stream_sid": self.stream_id, "call_sid": self.call_id, "account_sid": "AC1", "from": CALLER,
                 "to": CALLED, "custom_parameters": {}, "media_format": form}  # fmt: skip
        self.say({"event": "start", "sequence_number": "1", "stream_sid": self.stream_id, "start": start})

    def press(self, key: str) -> None:
        self.say({"event": "dtmf", "stream_sid": self.stream_id, "dtmf": {"digit": key, "duration": "100"}})

    def hang_up(self) -> None:
        self.say(
            {"event": "stop", "stream_sid": self.stream_id, "stop": {"call_sid": self.call_id, "reason": "stopped"}}
        )
        self.client.send(CLOSE, (1000).to_bytes(2, "big"))

    def _take(self, message: dict[str, Any]) -> None:
        assert message["stream_sid"] == self.stream_id
        now_s = asyncio.get_running_loop().time()
        match message["event"]:
            case "media":
                pcm = base64.b64decode(message["media"]["payload"], validate=True)
                assert len(pcm) % 320 == 0
                self.sizes.append(len(pcm))
                self._queue.extend(pcm[at : at + self.frame_bytes] for at in range(0, len(pcm), self.frame_bytes))
            case "mark":
                self._queue.append(message["mark"]["name"])
            case "clear":
                self.commands.append((now_s, "clear"))
                self._queue.clear()
            case other:
                raise AssertionError(f"Exotel does not know {other}")

    def _send_sound(self, pcm: bytes) -> None:
        self._unsent += pcm
        if len(self._unsent) >= 5 * self.frame_bytes:
            self._chunk += 1
            media = {"chunk": str(self._chunk + 1), "timestamp": str(self._chunk * 100),
                     "payload": base64.b64encode(self._unsent).decode()}  # fmt: skip
            self._unsent = b""
            self.say({"event": "media", "sequence_number": "3", "stream_sid": self.stream_id, "media": media})

    def _send_mark(self, name: str) -> None:
        self.marks_back.append(name)
        self.say({"event": "mark", "sequence_number": "9", "stream_sid": self.stream_id, "mark": {"name": name}})


class GenesysLine:
    """One session of the Audio Connector. `channels`: what is sent of the call. Use it with `async with`."""

    def __init__(self, client: RawClient, session_id: str, channels: tuple[str, ...]) -> None:
        self.client = client
        self.session_id = session_id
        self.channels = channels
        self.opened: dict[str, Any] | None = None
        self.told: list[dict[str, Any]] = []
        """Messages of the server."""
        self.heard: list[tuple[float, bytes]] = []
        """What the caller heard: when each 20 ms (μ-law) began to be played."""
        self.sizes: list[int] = []
        self.close_code: int | None = None
        self.cleared_s: list[float] = []
        self._server_seq = 0
        self._seq = 0
        self._playing = False
        self._queue: deque[bytes] = deque()
        self._caller = bytearray()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def call(
        cls,
        port: int,
        headers: str = "",
        *,
        session_id: str = "",
        channels: tuple[str, ...] = ("external",),
        **wrong: Any,
    ) -> Self:
        session_id = session_id or str(uuid.uuid4())
        client = await RawClient.connect(
            port, wrong.get("path", "/telephone/genesys/media"), headers or signed_request(session_id, **wrong)
        )
        return cls(client, session_id, channels)

    def open(self, called: str = f"tel:{CALLED}", conversation: str = "", organization: str = "org-1") -> None:
        both = ["external", "internal"]
        media = [{"type": "audio", "format": form, "channels": channels, "rate": 8_000}
                 for form, channels in (("L16", both), ("PCMU", both), ("PCMU", list(self.channels)))]  # fmt: skip
        if self.channels == tuple(both):
            media = media[:2]
        participant = {"id": conversation or str(uuid.uuid4()), "ani": f"tel:{CALLER}", "aniName": "", "dnis": called}
        self.say("open", organizationId=organization, conversationId=conversation or str(uuid.uuid4()),
                 participant=participant, media=media, language="en-US", inputVariables={})  # fmt: skip

    def say(self, kind: str, **parameters: Any) -> None:
        self._seq += 1
        message = {"version": "2", "id": self.session_id, "type": kind, "seq": self._seq, "serverseq": self._server_seq,
                   "position": "PT1.0S", "parameters": parameters}  # fmt: skip
        self.client.send(TEXT, json.dumps(message).encode())

    def speak(self, pcm: bytes) -> None:
        self._caller += g711.encode(pcm, "ulaw")

    def types(self) -> list[str]:
        return [each["type"] for each in self.told]

    # ---- time

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._tick())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for error in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(error, Exception) and not isinstance(error, OSError | asyncio.IncompleteReadError):
                raise error

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        next_s, frames = loop.time(), b""
        while self.close_code is None:
            frame = bytes(self._caller[:160]).ljust(160, b"\xff")
            del self._caller[:160]
            if len(self.channels) == 2:  # the other side is loud
                frame = b"".join(bytes([mine, 0x80]) for mine in frame)
            frames += frame
            if self.opened is not None and len(frames) >= 800:  # Genesys sends 100 ms or more at once
                self.client.send(BINARY, frames)
                frames = b""
            self._play(loop.time())
            next_s += FRAME_S
            await asyncio.sleep(max(0.0, next_s - loop.time()))

    def _play(self, now_s: float) -> None:
        if self._queue:
            if not self._playing:
                self._playing = True
                self.say("playback_started")
            self.heard.append((now_s, self._queue.popleft()))
        elif self._playing:
            self._playing = False
            self.say("playback_completed")

    async def _read(self) -> None:
        while self.close_code is None:
            opcode, payload = await self.client.receive(60)
            if opcode == PING:
                self.client.send(PONG, payload)
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big")
            elif opcode == BINARY:
                assert self.opened is not None, "sound before opened"
                self.sizes.append(len(payload))
                self._queue.extend(payload[at : at + 160] for at in range(0, len(payload), 160))
            else:
                self._take(json.loads(payload))

    def _take(self, message: dict[str, Any]) -> None:
        assert message["version"] == "2"
        assert message["id"] == self.session_id
        assert message["seq"] == self._server_seq + 1
        assert message["clientseq"] <= self._seq
        self._server_seq = message["seq"]
        self.told.append(message)
        match message["type"]:
            case "opened":
                self.opened = message["parameters"]
            case "event":
                assert message["parameters"]["entities"] == [{"type": "barge_in", "data": {}}]
                self.cleared_s.append(asyncio.get_running_loop().time())
                self._queue.clear()
            case "disconnect":
                self.say("close", reason="disconnect")
            case "closed":
                self.client.send(CLOSE, (1000).to_bytes(2, "big"))
            case other:
                assert other in ("pong", "updated"), other

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def until(self, seen: Any, timeout_s: float = 60.0) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not seen():
            assert time.monotonic() < deadline_s, "that was never seen"
            await asyncio.sleep(0.005)
