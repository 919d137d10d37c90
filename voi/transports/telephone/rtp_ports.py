"""The UDP ports of calls: a range, of which each call has an even port for its sound and the odd one behind it for its
reports (RFC 3550, 11)."""

import asyncio
import errno
import random
import socket
from collections.abc import Callable

from voi.errors import VoiError
from voi.transports.telephone.rtp_terms import NetAddress
from voi.transports.telephone.rtp_ticker import RtpTicker

DATAGRAM_MAX_BYTES = 2_048
READ_AT_ONCE = 16
"""So many packets of one call are read in one turn of the event loop."""
STALE_MAX = 512
"""So many packets that came before the call could take them are thrown away."""
REST_S = 0.02
"""A call that is flooded is not read for so long."""

OnDatagram = Callable[[bytes, NetAddress], bool]
"""Takes a packet. False: too many come, so rest."""


class NoPortFree(VoiError):
    """All ports of the range are taken."""


class RtpSockets:
    """Two open sockets. They are closed by the line that gets them, or by their maker if no line comes about."""

    def __init__(
        self, sound: socket.socket, reports: socket.socket, ticker: RtpTicker, release: Callable[[int], None]
    ) -> None:
        self.ticker = ticker
        self._sound, self._reports, self._release = sound, reports, release
        self.port: int = sound.getsockname()[1]
        self.rtcp_port: int = reports.getsockname()[1]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._takers: dict[socket.socket, OnDatagram] = {}
        self._closed = False

    def start(self, on_rtp: OnDatagram, on_rtcp: OnDatagram) -> None:
        """Read from now on. What came before is thrown away."""
        if self._closed or self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        for each, taker in ((self._sound, on_rtp), (self._reports, on_rtcp)):
            for _ in range(STALE_MAX):
                if _read(each) is None:
                    break
            self._takers[each] = taker
            self._listen(each)

    def send(self, packet: bytes, to: NetAddress) -> bool:
        """False: it could not be sent."""
        return self._send(self._sound, packet, to)

    def send_rtcp(self, packet: bytes, to: NetAddress) -> bool:
        return self._send(self._reports, packet, to)

    def close(self) -> None:
        """Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for each in (self._sound, self._reports):
            if each in self._takers and self._loop is not None:
                self._loop.remove_reader(each.fileno())
            each.close()
        self._takers.clear()
        self._release(self.port)

    def _send(self, through: socket.socket, packet: bytes, to: NetAddress) -> bool:
        if self._closed:
            return False
        try:
            through.sendto(packet, to)
        except OSError:
            return False
        return True

    def _listen(self, each: socket.socket) -> None:
        if not self._closed and self._loop is not None:
            self._loop.add_reader(each.fileno(), self._readable, each)

    def _readable(self, each: socket.socket) -> None:
        for _ in range(READ_AT_ONCE):
            if self._closed:
                return
            got = _read(each)
            if got is None:
                return
            if not self._takers[each](*got) and not self._closed:
                assert self._loop is not None
                self._loop.remove_reader(each.fileno())
                self._loop.call_later(REST_S, self._listen, each)
                return


def _read(each: socket.socket) -> tuple[bytes, NetAddress] | None:
    """The next packet, and where it comes from; None: there is none."""
    for _ in range(READ_AT_ONCE):
        try:
            data, address = each.recvfrom(DATAGRAM_MAX_BYTES)
        except ConnectionError:
            continue  # an earlier packet of ours found no listener
        except OSError:
            return None
        return data, (address[0], address[1])
    return None


class RtpPorts:
    """One for a server process. `host`: the address that calls' sound comes to. `first` to `last`: the ports, both
    included; a pair needs an even one and the next."""

    def __init__(
        self, host: str = "0.0.0.0", first: int = 16_384, last: int = 32_766, ticker: RtpTicker | None = None
    ) -> None:
        self._host = host
        self._pairs = range(first + first % 2, last, 2)
        self._taken: set[int] = set()
        self._next = random.randrange(len(self._pairs)) if self._pairs else 0
        self.ticker = ticker or RtpTicker()

    def __len__(self) -> int:
        """How many pairs are open."""
        return len(self._taken)

    def open(self) -> RtpSockets:
        """Raises NoPortFree."""
        for _ in range(len(self._pairs)):
            port = self._pairs[self._next % len(self._pairs)]
            self._next += 1
            if port in self._taken:
                continue
            sockets = self._bound(port)
            if sockets is not None:
                self._taken.add(port)
                return RtpSockets(*sockets, self.ticker, self._taken.discard)
        raise NoPortFree("No UDP port for a call's sound is free.")

    def _bound(self, port: int) -> tuple[socket.socket, socket.socket] | None:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        made: list[socket.socket] = []
        try:
            for each in (port, port + 1):
                made.append(socket.socket(family, socket.SOCK_DGRAM))
                made[-1].setblocking(False)
                made[-1].bind((self._host, each))
        except OSError as error:
            for opened in made:
                opened.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):  # then no other port would do either
                raise NoPortFree(f"A call's sound cannot be received at {self._host}: {error.strerror}.") from None
            return None
        return made[0], made[1]
