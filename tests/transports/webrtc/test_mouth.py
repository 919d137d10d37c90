"""The agent's sound as packets: paced, cut at once, no delay left. In virtual time."""

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import tone
from voi.audio.libopus import OpusDecoder, load_libopus
from voi.audio.pcm import SAMPLE_BYTES
from voi.errors import ConfigError
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.webrtc.mouth import PeerMouth

RATE_HZ = 24_000


@pytest.fixture(autouse=True)
def _library() -> None:
    try:
        load_libopus()
    except ConfigError as missing:
        pytest.skip(str(missing))


@dataclass
class Wire:
    """What was sent, and when."""

    sent: list[tuple[float, RtpPacket]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    sent_bytes: dict[int, int] = field(default_factory=dict)
    """Of each message's sound."""
    task: asyncio.Task[None] | None = None

    def mouth(self) -> PeerMouth:
        mouth = PeerMouth(
            RATE_HZ, 111, self.send,
            lambda response: self.told.append(("started", response)),
            lambda response: self.told.append(("stopped", response)),
            self.sent_bytes.__setitem__,
        )  # fmt: skip
        self.task = asyncio.create_task(mouth.run())
        return mouth

    def sent_ms(self) -> int:
        return self.sent_bytes[0] * 1_000 // (RATE_HZ * SAMPLE_BYTES)

    async def send(self, data: bytes) -> None:
        packet = parse_rtp(data)
        assert packet is not None
        self.sent.append((asyncio.get_running_loop().time(), packet))

    def loud(self) -> list[tuple[float, RtpPacket]]:
        decoder = OpusDecoder(RATE_HZ)
        found = []
        for at_s, packet in self.sent:
            pcm = memoryview(decoder.decode(packet.payload)).cast("h")
            if max(pcm, default=0) > 3_000:
                found.append((at_s, packet))
        return found

    async def close(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@in_virtual_time
async def test_sound_goes_out_at_once_every_20_ms_and_stops() -> None:
    wire = Wire()
    mouth = wire.mouth()
    await asyncio.sleep(5.013)
    before = len(wire.sent)
    assert before <= 14  # silence costs a packet now and then
    begun_s = asyncio.get_running_loop().time()
    mouth.play("r1", 0, tone(410, RATE_HZ))
    mouth.end(0)
    await asyncio.sleep(2)
    spoken = wire.sent[before : before + 21]
    assert spoken[0][0] - begun_s < 0.001
    assert spoken[0][1].marker
    assert not any(packet.marker for _, packet in spoken[1:])
    steps = [round(later - at, 4) for (at, _), (later, _) in pairwise(spoken)]
    assert set(steps) == {0.02}
    ticks = [(b.timestamp - a.timestamp) % 2**32 for (_, a), (_, b) in pairwise(spoken)]
    assert set(ticks) == {960}
    assert wire.told == [("started", "r1"), ("stopped", "r1")]
    assert wire.sent_ms() == 410
    numbers = [packet.sequence for _, packet in wire.sent]
    assert all((b - a) % 2**16 == 1 for a, b in pairwise(numbers))
    # timestamps are the time, over pauses as well
    (first_s, first), (last_s, last) = wire.sent[0], wire.sent[-1]
    assert ((last.timestamp - first.timestamp) % 2**32) / 48_000 == pytest.approx(last_s - first_s, abs=0.001)
    await wire.close()


@in_virtual_time
async def test_cleared_sound_stops_with_the_next_packet() -> None:
    wire = Wire()
    mouth = wire.mouth()
    mouth.play("r1", 0, tone(400, RATE_HZ))
    await asyncio.sleep(0.101)
    cut_s = asyncio.get_running_loop().time()
    mouth.clear(0)
    await asyncio.sleep(1)
    # the next packet still holds the end of the frame before: the encoder looks 6.5 ms ahead
    assert max(at_s for at_s, _ in wire.loud()) <= cut_s + 0.02
    assert ("stopped", "r1") not in wire.told
    mouth.play("r2", 1, tone(100, RATE_HZ))
    mouth.end(1)
    await asyncio.sleep(0.5)
    assert wire.told == [("started", "r1"), ("started", "r2"), ("stopped", "r2")]
    await wire.close()


@in_virtual_time
async def test_two_messages_of_one_response_are_one_sound() -> None:
    wire = Wire()
    mouth = wire.mouth()
    mouth.play("r1", 0, tone(50, RATE_HZ))
    mouth.end(0)
    mouth.play("r1", 1, tone(50, RATE_HZ))
    mouth.end(1)
    await asyncio.sleep(1)
    assert wire.told == [("started", "r1"), ("stopped", "r1")]
    await wire.close()


@in_virtual_time
async def test_sound_that_comes_too_slowly_goes_on_where_it_was() -> None:
    wire = Wire()
    mouth = wire.mouth()
    for _ in range(5):
        mouth.play("r1", 0, tone(50, RATE_HZ))
        await asyncio.sleep(0.1)
    mouth.end(0)
    await asyncio.sleep(0.5)
    assert wire.sent_ms() == 250
    assert wire.told == [("started", "r1"), ("stopped", "r1")]
    await wire.close()


@in_virtual_time
async def test_a_sender_that_was_held_up_catches_up() -> None:
    wire = Wire()
    mouth, start_s = wire.mouth(), asyncio.get_running_loop().time()
    mouth.play("r1", 0, tone(2_000, RATE_HZ))
    mouth.end(0)
    await asyncio.sleep(0.2)
    send = mouth._send

    async def held(data: bytes) -> None:
        mouth._send = send
        await asyncio.sleep(0.3)
        await send(data)

    mouth._send = held
    await asyncio.sleep(0.4)
    assert wire.sent_ms() == pytest.approx((asyncio.get_running_loop().time() - start_s) * 1_000, abs=21)
    await wire.close()
