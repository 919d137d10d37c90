"""A recorded voice by telephone, over a network that loses and delays, and transcribed."""

import asyncio
import heapq
import random
from difflib import SequenceMatcher

import pytest

from tests.engines.sounds import sound
from tests.engines.stt.test_moonshine import SAID, words
from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import FakeSockets, KeepingListener
from voi.audio import g711
from voi.audio.resample import resample
from voi.engines.base import SttOptions
from voi.engines.stt.moonshine import Moonshine
from voi.transports.rtp import RtpPacket
from voi.transports.telephone.codecs import PCMU
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_terms import RtpSettings, RtpTerms

pytestmark = pytest.mark.integration

THERE = ("192.0.2.1", 4_000)
JITTER_S = 0.03


def called(pcm: bytes, loss: float, seed: int) -> bytes:
    """A recording at 16 kHz as a line gives it to the conversation, at 16 kHz."""
    payload = g711.encode(resample(pcm, 16_000, 8_000), "ulaw")
    listener = KeepingListener()

    @in_virtual_time
    async def heard() -> None:
        chance = random.Random(seed)
        sockets = FakeSockets()
        line = RtpLine(sockets, RtpTerms(PCMU, THERE), RtpSettings(rtcp=False))  # type: ignore[arg-type]
        line.open(listener)
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        underway: list[tuple[float, int]] = []
        for n in range(len(payload) // 160):
            if chance.random() >= loss:
                heapq.heappush(underway, (0.02 * n + chance.random() * JITTER_S, n))
        while underway:
            at_s, n = heapq.heappop(underway)
            await asyncio.sleep(begin_s + at_s - loop.time())
            packet = RtpPacket(0, n, 160 * n, 7, payload[160 * n : 160 * n + 160])
            sockets.come(packet.encode(), THERE)
        await line.aclose()

    heard()
    return resample(bytes(listener.heard), 8_000, 16_000)


def errors(heard: str, said: str) -> int:
    """Words that are wrong, missing or too many."""
    blocks = SequenceMatcher(None, words(heard).split(), said.split(), autojunk=False).get_matching_blocks()
    right = sum(block.size for block in blocks)
    return max(len(words(heard).split()), len(said.split())) - right


async def test_three_percent_of_loss_cost_at_most_two_words() -> None:
    engine = Moonshine()
    await engine.warm_up()

    async def transcribed(pcm: bytes) -> str:
        stream = engine.open(SttOptions(), None)
        stream.feed(pcm)
        text = (await stream.flush()).text
        stream.close()
        return text

    try:
        for name in ("jfk", "austen-0870"):
            calls = [(0.0, 1), (0.03, 1), (0.03, 2), (0.03, 3)]
            got = [await asyncio.to_thread(called, sound(name), *each) for each in calls]
            counted = [errors(await transcribed(pcm), SAID[name]) for pcm in got]
            assert counted[0] <= 1, "a telephone without loss"
            assert max(counted[1:]) <= counted[0] + 2, counted
    finally:
        await engine.close()
