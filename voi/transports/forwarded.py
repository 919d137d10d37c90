"""Finds the client's address behind proxies. Forwarding headers are believed only from proxies the operator trusts.

The headers are `X-Forwarded-For: CLIENT, PROXY…` and `Forwarded: for=CLIENT, for=PROXY…` (RFC 7239). Each proxy appends
the address that called it, so the list is read from its end. The first address there that is not a trusted proxy is the
client; everything before it may be forged.
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

ENTRIES_MAX = 32
"""How many entries are read at most, from the end of the list."""
_FOR = re.compile(r'(?:\A|;)\s*for=(?:"([^"]*)"|([^\s;"]*))', re.IGNORECASE)

Address = IPv4Address | IPv6Address


class TrustedProxies:
    """The proxies that the operator trusts. `networks`: IP addresses and networks such as 10.0.0.0/8. Raises ValueError
    for anything else."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, peer: str) -> bool:
        """True if `peer` is the IP address of a trusted proxy."""
        return self._trusts(_address(peer))

    def client_of(self, peer: str, headers: Callable[[str], Iterable[str]]) -> str:
        """IP address of the client behind the connection from `peer` (an IP address). `headers` returns all values of a
        header, by its lower-case name, in order."""
        if not self._networks or not self._trusts(_address(peer)):
            return peer
        by_x, by_rfc = (
            self._first_stranger(_entries(headers("x-forwarded-for"))),
            self._first_stranger(map(_for_of, _entries(headers("forwarded")))),
        )
        if by_x and by_rfc and by_x != by_rfc:
            return peer  # a proxy that writes only one of the two passes the other on from any client
        return by_x or by_rfc or peer

    def _first_stranger(self, entries: Iterable[str]) -> str:
        """The last address that is not a trusted proxy; the first one if all are; "" if there are none."""
        found = ""
        for entry in entries:
            address = _address(entry)
            if address is None:
                break
            found = str(address)
            if not self._trusts(address):
                break
        return found

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _entries(values: Iterable[str]) -> list[str]:
    """The entries of a header's values, last one first."""
    entries = [entry.strip() for value in values for entry in value.split(",")]
    return entries[: -ENTRIES_MAX - 1 : -1]


def _for_of(element: str) -> str:
    match = _FOR.search(element)
    return (match[1] or match[2] or "") if match else ""


def _address(text: str) -> Address | None:
    """The IP address in `1.2.3.4`, `1.2.3.4:80`, `::1` or `[::1]:80`; None if it is not an address."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if address.version == 6 else None) or address
