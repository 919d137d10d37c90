"""One connection of a Voi client, from its arrival to its end: token, `init`, messages, and errors in the protocol.

The call (`voi.calls.call`) manages the conversation.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from dataclasses import dataclass

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.door import NotInThisMode, VoiDoor
from voi.transports.websocket import Request, WebSocket

log = logging.getLogger(__name__)

MISTAKES_BURST = 100
"""A client that sends more unusable messages than this is disconnected."""
MISTAKES_PER_S = 1
"""How many unusable messages are forgiven per second: a small fault in a client must not end a long conversation."""
LOST_DOOR_WAIT_S = 0.0
"""How long a call waits for another connection after it lost its own. 0: it ends, as clients cannot reconnect yet."""


@dataclass(frozen=True)
class VoiWebSockets:
    """Accepts connections at /ws. `authenticate` returns the app that a URL's raw query has a token for, or raises
    ClientError."""

    calls: Calls
    authenticate: Callable[[str], str]
    init_timeout_s: float

    def meet(self, socket: WebSocket, request: Request) -> "VoiConnection":
        """`voi.transports.websocket.Accept`."""
        connection = VoiConnection(self, socket, request)
        connection.arrive()
        return connection


class VoiConnection:
    """A `voi.transports.websocket.Receiver`. An error in it ends at most this connection."""

    __slots__ = (
        "_begun", "_call", "_client", "_context", "_door", "_listener", "_mistaken_at_s", "_mistakes", "_query",
        "_sound", "_timer", "id",
    )  # fmt: skip

    def __init__(self, listener: VoiWebSockets, socket: WebSocket, request: Request) -> None:
        self.id = new_call_id()
        self._listener = listener
        self._query = request.query
        self._client = request.peer or "an unknown address"
        self._door = VoiDoor(socket)
        self._call: Call | None = None
        self._begun = False
        self._sound: Callable[[bytes], None] | None = None
        """Takes the person's sound, once the conversation has begun."""
        self._mistakes = 0.0
        self._mistaken_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, self.id)

    def arrive(self) -> None:
        self._context.run(self._arrive)

    def received(self, message: bytes | str) -> None:
        self._context.run(self._received, message)

    def lost(self) -> None:
        self._context.run(self._lost)

    # ---- the beginning ----------------------------------------------------------------------------

    def _arrive(self) -> None:
        calls = self._listener.calls
        try:
            app = self._listener.authenticate(self._query)
            self._call = calls.admit(app, self._client, self._door, self.id)
        except Refused as refused:
            calls.refuse(self._door, refused.ended, self._client)
        except ClientError as error:
            calls.refuse(self._door, Ended(EndReason.TOKEN_REFUSED, str(error)), self._client)
        else:
            wait_s = self._listener.init_timeout_s
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._too_late, context=self._context)

    def _too_late(self) -> None:
        self._refuse(f"no init message came within {self._listener.init_timeout_s:g} s.")

    def _refuse(self, why: str) -> None:
        self._stop_timer()
        if self._call is not None:
            self._call.refuse(Ended(EndReason.BAD_START, f"Error in start_conversation: {why}"))

    def _begin(self, call: Call, message: bytes | str) -> None:
        """Handle the first message. Sound that comes before it, from a microphone that starts early, is dropped."""
        if isinstance(message, str):
            raise ClientError("the first message must be an init message in a binary frame; this one was text.")
        init = wire.parse(message)
        if isinstance(init, wire.Audio):
            return
        if not isinstance(init, wire.Init):
            raise ClientError(f"the first message must be init, not {wire.type_of(init)}.")
        session = call.open(init.agent_name, init.agent_config, init.options)
        self._sound = self._door.open(session, init)
        self._stop_timer()
        self._begun = True
        call.start()

    # ---- messages ---------------------------------------------------------------------------------

    def _received(self, message: bytes | str) -> None:
        call = self._call
        if call is None or call.over:
            return
        try:
            if not self._begun:
                self._begin(call, message)
            elif isinstance(message, str):
                raise ClientError("messages are binary frames; this one was text.")
            elif self._sound is not None and message.startswith(wire.PLAIN_AUDIO):
                self._sound(message[len(wire.PLAIN_AUDIO) :])
            else:
                self._door.receive(wire.parse(message))
        except ClientError as error:
            if self._begun:
                self._correct(call, error)
            else:
                self._refuse(str(error))
        except Exception as error:
            self._stop_timer()
            call.fail(error)

    def _correct(self, call: Call, error: ClientError) -> None:
        """Tell the client that its message could not be used. The conversation goes on, unless there were too many."""
        self._listener.calls.services.metrics.mistake()
        now_s = asyncio.get_running_loop().time()
        self._mistakes = max(0.0, self._mistakes - (now_s - self._mistaken_at_s) * MISTAKES_PER_S) + 1
        self._mistaken_at_s = now_s
        if self._mistakes > MISTAKES_BURST:
            call.too_many_mistakes()
        elif isinstance(error, NotInThisMode):
            self._door.report_error(str(error))
        else:
            self._door.report_error(f"Error processing client message: {error}")

    # ---- the end ----------------------------------------------------------------------------------

    def _lost(self) -> None:
        self._stop_timer()
        if self._call is not None:
            self._call.detach(self._door, LOST_DOOR_WAIT_S)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
