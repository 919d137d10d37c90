"""uvicorn's HTTP protocol, hardened against connections that only take up room: a deadline for every state, a size
limit for heads, and a bound on waiting connections. It also checks requests as RFC 9112 requires, and upgrades as
RFC 6455 does.

A connection that waits for its request, or sends it slowly, holds a file descriptor that a caller needs. So each state
has a deadline, each address has a limit of waiting connections, and when all places for waiting connections are taken,
the oldest one is dropped for the newest. The same happens when file descriptors run short: the last ones are a reserve
that silent connections cannot hold.
"""

import asyncio
import logging
import re
import resource
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIMEOUT_S = 10.0
"""Time until a request's head is complete, from the start of the connection or the end of the request before."""
BODY_IDLE_TIMEOUT_S = 30.0
"""Longest time without any byte of a body. Texts to be spoken may come as slowly as they are written."""
REST_TIMEOUT_S = 5.0
"""Time for the rest of a body after its request was answered."""
UNREAD_TIMEOUT_S = 30.0
"""Longest time in which the client takes nothing of an answer that is larger than the buffers."""
MAX_HEAD_BYTES = 64 * 1024
PIPELINE_MAX = 16
"""Most requests that may come before the first of them is answered. They are parsed at once, and kept."""
WAITING_MAX = 512
"""Limit on waiting connections. It is half of the file descriptors, if that is less."""
WAITING_PER_ADDRESS_MAX = 64
"""Limit on waiting connections per address. This machine and trusted proxies have no limit."""
DESCRIPTORS_RESERVE = 32
"""The last file descriptors, which only connections that sent a request may keep."""
LOG_EVERY_S = 60.0
WEBSOCKET_VERSION = b"13"
"""The only version (RFC 6455, section 4.1)."""

_HOST = re.compile(rb"[A-Za-z0-9\-._~%!$&'()*+,;=\[\]:]*")
"""RFC 3986, section 3.2.2, and a port."""

log = logging.getLogger(__name__)
_Wait = Literal["head", "body", "rest", ""]


