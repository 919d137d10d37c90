#!/usr/bin/env python3
"""Telephone calls over SIP with the embedded engines: how long after the caller's last word the answer is on the wire,
and how long after the decision to be silent the last sound of the agent is.

    PYTHONPATH=. .venv/bin/python bench/sip_turns.py                # 20 turns, PCMU
    PYTHONPATH=. .venv/bin/python bench/sip_turns.py --turns 40 --voice hibari

One process: a whole server (VAD, Moonshine, smart-turn, the echo agent, a voice), and a caller that rings it up through
Voi's own SIP and RTP on the loopback, in real time. The caller says a recording of tests/data/audio, waits for the
answer and for its end, and says the next one; then it talks over long answers. Speech ends with the last window that
the VAD takes for speech. Sound counts from the packet that is louder than `LOUD`.
"""

import argparse
import asyncio
import json
import os
import secrets
import socket
import statistics
import sys
import tempfile
import time
import wave
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from voi.audio.resample import resample
from voi.config.phones import Phones
from voi.config.settings import load_settings
from voi.engines.registry import create
from voi.server.run import Server
from voi.session import events
from voi.transports.sip.rtp_media import media_of
from voi.transports.sip.service import SipCounters, SipService
from voi.transports.telephone.dialing import Dial
from voi.transports.telephone.door import TelephoneDoor

ROOT = Path(__file__).resolve().parent.parent
AUDIO = ROOT / "tests" / "data" / "audio"
SAID = ("spk1_snt1.wav", "spk1_snt2.wav", "spk1_snt3.wav", "austen-0880.wav", "austen-0870.wav")
RATE_HZ = 8_000
LOUD = 300
QUIET_S = 1.2
"""After so long without sound the agent has finished."""
LONG = "austen-0870.wav"
OVER = "spk1_snt2.wav"


class Caller:
    """A `LineListener` that notes when it hears something, and when its own sound has left."""

    def __init__(self) -> None:
        self.first_s: float | None = None
        self.last_s = 0.0
        self.left: dict[int, list[tuple[float, int]]] = {}
        self.heard = asyncio.Event()

    def listen(self) -> None:
        self.first_s = None
        self.heard.clear()

    def sound(self, pcm: bytes) -> None:
        if max(map(abs, array("h", pcm)), default=0) > LOUD:
            self.last_s = time.monotonic()
            if self.first_s is None:
                self.first_s = self.last_s
                self.heard.set()

    def key(self, key: str) -> None: ...

    def played(self, message_id: int, size_bytes: int) -> None:
        self.left.setdefault(message_id, []).append((time.monotonic(), size_bytes))

    def fault(self, fault: str) -> None:
        print("fault:", fault, file=sys.stderr)

    def gone(self, why: str) -> None:
        sys.exit(f"the call is gone: {why}")

    async def left_s(self, message_id: int, size_bytes: int) -> float:
        """When the message's sound has left up to that byte."""
        while True:
            for at_s, size in self.left.get(message_id, ()):
                if size >= size_bytes:
                    return at_s
            await asyncio.sleep(0.005)

    async def quiet(self) -> None:
        while time.monotonic() - self.last_s < QUIET_S:
            await asyncio.sleep(0.02)


def speech(name: str) -> tuple[bytes, int]:
    """The recording at the telephone's rate, and where speech ends in it, in bytes."""
    with wave.open(str(AUDIO / name)) as recording:
        pcm16 = resample(recording.readframes(recording.getnframes()), recording.getframerate(), 16_000)
    vad = create("vad", "silero")
    stream, window_bytes, end = vad.open(), vad.info.window_samples * 2, 0
    for start in range(0, len(pcm16) - window_bytes + 1, window_bytes):
        if stream.probability(pcm16[start : start + window_bytes]) >= 0.5:
            end = start + window_bytes
    return resample(pcm16, 16_000, RATE_HZ), end // 2


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_files(voice: str, phones: dict[str, Any]) -> None:
    agents = {"echo": {"llm_model": "echo", "voices": {"character": {"model": voice}}}}
    files = {"agents": agents, "tts_models": {voice: {"engine": voice}}, "phones": phones}
    for name, content in files.items():
        Path(f"{name}.json").write_text(json.dumps(content))


