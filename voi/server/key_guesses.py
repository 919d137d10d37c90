"""Slows down who guesses the API key: after some wrong ones, an address is not heard for a while, with any key."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from fastapi import HTTPException, Request

AT_ONCE_MAX = 10
EVERY_S = 2.0
ADDRESSES_MAX = 4_096
NETWORK_BITS = 64
"""Who has one address of IPv6 has that network."""


class KeyGuesses:
    """A token bucket of wrong keys for each address. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By address: wrong keys that still count, and when that was so. The one that is longest quiet comes first."""

    def wait_s(self, address: str) -> float:
        """For how many seconds that address is not heard; 0: it is."""
        return max(0.0, (self._counted(_network(address)) - AT_ONCE_MAX + 1) * EVERY_S)

    def wrong(self, address: str) -> None:
        """A wrong key came from there."""
        network = _network(address)
        self._wrong[network] = self._counted(network) + 1.0, self._clock()
        self._wrong.move_to_end(network)
        if len(self._wrong) > ADDRESSES_MAX:
            self._wrong.popitem(last=False)

    def _counted(self, network: str) -> float:
        count, at_s = self._wrong.get(network, (0.0, 0.0))
        return max(0.0, count - (self._clock() - at_s) / EVERY_S) if count else 0.0


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, NETWORK_BITS), strict=False))


def guarded(check: Callable[[Request], None], guesses: KeyGuesses | None = None) -> Callable[[Request], None]:
    """The same check, which answers 429 to an address that sent too many wrong keys. `check`: raises HTTPException with
    403 for a wrong key."""
    counted = guesses or KeyGuesses()

    def checked(request: Request) -> None:
        address = request.client.host if request.client else ""
        if wait_s := counted.wait_s(address):
            after = {"Retry-After": str(math.ceil(wait_s))}
            raise HTTPException(429, "Too many wrong API keys came from this address.", after)
        try:
            check(request)
        except HTTPException as refused:
            if refused.status_code == 403:
                counted.wrong(address)
            raise

    return checked
