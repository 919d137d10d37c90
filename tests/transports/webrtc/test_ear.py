"""The person's sound from packets, with some of them lost, in virtual time."""

import asyncio

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import tone
from voi.audio.libopus import OpusEncoder, load_libopus
from voi.errors import ConfigError
from voi.transports.webrtc.ear import PeerEar

RATE_HZ = 24_000


@pytest.fixture(autouse=True)
def _library() -> None:
    try:
        load_libopus()
    except ConfigError as missing:
        pytest.skip(str(missing))


@in_virtual_time
async def test_as_much_is_heard_as_was_said() -> None:
    heard: list[tuple[float, bytes]] = []
    loop = asyncio.get_running_loop()
    ear = PeerEar(RATE_HZ, lambda pcm: heard.append((loop.time(), pcm)))
    encoder = OpusEncoder(RATE_HZ, 32_000)
    frame = tone(20, RATE_HZ)
    for index in range(200):
        packet = encoder.encode(frame)
        if index % 10 != 4:
            ear.packet(index, index * 960, packet)
        await asyncio.sleep(0.02)
    pcm = b"".join(each for _, each in heard)
    assert len(pcm) == pytest.approx(200 * 960, abs=8 * 960)
    quiet = [
        start for start in range(9_600, 180 * 960, 960) if max(memoryview(pcm)[start : start + 960].cast("h")) < 3_000
    ]
    assert not quiet  # no holes where packets were lost
    assert ear.counts.lost == 20
    ear.close()


@in_virtual_time
async def test_a_sender_that_stops_is_silence_and_close_ends_it() -> None:
    heard: list[bytes] = []
    ear = PeerEar(RATE_HZ, heard.append)
    ear.packet(0, 0, OpusEncoder(RATE_HZ, 32_000).encode(tone(20, RATE_HZ)))
    await asyncio.sleep(1)
    assert sum(map(len, heard)) == pytest.approx(1_000 * 48, abs=40 * 48)
    ear.close()
    before = len(heard)
    await asyncio.sleep(1)
    assert len(heard) == before
