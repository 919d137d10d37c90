"""A carrier that behaves as the real ones do: it signs its webhook, does what the document says, sends the caller's
sound in 20 ms, and plays what it gets in real time. Marks come back when the sound before them was played; a clear
drops the rest, and Twilio and Telnyx then send its marks back too.

Written from the carriers' documentation, and without a line of Voi's own reading and writing of it.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import struct
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.transports.raw_client import BINARY, CLOSE, PING, PONG, TEXT, RawClient
from voi.audio import g711

PUBLIC_URL = "https://voice.example.com"
AUTH_TOKEN = "a-token-of-the-account-0123456789"
TELNYX_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TELNYX_PUBLIC = base64.b64encode(TELNYX_KEY.public_key().public_bytes_raw()).decode()
ACCOUNTS: dict[str, dict[str, Any]] = {
    "twilio": {"kind": "twilio", "auth_token": AUTH_TOKEN},
    "telnyx": {"kind": "telnyx", "public_key": TELNYX_PUBLIC, "media": "alaw"},
    "plivo": {"kind": "plivo", "auth_token": AUTH_TOKEN},
    "vonage": {"kind": "vonage", "signature_secret": AUTH_TOKEN},
}
RATES_HZ = {"twilio": 8_000, "telnyx": 8_000, "plivo": 8_000, "vonage": 16_000}
CALLED, CALLER = "+4930123456", "+4915112345678"
FRAME_S = 0.02


def phones(agent: str = "echo", **more: Any) -> dict[str, Any]:
    """What stands in phones.json."""
    return {"public_url": PUBLIC_URL, "carriers": ACCOUNTS, "numbers": {CALLED: {"agent": agent}}, **more}


def signed_webhook(
    kind: str, call_id: str, called: str = CALLED, caller: str = CALLER, at_s: float | None = None
) -> tuple[dict[str, str], bytes]:
    """Headers and body of the carrier's request."""
    at_s = time.time() if at_s is None else at_s
    url = f"{PUBLIC_URL}/telephone/{kind}/voice"
    plain = called.lstrip("+"), caller.lstrip("+")
    if kind == "vonage":
        body = json.dumps({"from": plain[1], "to": plain[0], "uuid": call_id}).encode()
        claims = {"iat": int(at_s), "jti": uuid.uuid4().hex, "iss": "Vonage",
                  "payload_hash": hashlib.sha256(body).hexdigest()}  # fmt: skip
        token = jwt.encode(claims, AUTH_TOKEN, "HS256")
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, body
    if kind == "plivo":
        fields = {"CallUUID": call_id, "From": plain[1], "To": plain[0], "Direction": "inbound"}
    else:
        fields = {"CallSid": call_id, "From": caller, "To": called, "AccountSid": "AC1", "CallStatus": "ringing"}
    body = urlencode(fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    joined = "".join(name + fields[name] for name in sorted(fields))
    match kind:
        case "twilio":
            mac = hmac.digest(AUTH_TOKEN.encode(), (url + joined).encode(), "sha1")
            headers["X-Twilio-Signature"] = base64.b64encode(mac).decode()
        case "plivo":
            nonce = uuid.uuid4().hex
            mac = hmac.digest(AUTH_TOKEN.encode(), f"{url}?{joined}.{nonce}".encode(), "sha256")
            headers |= {"X-Plivo-Signature-V3": base64.b64encode(mac).decode(), "X-Plivo-Signature-V3-Nonce": nonce}
        case "telnyx":
            mac = TELNYX_KEY.sign(f"{int(at_s)}|".encode() + body)
            headers |= {"telnyx-signature-ed25519": base64.b64encode(mac).decode(), "telnyx-timestamp": str(int(at_s))}
    return headers, body


async def post(port: int, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """Status and body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
    writer.write(head.encode() + body)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    first, _, rest = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), rest.decode()


def stream_of(kind: str, document: str) -> tuple[str, str]:
    """The path and query of the WebSocket that the document names, and its ticket."""
    if kind == "vonage":
        (action,) = json.loads(document)
        (endpoint,) = action["endpoint"]
        return urlsplit(endpoint["uri"]).path, endpoint["headers"]["ticket"]
    response = ElementTree.fromstring(document)
    stream = response.find(".//Stream")
    assert stream is not None, document
    url = stream.get("url") or (stream.text or "")
    assert url.startswith("wss://voice.example.com/")
    parts = urlsplit(url)
    match kind:
        case "twilio":
            parameter = stream.find("Parameter")
            assert parameter is not None
            return parts.path, parameter.get("value") or ""  # a query would be stripped
        case "plivo":
            return parts.path, (stream.get("extraHeaders") or "").removeprefix("ticket=")
    return f"{parts.path}?{parts.query}", parse_qs(parts.query)["ticket"][0]


class MediaLine:
    """One call as a carrier has it. Use it with `async with`: then time runs."""

    def __init__(self, kind: str, client: RawClient, call_id: str) -> None:
        self.kind = kind
        self.client = client
        self.call_id = call_id
        self.stream_id = f"MZ{uuid.uuid4().hex}"
        self.heard: list[tuple[float, bytes]] = []
        """What the caller heard: when each 20 ms (s16le) began to be played."""
        self.commands: list[tuple[float, str]] = []
        """What the server said beside sound: clear, and keys."""
        self.close_code: int | None = None
        self.marks_back: list[str] = []
        self.echoes_marks = True
        self.delay_s = 0.0
        """How long the server's messages take."""
        self._on_the_way = 0
        self._queue: deque[bytes | str] = deque()
        self._caller = bytearray()
        self._chunk = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def rate_hz(self) -> int:
        return RATES_HZ[self.kind]

    @property
    def frame_bytes(self) -> int:
        return self.rate_hz // 50 * 2

    @classmethod
    async def ring(cls, port: int, kind: str = "twilio", **numbers: str) -> Self:
        """Call, and connect the sound."""
        call_id = f"CA{uuid.uuid4().hex}"
        status, document = await post(port, f"/telephone/{kind}/voice", *signed_webhook(kind, call_id, **numbers))
        assert status == 200, document
        path, ticket = stream_of(kind, document)
        line = cls(kind, await RawClient.connect(port, path), call_id)
        line.start(ticket)
        return line

    def start(self, ticket: str) -> None:
        call_id, stream_id = self.call_id, self.stream_id
        match self.kind:
            case "twilio":
                self.say({"event": "connected", "protocol": "Call", "version": "1.0.0"})
                form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
                start = {"accountSid": "AC1", "streamSid": stream_id, "callSid": call_id, "tracks": ["inbound"],
                         "mediaFormat": form, "customParameters": {"ticket": ticket}}  # fmt: skip
                self.say({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": stream_id})
            case "telnyx":
                self.say({"event": "connected", "version": "1.0.0"})
                form = {"encoding": "PCMA", "sample_rate": 8000, "channels": 1}
                start = {"user_id": "u", "call_control_id": call_id, "media_format": form}
                self.say({"event": "start", "sequence_number": "1", "start": start, "stream_id": stream_id})
            case "plivo":
                form = {"encoding": "audio/x-mulaw", "sampleRate": 8000}
                start = {"callId": call_id, "streamId": stream_id, "accountId": "MA1", "tracks": ["inbound"],
                         "mediaFormat": form}  # fmt: skip
                self.say({"event": "start", "sequenceNumber": 1, "start": start, "extra_headers": f"ticket={ticket}"})
            case "vonage":
                self.say({"event": "websocket:connected", "content-type": "audio/l16;rate=16000", "ticket": ticket})

    # ---- time ---------------------------------------------------------------------------------------

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
        next_s = loop.time()
        while self.close_code is None:
            frame = bytes(self._caller[: self.frame_bytes]).ljust(self.frame_bytes, b"\0")
            del self._caller[: self.frame_bytes]
            self._send_sound(frame)
            self._play(loop.time())
            next_s += FRAME_S
            await asyncio.sleep(max(0.0, next_s - loop.time()))

    def _play(self, now_s: float) -> None:
        while self._queue and isinstance(self._queue[0], str):
            self._send_mark(str(self._queue.popleft()))
        if self._queue:
            frame = self._queue.popleft()
            assert isinstance(frame, bytes)
            self.heard.append((now_s, frame))

    async def _read(self) -> None:
        while self.close_code is None:
            opcode, payload = await self.client.receive(60)
            if opcode == PING:
                self.client.send(PONG, payload)
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big")
            elif opcode == BINARY:
                assert self.kind == "vonage"
                assert len(payload) == 640, "Vonage takes exact frames only"
                self._queue.append(payload)
            elif self.delay_s:
                self._on_the_way += 1
                asyncio.get_running_loop().call_later(self.delay_s, self._arrive, json.loads(payload))
            else:
                self._take(json.loads(payload))

    def _arrive(self, message: dict[str, Any]) -> None:
        self._on_the_way -= 1
        self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        now_s = asyncio.get_running_loop().time()
        what = message.get("event") or message.get("action")
        if self.kind in ("twilio", "plivo") and what != "sendDTMF":
            assert message["streamSid" if self.kind == "twilio" else "streamId"] == self.stream_id
        match what:
            case "media" | "playAudio":
                raw = base64.b64decode(message["media"]["payload"], validate=True)
                pcm = g711.decode(raw, "alaw" if self.kind == "telnyx" else "ulaw")
                assert len(pcm) % self.frame_bytes == 0
                size = self.frame_bytes
                self._queue.extend(pcm[at : at + size] for at in range(0, len(pcm), size))
            case "mark":
                self._queue.append(message["mark"]["name"])
            case "checkpoint":
                self._queue.append(message["name"])
            case "notify":
                self._queue.append(message["payload"]["name"])
            case "clear" | "clearAudio":
                self.commands.append((now_s, "clear"))
                names = [each for each in self._queue if isinstance(each, str)]
                self._queue.clear()
                if self.kind in ("twilio", "telnyx"):
                    for name in names:
                        self._send_mark(name)
            case "sendDTMF":
                self.commands.append((now_s, f"keys {message['dtmf']}"))
            case _:
                raise AssertionError(f"a carrier does not know {what}")

    # ---- what the carrier sends ---------------------------------------------------------------------

    def say(self, message: dict[str, Any]) -> None:
        self.client.send(TEXT, json.dumps(message).encode())

    def speak(self, pcm: bytes) -> None:
        """The caller says that (s16le at the line's rate), in real time."""
        self._caller += pcm

    @property
    def speaking(self) -> bool:
        return bool(self._caller)

    def press(self, key: str) -> None:
        match self.kind:
            case "twilio":
                self.say(
                    {"event": "dtmf", "streamSid": self.stream_id, "dtmf": {"track": "inbound_track", "digit": key}}
                )
            case "telnyx":
                self.say({"event": "dtmf", "stream_id": self.stream_id, "dtmf": {"digit": key}})
            case "plivo":
                self.say({"event": "dtmf", "streamId": self.stream_id, "dtmf": {"track": "inbound", "digit": key}})
            case "vonage":
                self.say({"event": "websocket:dtmf", "digit": key, "duration": 260})

    def hang_up(self) -> None:
        if self.kind in ("twilio", "telnyx"):
            self.say({"event": "stop", self._id_name: self.stream_id, "stop": {"callSid": self.call_id}})
        self.client.send(CLOSE, struct.pack(">H", 1000))

    @property
    def _id_name(self) -> str:
        return {"twilio": "streamSid", "telnyx": "stream_id", "plivo": "streamId"}[self.kind]

    def _send_sound(self, pcm: bytes) -> None:
        if self.kind == "vonage":
            self.client.send(BINARY, pcm)
            return
        self._chunk += 1
        raw = g711.encode(pcm, "alaw" if self.kind == "telnyx" else "ulaw")
        media: dict[str, Any] = {"track": "inbound", "timestamp": str(self._chunk * 20), "chunk": str(self._chunk),
                                 "payload": base64.b64encode(raw).decode()}  # fmt: skip
        if self.kind == "plivo":
            media["chunk"] = self._chunk
        self.say({"event": "media", self._id_name: self.stream_id, "media": media})

    def _send_mark(self, name: str) -> None:
        self.marks_back.append(name)
        if not self.echoes_marks:
            return
        match self.kind:
            case "plivo":
                self.say({"event": "playedStream", "streamId": self.stream_id, "name": name})
            case "vonage":
                self.say({"event": "websocket:notify", "payload": {"name": name}})
            case _:
                self.say({"event": "mark", self._id_name: self.stream_id, "mark": {"name": name}})

    # ---- what a test asks ---------------------------------------------------------------------------

    @property
    def sound(self) -> bytes:
        return b"".join(frame for _, frame in self.heard)

    @property
    def waiting(self) -> int:
        """How much was sent and not played yet."""
        return self._on_the_way + sum(isinstance(each, bytes) for each in self._queue)

    async def until(self, seen: Callable[[], object], timeout_s: float = 60.0) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not seen():
            assert time.monotonic() < deadline_s, "that was never seen"
            await asyncio.sleep(0.005)
