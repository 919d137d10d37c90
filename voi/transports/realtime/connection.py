"""One Realtime client over a WebSocket, from its arrival to its end: whose it is, which agent it wants, its events."""

import contextvars
import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.core.end_reason import EndReason
from voi.core.options import ANY_TOOL, CallOptions
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.realtime.chosen import VoicesOf
from voi.transports.realtime.client_events import ClientEvents
from voi.transports.realtime.door import RealtimeDoor
from voi.transports.realtime.endings import ending
from voi.transports.realtime.formats import RATE_HZ
from voi.transports.realtime.wire import Json, encode
from voi.transports.websocket import Request, WebSocket

log = logging.getLogger(__name__)

REALTIME_PATH = "/v1/realtime"
SUBPROTOCOL = "realtime"
KEY_PROTOCOL = "openai-insecure-api-key."
"""Browsers cannot send headers, so the key is in the name of a subprotocol."""
EARLY_EVENTS_MAX = 512
"""How many events may wait until the conversation runs, which takes milliseconds."""


@dataclass(frozen=True, slots=True)
class RealtimeCaller:
    """Whose a key is. `person`: whom it is for, beside its app; "": it does not say. `agent`: the only one that it is
    good for; "": any. `session`: settings that the conversation begins with."""

    app: str
    person: str = ""
    agent: str = ""
    session: Json | None = None


@dataclass(frozen=True)
class RealtimeServices:
    """What Realtime doors need of the server. `caller_of` returns whose a key is, or raises ClientError. `tokens_of`
    returns the tokens that a call took and gave."""

    calls: Calls
    caller_of: Callable[[str], RealtimeCaller]
    voices_of: VoicesOf
    tokens_of: Callable[[str], tuple[int, int]]

    def options(self) -> CallOptions:
        """How each conversation begins."""
        return CallOptions(mode="call", greet=False, app_tools=(ANY_TOOL,), input_rate_hz=RATE_HZ)


@dataclass(frozen=True)
class RealtimeWebSockets:
    """Accepts connections at /v1/realtime."""

    services: RealtimeServices

    def meet(self, socket: WebSocket, request: Request) -> "RealtimeConnection":
        """`voi.transports.websocket.Accept`."""
        connection = RealtimeConnection(self.services, socket, request)
        connection.arrive()
        return connection


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


class RealtimeConnection:
    """A `voi.transports.websocket.Receiver`. An error in it ends at most this connection."""

    def __init__(self, services: RealtimeServices, socket: WebSocket, request: Request) -> None:
        self.id = new_call_id()
        self._services, self._socket, self._request = services, socket, request
        self._client = request.peer or "an unknown address"
        self._door = RealtimeDoor(SocketChannel(socket), lambda: services.tokens_of(self.id))
        self._call: Call | None = None
        self._events: ClientEvents | None = None
        self._early: list[bytes | str] | None = []
        """Events that came before the conversation runs; None: it runs."""
        self._mistaken = False
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, self.id)

    def arrive(self) -> None:
        self._context.run(self._arrive)

    def received(self, message: bytes | str) -> None:
        self._context.run(self._received, message)

    def lost(self) -> None:
        self._context.run(self._lost)

    # ---- the beginning ------------------------------------------------------------------------------

    def _arrive(self) -> None:
        calls = self._services.calls
        try:
            caller = self._services.caller_of(key_of(self._request))
        except ClientError as error:
            calls.refuse(self._door, Ended(EndReason.TOKEN_REFUSED, str(error)), self._client)
            self._socket.refuse()
            return
        try:
            self._call = call = calls.admit(caller.app, self._client, self._door, self.id, caller.person)
        except Refused as refused:
            calls.refuse(self._door, refused.ended, self._client)
            self._socket.refuse()
            return
        try:
            self._begin(call, caller)
        except ClientError as error:
            call.refuse(Ended(EndReason.BAD_START, str(error)))
        except Exception as error:
            call.fail(error)

    def _begin(self, call: Call, caller: RealtimeCaller) -> None:
        query = parse_qs(self._request.query)
        services = self._services
        config = services.calls.services.configs.current
        name = caller.agent or query.get("model", [""])[0]
        first = caller.session or ({"type": "transcription"} if query.get("intent") == ["transcription"] else {})
        if name not in config.agents and first.get("type") == "transcription":
            name = next(iter(config.agents), "")  # nobody speaks: its ears are meant
        session = call.open(name, None, services.options())
        self._events = events = ClientEvents(
            self._door, call, session, config.agent(name), config.client_agents, services.voices_of, self._note_ignored
        )
        call.start()
        services.calls.services.tasks.start(self._run(call, events, first), f"beginning of {self.id}")

    async def _run(self, call: Call, events: ClientEvents, settings: Json) -> None:
        """Handle the first events once the conversation runs."""
        session = call.session
        if session is None:
            return
        await session.begun.wait()
        try:
            events.begin(settings)
            early, self._early = self._early or [], None
            for message in early:
                self._received(message)
        except ClientError as error:
            call.end(EndReason.BAD_START, str(error))
        except Exception as error:
            call.fail(error)

    def _note_ignored(self, settings: tuple[str, ...]) -> None:
        if settings:
            log.info("the client's %s are ignored: its app has no right to them", ", ".join(settings))

    # ---- events -------------------------------------------------------------------------------------

    def _received(self, message: bytes | str) -> None:
        call, events = self._call, self._events
        if call is None or call.over or events is None:
            return
        if self._early is not None:
            if len(self._early) < EARLY_EVENTS_MAX:
                self._early.append(message)
            return
        try:
            events.receive(message)
        except ClientError as mistake:
            self._mistake(call, mistake)
        except Exception as fault:
            call.fail(fault)

    def _mistake(self, call: Call, mistake: ClientError) -> None:
        """Count it. The conversation goes on, however many there are."""
        self._services.calls.services.metrics.mistake()
        if not self._mistaken:
            self._mistaken = True
            code = getattr(mistake, "code", None) or "invalid"
            log.info("an event of %s cannot be used (%s); further ones are counted only", self._client, code)

    # ---- the end ------------------------------------------------------------------------------------

    def _lost(self) -> None:
        if self._call is not None:
            self._call.detach(self._door, 0)
