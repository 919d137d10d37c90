"""Where a server is: SRV records (RFC 3263), then addresses. `dnspython` (of the extra `telephone`) looks SRV up;
without it only names of hosts are known."""

import asyncio
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from voi.config.sip_accounts import SipTransport, host_and_port
from voi.transports.sip.sockets import is_address
from voi.transports.sip.stack import DEFAULT_PORTS

LOOKUP_S = 4.0
ADDRESSES_MAX = 8
_SERVICES: dict[SipTransport, str] = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp."}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """`name`: what its certificate has to show."""

    host: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """One server of a name (RFC 2782): the lowest `priority` is asked first, and a greater `weight` more often."""

    priority: int
    weight: int
    port: int
    target: str


async def addresses_of(servers: Sequence[str], transport: SipTransport) -> list[ServerAddress]:
    """All addresses of these servers, in the order in which they are to be tried."""
    found: list[ServerAddress] = []
    for server in servers:
        host, port = host_and_port(server)
        if is_address(host):
            found.append(ServerAddress(host, port or DEFAULT_PORTS[transport], host))
            continue
        places = [(host, port or DEFAULT_PORTS[transport])]
        if port is None and (records := await srv_records(_SERVICES[transport] + host)):
            places = [(record.target, record.port) for record in ordered(records)]
        for target, at in places[:ADDRESSES_MAX]:
            found += [ServerAddress(each, at, host) for each in await _hosts(target, at)]
    return list(dict.fromkeys(found))[: 2 * ADDRESSES_MAX]


def ordered(records: list[SrvRecord]) -> list[SrvRecord]:
    """By priority, and by chance and weight within one (RFC 2782)."""
    return sorted(records, key=lambda each: (each.priority, -(random.random() ** (1 / max(each.weight, 0.1)))))


async def srv_records(name: str) -> list[SrvRecord]:
    """[] if there are none, or they cannot be looked up."""
    try:
        from dns.asyncresolver import Resolver
        from dns.exception import DNSException
    except ImportError:
        return []
    try:
        async with asyncio.timeout(LOOKUP_S):
            answer = await Resolver().resolve(name, "SRV", lifetime=LOOKUP_S)
    except (DNSException, OSError):
        return []
    records = [SrvRecord(each.priority, each.weight, each.port, each.target.to_text(omit_final_dot=True))
               for each in answer]  # fmt: skip
    return [each for each in records if each.target not in ("", ".")][:ADDRESSES_MAX]


async def _hosts(name: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await loop.getaddrinfo(name, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))[:ADDRESSES_MAX]
