"""RTCP (RFC 3550, section 6) of one peer: what we report of its sound, and what it reports of ours."""

import time
from collections.abc import Callable

from aiortc import clock
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from voi.audio.libopus import RTP_CLOCK_HZ
from voi.transports.rtp import RtpPacket
from voi.transports.webrtc.mouth import PeerMouth


class RtcpReports:
    """`on_loss` is told how much of our sound is lost, in percent."""

    def __init__(self, mouth: PeerMouth, on_loss: Callable[[int], None]) -> None:
        self._mouth, self._on_loss = mouth, on_loss
        self._source: int | None = None
        self._statistics = StreamStatistics(RTP_CLOCK_HZ)
        self._sender_report = (0, 0.0)
        """Middle of the NTP time in the peer's last report, and when that came."""

    def heard(self, packet: RtpPacket) -> None:
        """The peer sent that."""
        if packet.ssrc != self._source:
            self._source, self._statistics = packet.ssrc, StreamStatistics(RTP_CLOCK_HZ)
        self._statistics.add(_Counted(packet.sequence, packet.timestamp))

    def take(self, data: bytes) -> None:
        """A report of the peer. Anything else is ignored."""
        try:
            packets = RtcpPacket.parse(data)
        except (ValueError, IndexError):
            return
        for packet in packets:
            if isinstance(packet, RtcpSrPacket) and packet.ssrc == self._source:
                self._sender_report = (packet.sender_info.ntp_timestamp >> 16 & 0xFFFF_FFFF, time.monotonic())
            if isinstance(packet, RtcpSrPacket | RtcpRrPacket):
                for report in packet.reports:
                    if report.ssrc == self._mouth.ssrc:
                        self._learn(report)

    def _learn(self, report: RtcpReceiverInfo) -> None:
        self._on_loss(report.fraction_lost * 100 // 256)

    def next(self) -> bytes:
        """What is to be sent about once a second."""
        ssrc = self._mouth.ssrc
        reports = []
        if self._source is not None and self._statistics.max_seq is not None:
            middle, came_s = self._sender_report
            since = min(0xFFFF_FFFF, int((time.monotonic() - came_s) * 65_536)) if middle else 0
            reports.append(
                RtcpReceiverInfo(
                    ssrc=self._source,
                    fraction_lost=self._statistics.fraction_lost,
                    packets_lost=self._statistics.packets_lost,
                    highest_sequence=(self._statistics.cycles + self._statistics.max_seq) & 0xFFFF_FFFF,
                    jitter=self._statistics.jitter,
                    lsr=middle,
                    dlsr=since,
                )
            )
        sender = RtcpSenderInfo(
            ntp_timestamp=clock.current_ntp_time(),
            rtp_timestamp=self._mouth.timestamp_now(),
            packet_count=self._mouth.packets & 0xFFFF_FFFF,
            octet_count=self._mouth.octets & 0xFFFF_FFFF,
        )
        names = RtcpSdesPacket(chunks=[RtcpSourceInfo(ssrc=ssrc, items=[(1, b"voi")])])
        return bytes(RtcpSrPacket(ssrc=ssrc, sender_info=sender, reports=reports)) + bytes(names)


class _Counted:
    """What the statistics look at."""

    def __init__(self, sequence_number: int, timestamp: int) -> None:
        self.sequence_number, self.timestamp = sequence_number, timestamp
