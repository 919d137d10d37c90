"""A WebSocket (RFC 6455) for doors. picows frames and unmasks in C. This module adds what the RFC and hostile peers
require beyond that: reassembly, close handshake, keep-alive, and limits on size, rate and backlog. It offers no
extensions.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from picows import WSFrame, WSListener, WSMsgType, WSTransport

log = logging.getLogger(__name__)

NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
INVALID_TEXT = 1007
POLICY_VIOLATION = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013

_CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Codes that a close frame may carry (RFC 6455, 7.4, and the IANA registry). 1004 to 1006 and 1015 may not be sent."""
RATE_WINDOW_S = 5.0
"""Period over which the message rate is measured. A network that stalled delivers seconds of sound at once, which must
not look like a flood."""

MESSAGES_PER_TURN = 16
"""How many messages of one client are handled in one turn of the event loop. A thousand may arrive at once; the others
wait, so that other callers do not."""
MESSAGE_BYTES = 64 * 1024
"""A larger message counts as several."""

UNWANTED_MAX = 64
"""How many refused clients may take their time to close. Beyond that the oldest are dropped, because they could hold
all file descriptors."""


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one peer may do and how long it may take."""

    max_message_bytes: int = 8 * 1024 * 1024
    """Largest message, fragmented or not. A larger one closes with 1009."""
    max_messages_per_s: int = 200
    """Limit on frames of any kind, on average over `RATE_WINDOW_S`. More close with 1008."""
    max_backlog_bytes: int = 4 * 1024 * 1024
    """Limit on data given to the socket and not taken by the network. More closes with 1008."""
    stalled_after_s: float = 20.0
    """A client that reads none of its waiting data for this long (up to half as long again) is closed with 1008, even
    if it goes on sending. A client that reads slowly is not closed."""
    ping_after_s: float = 12.0
    """A peer that is quiet for this long is pinged, and dropped if the next such period brings no byte either: after
    36 s at most."""
    close_wait_s: float = 2.0
    """How long the peer may take to answer a close frame before the connection is dropped."""


@dataclass(frozen=True, slots=True)
class Request:
    """The upgrade request. `path` is decoded, `query` is raw, `peer` the client's IP address ("": unknown).
    `authorization`: the header of that name; "": there is none. `protocols`: the subprotocols that the client
    offers. `target`: path and query as they were sent. `headers`: by name in lower case; several of one name are
    joined by commas."""

    path: str
    query: str
    peer: str
    authorization: str = ""
    protocols: tuple[str, ...] = ()
    target: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver(Protocol):
    """What a door is told about its connection, on the event loop."""

    def received(self, message: bytes | str) -> None:
        """A complete message: bytes for a binary one, str for a text one. Not called after `close`."""

    def lost(self) -> None:
        """The connection is gone, whichever side closed it. Called once, last."""


class MessageSocket(Protocol):
    """What a door sends through: a `WebSocket`, or a test's."""

    @property
    def backlog_bytes(self) -> int: ...

    def send(self, message: bytes) -> None: ...

    def send_text(self, message: bytes) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...


Accept = Callable[["WebSocket", Request], Receiver]


