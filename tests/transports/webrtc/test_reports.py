"""RTCP: what the peer reports of our sound, and what we report of its sound."""

import asyncio

import pytest

pytest.importorskip("aiortc")

from aiortc.rtp import RtcpPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSrPacket

from voi.transports.rtp import RtpPacket
from voi.transports.webrtc.mouth import PeerMouth
from voi.transports.webrtc.reports import RtcpReports


async def _nowhere(packet: bytes) -> None: ...


def made() -> tuple[PeerMouth, RtcpReports, list[int]]:
    told: list[int] = []
    mouth = PeerMouth(24_000, 111, _nowhere, lambda _: None, lambda _: None)
    return mouth, RtcpReports(mouth, told.append), told


async def test_loss_that_the_peer_reports() -> None:
    mouth, reports, told = made()
    info = RtcpReceiverInfo(
        ssrc=mouth.ssrc, fraction_lost=26, packets_lost=4, highest_sequence=9, jitter=0, lsr=0, dlsr=0
    )
    other = RtcpReceiverInfo(ssrc=1, fraction_lost=255, packets_lost=4, highest_sequence=9, jitter=0, lsr=0, dlsr=0)
    reports.take(bytes(RtcpRrPacket(ssrc=5, reports=[other, info])))
    assert told == [10]


async def test_what_we_report() -> None:
    mouth, reports, _ = made()
    for index in range(20):
        if index not in (4, 5):
            reports.heard(RtpPacket(111, (65_530 + index) % 2**16, index * 960, 77, b"x"))
    packets = RtcpPacket.parse(reports.next())
    assert isinstance(packets[0], RtcpSrPacket)
    assert packets[0].ssrc == mouth.ssrc
    (info,) = packets[0].reports
    assert (info.ssrc, info.packets_lost, info.highest_sequence) == (77, 2, 65_536 + 13)
    assert info.fraction_lost == 2 * 256 // 20
    await asyncio.sleep(0)


async def test_anything_else_is_ignored() -> None:
    _, reports, told = made()
    for data in (b"", b"\x80", b"\x81\xc9\x00\x07" + bytes(3), bytes(range(200)), b"\x80\xc8" + b"\xff" * 60):
        reports.take(data)
    assert told == []
