"""Who is behind a proxy: its word is taken where the operator trusts that proxy, and nobody else's ever.

`X-Forwarded-For: CLIENT, PROXY…` and `Forwarded: for=CLIENT, for=PROXY…` (RFC 7239). Each proxy adds the address that
it was called from at the end, so the list is read from there; whatever stands before the first address that is not a
trusted proxy's may be invented.
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

ENTRIES_MAX = 32
"""More proxies in a row there are not."""
_FOR = re.compile(r'(?:\A|;)\s*for=(?:"([^"]*)"|([^\s;"]*))', re.IGNORECASE)

Address = IPv4Address | IPv6Address


class TrustedProxies:
    """`networks`: addresses and networks such as 10.0.0.0/8. Raises ValueError for what is neither."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, peer: str) -> bool:
        """Is this the IP address of a trusted proxy?"""
        return self._trusts(_address(peer))

    def client_of(self, peer: str, headers: Callable[[str], Iterable[str]]) -> str:
        """Address of the client that the connection from `peer` (an IP address) is for. `headers` gives all values of a
        header's lower-case name, in their order."""
        if not self._networks or not self._trusts(_address(peer)):
            return peer
        by_x, by_rfc = (
            self._first_stranger(_entries(headers("x-forwarded-for"))),
            self._first_stranger(map(_for_of, _entries(headers("forwarded")))),
        )
        if by_x and by_rfc and by_x != by_rfc:
            return peer  # a proxy that writes only one of the two lets the other through, from anybody
        return by_x or by_rfc or peer

    def _first_stranger(self, entries: Iterable[str]) -> str:
        """The last address that no trusted proxy has, or the first of all; "" where there is none to be had."""
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
    """The last first."""
    entries = [entry.strip() for value in values for entry in value.split(",")]
    return entries[: -ENTRIES_MAX - 1 : -1]


def _for_of(element: str) -> str:
    match = _FOR.search(element)
    return (match[1] or match[2] or "") if match else ""


def _address(text: str) -> Address | None:
    """Of `1.2.3.4`, `1.2.3.4:80`, `::1` and `[::1]:80`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if address.version == 6 else None) or address