class WebSocket(WSListener):
    """One open connection. Sending never blocks and never raises. After the close, messages are dropped."""

    __slots__ = (
        "_accept", "_fragments", "_fragments_are_text", "_frames", "_frames_max", "_frames_since", "_handled", "_heard",
        "_limits", "_looks_without_reading", "_loop", "_paused", "_pinged", "_receiver", "_request", "_sent_bytes",
        "_taken_bytes", "_timers", "_transport", "_unwanted", "_waiting", "closed", "on_pong", "parted",
    )  # fmt: skip

    def __init__(
        self, accept: Accept, request: Request, limits: SocketLimits, unwanted: dict["WebSocket", None] | None = None
    ) -> None:
        """`unwanted`: one for all sockets of a server."""
        self._accept = accept
        self._unwanted = {} if unwanted is None else unwanted
        self._request = request
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._receiver: Receiver | None = None
        self._fragments: bytearray | None = None
        self._fragments_are_text = False
        self._frames_max = int(limits.max_messages_per_s * RATE_WINDOW_S)
        self._frames = 0
        self._frames_since = self._loop.time()
        self._handled = 0
        """Messages handled since bytes arrived."""
        self._waiting: deque[bytes | str] = deque()
        """Messages for the next turns. Bounded: nothing more is read meanwhile."""
        self._paused = False
        self._sent_bytes = 0
        self._taken_bytes = 0
        """Bytes that the network had taken at the last check."""
        self._looks_without_reading = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._pinged = False
        self.on_pong: Callable[[bytes], None] | None = None
        """Given the payload of each pong."""
        self.parted = False
        """Either side ended the connection on purpose. False: it broke, and the client may come back."""
        self._heard = False
        """True if bytes arrived since the last keep-alive check."""
        self.closed = False
        """True once either side has started the close."""

    # -- for doors

    def send(self, message: bytes) -> None:
        """Send one binary message."""
        self._send(WSMsgType.BINARY, message)

    def send_text(self, message: bytes) -> None:
        """Send one text message, in UTF-8."""
        self._send(WSMsgType.TEXT, message)

    def bytes_arrived(self) -> None:
        """Call it before picows parses them."""
        self._heard = True
        self._handled = 0

    def ping(self, payload: bytes) -> None:
        """Ping the client, which answers with that payload (up to 125 bytes) when it has read all that came before."""
        if not self.closed and self._transport is not None:
            self._transport.send_ping(payload)

    @property
    def backlog_bytes(self) -> int:
        """Bytes that the network has not taken yet."""
        return 0 if self._transport is None else self._transport.underlying_transport.get_write_buffer_size()

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame. The connection ends when the peer has answered or `close_wait_s` have passed."""
        if self.closed or self._transport is None:
            return
        self._transport.send_close(code, _reason(reason))  # type: ignore[arg-type]  # the stub wants the enum only
        self.closed = self.parted = True
        self._fragments = None
        self._stop_timers()
        self._arm("close", self._limits.close_wait_s, self._abort)

    def refuse(self) -> None:
        """The client gets no conversation, and was told so: it is one of `UNWANTED_MAX` that may take their time."""
        if self._transport is not None:
            self._unwanted[self] = None
            if len(self._unwanted) > UNWANTED_MAX:
                first = next(iter(self._unwanted))
                del self._unwanted[first]
                first._abort()

    def _send(self, kind: WSMsgType, message: bytes) -> None:
        transport = self._transport
        if self.closed or transport is None:
            return
        self._sent_bytes += len(message)
        if len(message) <= 8192:
            transport.send(kind, message)
        else:
            # picows would queue a view of its own header buffer on uvloop, and overwrite it with the next frame
            transport.send_reuse_external_bytearray(kind, bytearray(_HEADER_ROOM + message), len(_HEADER_ROOM))
        if self._paused and self.backlog_bytes > self._limits.max_backlog_bytes:
            self._give_up_on_reader()

    # -- called by picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._arm("ping", self._limits.ping_after_s, self._keep_alive)
        self._arm("reading", self._limits.stalled_after_s / 2, self._look_at_reader)
        try:
            self._receiver = self._accept(self, self._request)
        except Exception:
            self._fail("The door could not open")

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if self.closed:
            if kind is _CLOSE:
                transport.disconnect()
            return
        self._frames += 1
        if self._frames > self._frames_max and self._too_fast():
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.close(PROTOCOL_ERROR, "No extension was agreed on")
        elif kind is _BINARY and frame.fin and self._fragments is None:
            self._deliver(frame.get_payload_as_bytes())
        elif kind is _TEXT and frame.fin and self._fragments is None:
            self._deliver_text(frame.get_payload_as_bytes())
        elif kind is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            if self._paused and self.backlog_bytes > self._limits.max_backlog_bytes:
                self._give_up_on_reader()
        elif kind is WSMsgType.CLOSE:
            self.closed = True
            code, words = _answer_to(frame)
            self.parted = code == NORMAL
            transport.send_close(code, words)
            transport.disconnect()
        elif kind is not WSMsgType.PONG:
            self._take_fragment(frame, kind)
        elif self.on_pong is not None:
            self.on_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed = True
        self._unwanted.pop(self, None)
        self._stop_timers()
        self._fragments = None
        self._transport = None
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False

    # -- inside

    def _deliver_text(self, payload: bytes) -> None:
        try:
            message = payload.decode()
        except UnicodeDecodeError:
            self.close(INVALID_TEXT, "A text message must be UTF-8")
        else:
            self._deliver(message)

    def _deliver(self, message: bytes | str) -> None:
        before = self._handled
        self._handled = before + 1 + len(message) // MESSAGE_BYTES
        if before < MESSAGES_PER_TURN and not self._waiting:
            self._hand_over(message)
            return
        if not self._waiting and self._transport is not None:
            self._transport.underlying_transport.pause_reading()
            self._loop.call_soon(self._hand_over_waiting)
        self._waiting.append(message)

    def _hand_over_waiting(self) -> None:
        handled = 0
        while self._waiting and handled < MESSAGES_PER_TURN:
            if not self.closed:
                self._hand_over(self._waiting[0])
            handled += 1 + len(self._waiting.popleft()) // MESSAGE_BYTES
        if self._waiting:
            self._loop.call_soon(self._hand_over_waiting)
        elif self._transport is not None and not self._transport.underlying_transport.is_closing():
            self._transport.underlying_transport.resume_reading()

    def _hand_over(self, message: bytes | str) -> None:
        if self._receiver is not None:
            try:
                self._receiver.received(message)
            except Exception:
                self._fail("A message could not be handled")

    def _take_fragment(self, frame: WSFrame, kind: WSMsgType) -> None:
        """Take a fragment of a message (RFC 6455, 5.4)."""
        parts = self._fragments
        if (kind is WSMsgType.CONTINUATION) is (parts is None):
            self.close(PROTOCOL_ERROR, "A message began in the middle of another, or a continuation continues none")
            return
        if parts is None:
            parts = self._fragments = bytearray()
            self._fragments_are_text = kind is WSMsgType.TEXT
        parts += frame.get_payload_as_bytes()
        if len(parts) > self._limits.max_message_bytes:
            self.close(TOO_BIG, f"A message has at most {self._limits.max_message_bytes} bytes")
        elif frame.fin:
            self._fragments = None
            deliver = self._deliver_text if self._fragments_are_text else self._deliver
            deliver(bytes(parts))

    def _too_fast(self) -> bool:
        """The count of frames reached the limit. True if that took less time than the window."""
        now = self._loop.time()
        too_fast = now - self._frames_since < RATE_WINDOW_S
        self._frames, self._frames_since = 0, now
        if too_fast:
            self.close(POLICY_VIOLATION, f"More than {self._limits.max_messages_per_s} messages a second")
        return too_fast

    def _look_at_reader(self) -> None:
        """Check whether the peer reads, twice per `stalled_after_s`. Frame headers are not counted, so the bytes taken
        may seem to shrink."""
        backlog_bytes = self.backlog_bytes
        taken_bytes = self._sent_bytes - backlog_bytes
        stalled = backlog_bytes > 0 and taken_bytes <= self._taken_bytes
        self._looks_without_reading = self._looks_without_reading + 1 if stalled else 0
        self._taken_bytes = taken_bytes
        if self._looks_without_reading >= 2:
            self._give_up_on_reader()
        else:
            self._arm("reading", self._limits.stalled_after_s / 2, self._look_at_reader)

    def _give_up_on_reader(self) -> None:
        log.info("A client does not read what it is sent: %d bytes wait for it", self.backlog_bytes)
        self.close(POLICY_VIOLATION, "You do not read what you are sent")
        self.parted = False  # more likely the network stands still

    def _keep_alive(self) -> None:
        if self._heard:
            self._pinged = False
        elif self._pinged:
            log.info("A client is gone without a goodbye")
            self._abort()
            return
        elif self._transport is not None:
            self._transport.send_ping(b"")
            self._pinged = True
        self._heard = False
        self._arm("ping", self._limits.ping_after_s, self._keep_alive)

    def _fail(self, what: str) -> None:
        log.exception(what)
        self.close(INTERNAL_ERROR, "Internal error")

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(False)

    def _arm(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = self._loop.call_later(delay_s, call)

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


def _answer_to(close: WSFrame) -> tuple[Any, bytes]:
    """The close code to answer with: the peer's own; 1000 if it sent none, 1002 if that code may not be sent."""
    payload = close.get_payload_as_bytes()
    code = int.from_bytes(payload[:2]) if payload else NORMAL
    return (code if code in _CLOSE_CODES else PROTOCOL_ERROR), b""


def _reason(text: str) -> bytes:
    """The text in UTF-8, cut between characters to at most 123 bytes (RFC 6455, 5.5)."""
    return text.encode("utf-8", "replace")[:123].decode("utf-8", "ignore").encode()


_BINARY, _TEXT, _CLOSE = WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.CLOSE
_HEADER_ROOM = bytes(14)
