#!/usr/bin/env python3
"""A telephone that gives the agent's voice back: does that interrupt the agent, and is its user still heard?

    PYTHONPATH=. .venv/bin/python bench/sip_echo.py                  # -10 and -20 dB, after 50, 150 and 300 ms
    PYTHONPATH=. .venv/bin/python bench/sip_echo.py --no-guard       # with VOI_ECHO_GUARD=false

One process: a whole server with the embedded engines, whose agent says a greeting of some ten seconds, and a caller
over Voi's own SIP and RTP on the loopback. Each packet that comes is sent back that much later and softer. For each
echo there are two calls: one that says nothing else, and one whose user begins to speak over the greeting after 3 s.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from voi.calls.ringing import RingingCalls
from voi.config.phones import Phones
from voi.config.settings import load_settings
from voi.server.run import Server
from voi.session import events
from voi.transports.sip.rtp_media import media_of
from voi.transports.sip.service import SipCounters, SipService
from voi.transports.telephone.dialing import Dial
from voi.transports.telephone.door import TelephoneDoor

from sip_turns import OVER, ROOT, free_port, sentence, write_files

GREETING = (
    "Hello, and thank you for calling. Our office is open from Monday to Friday, from eight in the morning until six "
    "in the evening. You can also write to us, and somebody will answer within two working days."
)
SPEAKS_AT_S = 3.0
HEARD_S = 3.0
"""An interruption that takes longer counts as not heard."""
FRAME_MS = 20
MAX_S = 20.0


class Returning:
    """A `LineListener` that sends back what it hears, and says something of its own above it."""

    def __init__(self, line: Any, delay_ms: int, gain_db: float) -> None:
        self.line, self._gain = line, 10.0 ** (gain_db / 20)
        self._waiting = deque([bytes(line.rate_hz * 2 * FRAME_MS // 1_000)] * (delay_ms // FRAME_MS))
        self._own: deque[bytes] = deque()
        self.begun_s: float | None = None
        self.over = False

    def say(self, pcm: bytes) -> None:
        size = self.line.rate_hz * 2 * FRAME_MS // 1_000
        self._own.extend(pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size))

    def sound(self, pcm: bytes) -> None:
        if self.begun_s is None and np.abs(np.frombuffer(pcm, "<i2")).max(initial=0) > 300:
            self.begun_s = time.monotonic()
        self._waiting.append(pcm)
        back = np.frombuffer(self._waiting.popleft(), "<i2") * self._gain
        if self._own and len(back) * 2 == len(self._own[0]):
            back = back + np.frombuffer(self._own.popleft(), "<i2")
        self.line.play(1, np.clip(back, -32_768, 32_767).astype("<i2").tobytes())

    def key(self, key: str) -> None: ...

    def played(self, message_id: int, size_bytes: int) -> None: ...

    def fault(self, fault: str) -> None:
        print("fault:", fault, file=sys.stderr)

    def gone(self, why: str) -> None:
        self.over = True


def watch(noted: list[tuple[float, str]]) -> None:
    """Note when the agent is stopped, lowered, and has spoken to the end."""
    tell = TelephoneDoor.tell

    def noting(door: TelephoneDoor, event: events.DoorEvent) -> None:
        if isinstance(event, events.SoundCleared | events.SoundLowered | events.SoundPlayed):
            noted.append((time.monotonic(), type(event).__name__))
        tell(door, event)

    TelephoneDoor.tell = noting  # type: ignore[method-assign]


def greet_with(greeting: str) -> None:
    agents = Path("agents.json")
    agents.write_text(agents.read_text().replace('"Hello."', f'"{greeting}"'))


async def call(
    phone: SipService, port: int, noted: list[tuple[float, str]], delay_ms: int, gain_db: float, own: bytes = b""
) -> tuple[float | None, int]:
    """Returns how long after the caller's first word (or the agent's, without `own`) the agent was stopped, in s (None:
    it was not), and how often it lowered its voice."""
    dialer = phone.dialer("me")
    assert dialer is not None
    answered = await dialer.dial(Dial(f"sip:1001@127.0.0.1:{port}"), lambda: None, lambda: None)
    noted.clear()
    caller = Returning(answered.line, delay_ms, gain_db)
    answered.line.open(caller)
    until_s, spoke_s, stopped_s = time.monotonic() + MAX_S, None, None
    while time.monotonic() < until_s and stopped_s is None:
        await asyncio.sleep(0.01)
        now_s = time.monotonic()
        if own and spoke_s is None and caller.begun_s is not None and now_s - caller.begun_s >= SPEAKS_AT_S:
            caller.say(own)
            spoke_s = now_s
        if any(name == "SoundPlayed" for _, name in noted) or (spoke_s is not None and now_s > spoke_s + HEARD_S):
            break
        stopped_s = next((at_s for at_s, name in noted if name == "SoundCleared"), None)
    lowered = sum(name == "SoundLowered" for _, name in noted)
    answered.signalling.hang_up(events.Ended(events.EndReason.FINISHED))
    await asyncio.sleep(0.5)
    begun_s = spoke_s or caller.begun_s
    return (None if stopped_s is None or begun_s is None else stopped_s - begun_s), lowered


async def measure(delays_ms: list[int], gains_db: list[float], voice: str, codec: str, *, guard: bool) -> None:
    port = free_port()
    trunk = {"registers": False, "allow": "127.0.0.0/8", "codecs": [codec.lower()]}
    write_files(voice, {"sip": {"host": "127.0.0.1", "port": port}, "accounts": {"desk": {**trunk, "agent": "echo"}}})
    greet_with(GREETING)
    ready = asyncio.Event()
    server = Server(
        load_settings(
            token_secret_key=secrets.token_urlsafe(48), api_key=secrets.token_urlsafe(48), port=0, store="off",
            disclose=(), admit_by_load=False, log_level="warning", echo_guard=guard,
        ),
        lambda text: None, lambda address: ready.set(),
    )  # fmt: skip
    running = asyncio.create_task(server.serve())
    await asyncio.wait([running, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    noted: list[tuple[float, str]] = []
    watch(noted)
    phones = Phones.model_validate({
        "sip": {"host": "127.0.0.1", "port": free_port(), "rtp_ports": [24_000, 24_999]},
        "accounts": {"me": {**trunk, "server": f"127.0.0.1:{port}"}},
    })  # fmt: skip
    counters = SipCounters(lambda *_: None, lambda fault: None, lambda *_: None)
    phone = SipService(
        cast(Any, SimpleNamespace(ringing=RingingCalls())),
        lambda: cast(Any, SimpleNamespace(phones=phones)),
        counters,
        media_of,
    )
    await phone.start()
    while phone.states["me"].name == "starting":
        await asyncio.sleep(0.05)
    said = sentence(OVER).pcm
    print(f"{codec}, {voice}, {'with' if guard else 'without'} the guard\n")
    print("| echo | after | alone | lowered | the caller speaks |\n| --- | --- | --- | --- | --- |")
    for gain_db in gains_db:
        for delay_ms in delays_ms:
            alone, lowered = await call(phone, port, noted, delay_ms, gain_db)
            heard, _ = await call(phone, port, noted, delay_ms, gain_db, said)
            shown = "goes on" if alone is None else f"is stopped after {alone:.1f} s"
            over = "not heard" if heard is None else f"stopped after {heard * 1_000:.0f} ms"
            print(f"| {gain_db:g} dB | {delay_ms} ms | {shown} | {lowered} | {over} |", flush=True)
    await phone.close()
    server.stop()
    await running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delays", default="50,150,300", help="in ms, in steps of 20 (rounded down)")
    parser.add_argument("--gains", default="-10,-20", help="in dB")
    parser.add_argument("--no-guard", action="store_true", help="as with VOI_ECHO_GUARD=false")
    parser.add_argument("--voice", default="hibari")
    parser.add_argument("--codec", default="PCMU")
    given = parser.parse_args()
    delays_ms = [int(each) for each in given.delays.split(",")]
    gains_db = [float(each) for each in given.gains.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if (ROOT / "models").is_dir():
            Path("models").symlink_to(ROOT / "models")
        asyncio.run(measure(delays_ms, gains_db, given.voice, given.codec, guard=not given.no_guard))


if __name__ == "__main__":
    main()
