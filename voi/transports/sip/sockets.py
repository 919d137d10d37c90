"""The sockets of SIP: one for UDP, listeners for TCP and TLS, and connections that we open. They pass messages on as
bytes, each with the `Flow` that it came by."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Literal, cast

from voi.errors import ClientError
from voi.transports.sip.framing import PONG, SipStream
from voi.transports.sip.transactions import Flow

CONNECTIONS_MAX = 512
STRANGERS_MAX = 256
"""Of these, so many may be of hosts that no account knows."""
CONNECTIONS_PER_HOST = 32
IDLE_S = 600.0
"""A connection by which nothing came for so long is closed."""
UNREAD_MAX_BYTES = 1_048_576
"""A peer that does not read is cut off."""
CONNECT_S = 8.0
UDP_MAX_BYTES = 65_507

Received = Callable[[bytes, Flow], None]


def plain_host(host: str) -> str:
    """Without zone, and an IPv4 address in its own form."""
    host = host.partition("%")[0]
    return host[7:] if host.lower().startswith("::ffff:") and "." in host else host


class UdpFlow:
    """`Flow` to one address."""

    transport: Literal["udp", "tcp", "tls"] = "udp"

    def __init__(self, socket_: "UdpSocket", remote: tuple[str, int]) -> None:
        self._socket = socket_
        self.remote = remote

    @property
    def local(self) -> tuple[str, int]:
        return self._socket.local

    @property
    def closed(self) -> bool:
        return self._socket.closed

    def send(self, data: bytes) -> bool:
        return self._socket.send(data, self.remote)


class UdpSocket(asyncio.DatagramProtocol):
    """A UDP socket. `received` is called with each datagram and the way back to its sender."""

    def __init__(self, received: Received) -> None:
        self.closed = False
        self.local = ("", 0)
        self._received = received
        self._transport: asyncio.DatagramTransport | None = None
        self._six = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        name = transport.get_extra_info("sockname")
        self.local = (plain_host(name[0]), name[1])
        self._six = transport.get_extra_info("socket").family == socket.AF_INET6

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, self.to(addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """An ICMP message about some peer: the transaction's timer notices."""

    def to(self, host: str, port: int) -> UdpFlow:
        return UdpFlow(self, (plain_host(host), port))

    def send(self, data: bytes, remote: tuple[str, int]) -> bool:
        if self.closed or self._transport is None or len(data) > UDP_MAX_BYTES or not remote[1]:
            return False
        host, port = remote
        if self._six != (":" in host):
            if not self._six:
                return False
            host = f"::ffff:{host}"
        try:
            self._transport.sendto(data, (host, port))
        except (OSError, ValueError):
            return False
        return True

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.close()


