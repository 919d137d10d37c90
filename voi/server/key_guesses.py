"""Slows down who guesses the API key: after some wrong ones, an address is not heard for a while, with any key."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from fastapi import HTTPException, Request

from voi.server.auth import bearer, is_key, looks_like_token

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


class ApiKey:
    """The key with which other services ask. All routes that take it share one of these, so that who guesses gains
    nothing by going from one to the next. What has the form of a token is no guess: it is answered at once, and counts
    for nothing, unless the key itself has that form."""

    def __init__(self, key: str, guesses: KeyGuesses | None = None) -> None:
        self._key = key
        self._guesses = guesses or KeyGuesses()
        self._turn = Lock()  # FastAPI checks some requests in threads
        self._tokens_pass = not looks_like_token(key)

    def check(self, request: Request) -> None:
        """Raises HTTPException unless the request has the key: 401 without any, 403 for a wrong one, 429 where too many
        wrong ones came from."""
        if not self.is_right(given_key(request), request):
            raise HTTPException(403, "The API key is wrong.")

    def is_right(self, given: str, request: Request) -> bool:
        """Whether `given` is the key. Raises HTTPException with 429 for an address that has to wait, whatever it
        gives."""
        if self._tokens_pass and looks_like_token(given):
            return False
        address = request.client.host if request.client else ""
        with self._turn:
            if wait_s := self._guesses.wait_s(address):
                after = {"Retry-After": str(math.ceil(wait_s))}
                raise HTTPException(429, "Too many wrong API keys came from this address.", after)
            right = is_key(given, self._key)
            if not right:
                self._guesses.wrong(address)
            return right


def given_key(request: Request) -> str:
    """The key or token of a request. Raises HTTPException with 401 if there is none."""
    given = request.headers.get("API-Key", bearer(request.headers.get("Authorization", "")))
    if given is None:
        raise HTTPException(401, "The header API-Key is missing.")
    return given
