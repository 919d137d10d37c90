#!/usr/bin/env python3
"""WebRTC: how long sound takes through Voi's receiving and sending side, and what a lost packet costs.

    PYTHONPATH=. .venv/bin/python bench/webrtc.py              # a small client: Voi's echo and aiortc's, with loss
    PYTHONPATH=. .venv/bin/python bench/webrtc.py --browser    # Chromium: its echo through itself, and through Voi

An echo: what comes in through `PeerEar` goes out through `PeerMouth`. The client says a tone every 700 ms and takes the
time until it comes back. Needs the extra `webrtc`.
"""

import argparse
import asyncio
import fractions
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from tests.peers.browser import CHROMIUM, browser
from voi.audio.libopus import OpusDecoder
from voi.tasks import Tasks
from voi.transports.webrtc.ear import PeerEar
from voi.transports.webrtc.mouth import PeerMouth
from voi.transports.webrtc.peer import WebRtcPeer
from voi.transports.webrtc.sdp import parse_offer
from voi.transports.webrtc.settings import IceSettings

RATE_HZ, FRAME = 48_000, 960
BURST_EVERY, BURST_FRAMES = 35, 5
"""A tone of 100 ms every 700 ms."""
LOUD = 3_000


class VoiEcho:
    """One peer of Voi's, whose ear is its mouth's source."""

    def __init__(self) -> None:
        self.peers: list[WebRtcPeer] = []

    def received(self, message: bytes | str) -> None: ...

    def gone(self, failure: Exception) -> None: ...

    async def answer(self, sdp: str) -> str:
        offer, tasks = parse_offer(sdp), Tasks()
        peer = WebRtcPeer(offer, IceSettings(), self, tasks)
        mouth = PeerMouth(24_000, offer.opus, peer.send_rtp, lambda _: None, lambda _: None)
        peer.attach(PeerEar(24_000, lambda pcm: mouth.play("echo", 0, pcm)), mouth)
        answer = await peer.answer()
        tasks.start(peer.connect(), "connect")
        self.peers.append(peer)
        return answer

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()


class AiortcEcho:
    """aiortc as it is."""

    def __init__(self) -> None:
        self.peers: list[RTCPeerConnection] = []

    async def answer(self, sdp: str) -> str:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peers.append(peer)
        relay = MediaRelay()
        peer.on("track", lambda track: peer.addTrack(relay.subscribe(track, buffered=True)))
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return str(peer.localDescription.sdp)

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()


class Bursts(MediaStreamTrack):
    """`said_s`: when each tone was given to be sent."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.frames, self.start_s = 0, 0.0
        self.said_s: list[float] = []
        wave = np.sin(np.arange(FRAME) * 2 * np.pi * 1_000 / RATE_HZ) * 16_000
        self._tone = wave.astype("<i2").reshape(1, -1)

    async def recv(self) -> av.AudioFrame:
        self.start_s = self.start_s or time.monotonic()
        await asyncio.sleep(max(0.0, self.start_s + self.frames * 0.02 - time.monotonic()))
        at = self.frames % BURST_EVERY
        if at == 0:
            self.said_s.append(time.monotonic())
        samples = self._tone if at < BURST_FRAMES else np.zeros_like(self._tone)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self.frames * FRAME, fractions.Fraction(1, RATE_HZ)
        self.frames += 1
        return frame


class Listener:
    """Decodes each packet when it comes, without a buffer of its own. `heard_s`: when each tone came back."""

    def __init__(self) -> None:
        self._decoder = OpusDecoder(RATE_HZ)
        self.heard_s: list[float] = []
        self._loud_s = 0.0

    async def packet(self, packet: Any, arrival_time_ms: int) -> None:
        pcm = self._decoder.decode(packet.payload)
        now_s = time.monotonic()
        if pcm and np.abs(np.frombuffer(pcm, "<i2").astype(int)).max() > LOUD:
            if now_s - self._loud_s > 0.3:
                self.heard_s.append(now_s)
            self._loud_s = now_s


async def measure(echo: Any, seconds: float, lose: Any) -> list[tuple[float, float]]:
    """(seconds since the beginning, ms until a tone came back). `lose(n)`: whether the client's packet n is lost."""
    client, track, listener = RTCPeerConnection(RTCConfiguration(iceServers=[])), Bursts(), Listener()
    client.addTrack(track)
    client.createDataChannel("oai-events")
    await client.setLocalDescription(await client.createOffer())
    answer = await echo.answer(client.localDescription.sdp)
    receiver = client.getTransceivers()[0].receiver
    receiver._handle_rtp_packet = listener.packet
    dtls = receiver.transport
    send, sent = dtls._send_rtp, 0

    async def lossy(data: bytes) -> None:
        nonlocal sent
        if not 192 <= data[1] <= 223:  # RTCP
            sent += 1
            if lose(sent):
                return
        await send(data)

    dtls._send_rtp = lossy
    await client.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await asyncio.sleep(seconds)
    await client.close()
    await echo.close()
    begin_s, delays = track.said_s[0], []
    for said_s in track.said_s:
        back = [heard_s - said_s for heard_s in listener.heard_s if 0 < heard_s - said_s < 0.65]
        if back:
            delays.append((said_s - begin_s, back[0] * 1_000))
    return delays


def median(delays: list[tuple[float, float]], from_s: float, to_s: float) -> float:
    chosen = [ms for at_s, ms in delays if from_s <= at_s < to_s]
    return statistics.median(chosen) if chosen else float("nan")


