#!/usr/bin/env python3
"""The telephone's media: how long sound takes through Voi's receiving and sending side, with one call and with many.

    PYTHONPATH=. .venv/bin/python bench/telephone.py             # 1 and 100 calls, 10 s each
    PYTHONPATH=. .venv/bin/python bench/telephone.py --codec G722 --calls 50

An echo: what a line hears, it plays. It runs in a process of its own, on one core. Another process is all the callers:
each sends a packet every 20 ms, one loud packet a second, and takes the time until that comes back.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from typing import Any

import uvloop
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.telephone.codecs import CODECS, LineCodec
from voi.transports.telephone.coders import LineDecoder, LineEncoder
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_ports import RtpPorts
from voi.transports.telephone.rtp_terms import RtpTerms

HOST = "127.0.0.1"
FRAME_S = 0.02
LOUD_EVERY = 50
LOUD = 2_000
WALK_S = 0.001
"""So much later in the frame comes each second, so that every place between two ticks of the echo is tried."""


class Echo:
    """A `LineListener` that plays what it hears."""

    def __init__(self, line: RtpLine) -> None:
        self._line = line

    def sound(self, pcm: bytes) -> None:
        self._line.play(1, pcm)

    def key(self, key: str) -> None: ...

    def played(self, message_id: int, size_bytes: int) -> None: ...

    def fault(self, fault: str) -> None: ...

    def gone(self, why: str) -> None: ...


def codec_of(name: str) -> LineCodec:
    facts = next(each for each in CODECS.values() if each.name == name)
    return LineCodec(facts.name, 96 if facts.static_type is None else facts.static_type)


async def serve(calls: int, codec: LineCodec) -> None:
    """The echo. Prints its ports, and when its input ends, the CPU time that it took."""
    ports = RtpPorts(HOST, 20_000, 24_000)
    lines = []
    for _ in range(calls):
        sockets = ports.open()
        line = RtpLine(sockets, RtpTerms(codec, None))
        line.open(Echo(line))
        lines.append((line, sockets.port))
    print(json.dumps([port for _, port in lines]), flush=True)
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps((time.process_time() - began_cpu_s) / (time.monotonic() - began_s)), flush=True)
    for line, _ in lines:
        await line.aclose()


class Caller:
    def __init__(self, port: int, codec: LineCodec, offset_s: float) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.connect((HOST, port))
        self._socket.setblocking(False)
        self._codec, self._offset_s = codec, offset_s
        encoder = LineEncoder(codec, codec.rate_hz)
        self._quiet = encoder.encode(bytes(encoder.frame_bytes))
        self._loud = encoder.encode(b"\x40\x1f\xc0\xe0" * (encoder.frame_bytes // 4))
        self._decoder = LineDecoder(codec, codec.rate_hz)
        self._said_s: float | None = None
        self.delays_ms: list[float] = []
        self.heard = 0
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._came)

    async def talk(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        begin_s = loop.time() + self._offset_s
        ticks = self._codec.clock_hz // 50
        for n in range(round(seconds / FRAME_S)):
            loud = n % LOUD_EVERY == LOUD_EVERY - 1
            if loud:
                begin_s += WALK_S
            await asyncio.sleep(begin_s + n * FRAME_S - loop.time())
            if loud:
                self._said_s = time.perf_counter()
            payload = self._loud if loud else self._quiet
            self._socket.send(RtpPacket(self._codec.payload_type, n & 0xFFFF, n * ticks, 7, payload).encode())
        await asyncio.sleep(0.5)
        loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _came(self) -> None:
        packet = parse_rtp(self._socket.recv(2_048))
        if packet is None or packet.payload_type != self._codec.payload_type:
            return
        self.heard += 1
        pcm = self._decoder.decode(packet.payload)
        if self._said_s is not None and max(memoryview(pcm).cast("h"), default=0) > LOUD:
            self.delays_ms.append((time.perf_counter() - self._said_s) * 1_000)
            self._said_s = None


async def measured(calls: int, name: str, seconds: float) -> dict[str, Any]:
    command = [sys.executable, __file__, "--serve", str(calls), "--codec", name]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        ports = json.loads(server.stdout.readline())
        chance = random.Random(1)
        callers = [Caller(port, codec_of(name), chance.random()) for port in ports]
        await asyncio.gather(*(caller.talk(seconds) for caller in callers))
        server.stdin.close()
        cpu = json.loads(server.stdout.readline())
    finally:
        server.kill()
        server.wait()
    delays_ms = sorted(delay for caller in callers for delay in caller.delays_ms)
    expected = sum(round(seconds / FRAME_S) // LOUD_EVERY for _ in callers)
    return {
        "calls": calls,
        "p50_ms": round(statistics.median(delays_ms), 1),
        "p95_ms": round(delays_ms[int(len(delays_ms) * 0.95)], 1),
        "most_ms": round(delays_ms[-1], 1),
        "heard": f"{len(delays_ms)} of {expected}",
        "core": f"{cpu:.0%}",
    }


async def compare(calls: int, name: str, seconds: float) -> None:
    one = await measured(1, name, max(seconds, 20))
    many = await measured(calls, name, seconds)
    for each in (one, many):
        print(json.dumps(each))
    ratio = many["p50_ms"] / one["p50_ms"]
    print(f"{name}: {calls} calls take {ratio:.2f} times as long as one ({many['p50_ms'] - one['p50_ms']:+.1f} ms)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--codec", choices=[each.name for each in CODECS.values()], default="PCMU")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        os.sched_setaffinity(0, {0})
        uvloop.run(serve(asked.serve, codec_of(asked.codec)))
    else:
        if others := os.sched_getaffinity(0) - {0}:
            os.sched_setaffinity(0, others)
        uvloop.run(compare(asked.calls, asked.codec, asked.seconds))


if __name__ == "__main__":
    main()
