"""RTCP (RFC 3550, 6) of a telephone's line: what we sent and how the other side's sound came, and what it says of ours.
Only what is needed: sender and receiver reports, a name, and the goodbye. Pure: times are arguments."""

import struct
from dataclasses import dataclass

from voi.transports.rtp import VERSION

SENDER_REPORT, RECEIVER_REPORT, NAMES, GOODBYE = 200, 201, 202, 203
_SENDER = struct.Struct("!QIII")
_REPORT = struct.Struct("!IIIIII")
NTP_EPOCH_S = 2_208_988_800
"""From 1900, where NTP begins, to 1970."""
PACKETS_MAX = 16
"""So many packets of a compound are read."""


@dataclass(frozen=True, slots=True)
class ReportOfUs:
    """What the other side says of our sound."""

    lost_percent: int


@dataclass(frozen=True, slots=True)
class RtcpSaid:
    """What one packet tells. `sent_ntp`: middle of the NTP time of its sender report; None: it has none. `gone`:
    streams that have ended."""

    sent_ntp: int | None = None
    of_us: ReportOfUs | None = None
    gone: tuple[int, ...] = ()


def is_rtcp(packet: bytes) -> bool:
    """Whether a packet on a port for both is RTCP (RFC 5761, 4)."""
    return len(packet) >= 2 and 192 <= packet[1] <= 223


def read_rtcp(data: bytes, ours: int) -> RtcpSaid | None:
    """A compound packet, as far as it is about our stream `ours`. None: it is no RTCP."""
    sent_ntp: int | None = None
    of_us: ReportOfUs | None = None
    gone: tuple[int, ...] = ()
    at = 0
    for _ in range(PACKETS_MAX):
        if len(data) - at < 4:
            break
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 * (words + 1)
        if first >> 6 != VERSION or end > len(data):
            return None
        count, body = first & 0x1F, data[at + 4 : end]
        if kind == GOODBYE:
            gone += struct.unpack_from(f"!{min(count, len(body) // 4)}I", body)
        elif kind in (SENDER_REPORT, RECEIVER_REPORT):
            reports = body[4:]
            if kind == SENDER_REPORT and len(body) >= 4 + _SENDER.size:
                sent_ntp = _SENDER.unpack_from(body, 4)[0] >> 16 & 0xFFFF_FFFF
                reports = body[4 + _SENDER.size :]
            for place in range(0, min(count, len(reports) // _REPORT.size) * _REPORT.size, _REPORT.size):
                ssrc, lost, *_ = _REPORT.unpack_from(reports, place)
                if ssrc == ours:
                    of_us = ReportOfUs((lost >> 24) * 100 // 256)
        at = end
    return RtcpSaid(sent_ntp, of_us, gone) if at else None


def ntp_of(unix_s: float) -> int:
    """64-bit NTP time."""
    return int((unix_s + NTP_EPOCH_S) * (1 << 32))


@dataclass(slots=True)
class Reception:
    """How one stream comes (RFC 3550, A.3 and A.8)."""

    ssrc: int
    clock_hz: int
    first: int | None = None
    highest: int = 0
    received: int = 0
    jitter: float = 0.0
    """In units of the clock."""
    _transit: float | None = None
    _expected_before: int = 0
    _received_before: int = 0
    _sent_ntp: int = 0
    _sent_came_s: float = 0.0

    def came(self, sequence: int, timestamp: int, now_s: float, *, timed: bool = True) -> None:
        """A packet came. `timed` False: its timestamp is not that of its sending, as with keys."""
        if self.first is None:
            self.first = self.highest = sequence
        ahead = (sequence - self.highest) & 0xFFFF
        if ahead < 0x8000:
            self.highest += ahead
        self.received += 1
        if not timed:
            return
        transit = (int(now_s * self.clock_hz) - timestamp) & 0xFFFF_FFFF
        if self._transit is not None:
            step = abs(transit - self._transit)
            if step < self.clock_hz * 10:  # neither a wrap nor a new beginning
                self.jitter += (step - self.jitter) / 16
        self._transit = transit

    def reported(self, sent_ntp: int, now_s: float) -> None:
        """The other side's sender report came."""
        self._sent_ntp, self._sent_came_s = sent_ntp, now_s

    def block(self, now_s: float) -> bytes:
        """The report block of this stream, since the last one."""
        expected = self.highest - (self.first or 0) + 1 if self.received else 0
        lost = max(0, min(0x7F_FFFF, expected - self.received))
        news = expected - self._expected_before
        lost_news = news - (self.received - self._received_before)
        self._expected_before, self._received_before = expected, self.received
        fraction = min(255, max(0, lost_news * 256 // news)) if news > 0 else 0
        since = min(0xFFFF_FFFF, int((now_s - self._sent_came_s) * 65_536)) if self._sent_ntp else 0
        return _REPORT.pack(
            self.ssrc, fraction << 24 | lost, self.highest & 0xFFFF_FFFF, int(self.jitter) & 0xFFFF_FFFF,
            self._sent_ntp, since,
        )  # fmt: skip


def report(
    ours: int, sent: tuple[int, int] | None, ntp: int, timestamp: int, of: Reception | None, now_s: float
) -> bytes:
    """A compound packet. `sent`: packets and octets that we sent; None: we sent none, so it is a receiver's report.
    `timestamp`: of RTP, for the NTP time."""
    blocks = of.block(now_s) if of is not None and of.received else b""
    body = struct.pack("!I", ours)
    if sent is not None:
        body += _SENDER.pack(ntp, timestamp & 0xFFFF_FFFF, sent[0] & 0xFFFF_FFFF, sent[1] & 0xFFFF_FFFF)
    kind = SENDER_REPORT if sent is not None else RECEIVER_REPORT
    return _packet(kind, 1 if blocks else 0, body + blocks) + _names(ours)


def goodbye(ours: int) -> bytes:
    """A compound packet that ends our stream."""
    return (
        _packet(RECEIVER_REPORT, 0, struct.pack("!I", ours))
        + _names(ours)
        + _packet(GOODBYE, 1, struct.pack("!I", ours))
    )


def _names(ours: int) -> bytes:
    # a name that says nothing of the machine or its user (RFC 7022)
    name = f"{ours:08x}".encode()
    return _packet(NAMES, 1, struct.pack("!IBB", ours, 1, len(name)) + name + b"\0")


def _packet(kind: int, count: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", VERSION << 6 | count, kind, len(body) // 4) + body