async def measure(turns: int, interruptions: int, voice: str, codec: str) -> None:
    port = free_port()
    trunk = {"registers": False, "allow": "127.0.0.0/8", "codecs": [codec.lower()]}
    write_files(voice, {"sip": {"host": "127.0.0.1", "port": port}, "accounts": {"desk": {**trunk, "agent": "echo"}}})
    ready = asyncio.Event()
    server = Server(
        load_settings(
            token_secret_key=secrets.token_urlsafe(48), api_key=secrets.token_urlsafe(48), port=0, store="off",
            disclose=(), admit_by_load=False,
        ),
        lambda text: print(text), lambda address: ready.set(),
    )  # fmt: skip
    running = asyncio.create_task(server.serve())
    await asyncio.wait([running, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    cleared: list[float] = []
    tell = TelephoneDoor.tell

    def noting(door: TelephoneDoor, event: events.DoorEvent) -> None:
        if isinstance(event, events.SoundCleared):
            cleared.append(time.monotonic())
        tell(door, event)

    TelephoneDoor.tell = noting  # type: ignore[method-assign]
    phones = Phones.model_validate({
        "sip": {"host": "127.0.0.1", "port": free_port(), "rtp_ports": [24_000, 24_999]},
        "accounts": {"me": {**trunk, "server": f"127.0.0.1:{port}"}},
    })  # fmt: skip
    counters = SipCounters(lambda *_: None, lambda fault: None, lambda *_: None)
    phone = SipService(cast(Any, None), lambda: cast(Any, SimpleNamespace(phones=phones)), counters, media_of)
    await phone.start()
    while phone.states["me"].name == "starting":
        await asyncio.sleep(0.05)
    dialer = phone.dialer("me")
    assert dialer is not None
    answered = await dialer.dial(Dial(f"sip:1001@127.0.0.1:{port}"), lambda: None, lambda: None)
    caller, line = Caller(), answered.line
    line.open(caller)
    sounds = {name: speech(name) for name in SAID}
    scale = line.rate_hz // RATE_HZ
    number, gaps_ms, stops_ms = 0, [], []

    def say(name: str) -> tuple[int, int]:
        nonlocal number
        number += 1
        pcm, end = sounds[name]
        line.play(number, resample(pcm, RATE_HZ, line.rate_hz) if scale > 1 else pcm)
        line.finish(number)
        return number, end * scale

    async def answered_after_ms(name: str) -> float:
        """Say that, and wait for the first sound of the answer: in ms from the end of speech."""
        said, end = say(name)
        ended_s = await caller.left_s(said, end)
        if caller.first_s is not None and caller.last_s < ended_s - 0.1:
            caller.listen()  # an answer to a part of it, which is over
        await asyncio.wait_for(caller.heard.wait(), 20)
        assert caller.first_s is not None
        return (caller.first_s - ended_s) * 1000

    await asyncio.sleep(1)
    for turn in range(turns):
        gaps_ms.append(await answered_after_ms(SAID[turn % len(SAID)]))
        await caller.quiet()
        caller.listen()
    for _ in range(interruptions):
        await answered_after_ms(LONG)
        await asyncio.sleep(1.0)
        cleared.clear()
        say(OVER)
        for _ in range(300):
            if cleared:
                break
            await asyncio.sleep(0.01)
        if cleared:
            await asyncio.sleep(0.3)
            stops_ms.append((caller.last_s - cleared[-1]) * 1000)
        caller.listen()
        await asyncio.wait_for(caller.heard.wait(), 30)
        await caller.quiet()
        caller.listen()
    print(f"{codec}, {voice}: {len(gaps_ms)} turns, end of speech to first sound on the wire: "
          f"median {statistics.median(gaps_ms):.0f} ms, p95 {sorted(gaps_ms)[int(0.95 * (len(gaps_ms) - 1))]:.0f}, "
          f"most {max(gaps_ms):.0f}")  # fmt: skip
    if stops_ms:
        print(f"{len(stops_ms)} of {interruptions} interruptions, decision to the last sound on the wire: "
              f"median {statistics.median(stops_ms):.0f} ms, most {max(stops_ms):.0f}")  # fmt: skip
    answered.signalling.hang_up(events.Ended(events.EndReason.FINISHED))
    await phone.close()
    server.stop()
    await running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--interruptions", type=int, default=5)
    parser.add_argument("--voice", default="hibari")
    parser.add_argument("--codec", default="PCMU")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if (ROOT / "models").is_dir():
            Path("models").symlink_to(ROOT / "models")
        asyncio.run(measure(given.turns, given.interruptions, given.voice, given.codec))


if __name__ == "__main__":
    main()
