"""The Realtime protocol over a WebSocket."""

from dataclasses import dataclass

from voi.calls.refusals import refused
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.realtime.endings import ending
from voi.transports.realtime.peer import RealtimePeer, RealtimeServices
from voi.transports.realtime.resuming import ResumablePeer, ResumeAsked, resume_asked
from voi.transports.realtime.wire import encode
from voi.transports.realtime.wire import error as error_event
from voi.transports.resumables import GONE, RESUME_GONE
from voi.transports.websocket import Request, WebSocket

REALTIME_PATH = "/v1/realtime"
SUBPROTOCOL = "realtime"
KEY_PROTOCOL = "openai-insecure-api-key."
"""Browsers cannot send headers, so the key is in the name of a subprotocol."""


@dataclass(frozen=True)
class RealtimeWebSockets:
    """Accepts connections at /v1/realtime."""

    services: RealtimeServices

    def meet(self, socket: WebSocket, request: Request) -> "RealtimeConnection":
        """`voi.transports.websocket.Accept`."""
        try:
            asked = resume_asked(request.query)
            if asked is not None:
                return RealtimeConnection(self._peer_of(asked, request), socket, asked)
        except ClientError as error:
            return self._refuse(socket, request, error)
        peer = RealtimePeer(self.services, SocketChannel(socket), request.peer, socket=socket)
        if not peer.arrive(key_of(request), request.query):
            socket.refuse()
        return RealtimeConnection(peer, socket)

    def _peer_of(self, asked: ResumeAsked, request: Request) -> ResumablePeer:
        """Whom a client wants to be again. Raises ClientError."""
        try:
            caller = self.services.caller_of(key_of(request))
        except ClientError as error:
            raise NotResumed(Ended(EndReason.TOKEN_REFUSED, str(error))) from None
        found = self.services.resumables.find(asked.resume_id, caller.app, caller.person)
        if found is None or caller.agent not in ("", found.call.agent_name):
            raise NotResumed(Ended(EndReason.NO_DOOR, GONE))
        return found.peer

    def _refuse(self, socket: WebSocket, request: Request, error: ClientError) -> "RealtimeConnection":
        ended = error.ended if isinstance(error, NotResumed) else Ended(EndReason.BAD_START, str(error))
        refused(self.services.calls.services.metrics, ended, request.peer or "an unknown address")
        channel = SocketChannel(socket)
        if ended.reason is EndReason.NO_DOOR:
            channel.send(encode(error_event(GONE, "resume_gone")))
            socket.close(RESUME_GONE, "invalid_request_error.resume_gone")
        else:
            channel.end(ended)
        socket.refuse()
        return RealtimeConnection(None, socket)


class NotResumed(ClientError):
    """A client that cannot come back. `ended`: why."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.words)
        self.ended = ended


class RealtimeConnection:
    """One WebSocket of a client, which may come back over another: a `voi.transports.websocket.Receiver`. `peer` None:
    it was refused. `asked`: it comes back over this one."""

    __slots__ = ("_peer", "_socket")

    def __init__(self, peer: ResumablePeer | None, socket: WebSocket, asked: ResumeAsked | None = None) -> None:
        self._peer, self._socket = peer, socket
        if peer is not None and asked is not None:
            peer.resume(socket, asked)

    def received(self, message: bytes | str) -> None:
        if self._peer is not None and self._peer.socket is self._socket:
            self._peer.received(message)

    def lost(self) -> None:
        if self._peer is not None and self._peer.socket is self._socket:
            self._peer.lost()


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
