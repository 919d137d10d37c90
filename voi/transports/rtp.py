"""RTP packets (RFC 3550, section 5.1): parsed from any bytes, and written."""

import struct
from dataclasses import dataclass

_HEADER = struct.Struct("!BBHII")
VERSION = 2


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """`marker`: for sound, the first packet after a pause."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        """The packet without extensions."""
        kind = self.payload_type | (0x80 if self.marker else 0)
        head = _HEADER.pack(
            VERSION << 6, kind, self.sequence & 0xFFFF, self.timestamp & 0xFFFF_FFFF, self.ssrc & 0xFFFF_FFFF
        )
        return head + self.payload


def parse_rtp(data: bytes) -> RtpPacket | None:
    """The packet; None if it is none. Extensions and padding are left out."""
    if len(data) < _HEADER.size:
        return None
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags >> 6 != VERSION:
        return None
    start, end = _HEADER.size + 4 * (flags & 0x0F), len(data)
    if flags & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if flags & 0x20:
        end -= data[-1] or end
    if not start <= end:
        return None
    return RtpPacket(kind & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(kind & 0x80))