async def against_aiortc(seconds: float) -> None:
    for name, make in (("Voi", VoiEcho), ("aiortc", AiortcEcho)):
        clean = await measure(make(), seconds, lambda n: False)
        once = await measure(make(), seconds, lambda n: n == 500)  # at 10 s
        chance = random.Random(1)
        lossy = await measure(make(), seconds, lambda n, chance=chance: n > 50 and chance.random() < 0.01)
        print(f"{name:7} no loss {median(clean, 2, seconds):5.0f} ms (largest {max(ms for _, ms in clean[2:]):.0f})"
              f"   one packet lost: before {median(once, 2, 10):5.0f} after {median(once, 10.5, seconds):5.0f} ms"
              f"   1 % loss: {median(lossy, 2, seconds):5.0f} ms,"
              f" last third {median(lossy, seconds * 2 / 3, seconds):5.0f} ms")  # fmt: skip


PAGE = """
const N = 20, context = new AudioContext({ sampleRate: 48000 });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const audios = [];
function hear(stream) {  // Chromium pulls a remote stream only where it is played
  const audio = new Audio(); audio.srcObject = stream; audio.muted = true; audio.play(); audios.push(audio);
  return context.createMediaStreamSource(stream);
}
async function pair(first, second) {
  await first.setLocalDescription(await first.createOffer());
  await gathered(first);
  await second.setRemoteDescription(first.localDescription);
  await second.setLocalDescription(await second.createAnswer());
  await gathered(second);
  await first.setRemoteDescription(second.localDescription);
}
const gathered = async (pc) => { while (pc.iceGatheringState !== "complete") await wait(20); };
async function measure(connect) {
  const pc = new RTCPeerConnection(), out = context.createMediaStreamDestination(), said = context.createGain();
  said.gain.value = 0;
  const tone = new OscillatorNode(context, { frequency: 1000 });
  tone.connect(said); tone.start(); said.connect(out);
  const came = new Promise((done) => {
    pc.ontrack = ({ streams, track }) => done(streams[0] ?? new MediaStream([track]));
  });
  pc.addTrack(out.stream.getAudioTracks()[0], out.stream);
  await connect(pc);
  const merge = context.createChannelMerger(2), tap = context.createScriptProcessor(256, 2, 1);
  said.connect(merge, 0, 0);
  hear(await came).connect(merge, 0, 1);
  merge.connect(tap); tap.connect(context.destination);
  const lags = []; let at = 0, begun = null, quiet = 0;
  tap.onaudioprocess = ({ inputBuffer }) => {
    const sent = inputBuffer.getChannelData(0), back = inputBuffer.getChannelData(1);
    for (let i = 0; i < sent.length; i++, at++) {
      if (Math.abs(sent[i]) > 0.05 && quiet > 9600) begun = at;
      quiet = Math.abs(sent[i]) > 0.05 ? 0 : quiet + 1;
      if (begun !== null && Math.abs(back[i]) > 0.05 && at > begun) { lags.push((at - begun) / 48); begun = null; }
    }
  };
  await wait(4000);
  for (let i = 0; i < N; i++) {
    said.gain.setValueAtTime(0.5, context.currentTime);
    said.gain.setValueAtTime(0, context.currentTime + 0.1);
    await wait(700);
  }
  pc.close();
  return lags;
}
async function itself(pc) {
  const other = new RTCPeerConnection();
  other.ontrack = ({ track }) => other.addTrack(track);
  await pair(pc, other);
}
async function voi(pc) {
  pc.createDataChannel("oai-events");
  await pc.setLocalDescription(await pc.createOffer());
  const answer = await fetch("/offer", { method: "POST", body: pc.localDescription.sdp });
  await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
}
let told;
try { await context.resume(); told = { itself: await measure(itself), voi: await measure(voi) }; }
catch (error) { told = { failed: String(error?.stack ?? error) }; }
await fetch("/report", { method: "POST", body: JSON.stringify(told) });
"""


async def in_browser() -> None:
    echo = VoiEcho()

    async def offer(request: web.Request) -> web.Response:
        return web.Response(text=await echo.answer(await request.text()), content_type="application/sdp")

    async def index(_: web.Request) -> web.Response:
        return web.Response(text=f'<!doctype html><script type="module">{PAGE}</script>', content_type="text/html")

    async def report(request: web.Request) -> web.Response:
        reported.set_result(await request.json())
        return web.Response()

    reported: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    app = web.Application()
    app.add_routes([web.get("/", index), web.post("/offer", offer), web.post("/report", report)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    with tempfile.TemporaryDirectory() as name:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with browser(url, Path(name), "--autoplay-policy=no-user-gesture-required"):
            told = await asyncio.wait_for(reported, 120)
    await runner.cleanup()
    await echo.close()
    if "failed" in told:
        raise SystemExit(told["failed"])
    for way, lags in told.items():
        lags.sort()
        spread = f"of {len(lags)}: {lags[0]:.0f} to {lags[-1]:.0f}"
        print(f"Chromium through {way:6}: {statistics.median(lags):5.0f} ms ({spread})")
    print(json.dumps({way: [round(lag) for lag in lags] for way, lags in told.items()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--seconds", type=float, default=30)
    wanted = parser.parse_args()
    if wanted.browser and CHROMIUM is None:
        raise SystemExit("Chromium is not installed.")
    asyncio.run(in_browser() if wanted.browser else against_aiortc(wanted.seconds))


if __name__ == "__main__":
    main()
