"""Who may connect. Wyoming has no authentication, so the address has to do."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from voi.errors import ConfigError

LOOPBACK = ("127.0.0.0/8", "::1")
ANY = "any"


class Allowed:
    """`listed`: addresses and networks, such as 192.168.1.0/24; "any": everybody. Empty: this machine alone. Raises
    ConfigError."""

    def __init__(self, listed: Sequence[str]) -> None:
        self.networks: list[IPv4Network | IPv6Network] = []
        for each in listed or LOOPBACK:
            wide = ("0.0.0.0/0", "::/0") if each == ANY else (each,)
            try:
                self.networks += [ip_network(one) for one in wide]
            except ValueError:
                raise ConfigError(
                    f"VOI_LISTENERS: wyoming: allow: {each!r} is neither an address, nor a network such as "
                    f'192.168.1.0/24, nor "{ANY}".'
                ) from None

    def has(self, host: str) -> bool:
        """Whether a client from that address may connect."""
        try:
            address = ip_address(host.partition("%")[0])  # without the zone of an IPv6 address
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