class WaitingConnections:
    """The connections of one server that wait for data. `trusted`: addresses of proxies, through which many people
    connect."""

    def __init__(self, trusted: Callable[[str], bool] = lambda _: False) -> None:
        self._trusted = trusted
        self._connections: dict[HttpProtocol, str] = {}
        """Connections, oldest first, each with the address that it counts for ("": it counts for none)."""
        self._by_address: Counter[str] = Counter()
        self._logged_s: dict[str, float] = {}
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        bounded = limit != resource.RLIM_INFINITY
        self._descriptors = limit - DESCRIPTORS_RESERVE if bounded else None
        self._max = min(WAITING_MAX, limit // 2) if bounded else WAITING_MAX
        self._in_reserve: dict[HttpProtocol, None] = {}
        """Those of the connections that have one of the last file descriptors, oldest first."""

    def enter(self, connection: "HttpProtocol", peer: str) -> bool:
        """Add a connection. False: its address has too many, so drop the connection."""
        address = "" if _is_own(peer) or self._trusted(peer) else peer
        if address and self._by_address[address] >= WAITING_PER_ADDRESS_MAX:
            self._log(connection, "address", f"{address} holds {WAITING_PER_ADDRESS_MAX} silent connections: no more")
            return False
        self._connections[connection] = address
        self._by_address[address] += 1
        if len(self._connections) > self._max:
            self._log(connection, "full", f"{self._max} connections say nothing: the oldest are dropped")
            self._drop(next(iter(self._connections)))
        if connection in self._connections and self._took_of_reserve(connection):
            self._in_reserve[connection] = None
            half_full = len(self._in_reserve) > DESCRIPTORS_RESERVE // 2
            self._drop(next(iter(self._in_reserve if half_full else self._connections)))
        return True

    def _drop(self, connection: "HttpProtocol") -> None:
        self.leave(connection)
        connection.transport.abort()

    def leave(self, connection: "HttpProtocol") -> None:
        """Remove a connection that has sent its request, or is gone."""
        if connection in self._connections:
            self._in_reserve.pop(connection, None)
            address = self._connections.pop(connection)
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _took_of_reserve(self, connection: "HttpProtocol") -> bool:
        """Whether the connection has one of the last file descriptors; that is logged. The lowest free number is given
        out first, so a high one means that nearly all are taken."""
        socket = connection.transport.get_extra_info("socket")
        if self._descriptors is None or socket is None or socket.fileno() < self._descriptors:
            return False
        limit = self._descriptors + DESCRIPTORS_RESERVE
        self._log(connection, "descriptors", f"nearly all of {limit} file descriptors are taken: raise `ulimit -n`")
        return True

    def _log(self, connection: "HttpProtocol", kind: str, text: str) -> None:
        """Log a warning, at most one per minute of each kind."""
        now_s = connection.loop.time()
        if now_s - self._logged_s.get(kind, -LOG_EVERY_S) >= LOG_EVERY_S:
            self._logged_s[kind] = now_s
            log.warning("%s", text)


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection, until it is upgraded or gone."""

    def __init__(self, *args: Any, waiting: WaitingConnections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting = waiting
        self._wait: _Wait = ""
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._refused: tuple[int, str] | None = None

    # ---- uvicorn's events -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await("head")

    def data_received(self, data: bytes) -> None:
        if self._refused is not None:
            return
        in_head = self._wait == "head"
        super().data_received(data)
        if self.parser is None or self._refused is not None:
            return
        self._unset_keepalive_if_required()  # the deadlines of this class take its place
        if in_head and self._wait == "head":  # all of it belongs to the head; a body is counted elsewhere
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.abort()
        elif self._wait == "body":
            self._arm(BODY_IDLE_TIMEOUT_S)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._await("body")
        problem = self._host_problem()
        if len(self.pipeline) >= PIPELINE_MAX:
            problem = f"More than {PIPELINE_MAX} requests wait for their answers."
        if problem:
            self._refused = 400, problem
            raise ValueError(problem)  # the parser passes it on, and uvicorn calls send_400_response
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._await("" if self.cycle is None or not self.cycle.response_complete else "head")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            self._arm(REST_TIMEOUT_S)  # a client that does not read the rest keeps no connection open
        elif not self.pipeline:
            self._await("rest" if self.cycle is not None and self.cycle.more_body else "head")

    def send_400_response(self, msg: str) -> None:
        self._refuse(*(self._refused or (400, msg)))

    def handle_websocket_upgrade(self) -> None:
        self._await("")
        if problem := self._upgrade_problem():
            self._refuse(*problem)
            return
        super().handle_websocket_upgrade()
        self._part()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(UNREAD_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await("")
        self._disarm()
        self._stop_unread()
        super().connection_lost(exc)
        self._part()

    def _part(self) -> None:
        """Break the reference cycle with the parser, which only the garbage collector could free."""
        self.parser = None  # type: ignore[assignment]

    # ---- deadlines --------------------------------------------------------------------------------

    def _await(self, what: _Wait) -> None:
        """Set what the connection waits for, and its deadline; "": nothing, the request is being answered."""
        if what == self._wait:
            return
        entering = what and not self._wait
        self._wait = what
        if what:
            self._arm({"head": HEAD_TIMEOUT_S, "body": BODY_IDLE_TIMEOUT_S, "rest": REST_TIMEOUT_S}[what])
            if entering and not self._waiting.enter(self, self.client[0] if self.client else ""):
                self.transport.abort()
        else:
            self._disarm()
            self._waiting.leave(self)

    def _arm(self, delay_s: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(delay_s, self.transport.abort)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    # ---- what is refused -------------------------------------------------------------------------------

    def _host_problem(self) -> str:
        """What is wrong with the header Host, by RFC 9112, section 3.2; "": nothing."""
        hosts = self._values(b"host")
        if len(hosts) > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            return "A request has one Host."
        return "" if all(map(_HOST.fullmatch, hosts)) else "The Host is no name or address."

    def _upgrade_problem(self) -> tuple[int, str] | None:
        """Status and text of the error if the request is not a valid upgrade (RFC 6455, section 4.2.1); else None."""
        if self._answering:
            return 400, "An upgrade has to wait for the answer to the request before it."
        if self.scope["method"] != "GET":
            return 400, "A WebSocket begins with GET."
        if len(self._values(b"host")) != 1:
            return 400, "A request has one Host."
        if self._values(b"sec-websocket-version") != [WEBSOCKET_VERSION]:
            return 426, "This server speaks version 13 of the WebSocket protocol."
        if len(self._values(b"sec-websocket-key")) != 1:
            return 400, "A WebSocket has one Sec-WebSocket-Key."
        return None

    def _values(self, name: bytes) -> list[bytes]:
        return [value.strip() for key, value in self.headers if key == name]

    @property
    def _answering(self) -> bool:
        """Whether an earlier request still has no complete answer."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def _refuse(self, status: int, text: str) -> None:
        """Answer the request with an error, and hang up. Answers go out in the order of their requests, so if an
        earlier request is still being answered, no error is sent: the connection ends after that answer."""
        self._refused = status, text
        self._await("")
        if self._answering:
            self.cycle.keep_alive = False
            return
        if self.pipeline or (self.cycle is not None and self.cycle.response_started and self.cycle.more_body):
            self.transport.abort()  # a body that broke off, after or during an answer
            return
        reason = {400: "Bad Request", 426: "Upgrade Required"}[status]
        head = (
            f"HTTP/1.1 {status} {reason}\r\nSec-WebSocket-Version: {WEBSOCKET_VERSION.decode()}\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + text.encode())
        self.transport.close()
        self._arm(REST_TIMEOUT_S)


def _is_own(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return True  # a Unix socket