class StreamFlow(asyncio.Protocol):
    """`Flow` over one connection. `on_lost` is told once when it is gone."""

    def __init__(
        self, transport: Literal["tcp", "tls"], received: Received, on_made: Callable[["StreamFlow"], bool],
        on_lost: Callable[["StreamFlow"], None],
    ) -> None:  # fmt: skip
        self.transport: Literal["udp", "tcp", "tls"] = transport
        self.remote = self.local = ("", 0)
        self.closed = False
        self._received = received
        self._on_made = on_made
        self._on_lost = on_lost
        self._stream = SipStream()
        self._socket: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = transport = cast(asyncio.Transport, transport)
        peer, name = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if peer is None or name is None:
            transport.abort()
            return
        self.remote, self.local = (plain_host(peer[0]), peer[1]), (plain_host(name[0]), name[1])
        transport.set_write_buffer_limits(UNREAD_MAX_BYTES)
        if not self._on_made(self):
            self.close()
            return
        self._wait()

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        self._wait()
        try:
            messages = self._stream.push(data)
        except ClientError:
            self.close()
            return
        for _ in range(min(self._stream.pings, 8)):
            self.send(PONG)
        self._stream.pings = 0
        for message in messages:
            if not self.closed:
                self._received(message, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._idle is not None:
            self._idle.cancel()
        self._on_lost(self)

    def send(self, data: bytes) -> bool:
        if self.closed or self._socket is None or self._socket.is_closing():
            return False
        if self._socket.get_write_buffer_size() > UNREAD_MAX_BYTES:
            self.close()
            return False
        self._socket.write(data)
        return True

    def close(self) -> None:
        self.closed = True
        if self._socket is not None:
            self._socket.abort()


class SipSockets:
    """`received` is given every message. `lost`: a connection is gone. `trusts`: whether an account knows that host."""

    def __init__(
        self, received: Received, lost: Callable[[Flow], None], trusts: Callable[[str], bool] = lambda host: False
    ) -> None:
        self._trusts = trusts
        self.udp: UdpSocket | None = None
        self._received = received
        self._lost = lost
        self._servers: dict[str, asyncio.Server] = {}
        self._streams: dict[StreamFlow, None] = {}
        self._per_host: Counter[str] = Counter()
        self._names: dict[str, str] = {}

    async def listen_udp(self, host: str, port: int) -> None:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        _, self.udp = await loop.create_datagram_endpoint(lambda: UdpSocket(self._received), local_addr=(host, port))

    async def listen(self, kind: Literal["tcp", "tls"], host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Raises OSError."""
        self._servers[kind] = await asyncio.get_running_loop().create_server(
            lambda: StreamFlow(kind, self._received, self._made, self._gone), host, port, ssl=context,
            ssl_handshake_timeout=CONNECT_S if context else None,
        )  # fmt: skip

    def port(self, kind: str) -> int:
        """Where we listen for that transport; 0: nowhere."""
        if kind == "udp":
            return self.udp.local[1] if self.udp else 0
        server = self._servers.get(kind)
        return int(server.sockets[0].getsockname()[1]) if server and server.sockets else 0

    async def connect(
        self, kind: Literal["tcp", "tls"], host: str, port: int, context: ssl.SSLContext | None, name: str
    ) -> StreamFlow:
        """A connection to that address. `name`: whose certificate it has to show. Raises OSError, which TimeoutError
        is one of."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, flow = await loop.create_connection(
                lambda: StreamFlow(kind, self._received, self._made, self._gone), host, port, ssl=context,
                server_hostname=name if context else None,
            )  # fmt: skip
        return flow

    def connection_to(self, kind: str, host: str, port: int) -> StreamFlow | None:
        """One that there is already."""
        return next((each for each in self._streams if each.transport == kind and each.remote == (host, port)), None)

    def local_host(self, remote: str) -> str:
        """The address of this machine that is used to reach that one. No packet is sent."""
        if remote not in self._names:
            if len(self._names) > 1_024:
                self._names.clear()
            family = socket.AF_INET6 if ":" in remote else socket.AF_INET
            found = "::1" if ":" in remote else "127.0.0.1"
            with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((remote, 5_060))
                found = plain_host(probe.getsockname()[0])
            self._names[remote] = found
        return self._names[remote]

    def _made(self, flow: StreamFlow) -> bool:
        host = flow.remote[0]
        most = CONNECTIONS_MAX if self._trusts(host) else STRANGERS_MAX
        if len(self._streams) >= most or self._per_host[host] >= CONNECTIONS_PER_HOST:
            return False
        self._streams[flow] = None
        self._per_host[host] += 1
        return True

    def _gone(self, flow: StreamFlow) -> None:
        if self._streams.pop(flow, 0) is None:
            self._per_host[flow.remote[0]] -= 1
            if not self._per_host[flow.remote[0]]:
                del self._per_host[flow.remote[0]]
        self._lost(flow)

    async def close(self) -> None:
        """Stop listening, and close all."""
        for server in self._servers.values():
            server.close()
        for flow in list(self._streams):
            flow.close()
        if self.udp is not None:
            self.udp.close()
        await asyncio.sleep(0)


def is_address(host: str) -> bool:
    """Whether it is an IP address, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
