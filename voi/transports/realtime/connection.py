"""The Realtime protocol over a WebSocket."""

from dataclasses import dataclass

from voi.session.events import Ended
from voi.transports.realtime.endings import ending
from voi.transports.realtime.peer import RealtimePeer, RealtimeServices
from voi.transports.realtime.wire import encode
from voi.transports.websocket import Request, WebSocket

REALTIME_PATH = "/v1/realtime"
SUBPROTOCOL = "realtime"
KEY_PROTOCOL = "openai-insecure-api-key."
"""Browsers cannot send headers, so the key is in the name of a subprotocol."""


@dataclass(frozen=True)
class RealtimeWebSockets:
    """Accepts connections at /v1/realtime."""

    services: RealtimeServices

    def meet(self, socket: WebSocket, request: Request) -> RealtimePeer:
        """`voi.transports.websocket.Accept`."""
        peer = RealtimePeer(self.services, SocketChannel(socket), request.peer)
        if not peer.arrive(key_of(request), request.query):
            socket.refuse()
        return peer


def key_of(request: Request) -> str:
    """The key that the client sent, in the header or as a subprotocol; "": none."""
    scheme, _, key = request.authorization.partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    offered = (each for each in request.protocols if each.startswith(KEY_PROTOCOL))
    return next(offered, KEY_PROTOCOL)[len(KEY_PROTOCOL) :]


class SocketChannel:
    """`Channel` over a WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    @property
    def backlog_bytes(self) -> int:
        return self._socket.backlog_bytes

    def send(self, event: bytes) -> None:
        self._socket.send_text(event)

    def end(self, event: Ended) -> None:
        code, reason, told = ending(event)
        if told is not None:
            self.send(encode(told))
        self._socket.close(code, reason)
