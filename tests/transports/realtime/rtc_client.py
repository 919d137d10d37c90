"""A Realtime client over WebRTC by aiortc, with a microphone that says what it is given, and keeps every event."""

import asyncio
import fractions
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from tests.fakes.engines import FakeTts, tone
from tests.server.fakes import SECRET
from tests.server.serving import RunningServer, fake_engines
from tests.transports.realtime.fakes import SDK_TYPES
from voi.engines.base import VoiceSpec
from voi.engines.startup import Engines
from voi.server.auth import issue_token

Json = dict[str, Any]
RATE_HZ = 48_000
FRAME = RATE_HZ // 50


class ToneTts(FakeTts):
    """Its sound is a tone: Opus leaves out a constant."""

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        async for pcm in super().stream(text, voice):
            yield tone(len(pcm) * 500 // self.info.sample_rate_hz, self.info.sample_rate_hz)


def tone_engines(*heard: str, **tts: Any) -> Engines:
    engines = fake_engines(*heard)
    engines.tts = {"voice": ToneTts(**tts)}
    return engines


class Microphone(MediaStreamTrack):
    """Says `pcm` (s16le mono, 48 kHz) in real time, and silence otherwise."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.pcm = bytearray()
        self._frames = 0
        self._start_s = 0.0

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self._start_s = self._start_s or time.monotonic()
        await asyncio.sleep(max(0.0, self._start_s + self._frames * 0.02 - time.monotonic()))
        said = bytes(self.pcm[: FRAME * 2]).ljust(FRAME * 2, b"\0")
        del self.pcm[: FRAME * 2]
        frame = av.AudioFrame.from_ndarray(np.frombuffer(said, "<i2").reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._frames * FRAME, fractions.Fraction(1, RATE_HZ)
        self._frames += 1
        return frame


class RtcClient:
    """`log`: all events that came. `loud`: when loud sound came, by the monotonic clock."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = Microphone()
        self.channel: Any = None
        self.log: list[Json] = []
        self.loud: list[float] = []
        self.heard_ms = 0.0
        """How much loud sound came."""
        self.location = ""
        self._came = asyncio.Event()
        self._ears: list[asyncio.Task[None]] = []

    async def offer(self, *, microphone: bool = True, channel: bool = True) -> str:
        if microphone:
            self.peer.addTrack(self.microphone)
        if channel:
            self.channel = self.peer.createDataChannel("oai-events")
            self.channel.on("message", self._take)
        self.peer.on("track", lambda track: self._ears.append(asyncio.create_task(self._listen(track))))
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    @classmethod
    async def connect(cls, running: RunningServer, model: str = "echo", key: str = "") -> Self:
        client = cls()
        sdp = await client.offer()
        status, headers, body = await post_offer(running, sdp.encode(), query=f"?model={model}", key=key)
        assert status == 201, body
        assert headers["content-type"].startswith("application/sdp")
        client.location = headers["location"]
        await client.peer.setRemoteDescription(RTCSessionDescription(body.decode(), "answer"))
        await client.until("conversation.created")
        return client

    async def close(self) -> None:
        for ear in self._ears:
            ear.cancel()
        await self.peer.close()

    def send(self, kind: str, **fields: Any) -> None:
        self.channel.send(json.dumps({"type": kind, **fields}))

    def speak(self, pcm_24: bytes) -> None:
        """PCM at 24 kHz."""
        self.microphone.pcm += np.repeat(np.frombuffer(pcm_24, "<i2"), 2).tobytes()

    def all(self, kind: str) -> list[Json]:
        return [event for event in self.log if event["type"] == kind]

    async def until(self, seen: str | Callable[[], object], count: int = 1, timeout_s: float = 60.0) -> Json:
        """Wait until an event of that type has come `count` times since now, or that is so."""
        wanted = len(self.all(seen)) + count if isinstance(seen, str) else 0
        try:
            async with asyncio.timeout(timeout_s):
                while not (len(self.all(seen)) >= wanted if isinstance(seen, str) else seen()):
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"{seen} did not come: {[each['type'] for each in self.log][-12:]}") from None
        return self.log[-1]

    def _take(self, message: str) -> None:
        event = json.loads(message)
        if SDK_TYPES:
            SDK_TYPES[event["type"]].model_validate(event, strict=True)
        self.log.append(event)
        self._came.set()

    async def _listen(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                samples = frame.to_ndarray()
                if np.abs(samples.astype(int)).max() > 1_000:
                    self.loud.append(time.monotonic())
                    self.heard_ms += frame.samples / frame.sample_rate * 1_000
                    self._came.set()
        except MediaStreamError:
            pass


async def post_offer(
    running: RunningServer, body: bytes, *, query: str = "?model=echo", kind: str = "application/sdp", key: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower case) and body."""
    key = key or issue_token("test", SECRET)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(
        f"POST /v1/realtime/calls{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head, _, answer = (await asyncio.wait_for(reader.read(), 60)).partition(b"\r\n\r\n")
    writer.close()
    lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return int(lines[0].split()[1]), fields, answer
