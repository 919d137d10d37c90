"""RTP packets, from any bytes."""

import random

from voi.transports.rtp import RtpPacket, parse_rtp


def test_there_and_back() -> None:
    packet = RtpPacket(111, 65_535, 2**32 - 1, 7, b"sound", True)
    assert parse_rtp(packet.encode()) == packet
    assert packet.encode()[:2] == b"\x80\xef"


def test_extensions_sources_and_padding_are_left_out() -> None:
    head = (
        bytes([0x80 | 0x20 | 0x10 | 2, 111]) + (1).to_bytes(2, "big") + (2).to_bytes(4, "big") + (3).to_bytes(4, "big")
    )
    sources, extension = bytes(8), b"\xbe\xde\x00\x01" + bytes(4)
    packet = parse_rtp(head + sources + extension + b"sound" + b"\0\0\3")
    assert packet == RtpPacket(111, 1, 2, 3, b"sound")


def test_any_bytes() -> None:
    chance = random.Random(1)
    for _ in range(20_000):
        data = chance.randbytes(chance.randrange(40))
        packet = parse_rtp(bytes([0x80 | data[0] & 0x3F]) + data[1:] if data else data)
        assert packet is None or len(packet.payload) < len(data)
    assert parse_rtp(b"\x40" + bytes(20)) is None  # another version
