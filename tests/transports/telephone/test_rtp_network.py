"""A line over a network that delays, loses, doubles and swaps: ten virtual minutes each."""

import asyncio
import gc
import heapq
import random
import tracemalloc

import pytest

from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import FakeSockets, KeepingListener
from voi.transports.rtp import RtpPacket
from voi.transports.telephone.codecs import PCMU, LineCodec
from voi.transports.telephone.key_events import event_payload
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_terms import RtpSettings, RtpTerms

pytestmark = pytest.mark.integration

THERE = ("192.0.2.1", 4_000)
MINUTES = 10
PAYLOAD = b"\x10" * 160


class CountingListener(KeepingListener):
    """Counts sound instead of keeping it."""

    size_bytes = 0

    def sound(self, pcm: bytes) -> None:
        self.size_bytes += len(pcm)


async def spoken(loss: float, jitter_s: float, drift: float) -> tuple[RtpLine, list[float]]:
    """Ten minutes of a sender whose clock is faster by `drift`. Returns how far what was heard lies behind what was
    sent, in s, once a second."""
    chance = random.Random(7)
    sockets, listener = FakeSockets(), CountingListener()
    line = RtpLine(sockets, RtpTerms(PCMU, THERE), RtpSettings(rtcp=False))  # type: ignore[arg-type]
    line.open(listener)
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    underway: list[tuple[float, int]] = []
    behind: list[float] = []
    frame_s = 0.02 / (1 + drift)
    for n in range(int(60 * MINUTES / frame_s)):
        if chance.random() >= loss:
            heapq.heappush(underway, (n * frame_s + chance.random() * jitter_s, n))
        if n % 250 == 100:
            heapq.heappush(underway, (n * frame_s + 0.01, n))  # doubled, or late where it was lost
        while underway and underway[0][0] <= (n + 1) * frame_s:
            at_s, number = heapq.heappop(underway)
            await asyncio.sleep(begin_s + at_s - loop.time())
            sockets.come(RtpPacket(0, number & 0xFFFF, number * 160, 5, PAYLOAD).encode(), THERE)
        if n % 50 == 49:
            behind.append((loop.time() - begin_s) * (1 + drift) - listener.size_bytes / 16_000)
    await line.aclose()
    return line, behind


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.03, 0.05])
def test_the_delay_does_not_grow(loss: float) -> None:
    @in_virtual_time
    async def heard() -> None:
        line, behind = await spoken(loss, 0.03, 0.0)
        first, last = sorted(behind[5:15])[5], sorted(behind[-10:])[5]
        assert abs(last - first) <= 0.021, "less than a packet"
        assert max(behind[5:]) < 0.12
        assert line.counts.lost <= loss * 50 * 60 * MINUTES * 1.2 + 3

    heard()


@pytest.mark.parametrize("drift", [-300e-6, 300e-6])
def test_a_drifting_clock_leaves_no_delay(drift: float) -> None:
    @in_virtual_time
    async def heard() -> None:
        line, behind = await spoken(0.0, 0.0, drift)
        assert abs(behind[-1] - behind[0]) <= 0.021
        assert line.counts.concealed_ms == 0

    heard()


@in_virtual_time
async def test_ten_thousand_mutated_packets() -> None:
    """Nothing raises, nothing stays, and the call hears its own side as before."""
    chance = random.Random(3)
    sockets, listener = FakeSockets(), CountingListener()
    terms = RtpTerms(PCMU, THERE, (LineCodec("PCMA", 8), LineCodec("PCMU", 96)), key_type=101, noise_type=13)
    line = RtpLine(sockets, terms, RtpSettings(packets_per_s=100_000))  # type: ignore[arg-type]
    line.open(listener)
    good = [
        RtpPacket(0, 1, 160, 5, PAYLOAD).encode(),
        RtpPacket(8, 1, 160, 5, PAYLOAD).encode(),
        RtpPacket(101, 1, 160, 5, event_payload("1", 160, end=False)).encode(),
        RtpPacket(13, 1, 160, 5, b"\x46").encode(),
        b"\x81\xc8\x00\x0c" + bytes(48),
        b"\x81\xcb\x00\x01" + bytes(4),
    ]
    sockets.come(good[0], THERE)
    tracemalloc.start()
    sizes = []
    for n in range(10_000):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            data = data[: chance.randrange(len(data) + 1)]
        (sockets.report if chance.random() < 0.1 else sockets.come)(bytes(data), THERE)
        if n % 50 == 0:
            await asyncio.sleep(0.02)
        if n in (5_000, 9_999):
            listener.faults.clear()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[1] - sizes[0] < 100_000, "no 20 bytes of a packet stay"
    assert listener.ends == []
    await asyncio.sleep(0.5)
    before = listener.size_bytes
    for n in range(50):
        sockets.come(RtpPacket(0, n, 160 * n, 1_000_000, PAYLOAD).encode(), THERE)
        await asyncio.sleep(0.02)
    assert 48 * 320 <= listener.size_bytes - before <= 60 * 320
    await line.aclose()
