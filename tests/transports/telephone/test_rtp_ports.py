"""Real sockets on the loopback: ports are taken, used and given back."""

import asyncio
import socket

import pytest

from tests.transports.telephone.fakes import KeepingListener
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.telephone.codecs import PCMU
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_ports import NoPortFree, RtpPorts, RtpSockets
from voi.transports.telephone.rtp_terms import RtpTerms

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"


def test_ports_are_pairs_from_the_range_and_are_given_back() -> None:
    ports = RtpPorts(HOST, 41_001, 41_007)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 41_005))
        pairs = [ports.open(), ports.open()]
        assert sorted((each.port, each.rtcp_port) for each in pairs) == [(41_002, 41_003), (41_006, 41_007)]
        with pytest.raises(NoPortFree):
            ports.open()
        assert len(ports) == 2
        for each in pairs:
            each.close()
            each.close()
        assert len(ports) == 0
        assert not pairs[0].send(b"x", (HOST, 9))
    again = [ports.open() for _ in range(3)]
    assert len({each.port for each in again}) == 3
    for each in again:
        each.close()


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(NoPortFree, match=r"192\.0\.2\.1"):
        RtpPorts("192.0.2.1").open()


async def test_two_lines_talk_to_each_other() -> None:
    ports = RtpPorts(HOST, 42_000, 42_100)
    first, second = ports.open(), ports.open()
    lines = [
        RtpLine(ours, RtpTerms(PCMU, (HOST, theirs.port), key_type=101))
        for ours, theirs in ((first, second), (second, first))
    ]
    listeners = [KeepingListener(), KeepingListener()]
    for line, listener in zip(lines, listeners, strict=True):
        line.open(listener)
    lines[0].play(1, b"\x10\x27" * 160 * 20)
    lines[0].finish(1)
    lines[0].press("4")
    async with asyncio.timeout(30):
        while listeners[1].keys != "4":  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)
    assert listeners[0].reported[-1] == (1, 20 * 320)
    assert sum(listeners[1].heard[1::2]) > 0x20 * 160 * 19
    for line in lines:
        await line.aclose()
    assert len(ports) == len(ports.ticker) == 0


async def test_what_came_early_is_thrown_away_and_a_flood_is_left_in_the_socket() -> None:
    ports = RtpPorts(HOST, 43_000, 43_100)
    sockets = ports.open()
    got: list[bytes] = []

    def take(data: bytes, source: tuple[str, int]) -> bool:
        got.append(data)
        return len(got) % 10 != 0

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        packet = RtpPacket(0, 1, 1, 1, bytes(160)).encode()
        for _ in range(20):
            sender.sendto(b"early", (HOST, sockets.port))
        sockets.start(take, take)
        for _ in range(100):
            sender.sendto(packet, (HOST, sockets.port))
        await asyncio.sleep(0.01)
        assert 10 <= len(got) <= 20
        assert parse_rtp(got[0]) is not None
        sockets.close()
        count = len(got)
        await asyncio.sleep(0.05)
        assert len(got) == count


def test_a_pair_closes_its_sockets() -> None:
    ports = RtpPorts(HOST, 44_000, 44_100)
    opened: list[RtpSockets] = [ports.open() for _ in range(20)]
    for each in opened:
        each.close()
    assert all(each._sound.fileno() == -1 and each._reports.fileno() == -1 for each in opened)
