"""One connection of a client of the Vocal node, from its arrival to its end: token, configuration, messages.

    /ws/{session_id}?token=…    the session's name is the client's own, and only comes back in each frame

The call (`voi.calls.call`) manages the conversation.
"""

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.calls.claims import TokenClaims
from voi.config.config import Config
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.vocal.chosen import NOT_CLONED, adapted, agent_name, check_rights, options_of
from voi.transports.vocal.door import VocalDoor
from voi.transports.vocal.wire import VocalConfig, read_config
from voi.transports.websocket import Request, WebSocket

VOCAL_PATH = "/ws/*"
SESSION_ID_MAX = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class VocalWebSockets:
    """Accepts connections at /ws/{session_id}. `authenticate` returns what the token of a request says, or raises
    ClientError. `open_app`: the app of clients of this machine that bring no token; "": all need one. `agent`: talks to
    clients whose configuration names no agent of this server; "": the first."""

    calls: Calls
    authenticate: Callable[[Request], TokenClaims]
    config: Callable[[], Config]
    config_timeout_s: float
    open_app: str = ""
    agent: str = ""

    def meet(self, socket: WebSocket, request: Request) -> "VocalConnection":
        """`voi.transports.websocket.Accept`."""
        connection = VocalConnection(self, socket, request)
        connection.arrive()
        if connection.refused:
            socket.refuse()
        return connection

    def claims_of(self, request: Request) -> TokenClaims:
        """Whose a connection is. Raises ClientError."""
        if self.open_app and is_of_this_machine(request) and not _brings_token(request):
            return TokenClaims(self.open_app)
        return self.authenticate(request)


def is_of_this_machine(request: Request) -> bool:
    """Whether a program or a page of this machine asks: a page of another site in a browser here is not one."""
    origin = request.headers.get("origin", "")
    if request.peer not in _LOOPBACK or any(name in request.headers for name in ("x-forwarded-for", "forwarded")):
        return False
    try:
        return not origin or origin == "file://" or urlsplit(origin).hostname in _LOOPBACK
    except ValueError:
        return False


def _brings_token(request: Request) -> bool:
    return bool(request.authorization) or any(pair.startswith("token=") for pair in request.query.split("&"))


class VocalConnection:
    """A `voi.transports.websocket.Receiver`. An error in it ends at most this connection."""

    def __init__(self, listener: VocalWebSockets, socket: WebSocket, request: Request) -> None:
        self.id = new_call_id()
        self._listener = listener
        self._request = request
        self._client = request.peer or "an unknown address"
        self._socket = socket
        self._session_id = request.path.rpartition("/")[2]
        self._door = VocalDoor(socket, self._session_id[:SESSION_ID_MAX])
        self._call: Call | None = None
        self._begun = False
        self._timer: asyncio.TimerHandle | None = None
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, self.id)

    @property
    def refused(self) -> bool:
        """After `arrive`: the client got no call."""
        return self._call is None

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
            claims = self._listener.claims_of(self._request)
            if not 1 <= len(self._session_id) <= SESSION_ID_MAX:
                wrong = f"The session's name in the path has 1 to {SESSION_ID_MAX} characters."
                calls.refuse(self._door, Ended(EndReason.BAD_START, wrong), self._client)
                return
            self._call = calls.expect(
                claims.app, self._client, self._door, self.id, claims.person,
                lambda ended: self._context.run(self._turned_away, ended),
                own_agents=claims.own_agents,
            )  # fmt: skip
        except Refused as refused:
            calls.refuse(self._door, refused.ended, self._client)
            return
        except ClientError as error:
            calls.refuse(self._door, Ended(EndReason.TOKEN_REFUSED, str(error)), self._client)
            return
        wait_s = self._listener.config_timeout_s
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._too_late, context=self._context)

    def _too_late(self) -> None:
        self._refuse(f"no configuration came within {self._listener.config_timeout_s:g} s.")

    def _turned_away(self, ended: Ended) -> None:
        """There is no place for its conversation after all."""
        self._stop_timer()
        if self._call is not None:
            self._listener.calls.turn_away(self._call, ended)
            self._socket.refuse()

    def _refuse(self, why: str) -> None:
        self._stop_timer()
        if self._call is not None:
            self._call.refuse(Ended(EndReason.BAD_START, f"The conversation cannot begin: {why}"))

    def _begin(self, call: Call, wish: VocalConfig) -> None:
        config = self._listener.config()
        check_rights(wish, config, call.app, by_token=call.own_agents)
        name = agent_name(wish, config, self._listener.agent)
        self._stop_timer()
        try:
            self._listener.calls.place(call)
        except Refused as refused:
            self._turned_away(refused.ended)
            return
        session = call.open(name, None, options_of(wish), adapt=partial(adapted, wish, config))
        self._door.interruptible = wish.interruptions
        self._door.open(session)
        self._begun = True
        if wish.has_sample:
            self._door.report(NOT_CLONED)
        call.start()

    # ---- messages ---------------------------------------------------------------------------------

    def _received(self, message: bytes | str) -> None:
        call = self._call
        if call is None or call.over:
            return
        try:
            if self._begun:
                self._door.receive(message)
            else:
                self._begin(call, read_config(message))
        except ClientError as error:
            if not self._begun:
                self._refuse(str(error))
            elif call.mistake():
                self._door.report(str(error))
        except Exception as error:
            self._stop_timer()
            call.fail(error)

    # ---- the end ----------------------------------------------------------------------------------

    def _lost(self) -> None:
        self._stop_timer()
        if self._call is not None:
            self._call.detach(self._door, 0)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
