"""SRTP with keys by SDES."""

import base64

import pytest

pytest.importorskip("pylibsrtp")

from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import FakeSockets, KeepingListener
from voi.errors import ClientError
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.telephone.codecs import PCMU
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_terms import RtpSettings, RtpTerms
from voi.transports.telephone.srtp import KEY_BYTES, SUITES, SdesCipher, SdesKey, Suite, new_key

THERE, ELSEWHERE = ("192.0.2.1", 4_000), ("198.51.100.7", 5_000)


def pair(suite: Suite) -> tuple[SdesCipher, SdesCipher]:
    ours, theirs = SdesKey(suite, new_key(suite)), SdesKey(suite, new_key(suite))
    return SdesCipher(ours, theirs), SdesCipher(theirs, ours)


@pytest.mark.parametrize("suite", SUITES)
def test_both_ways_and_nothing_else(suite: Suite) -> None:
    us, them = pair(suite)
    packet = RtpPacket(0, 1, 160, 7, b"sound" * 32).encode()
    report = b"\x80\xc9\x00\x01" + bytes(4)
    protected = us.protect(packet)
    assert b"sound" not in protected
    assert them.unprotect(protected) == packet
    assert them.unprotect(protected) is None, "a packet counts once"
    assert them.unprotect_rtcp(us.protect_rtcp(report)) == report
    changed = bytearray(us.protect(RtpPacket(0, 2, 320, 7, b"sound").encode()))
    changed[-1] ^= 1
    for wrong in (bytes(changed), packet, b"", b"\x80", bytes(3_000)):
        assert them.unprotect(wrong) is None
        assert them.unprotect_rtcp(wrong) is None


def test_a_packet_as_rfc_3711_has_it() -> None:
    """The key stream of RFC 3711, B.2, by way of its key derivation (B.3): what other implementations decrypt."""
    key = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139") + bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    cipher = SdesCipher(SdesKey("AES_CM_128_HMAC_SHA1_80", key), SdesKey("AES_CM_128_HMAC_SHA1_80", key))
    plain = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
    known = bytes.fromhex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")
    assert cipher.protect(plain) == known  # of libsrtp's own test driver


@pytest.mark.parametrize("suite", SUITES)
def test_keys(suite: Suite) -> None:
    key = SdesKey(suite, new_key(suite))
    assert len(key.key) == KEY_BYTES[suite]
    assert base64.b64encode(key.key).decode() not in repr(key)
    assert repr(key.key) not in repr(key)
    with pytest.raises(ClientError):
        SdesCipher(key, SdesKey(suite, key.key[:-1]))


@in_virtual_time
async def test_a_line_with_srtp_hears_only_its_own_side() -> None:
    import asyncio

    us, them = pair("AES_CM_128_HMAC_SHA1_80")
    sockets, listener = FakeSockets(), KeepingListener()
    line = RtpLine(sockets, RtpTerms(PCMU, THERE, cipher=us), RtpSettings())  # type: ignore[arg-type]
    line.open(listener)
    sockets.come(RtpPacket(0, 1, 160, 7, bytes(160)).encode(), THERE)
    assert (listener.faults, listener.heard) == (["unauthentic"], bytearray())
    sockets.come(them.protect(RtpPacket(0, 1, 160, 7, bytes(160)).encode()), THERE)
    sockets.come(them.protect(RtpPacket(0, 2, 320, 7, bytes(160)).encode()), ELSEWHERE)
    assert len(listener.heard) == 640, "what is authentic may come from anywhere"
    line.play(1, b"\x10\x27" * 160)
    await asyncio.sleep(0.05)
    _, data, to = sockets.sent[0]
    plain = them.unprotect(data)
    assert plain is not None
    packet = parse_rtp(plain)
    assert packet is not None
    assert (packet.payload_type, len(packet.payload), to) == (0, 160, ELSEWHERE)
    await line.aclose()
    assert them.unprotect_rtcp(sockets.reports[-1][0]) is not None
