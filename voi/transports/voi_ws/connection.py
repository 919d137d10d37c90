"""One connection of a Voi client, from its arrival to its end: token, `init`, messages, and errors in the protocol.

The call (`voi.calls.call`) manages the conversation.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.calls.claims import TokenClaims
from voi.calls.handover import Handover
from voi.calls.refusals import CROWD, refused
from voi.core.end_reason import EndReason
from voi.core.facts import Continued
from voi.core.kept import Kept
from voi.errors import ClientError, StoreError
from voi.session.events import Ended
from voi.session.session import Session
from voi.transports.resumables import GONE, RESUME_GONE, Resumables
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.arriving import fetch, take_up
from voi.transports.voi_ws.door import NotInThisMode, VoiDoor
from voi.transports.voi_ws.from_client import PLAIN_AUDIO, Audio, Init, ResumeCall, parse, type_of
from voi.transports.voi_ws.moved import Moved, shown
from voi.transports.voi_ws.resumption import TEXT_FRAME, Resumable
from voi.transports.websocket import POLICY_VIOLATION, Request, WebSocket

log = logging.getLogger(__name__)

NAMES_NOBODY = (
    "init: with this token, whose holder may be anybody, no person can be named. The token itself names them (person), "
    "or allows it (names_people)."
)
EARLY_MESSAGES_MAX = 256
"""How many messages may wait while a conversation is being loaded. More are dropped."""


@dataclass(frozen=True)
class VoiWebSockets:
    """Accepts connections at /ws. `authenticate` returns what the token in a URL's raw query says, or raises
    ClientError."""

    calls: Calls
    authenticate: Callable[[str], TokenClaims]
    init_timeout_s: float
    resumables: Resumables[Resumable] = field(default_factory=lambda: Resumables(0))
    handover: Handover | None = None
    """Calls that the previous process of the server kept, and that this one keeps for the next; None: calls are not
    kept."""

    def meet(self, socket: WebSocket, request: Request) -> "VoiConnection":
        """`voi.transports.websocket.Accept`."""
        connection = VoiConnection(self, socket, request)
        connection.arrive()
        if connection.refused:
            socket.refuse()
        return connection


class VoiConnection:
    """A `voi.transports.websocket.Receiver`. An error in it ends at most this connection."""

    __slots__ = (
        "_begun", "_call", "_claims", "_client", "_context", "_door", "_early", "_full", "_listener", "_query",
         "_resumable", "_socket", "_sound", "_timer", "id",
    )  # fmt: skip

    def __init__(self, listener: VoiWebSockets, socket: WebSocket, request: Request) -> None:
        self.id = new_call_id()
        self._listener = listener
        self._query = request.query
        self._client = request.peer or "an unknown address"
        self._socket = socket
        self._door = VoiDoor(socket)
        self._claims = TokenClaims("")
        self._call: Call | None = None
        self._full: Refused | None = None
        """Why there is no place for another conversation; the client may still resume one."""
        self._resumable: Resumable | None = None
        """Its conversation, if the client may come back."""
        self._begun = False
        self._early: list[bytes | str] | None = None
        """Messages that came while the conversation is being loaded; None: it is not being loaded."""
        self._sound: Callable[[bytes], None] | None = None
        """Takes the person's sound, once the conversation has begun, and from then on. None also if the client may come
        back."""
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
            self._claims = claims = self._listener.authenticate(self._query)
            self._call = calls.expect(
                claims.app, self._client, self._door, self.id, claims.person,
                lambda ended: self._context.run(self._turned_away, ended),
                own_agents=claims.own_agents,
            )  # fmt: skip
        except Refused as refused:
            if refused.ended.reason not in CROWD or not self._listener.resumables.knock(self._claims.app):
                calls.refuse(self._door, refused.ended, self._client)
                return
            self._full = refused
        except ClientError as error:
            calls.refuse(self._door, Ended(EndReason.TOKEN_REFUSED, str(error)), self._client)
            return
        wait_s = self._listener.init_timeout_s
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._too_late, context=self._context)

    def _too_late(self) -> None:
        self._refuse(f"no init message came within {self._listener.init_timeout_s:g} s.")

    def _turned_away(self, ended: Ended) -> None:
        """There is no place for its conversation after all."""
        self._stop_timer()
        if self._call is not None:
            self._listener.calls.turn_away(self._call, ended)
            self._socket.refuse()

    def _place(self, call: Call) -> bool:
        """Whether the call got its place; if not, the client was told why."""
        try:
            self._listener.calls.place(call)
        except Refused as refused:
            self._turned_away(refused.ended)
            return False
        return True

    def _refuse(self, why: str) -> None:
        self._stop_timer()
        if self._full is not None:
            self._listener.calls.refuse(self._door, self._full.ended, self._client)
            self._knocked()
        elif self._call is not None:
            self._call.refuse(Ended(EndReason.BAD_START, f"Error in start_conversation: {why}"))

    def _begin(self, call: Call | None, message: bytes | str) -> None:
        """Handle the first message. Sound that comes before it, from a microphone that starts early, is dropped."""
        if isinstance(message, str):
            raise ClientError("the first message must be an init message in a binary frame; this one was text.")
        init = parse(message)
        if isinstance(init, Audio):
            return
        if isinstance(init, ResumeCall):
            self._resume(init)
            return
        if not isinstance(init, Init):
            raise ClientError(f"the first message must be init, not {type_of(init)}.")
        if call is None:
            raise ClientError("there is no place.")
        self._name(call, init)
        self._stop_timer()
        if not self._place(call):
            return
        if init.session:
            self._wait(self._load(call, init))
        else:
            self._open(call, init)

    def _name(self, call: Call, init: Init) -> None:
        """Take whom `init` names, if the token allows that. Raises ClientError if not."""
        if not self._claims.names_people:
            if init.person not in ("", self._claims.person):
                raise ClientError(NAMES_NOBODY)
        elif init.person:
            if init.session and not init.proof.proven:
                raise ClientError("session: it is not proven whose conversation that is.")
            call.name_person(init.person, init.proof)

    def _open(self, call: Call, init: Init, kept: Kept | None = None) -> None:
        """Begin the conversation, or continue the one that was kept from another day."""
        continued = Continued(kept) if kept is not None and kept.messages else None
        session = call.open(init.agent_name, init.agent_config, init.options, continued)
        if init.resumable and self._listener.resumables.within_s:
            self._open_resumable(call, session, init)
        else:
            self._sound = self._door.open(session, init)
        if kept is not None:
            self._door.show(shown(kept))
        self._begun = True
        call.start()

    # ---- another day ------------------------------------------------------------------------------

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin the conversation in a task. Messages that come meanwhile are handled then."""
        self._early = []
        self._listener.calls.services.tasks.start(work, f"beginning of {self.id}")

    def _heard_early(self) -> None:
        early, self._early = self._early or [], None
        for message in early:
            self._received(message)

    async def _load(self, call: Call, init: Init) -> None:
        """Load the conversation that `init` names, and go on with it."""
        try:
            kept = await self._listener.calls.saved.load(call, init.session)
            if not call.over:
                self._open(call, init, kept)
        except ClientError as error:
            self._refuse(str(error))
        except StoreError as error:
            log.warning("a conversation cannot be loaded: %s", error)
            words = "Error in start_conversation: the conversation cannot be loaded at the moment. Try again later."
            call.refuse(Ended(EndReason.ENGINE_FAILED, words))
        except Exception as error:
            call.fail(error)
        self._heard_early()

    # ---- clients that come back -------------------------------------------------------------------

    def _open_resumable(self, call: Call, session: Session, init: Init) -> None:
        resumable = Resumable(call, self._door, self._socket, init)
        handover, within_s = self._listener.handover, self._listener.resumables.within_s
        restart_within_s = handover.life_s if handover else 0
        resumable.open(session, wire.init_done(init.agent_name, resumable.id, within_s, restart_within_s))
        self._door.on_closed = self._listener.resumables.add(resumable)
        self._resumable = resumable

    def _resume(self, resume: ResumeCall) -> None:
        """Take over the conversation that the client had over another connection."""
        resumable = self._listener.resumables.find(resume.resume_id, self._claims.app, self._whose)
        self._stop_timer()
        if resumable is None and self._listener.handover is not None:
            self._wait(self._fetch(self._listener.handover, resume))
            return
        self._knocked()
        self._give_up_place()
        if resumable is None:
            self._refuse_resumption(RESUME_GONE, EndReason.NO_DOOR, GONE)
            return
        try:
            resumable.check(resume)
        except ClientError as error:
            self._refuse_resumption(POLICY_VIOLATION, EndReason.BAD_START, str(error))
            return
        conversation_id.set(resumable.call.id)
        resumable.resume(self._socket, resume)
        self._call, self._door, self._resumable, self._begun = resumable.call, resumable.door, resumable, True
        self._listener.calls.services.metrics.resumed()
        log.info("the client is back from %s", self._client)

    def _give_up_place(self) -> None:
        """The call of this connection has not begun: the client goes on with another one."""
        own, self._call = self._call, None
        if own is not None:
            own.hang_up()

    def _refuse_resumption(self, code: int, reason: EndReason, words: str) -> None:
        self._give_up_place()
        refused(self._listener.calls.services.metrics, Ended(reason, words), self._client)
        self._door.report_error(words)
        self._socket.close(code, words)

    async def _fetch(self, handover: Handover, resume: ResumeCall) -> None:
        """Go on with a call that another process of the server has kept."""
        if self._full is not None:
            self._refuse("there is no place.")  # the client tries again later
            return
        if self._call is None or not self._place(self._call):
            return
        moved = await fetch(handover, resume.resume_id, self._claims.app, self._whose, lambda: not self._gone)
        if self._gone or self._call is None:
            pass  # the client will come back once more
        elif moved is None:
            self._refuse_resumption(RESUME_GONE, EndReason.NO_DOOR, GONE)
        else:
            try:
                self._take_up(self._call, moved, resume)
            except ClientError as error:
                self._refuse(str(error))
            except Exception as error:
                self._call.fail(error)
        self._early = None  # what it sent before it knew what had arrived comes once more

    @property
    def _whose(self) -> str | None:
        """Whose conversations this connection may resume; None: anybody's of the app."""
        return None if self._claims.names_people else self._claims.person

    @property
    def _gone(self) -> bool:
        """The connection was lost before its conversation began."""
        return self._call is None or self._socket.closed

    def _take_up(self, call: Call, moved: Moved, resume: ResumeCall) -> None:
        if moved.person:
            call.name_person(moved.person, moved.proof)
        if moved.session:
            self._listener.calls.saved.save_at_end(call, moved.session)
        self._resumable = take_up(call, moved, resume, self._door, self._socket)
        self._door.on_closed = self._listener.resumables.add(self._resumable)
        self._begun = True
        self._listener.calls.services.metrics.resumed()

    def _knocked(self) -> None:
        if self._full is not None:
            self._full = None
            self._listener.resumables.leave(self._claims.app)

    # ---- messages ---------------------------------------------------------------------------------

    def _received(self, message: bytes | str) -> None:
        if self._sound is not None and isinstance(message, bytes) and message.startswith(PLAIN_AUDIO):
            try:
                self._sound(message[len(PLAIN_AUDIO) :])
            except Exception as error:
                self._broken(error)
            return
        call, resumable = self._call, self._resumable
        if resumable is not None and resumable.socket is not self._socket:
            return  # its conversation goes on without this connection
        if (call is None and self._full is None) or (call is not None and call.over):
            return
        if self._early is not None:
            if len(self._early) < EARLY_MESSAGES_MAX:
                self._early.append(message)
            return
        try:
            if call is None or not self._begun:
                self._begin(call, message)
            elif resumable is not None:
                resumable.receive(message)
            elif isinstance(message, str):
                raise ClientError(TEXT_FRAME)
            else:
                self._door.receive(parse(message))
        except ClientError as error:
            if call is not None and self._begun:
                self._correct(call, error)
            else:
                self._refuse(str(error))
        except Exception as error:
            self._broken(error)

    def _broken(self, error: Exception) -> None:
        """End the conversation because of a fault in Voi."""
        self._stop_timer()
        if self._call is None:
            raise error
        self._call.fail(error)

    def _correct(self, call: Call, error: ClientError) -> None:
        """Tell the client that its message could not be used. The conversation goes on, unless there were too many."""
        if not call.mistake():
            return
        if isinstance(error, NotInThisMode):
            self._door.report_error(str(error))
        else:
            self._door.report_error(f"Error processing client message: {error}")

    # ---- the end ----------------------------------------------------------------------------------

    def _lost(self) -> None:
        self._stop_timer()
        self._knocked()
        call, resumable = self._call, self._resumable
        if call is None or (resumable is not None and resumable.socket is not self._socket):
            return
        if resumable is None or self._socket.parted or call.ending:
            call.detach(self._door, 0)
            return
        resumable.lost()
        wait_s = self._listener.resumables.within_s
        call.hold(wait_s)
        self._listener.calls.services.metrics.lost()
        log.info("the connection of %s was lost; it may come back within %g s", self._client, wait_s)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
